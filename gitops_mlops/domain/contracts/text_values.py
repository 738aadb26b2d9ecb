"""Values out of the text of a CSV."""

from __future__ import annotations

import polars as pl

from gitops_mlops.domain.contracts.polars_types import POLARS

POLARS_PARSES = {type(dtype) for dtype in POLARS.values() if dtype.is_numeric()} | {pl.Boolean}
"""Types whose values Polars reads from a CSV as `parsed` does, but for a blank before a number and `""`.

It takes dates and times in many more forms.
"""

_ISO = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")


def parsed(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """CSV text as a type; null where it is not of that type. Dates and times are ISO 8601."""
    base = dtype.base_type()
    if base == pl.String:
        return text
    if base == pl.Boolean:
        # Not `replace_strict`, which keeps the whole column in memory.
        word = text.str.to_lowercase()
        return pl.when(word == "true").then(True).when(word == "false").then(False)
    if base == pl.Date:
        return text.str.to_date("%Y-%m-%d", strict=False)
    if isinstance(dtype, pl.Datetime):
        return _parsed_time(text, dtype)
    return text.cast(dtype, strict=False)


def _parsed_time(text: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    spaced = text.str.replace("T", " ", literal=True)
    naive = [spaced.str.to_datetime(form, strict=False, time_unit="us") for form in _ISO]
    offset = spaced.str.to_datetime(f"{_ISO[0]}%#z", strict=False, time_unit="us", time_zone="UTC")
    found = pl.coalesce(*naive, offset.dt.replace_time_zone(None))
    if dtype.time_zone:
        found = found.dt.replace_time_zone("UTC").dt.convert_time_zone(dtype.time_zone)
    return found.cast(dtype)


def polars_parses(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """True where Polars would not refuse the text of a column of `POLARS_PARSES`: it knows no `True` and `FALSE`."""
    fit = text.is_in(["true", "false"]) if dtype == pl.Boolean else parsed(text, dtype).is_not_null()
    return text.is_null() | fit
