"""The machine's clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """The present."""

    def now(self) -> datetime:
        """UTC."""
        return datetime.now(UTC)


class SystemTimer:
    """The machine's monotonic clock."""

    def seconds(self) -> float:
        """Seconds since some moment; only differences mean anything."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let a while pass."""
        time.sleep(seconds)
