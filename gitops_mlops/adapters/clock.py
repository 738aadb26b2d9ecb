"""The machine's clock."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The present."""

    def now(self) -> datetime:
        """UTC."""
        return datetime.now(UTC)
