"""Values out of the text of a CSV."""

from __future__ import annotations

import polars as pl

from gitops_mlops.domain.contracts.polars_types import POLARS

POLARS_PARSES = {type(dtype) for dtype in POLARS.values() if dtype.is_numeric()} | {pl.Boolean}
"""Types whose values Polars reads from a CSV as `parsed` does, but for a blank before a number and `""`.

It takes dates and times in many more forms.
"""

_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?Z?)?"
_PLAIN_TIME = rf"\A[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([ T]{_CLOCK})?\z"
"""Times whose parts stand at the same places."""

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
        # Polars reads this form faster than its cache finds a value again.
        return text.str.to_date("%Y-%m-%d", strict=False, cache=False)
    if isinstance(dtype, pl.Datetime):
        return _parsed_time(text, dtype)
    return text.cast(dtype, strict=False)


def _parsed_time(text: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    # Cutting a text at fixed places takes a quarter of the time that forms take.
    plain = text.str.contains(_PLAIN_TIME)
    found = pl.when(plain).then(_plain_time(text)).otherwise(_time_in_some_form(pl.when(~plain).then(text)))
    if dtype.time_zone:
        found = found.dt.replace_time_zone("UTC").dt.convert_time_zone(dtype.time_zone)
    return found.cast(dtype)


def _plain_time(text: pl.Expr) -> pl.Expr:
    def number(digits: pl.Expr) -> pl.Expr:
        return digits.cast(pl.Int64, strict=False).fill_null(0)

    days = parsed(text.str.head(10), pl.Date()).to_physical().cast(pl.Int64)
    hours = days * 24 + number(text.str.slice(11, 2))
    minutes = hours * 60 + number(text.str.slice(14, 2))
    seconds = minutes * 60 + number(text.str.slice(17, 2))
    parts = number(text.str.slice(20, 6).str.strip_suffix("Z").str.pad_end(6, "0"))
    return (seconds * 1_000_000 + parts).cast(pl.Datetime("us"))


def _time_in_some_form(text: pl.Expr) -> pl.Expr:
    spaced = text.str.replace("T", " ", literal=True)
    naive = [spaced.str.to_datetime(form, strict=False, time_unit="us") for form in _ISO]
    offset = spaced.str.to_datetime(f"{_ISO[0]}%#z", strict=False, time_unit="us", time_zone="UTC")
    return pl.coalesce(*naive, offset.dt.replace_time_zone(None))


def polars_parses(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """True where Polars would not refuse the text of a column of `POLARS_PARSES`: it knows no `True` and `FALSE`."""
    fit = text.is_in(["true", "false"]) if dtype == pl.Boolean else parsed(text, dtype).is_not_null()
    return text.is_null() | fit
