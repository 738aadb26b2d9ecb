"""A first contract from data that is known to be good.

A sample's extremes are no bounds: the next good table would break them. A bound is either natural (nothing
below 0, shares within 0 and 1) or widened by the whole span that was seen, to a round number.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from gitops_mlops.domain.contracts.contract import Column, ColumnType, Contract

MOST_CHOICES = 20
"""Up to this many different texts are taken for categories ..."""

FEWEST_REPEATS = 10
"""... when each occurs at least this often on average."""

_DIGITS = "digits, kept as text"
NUMBERS = "numbers and words for a missing value: leave those cells empty to have the rest checked as numbers"

TEXT_SHAPES = {
    "dates; a contract reads only 2013-12-31": r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-]([0-9]{2}|[0-9]{4})",
    "dates with the year first; a contract reads only 2013-12-31": r"[0-9]{4}[/.][0-9]{1,2}[/.][0-9]{1,2}",
    "dates with the month's name": r"[0-9]{1,2}[ -][A-Za-z]{3}[ -]([0-9]{2}|[0-9]{4})",
    "times of the day": r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?",
    "months": r"[0-9]{4}-[0-9]{2}",
    _DIGITS: r"[0-9]+",
    NUMBERS: r"NA|N/A|[Nn]ull|NULL|None|[-.?]|[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?",
}
"""What texts may look like, and the pattern that a contract requires of them."""

_LARGEST = 1e15
_YEAR = re.compile(r"(?:\A|[^a-z])(?:year|yr)")
_ID = re.compile(r"(?:\A|[^a-z])(?:id|ids|key|uuid|guid|index|idx|rownames?)\Z|[a-z](?:Id|ID)\Z")


@dataclass(frozen=True)
class ColumnProfile:
    """What a column holds: `type` is None for one that contracts cannot describe, `found` its type in words.

    `values` are all different values when they are few, else None; `unique` says that none repeats; `shape` is
    the one of `TEXT_SHAPES` that all texts have; `everywhere` says that each part of a folder has the column.
    """

    name: str
    type: ColumnType | None
    found: str
    nulls: int
    low: Any = None
    high: Any = None
    infinite: bool = False
    values: tuple[Any, ...] | None = None
    unique: bool = False
    shape: str | None = None
    everywhere: bool = True


@dataclass(frozen=True)
class TableProfile:
    """What a table holds."""

    rows: int
    columns: tuple[ColumnProfile, ...]


@dataclass(frozen=True)
class InferredContract:
    """The contract, and per column what a person should know about it; `skipped` says why one is unchecked."""

    contract: Contract
    notes: dict[str, tuple[str, ...]]
    skipped: dict[str, str]


def infer_contract(profile: TableProfile, description: str) -> InferredContract:
    """A contract that the table keeps and that the next good one will most likely keep too.

    Raises ValueError when no column can be described.
    """
    described = [column for column in profile.columns if column.type is not None]
    if not described:
        raise ValueError("no column has a type that a contract can describe")
    skipped = {column.name: column.found for column in profile.columns if column.type is None}
    columns = {column.name: _column(column, profile.rows) for column in described}
    contract = Contract.model_validate(
        {
            "version": 1,
            "description": description,
            "strict": True,
            "rows": {"min": 1},
            **({"unchecked": list(skipped)} if skipped else {}),
            "columns": {
                name: column.model_dump(by_alias=True, exclude_unset=True) for name, column in columns.items()
            },
        }
    )
    return InferredContract(contract, {column.name: _notes(column, profile.rows) for column in described}, skipped)


def _column(profile: ColumnProfile, rows: int) -> Column:
    assert profile.type is not None
    fields: dict[str, Any] = {"type": profile.type}
    if not profile.everywhere:
        fields["required"] = False
    if profile.nulls:
        fields["nullable"] = True
        # Twice what was seen and a percent more: an outage shows, an ordinary day does not.
        limit = math.ceil(profile.nulls / rows * 200 + 1) / 100
        if limit < 1:
            fields["max-nulls"] = limit
    if profile.infinite:
        fields["infinite"] = True
    if _is_id(profile, rows):
        fields["unique"] = True
    choices = _choices(profile, rows)
    if choices is not None:
        fields["allowed"] = choices
    elif profile.shape is not None:
        fields["pattern"] = TEXT_SHAPES[profile.shape]
    elif profile.type.has_order and not isinstance(profile.low, date | str) and not _counts_on(profile, rows):
        low, high = _bounds(profile)
        fields |= {key: value for key, value in (("min", low), ("max", high)) if value is not None}
    return Column.model_validate(fields)


def _is_id(profile: ColumnProfile, rows: int) -> bool:
    """Whether the values name the rows: none repeats, and the name says so, or there is none (a row's number)."""
    return profile.unique and rows > 1 and (not profile.name.strip() or _named_id(profile.name))


def _named_id(name: str) -> bool:
    return _ID.search(name) is not None or _ID.search(name.lower()) is not None


def _counts_on(profile: ColumnProfile, rows: int) -> bool:
    """Whether integers are ids, or number the rows: the next table's are others."""
    if not profile.unique:
        return False
    return _is_id(profile, rows) or profile.high - profile.low + 1 == rows - profile.nulls


def _choices(profile: ColumnProfile, rows: int) -> tuple[Any, ...] | None:
    values = profile.values
    if values is None or rows - profile.nulls < FEWEST_REPEATS * len(values):
        return None
    if profile.type == ColumnType.STRING:
        # One value says nothing of which others there may be; dates and measures are no categories.
        most = {None: MOST_CHOICES, _DIGITS: MOST_CHOICES, NUMBERS: 3}.get(profile.shape, 0)
        return tuple(sorted(values)) if 2 <= len(values) <= most else None
    # A column of zeros and ones is a flag, though its type could hold more.
    return (0, 1) if profile.type is not None and profile.type.integer_range and set(values) == {0, 1} else None


def _bounds(profile: ColumnProfile) -> tuple[float | None, float | None]:
    low, high = profile.low, profile.high
    # Numbers that large are keys, hashes or mistakes; infinity is among them.
    if low is None or high is None or max(abs(low), abs(high)) > _LARGEST:
        return None, None
    assert profile.type is not None
    if profile.type.is_float and low >= 0 and high <= 1:
        return 0, 1
    if profile.type.integer_range and _YEAR.search(profile.name.lower()) and low >= 1000 and high < 2100:
        return 100 * (low // 100 - 1), 2100
    span = high - low or abs(high) or 1
    lower = 0 if low >= 0 else -_rounded_up(span - low)
    upper = 0 if high <= 0 and low < 0 else _rounded_up(high + span)
    limits = profile.type.integer_range
    if limits is None:
        return lower, upper
    # Unsigned columns cannot be negative anyway.
    return (int(lower) if limits[0] < lower else None, int(upper) if upper < limits[1] else None)


def _rounded_up(value: float) -> float:
    """The next number of one significant digit: 4983 → 5000."""
    step = 10 ** math.floor(math.log10(value))
    rounded = math.ceil(value / step) * step
    return int(rounded) if rounded == int(rounded) else float(f"{rounded:.12g}")


def _notes(profile: ColumnProfile, rows: int) -> tuple[str, ...]:
    notes = []
    if profile.low is not None and profile.type is not None and profile.type.has_order:
        notes.append(f"seen: {_shown(profile.low)} to {_shown(profile.high)}")
    if profile.nulls:
        notes.append(f"null in {profile.nulls / rows:.2%} of the rows")
    if profile.shape is not None:
        notes.append(profile.shape)
    if profile.unique and rows > 1 and not _is_id(profile, rows):
        notes.append("no value repeats: add unique: true if it is an id")
    return tuple(notes)


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
