"""Rows belong together because their values are equal, never because these print the same."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.comparison.slice_columns import RowGroup, coded, distinct, parts
from gitops_mlops.domain.statistics.slice_search import EncodedColumn

VALUES: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "float": (pl.Float64, st.floats()),
    "close floats": (pl.Float64, st.integers(0, 200).map(lambda i: 52.52 + i * 1e-12)),
    "seconds": (pl.Float64, st.integers(1_750_000_000, 1_750_000_300).map(float)),
    "float32": (pl.Float32, st.floats(width=32)),
    "integer": (pl.Int64, st.integers(2**62, 2**62 + 100)),
    "unsigned": (pl.UInt64, st.integers(2**63, 2**64 - 1)),
    "text": (pl.String, st.sampled_from(["missing", "null", "None", "1", "1.0", "", " ", "a", "a ", "a (2)", "A"])),
    "any text": (pl.String, st.text(max_size=5)),
    "long text": (pl.String, st.integers(0, 5).map(lambda i: "x" * 250 + str(i))),
    "boolean": (pl.Boolean, st.booleans()),
    "date": (pl.Date, st.dates()),
    "moment": (pl.Datetime("us", "UTC"), st.datetimes().map(lambda moment: moment.replace(tzinfo=UTC))),
    "nanoseconds": (pl.Datetime("ns"), st.integers(1_700_000_000 * 10**9, 1_700_000_000 * 10**9 + 50)),
    "duration": (pl.Duration("us"), st.integers(-(10**6), 10**6)),
    "time": (pl.Time, st.times()),
    "decimal": (pl.Decimal(38, 20), st.integers(0, 60).map(lambda i: Decimal(1) + Decimal(i).scaleb(-20))),
    "bytes": (pl.Binary, st.binary(max_size=2)),
    "nothing": (pl.Null, st.none()),
    "list": (pl.List(pl.Int64), st.lists(st.integers(0, 2), max_size=2)),
}


@st.composite
def columns(draw: st.DrawFn) -> pl.Series:
    kind, values = VALUES[draw(st.sampled_from(sorted(VALUES)))]
    several = st.lists(st.none() | values, min_size=1, max_size=60, unique_by=repr)
    chosen = draw(several)
    rows = draw(st.lists(st.sampled_from(range(len(chosen))), min_size=1, max_size=150))
    return pl.Series("x", [chosen[i] for i in rows], dtype=kind, strict=False)


def exact(value: Any) -> Any:
    """A value as a key: NaN is missing, −0.0 is 0.0."""
    if isinstance(value, float):
        return None if math.isnan(value) else value + 0.0
    return tuple(value) if isinstance(value, pl.Series | list) else value


def groups(column: pl.Series, masks: list[np.ndarray]) -> list[set[Any]]:
    keys = [exact(value) for value in column.to_list()]
    if column.dtype == pl.Datetime("ns"):
        keys = column.to_physical().to_list()
    return [{keys[row] for row in np.flatnonzero(mask)} for mask in masks]


def check(column: pl.Series, labels: list[str], masks: list[np.ndarray]) -> None:
    assert np.sum(masks, axis=0).tolist() == [1] * column.len(), "every row is in exactly one"
    assert sum(int(mask.sum()) for mask in masks) == column.len()
    found = groups(column, masks)
    assert sum(map(len, found)) == len(set().union(*found)), "equal values are together"
    assert len({*labels}) == len(labels)
    assert all(label == " ".join(label.split()) and 0 < len(label) <= 200 for label in labels), "as they are printed"


@given(columns())
def test_every_row_is_in_one_slice(column: pl.Series) -> None:
    found = parts(column.to_frame(), "x")
    check(column, [part.value for part in found], [part.rows for part in found])
    keys = groups(column, [np.ones(column.len(), dtype=np.bool_)])[0]
    fifths = column.dtype.is_float() and len(keys) > 50
    if not fifths:
        assert sum(part.values for part in found) == len(keys), "each value is named or counted"
        assert all(len(held) == part.values for held, part in zip(groups(column, _masks(found)), found, strict=True))
    else:
        assert len(found) <= 6


def _masks(found: list[RowGroup]) -> list[np.ndarray]:
    return [part.rows for part in found]


@given(columns(), st.sampled_from([1, 5]))
def test_every_row_has_one_code(column: pl.Series, fewest: int) -> None:
    found = coded(column, fewest)
    if found is None:
        return
    masks = [found.codes == code for code in range(len(found.values))]
    assert found.codes.min() >= 0
    check(column, list(found.values), masks)
    if found.pooled:
        assert len(groups(column, masks)[-1]) == found.pooled


@pytest.mark.parametrize(
    ("start", "step"), [(52.52, 1e-6), (1.75e9, 1.0), (1e-12, 1e-15), (1.0, 2.0**-52), (-1e300, 1e285)]
)
def test_fifths_whose_edges_differ_have_labels_that_differ(start: float, step: float) -> None:
    values = [start + i * step for i in range(1000)]
    found = parts(pl.DataFrame({"x": values}), "x")
    assert sorted(int(part.rows.sum()) for part in found) == [199, 200, 200, 200, 201]
    assert len({part.value for part in found}) == 5
    in_order = coded(pl.Series("x", values), 200)
    assert in_order is not None
    assert in_order.values == tuple(sorted((part.value for part in found), key=in_order.values.index))


def test_whole_numbers_above_what_a_float_holds_are_apart() -> None:
    seconds = pl.Series("x", [2**60 + i % 25 for i in range(1000)])
    found = coded(seconds, 1)
    assert found is not None
    assert np.bincount(found.codes).tolist() == [200, 200, 160, 200, 240], "whole values, of 40 rows each"


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["missing", None], {"missing", "missing (2)"}),
        (["null", "None", None], {"null", "None", "missing"}),
        (["AA", "AA ", " AA"], {"AA", "AA (2)", "AA (3)"}),
        (["a", "a (2)", "a "], {"a", "a (2)", "a (3)"}),
        ([""], {"''"}),
        ([True, False, None], {"true", "false", "missing"}),
        ([0.1, 0.30000000000000004, 0.3], {"0.1", "0.30000000000000004", "0.3"}),
        ([float("nan"), None, -0.0, 0.0], {"missing", "0.0"}),
        ([date(2026, 1, 1)], {"2026-01-01"}),
        ([timedelta(seconds=1), timedelta(seconds=1, microseconds=1)], {"0:00:01", "0:00:01.000001"}),
        ([time(1), datetime(2026, 1, 1).time()], {"01:00:00", "00:00:00"}),
    ],
)
def test_labels(values: list[Any], labels: set[str]) -> None:
    found = parts(pl.DataFrame({"x": values}), "x")
    assert {part.value for part in found} == labels
    assert len(found) == len(labels)


def test_labels_that_are_cut_still_differ() -> None:
    names = [f"{'x' * 300}{i}" for i in range(20)]
    assert len({name[:200] for name in distinct(names)}) == 20


def test_what_is_beyond_the_most_frequent_values_is_counted() -> None:
    frame = pl.DataFrame({"x": [f"v{i:03}" for i in range(70) for _ in range(1 + (i < 60))]})
    *named, last = parts(frame, "x")
    assert (len(named), {part.values for part in named}, last.values) == (50, {1}, 20)
    assert (last.value, int(last.rows.sum())) == ("any other (20 values)", 2 * 10 + 10)
    only: EncodedColumn | None = coded(frame["x"], 2)
    assert only is not None
    assert only.pooled == 50
