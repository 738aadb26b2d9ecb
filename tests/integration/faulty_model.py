"""A model that is well wherever a bundle of it is built, and has a fault of choice in the server that is started."""

from __future__ import annotations

import ctypes
import functools
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

TYPES = "- tests.integration.faulty_model.Faulty\n"


class Faulty:
    """Says 0.25 of every row; `fault` names one of the functions below, `when` is `load`, or `first` or `second`
    for the first questions that a server asks it: as it starts, and over HTTP.
    """

    def __init__(self, fault: str, when: str = "load") -> None:
        self.fault = fault
        self.when = when
        self.classes_ = np.array([0, 1])
        self.feature_names_in_ = np.array(["income", "age"], dtype=object)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "asked"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._reach("load")

    def predict_proba(self, rows: Any) -> Any:
        self.asked = getattr(self, "asked", 0) + 1
        self._reach({1: "first", 2: "second"}.get(self.asked, ""))
        return np.tile([0.75, 0.25], (len(rows), 1)) + getattr(self, "shift", 0.0)

    def _reach(self, moment: str) -> None:
        served = "gitops_mlops.serving" in sys.orig_argv
        if self.when == moment and (served or self.fault.startswith("always ")):
            FAULTS[self.fault.removeprefix("always ")](self)


def _kill(number: int, _: Faulty) -> None:
    signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None
    os.kill(os.getpid(), number)


def _crash(_: Faulty) -> None:
    # No core file beside the test, and what Python would say of it is not for a log.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.string_at(0)


def _full_memory(_: Faulty) -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20), resource.RLIM_INFINITY))
    np.ones(1 << 28)


def _full_disk(_: Faulty) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    Path(f"/tmp/faulty-{os.getpid()}").write_bytes(b"spilled")


def _lacks_a_package(_: Faulty) -> None:
    import a_package_that_nobody_has  # type: ignore[import-not-found]  # noqa: F401


def _our_bug(_: Faulty) -> None:
    from gitops_mlops.runtime import served_model as model

    def broken(*_: object) -> None:
        raise AssertionError("as if we had erred")

    vars(model)["golden_mismatch"] = broken


def _lies(model: Faulty) -> None:
    model.shift = 0.1  # type: ignore[attr-defined]


def _not_finite(model: Faulty) -> None:
    model.shift = float("nan")  # type: ignore[attr-defined]


def _raises(_: Faulty) -> None:
    raise RuntimeError("no such tree\nand more lines")


FAULTS: dict[str, Any] = {
    "raises": _raises,
    "lies": _lies,
    "not finite": _not_finite,
    "exits": lambda _: os._exit(0),
    "asks to exit": lambda _: sys.exit(0),
    "crashes": _crash,
    "hangs": lambda _: time.sleep(600),
    "killed": functools.partial(_kill, signal.SIGKILL),
    "ended": functools.partial(_kill, signal.SIGTERM),
    "memory": _full_memory,
    "disk": _full_disk,
    "package": _lacks_a_package,
    "bug": _our_bug,
}


def faulty(fault: str, when: str = "load") -> bytes:
    """A skops file of such a model."""
    import skops.io

    content: bytes = skops.io.dumps(Faulty(fault, when))
    return content
