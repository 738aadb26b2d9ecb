"""Dates and times in the text of a CSV: the fast ways find what the forms of ISO 8601 find."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitops_mlops.domain.contracts.text_values import parsed

TIMES = """2013-02-28T23:59:59.123456|2013-02-28 23:59:59.1234567|2013-02-28 23:59:59.1Z|2013-02-28T23:59:59Z
2013-02-30|2013-02-28|2013-02-28 23:59|2013-02-28T23:59Z|2013-02-28 24:00|2013-02-28 23:60
2013-02-28 23:59:60|2013-02-28 23:59:61|2013-02-28 23:59:59.|2013-02-28T23:59:59+02:00|2013-02-28 23:59:59-0130
2013-02-28 23:59:59+02|2013-02-28T|2013-02-28t23:59:59|2013-2-8 1:2:3|0000-02-29 00:00:00
9999-12-31T23:59:59.999999|+10000-01-01 00:00:00|-0001-01-01|13-02-28 23:59:59| 2013-02-28 23:59:59
2013-02-28 23:59:59 |2013-02-28  23:59:59|2013-02-28T23:59:59ZZ|2013-02-28T23:59:59.Z|2013/02/28 23:59:59
20130228|2013-02-28T23:59:59\n|2013-02-28 23:59:59.123456789|2013-02-28 23:59:59.1234567890
\uff12013-02-28|2013-02-2\u0668"""
SOME = [time for line in TIMES.split("\n") for time in line.split("|")]
TEXTS = st.one_of(
    st.sampled_from(SOME),
    st.datetimes().map(str),
    st.datetimes().map(datetime.isoformat),
    st.builds(
        lambda text, at, other: text[: at % len(text)] + other + text[at % len(text) + 1 :],
        st.datetimes().map(str),
        st.integers(0, 30),
        st.text("0123456789-+: TZ.", max_size=2),
    ),
)


def by_forms(texts: list[str]) -> list[datetime | None]:
    """Each form in turn, as Polars reads it."""
    text = pl.Series(texts).str.replace("T", " ", literal=True)
    forms = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
    found = [text.str.to_datetime(form, strict=False, time_unit="us") for form in forms]
    zoned = text.str.to_datetime(f"{forms[0]}%#z", strict=False, time_unit="us", time_zone="UTC")
    return pl.select(pl.coalesce(*found, zoned.dt.replace_time_zone(None)).to_physical()).to_series().to_list()


def read(texts: list[str], dtype: pl.DataType) -> list[int | None]:
    return pl.DataFrame({"x": texts}).select(parsed(pl.col("x"), dtype).to_physical()).to_series().to_list()


@settings(derandomize=True, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=8))
@example(SOME)
def test_times_are_what_their_forms_say(texts: list[str]) -> None:
    assert read(texts, pl.Datetime("us")) == by_forms(texts)


@given(st.lists(st.datetimes(), min_size=1, max_size=5), st.sampled_from(["T", " "]), st.sampled_from(["", "Z"]))
def test_times_that_python_writes_are_read_back(times: list[datetime], between: str, zone: str) -> None:
    texts = [time.isoformat(between) + zone for time in times]
    found = pl.Series(read(texts, pl.Datetime("us")), dtype=pl.Int64).cast(pl.Datetime("us"))
    assert found.to_list() == times


@pytest.mark.parametrize("repeated", [1, 100])
@settings(derandomize=True, deadline=None)
@given(st.lists(TEXTS.map(lambda text: text[:11]), min_size=1, max_size=8))
def test_dates_are_what_their_form_says(repeated: int, texts: list[str]) -> None:
    """Polars looks a value up that it has parsed before, or reads it another way."""
    cached = pl.Series(texts * repeated).str.to_date("%Y-%m-%d", strict=False, cache=True)
    assert read(texts * repeated, pl.Date()) == cached.to_physical().to_list()
