"""The types that a contract can require of a column, and what YAML's values are in them."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from enum import StrEnum

Scalar = bool | int | float | str | date | datetime


class ColumnType(StrEnum):
    """The types that a contract can require."""

    BOOL = "bool"
    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    UINT8 = "uint8"
    UINT16 = "uint16"
    UINT32 = "uint32"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    STRING = "string"
    DATE = "date"
    DATETIME = "datetime"

    @property
    def integer_range(self) -> tuple[int, int] | None:
        """The least and the greatest value of an integer type, None for another type."""
        sign, _, bits = self.value.partition("int")
        if not bits or sign not in ("", "u"):
            return None
        width = int(bits)
        return (0, 2**width - 1) if sign else (-(2 ** (width - 1)), 2 ** (width - 1) - 1)

    @property
    def is_float(self) -> bool:
        """Whether values may have a fraction, and may be NaN or infinite."""
        return self in (ColumnType.FLOAT32, ColumnType.FLOAT64)

    @property
    def has_order(self) -> bool:
        """Whether `min` and `max` mean anything."""
        return self not in (ColumnType.BOOL, ColumnType.STRING)

    def holds(self, other: ColumnType) -> bool:
        """Whether every value of `other` is a value of this type, of the same kind: int64 holds int32 and uint8."""
        if self == other:
            return True
        mine, theirs = self.integer_range, other.integer_range
        if mine and theirs:
            return mine[0] <= theirs[0] and theirs[1] <= mine[1]
        return self == ColumnType.FLOAT64 and other == ColumnType.FLOAT32


def is_finite(value: object) -> bool:
    """Whether a value is neither NaN nor infinite."""
    return not isinstance(value, float) or math.isfinite(value)


def typed_value(column_type: ColumnType, value: Scalar) -> Scalar:
    """`value`, as YAML gave it, as a value of a column's type. Raises ValueError when it is none."""
    if column_type == ColumnType.DATE:
        return _date(value)
    if column_type == ColumnType.DATETIME:
        return _datetime(value)
    if column_type in (ColumnType.BOOL, ColumnType.STRING):
        if isinstance(value, bool if column_type == ColumnType.BOOL else str):
            return value
        hint = f"quote it: {str(value)!r}" if column_type == ColumnType.STRING else "write true or false"
        raise ValueError(f"{value!r} is not of type {column_type} → {hint}")
    return _number(column_type, value)


def _number(column_type: ColumnType, value: Scalar) -> Scalar:
    if isinstance(value, bool) or not isinstance(value, int | float) or not is_finite(value):
        raise ValueError(f"{shown(value)} is not a finite number, and the column is {column_type} → write a number")
    limits = column_type.integer_range
    if limits is None:
        return float(value)
    if value != int(value):
        raise ValueError(f"{value!r} is not an integer, and the column is {column_type} → write an integer")
    if not limits[0] <= value <= limits[1]:
        raise ValueError(f"{value!r} does not fit {column_type} → it holds {limits[0]} to {limits[1]}")
    return int(value)


def _date(value: Scalar) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f"{shown(value)} is not a date → write it as 2013-12-31") from None


def _datetime(value: Scalar) -> datetime:
    found: date | None = value if isinstance(value, date) else None
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
    if found is None:
        raise ValueError(f"{shown(value)} is not a date and time → write it as 2013-12-31T23:59:00")
    if not isinstance(found, datetime):
        return datetime(found.year, found.month, found.day)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def shown(value: Scalar) -> str:
    """A value as messages show it."""
    return value.isoformat() if isinstance(value, date) else repr(value)
