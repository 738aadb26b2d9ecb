"""Dates and times of the whole range of Polars, of which Python holds a part."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitops_mlops.domain.comparison.rows import parse_rows
from gitops_mlops.domain.contracts.temporal_values import python_rows, python_values, with_text_for_unknown_times

DAYS, COUNTS = st.integers(-(2**31), 2**31 - 1), st.integers(-(2**63), 2**63 - 1)
UNITS = st.sampled_from(["ms", "us", "ns"])


def days(*values: int | None) -> pl.Series:
    return pl.Series("d", values, dtype=pl.Int32).cast(pl.Date)


def test_what_python_holds_is_what_polars_gives() -> None:
    for column in (
        days(0, None, -719162, 2932896),
        pl.Series("t", [datetime(1, 1, 1), None, datetime(9999, 12, 31, 23, 59, 59, 999999)]),
        pl.Series("z", [datetime(2024, 7, 1, tzinfo=UTC)]).dt.convert_time_zone("Asia/Tokyo"),
        pl.Series("s", [timedelta(days=-1, microseconds=1), None]),
        pl.Series("x", [1.5, None]),
    ):
        assert python_values(column) == column.to_list()
    frame = pl.DataFrame({"d": days(0), "x": [1]})
    assert list(python_rows(frame)) == [{"d": date(1970, 1, 1), "x": 1}]


@pytest.mark.parametrize(
    ("value", "text"),
    [(-719528, "0000-01-01"), (-719529, "-0001-12-31"), (2932897, "+10000-01-01"), (2**31 - 1, "+5881580-07-11")],
)
def test_other_dates_are_text(value: int, text: str) -> None:
    assert python_values(days(value)) == [text]


@settings(max_examples=100, derandomize=True)
@given(DAYS)
def test_any_date_is_that_of_numpy(value: int) -> None:
    (found,) = python_values(days(value))
    year, rest = (text := str(np.datetime64(value, "D")))[:-6], text[-6:]
    there = int(year)
    wanted = f"{there:04}{rest}" if 0 <= there <= 9999 else f"{there:+05}{rest}"
    assert (found if isinstance(found, str) else found.isoformat()) == wanted


@settings(max_examples=100, derandomize=True)
@given(COUNTS, UNITS, st.sampled_from([None, "UTC", "America/New_York"]))
@example(-62135596800 * 10**6, "us", "America/New_York")
@example(-(2**63), "ms", None)
@example(2**63 - 1, "ns", "UTC")
def test_any_time_has_a_text(value: int, unit: str, zone: str | None) -> None:
    column = pl.Series("t", [value], dtype=pl.Int64).cast(pl.Datetime(unit, zone))  # type: ignore[arg-type]
    (found,) = python_values(column)
    if isinstance(found, datetime):
        naive = found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
        per = {"ms": timedelta(milliseconds=1), "us": timedelta(microseconds=1)}
        ours = (naive - datetime(1970, 1, 1)) // per.get(unit, per["us"])
        assert ours == (value if unit != "ns" else value // 1000)
    else:
        assert found[-6:] == "+00:00" if zone else "T" in found
    ready = with_text_for_unknown_times(column.to_frame())
    ready["t"].cast(pl.String).to_list()


@settings(max_examples=50, derandomize=True)
@given(COUNTS, UNITS)
def test_any_duration_has_a_value(value: int, unit: str) -> None:
    column = pl.Series("s", [value], dtype=pl.Int64).cast(pl.Duration(unit))  # type: ignore[arg-type]
    assert isinstance(python_values(column)[0], timedelta | str)


def test_rows_of_a_comparison_have_such_columns_as_text() -> None:
    frame = parse_rows(b"d,e\n0000-01-01,2024-01-01\n2024-01-01,2024-01-02\n", "d.csv")
    assert frame.to_dict(as_series=False) == {
        "d": ["0000-01-01", "2024-01-01"],
        "e": [date(2024, 1, 1), date(2024, 1, 2)],
    }
