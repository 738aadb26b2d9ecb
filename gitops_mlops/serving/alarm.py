"""What a server says when its log cannot be written."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from gitops_mlops.serving.output import complain


class Alarm:
    """Says that rows are lost: at once, then what was lost since, once in `seconds` and at the end."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder = folder
        self._seconds = seconds
        self._lock = threading.Lock()
        self._rows = 0
        self._reason = ""
        self._said: float | None = None
        # Since rows could be written last.
        self._lost = 0
        self._in_the_way = ""

    def lost(self, rows: int, reason: str) -> None:
        """Rows were lost, 0 of them when it is only known that they will be."""
        with self._lock:
            self._rows += rows
            self._lost += rows
            self._in_the_way = reason.partition("\n")[0]
            self._reason = reason.partition("\n")[0]
            if self._said is None or time.monotonic() >= self._said + self._seconds:
                self._say()

    def written(self) -> None:
        """Rows were written: what was lost before is said, when it is time."""
        with self._lock:
            self._lost, self._in_the_way = 0, ""
            if self._rows and self._said is not None and time.monotonic() >= self._said + self._seconds:
                self._say()

    def now(self) -> str:
        """What is lost since rows could be written last, and why; "" when all is well."""
        with self._lock:
            if not self._in_the_way:
                return ""
            return f"{_lost_rows(self._lost)} ({self._in_the_way})"

    def close(self) -> None:
        """Nothing more is lost."""
        with self._lock:
            if self._rows:
                self._say()

    def _say(self) -> None:
        rows = _lost_rows(self._rows)
        complain(
            f"warning: {self._folder}: {rows}, predictions are served ({self._reason}) → free disk space, or fix it"
        )
        self._rows, self._said = 0, time.monotonic()


def _lost_rows(number: int) -> str:
    return f"{number} rows are lost" if number else "rows will be lost"
