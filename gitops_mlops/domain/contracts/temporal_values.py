"""Dates and times that a file can hold and Python cannot: before year 1, after year 9999, or finer than microseconds.

Polars panics when it turns most of them into Python's values or into text. They are text in ISO 8601 here, with a
sign where the year has not four digits, and in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

_EPOCH = datetime(1970, 1, 1)
_FIRST_DAY, _LAST_DAY = ((day - date(1970, 1, 1)).days for day in (date.min, date.max))
_PER_SECOND = {"ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY = 86_400


def python_values(column: pl.Series) -> list[Any]:
    """The values as Python has them; dates, times and durations that it cannot hold exactly are text."""
    kind = column.dtype
    if isinstance(kind, pl.Date):
        return [None if days is None else _date(days) for days in column.to_physical().to_list()]
    if isinstance(kind, pl.Datetime):
        zone, unit = _zone(kind.time_zone), _PER_SECOND[kind.time_unit]
        return [None if count is None else _moment(count, unit, zone) for count in column.to_physical().to_list()]
    if isinstance(kind, pl.Duration):
        unit = _PER_SECOND[kind.time_unit]
        return [None if count is None else _span(count, unit) for count in column.to_physical().to_list()]
    return column.to_list()


def python_rows(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Row by row, the values by column, as `python_values` gives them."""
    columns = [python_values(column) for column in frame]
    for row in zip(*columns, strict=True):
        yield dict(zip(frame.columns, row, strict=True))


def with_text_for_unknown_times(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame, each column of dates or times with values outside Python's years as text."""
    return frame.with_columns(
        pl.Series(column.name, [None if value is None else _iso(value) for value in python_values(column)], pl.String)
        for column in frame
        if _beyond_python(column)
    )


def _iso(value: Any) -> str:
    return value if isinstance(value, str) else str(value.isoformat())


def _beyond_python(column: pl.Series) -> bool:
    kind = column.dtype
    if not isinstance(kind, pl.Date | pl.Datetime):
        return False
    whole = column.to_physical()
    low, high = whole.min(), whole.max()
    if not isinstance(low, int) or not isinstance(high, int):
        return False
    # A day less on each side: an offset from UTC may lead out of the years.
    day, less = (1, 0) if isinstance(kind, pl.Date) else (_DAY * _PER_SECOND[kind.time_unit], 1)
    return low < (_FIRST_DAY + less) * day or high >= (_LAST_DAY + 1 - less) * day


def _zone(name: str | None) -> ZoneInfo | Any:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # A machine without this zone's rules, or a fixed offset: the same moment in UTC.
        return UTC


def _date(days: int) -> date | str:
    if _FIRST_DAY <= days <= _LAST_DAY:
        return date(1970, 1, 1) + timedelta(days)
    return _civil(days)


def _moment(count: int, unit: int, zone: Any) -> datetime | str:
    seconds, parts = divmod(count, unit)
    if unit <= 10**6 or parts % 1000 == 0:
        try:
            naive = _EPOCH + timedelta(seconds=seconds, microseconds=parts * 10**6 // unit)
            return naive if zone is None else naive.replace(tzinfo=UTC).astimezone(zone)
        except OverflowError:
            pass
    days, second = divmod(seconds, _DAY)
    fraction = f".{parts:0{len(str(unit)) - 1}}" if parts else ""
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}{fraction}"
    return f"{_civil(days)}T{clock}{'' if zone is None else '+00:00'}"


def _span(count: int, unit: int) -> timedelta | str:
    try:
        if count * 10**6 % unit == 0:
            return timedelta(microseconds=count * 10**6 // unit)
    except OverflowError:
        pass
    seconds, parts = divmod(abs(count), unit)
    fraction = f".{parts:0{len(str(unit)) - 1}}" if parts else ""
    return f"{'-' if count < 0 else ''}{seconds}{fraction} s"


def _civil(days: int) -> str:
    """The date `days` after 1970-01-01 in the proleptic Gregorian calendar, of any year.

    The calendar repeats after 400 years of 146,097 days, so the day is looked up in a cycle that Python knows.
    """
    cycles, day = divmod(days + 719_468, 146_097)
    known = date(2000, 3, 1) + timedelta(day)
    year = known.year - 2000 + 400 * cycles
    text = f"{year:04}" if 0 <= year <= 9999 else f"{'-' if year < 0 else '+'}{abs(year):04}"
    return f"{text}-{known.month:02}-{known.day:02}"
