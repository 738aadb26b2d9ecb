"""How much of this machine a process had: time on a processor, and time in which it was ready and had none."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

from gitops_mlops.domain.faults import Effort

_NANOSECONDS = 1e9


def effort(pid: int, wall: float) -> Effort | None:
    """The effort of a process that lives, or waits to be collected; None when the system does not tell.

    `wall` is how long it has lived, in seconds. Linux counts both times of every thread (sched-stats.rst of its
    documentation); the longest wait of one thread counts, as threads wait beside each other. Elsewhere a machine
    with more work than processors is taken to have kept the process waiting whenever it did not compute.
    """
    threads = [_thread(path) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    known = [times for times in threads if times is not None]
    if known:
        ran, waited = zip(*known, strict=True)
        return Effort(sum(ran), max(waited))
    ran_elsewhere = _elsewhere(pid)
    if ran_elsewhere is None:
        return None
    crowded = os.getloadavg()[0] > 2 * (os.cpu_count() or 1)
    return Effort(ran_elsewhere, max(0.0, wall - ran_elsewhere) if crowded else 0.0)


def _thread(path: Path) -> tuple[float, float] | None:
    with contextlib.suppress(OSError, ValueError):
        ran, waited, _ = path.read_text("ascii").split()
        return int(ran) / _NANOSECONDS, int(waited) / _NANOSECONDS
    return None


def _elsewhere(pid: int) -> float | None:
    """Seconds on a processor by `ps` ([[dd-]hh:]mm:ss, with fractions on macOS)."""
    with contextlib.suppress(OSError, ValueError):
        shown = subprocess.run(
            ["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout.strip()
        days, _, clock = shown.rpartition("-")
        seconds = 0.0
        for part in clock.split(":"):
            seconds = seconds * 60 + float(part)
        return int(days or 0) * 86400 + seconds
    return None
