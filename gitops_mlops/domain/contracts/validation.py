"""What came of holding a table against its contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time, timedelta
from math import isfinite
from typing import Any

from gitops_mlops.domain.shortening import WORD, shorten

SAMPLE = 100
"""How many offending rows a result keeps at most; the count is exact however many there are."""


@dataclass(frozen=True)
class ViolationSample:
    """An offending row: its number in the file, from 1, and the values that tell what is wrong with it."""

    row: int | None
    values: dict[str, Any]


@dataclass(frozen=True)
class Violation:
    """One broken rule. `column` is None when it is about the table, `rows` None when rows are not the point."""

    column: str | None
    check: str
    message: str
    rows: int | None = None
    samples: tuple[ViolationSample, ...] = ()


@dataclass(frozen=True)
class TableFindings:
    """How many rows were read and what is wrong with them."""

    rows: int
    violations: tuple[Violation, ...] = ()


@dataclass(frozen=True)
class Validation:
    """One dataset against one contract."""

    dataset: str
    path: str
    contract: str
    findings: TableFindings = field(default_factory=lambda: TableFindings(0))

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings.violations

    def plain(self) -> dict[str, Any]:
        """The validation as JSON-ready data; `share` is the share of the rows that break the rule."""
        rows = self.findings.rows
        return {
            "dataset": self.dataset,
            "path": self.path,
            "contract": self.contract,
            "passed": self.passed,
            "rows": rows,
            "violations": [
                {
                    "column": one.column,
                    "check": one.check,
                    "message": one.message,
                    "rows": one.rows,
                    "share": one.rows / rows if one.rows is not None and rows else None,
                    "samples": [{"row": sample.row, "values": sample.values} for sample in one.samples],
                }
                for one in self.findings.violations
            ],
        }


def plain_value(value: Any) -> Any:
    """A value of a table as JSON can hold it, cut where it is long."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    text = value if isinstance(value, str) else str(value) if isinstance(value, timedelta) else repr(value)
    return shorten(text, WORD)
