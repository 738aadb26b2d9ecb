"""Which process a number means: the kernel reuses process ids, a start time makes them unique."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_POLL = 0.02


@dataclass(frozen=True)
class ProcessIdentity:
    """A process: its id and when it started, as the system writes it."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """The process that has this id now; None when there is none or it has ended."""
        started = _started(pid)
        return cls(pid, started) if started else None

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return self.started != "" and _started(self.pid) == self.started

    def send(self, number: signal.Signals) -> None:
        """A signal to this very process, if it still runs."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self, patience: float) -> bool:
        """Ask the process to end, insist after `patience` seconds; whether it went by itself."""
        self.send(signal.SIGTERM)
        if self.wait(patience):
            return True
        self.send(signal.SIGKILL)
        self.wait(patience)
        return False

    def wait(self, patience: float) -> bool:
        """Wait until the process has ended, at most `patience` seconds; whether it has."""
        deadline = time.monotonic() + patience
        while self.alive():
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL)
        return True


def _started(pid: int) -> str:
    """When a process started; "" when it is not there, or a zombie that only waits for its parent."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (FileNotFoundError, ProcessLookupError):
        return "" if Path("/proc/self/stat").exists() else _started_elsewhere(pid)
    # proc(5): the name in parentheses may hold anything; after it, the state is field 3, the number of threads
    # field 20 and the start field 22. A zombie whose threads are still ending holds its port.
    fields = stat.rpartition(")")[2].split()
    ended = fields[0] == "X" or (fields[0] == "Z" and int(fields[17]) <= 1)
    return "" if ended else f"{boot}:{fields[19]}"


def _started_elsewhere(pid: int) -> str:
    """The same without /proc, for instance on macOS."""
    shown = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return "" if not shown or shown[0].startswith("Z") else " ".join(shown[1:])
