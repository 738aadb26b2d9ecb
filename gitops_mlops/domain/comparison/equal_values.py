"""When values of two columns are equal although the columns have different types, as those of two files often have.

An integer column becomes one of floats where a value is missing, a CSV file has no decimals and no time zones, and
each tool writes times in a unit of its own. Values that differ stay apart: integers are compared in all their digits.
"""

from __future__ import annotations

import polars as pl

_SIGNIFICANT = 9
# As many as each float holds, and as tell integers apart that are no keys.
_OF_WHOLE_NUMBERS = 15
_NANOSECONDS = {"ms": 10**6, "us": 10**3, "ns": 1}
_A_DAY = 86_400 * 10**9
_LARGEST = 2.0**63


def comparable(name: str, kind: pl.DataType, other: pl.DataType) -> pl.Expr:
    """The column `name` of type `kind` in a form that is equal to that of a column of type `other` where values are.

    Two floats are equal at nine significant digits, NaN is missing; a time of a zone is the moment that it stands
    for, one without is in UTC, and a date is its midnight.
    """
    column = pl.col(name)
    if kind.is_nested() or isinstance(kind, pl.Binary):
        return column
    if isinstance(kind, pl.Boolean) and other.is_numeric():
        return _number(column.cast(pl.Int64), pl.Int64(), other).alias(name)
    if kind.is_numeric() and (other.is_numeric() or isinstance(other, pl.Boolean)):
        return _number(column, kind, pl.Int64() if isinstance(other, pl.Boolean) else other).alias(name)
    if kind.is_temporal() and other.is_temporal():
        return column if kind == other else _moment(column, kind, other).alias(name)
    if _is_text(kind):
        return _of_text(column.cast(pl.String), other).alias(name)
    return (_as_text(column, kind) if _is_text(other) else column.cast(pl.String)).alias(name)


def id_texts(ids: pl.Series, other: pl.DataType | None = None) -> pl.Series:
    """Ids as text, so that 7, 7.0 and "7" are one; what is missing, and what has no text, is null.

    Text is taken as it is written, unless it is compared with numbers: `other` is the type of the other ids.
    """
    kind = ids.dtype
    if kind.is_nested() or isinstance(kind, pl.Binary | pl.Object | pl.Null):
        return pl.Series(ids.name, [None] * len(ids), pl.String)
    column = pl.col("id")
    if kind.is_float():
        number = column.cast(pl.Float64).fill_nan(None)
        whole = (number % 1 == 0) & (number.abs() < _LARGEST)
        text = (
            pl.when(whole).then(number.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(number.cast(pl.String))
        )
    elif _is_text(kind):
        numbers = other is not None and other.is_numeric()
        text = _digits(column.cast(pl.String)) if numbers else column.cast(pl.String)
    else:
        text = _as_text(column, kind)
    return pl.DataFrame({"id": ids}).select(text.alias("id"))["id"].alias(ids.name)


def _number(column: pl.Expr, kind: pl.DataType, other: pl.DataType) -> pl.Expr:
    floats = [one.is_float() for one in (kind, other)]
    if any(floats):
        if pl.Float32 in (kind, other):
            # What a float of half the size holds of 0.1 is another number at nine digits.
            column = column.cast(pl.Float32)
        digits = _OF_WHOLE_NUMBERS if kind.is_integer() or other.is_integer() else _SIGNIFICANT
        number = column.cast(pl.Float64).fill_nan(None).round_sig_figs(digits)
        return pl.when(number == 0).then(0.0).otherwise(number)
    if kind.is_integer() and other.is_integer():
        small = not {pl.UInt64(), pl.Int128()} & {kind, other}
        return column.cast(pl.Int64 if small else pl.Int128, strict=False)
    return _digits(column.cast(pl.String))


def _moment(column: pl.Expr, kind: pl.DataType, other: pl.DataType) -> pl.Expr:
    spans = [isinstance(one, pl.Duration) for one in (kind, other)]
    if spans[0] != spans[1] or pl.Time in (kind, other):
        return column.cast(pl.String, strict=False)
    unit = _A_DAY if isinstance(kind, pl.Date) else _NANOSECONDS[getattr(kind, "time_unit", "us")]
    return column.to_physical().cast(pl.Int128) * unit


def _of_text(text: pl.Expr, other: pl.DataType) -> pl.Expr:
    """Text as a column of another type would be written."""
    if isinstance(other, pl.Boolean):
        return text.str.to_lowercase()
    if other.is_float():
        number = _number(text.str.strip_chars().cast(pl.Float64, strict=False), pl.Float64(), other)
        return pl.coalesce(number.cast(pl.String), text)
    if other.is_numeric():
        return _digits(text)
    return _iso(text) if other.is_temporal() else text


def _as_text(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """Values that are no text as `_of_text` makes them of text."""
    if kind.is_float():
        return _number(column, kind, pl.Float64()).cast(pl.String)
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if isinstance(kind, pl.Duration):
        return column.to_physical().cast(pl.String)
    return _iso(column.cast(pl.String)) if kind.is_temporal() else _digits(column.cast(pl.String))


def _digits(text: pl.Expr) -> pl.Expr:
    """Without the zeros at the end of a decimal."""
    return text.str.replace(r"^([+-]?\d+)\.0+$", "${1}").str.replace(r"^([+-]?\d+\.\d*[1-9])0+$", "${1}")


def _iso(text: pl.Expr) -> pl.Expr:
    """A time without what says nothing: the T, UTC, a fraction of zeros and midnight."""
    plain = text.str.replace(r"^(\d{4}-\d\d-\d\d)T", "${1} ").str.replace(r" ?(?:Z|UTC|\+00:?00)$", "")
    plain = plain.str.replace(r"(\d:\d\d)\.0+$", "${1}").str.replace(r"(\.\d*[1-9])0+$", "${1}")
    return plain.str.replace(r"^(\d{4}-\d\d-\d\d) 00:00(?::00)?$", "${1}")


def _is_text(kind: pl.DataType) -> bool:
    return isinstance(kind, pl.String | pl.Categorical | pl.Enum)
