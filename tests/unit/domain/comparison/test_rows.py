from __future__ import annotations

import contextlib
from datetime import date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.comparison.rows import (
    cluster_codes,
    dependent_columns,
    is_time,
    naive_errors,
    parse_rows,
    repeats,
    require_ordered,
    seen_in,
)
from gitops_mlops.domain.errors import MissingEvidence, UsageError


def test_csv_and_parquet_read_the_same() -> None:
    csv = parse_rows(b"day,x\n2026-01-01,1.5\n2026-01-02,\n", "rows.csv")
    assert csv.schema == {"day": pl.Date, "x": pl.Float64}
    assert parse_rows(b"day\tx\n2026-01-01\t1.5\n", "rows.tsv").rows() == [(date(2026, 1, 1), 1.5)]


@pytest.mark.parametrize(
    ("content", "name", "error"),
    [
        (b"", "rows.csv", MissingEvidence),
        (b"a,b\n", "rows.csv", MissingEvidence),
        ("a\ncafé\n".encode("latin-1"), "rows.csv", MissingEvidence),
        (b"a,b\n1,2,3\n", "rows.csv", MissingEvidence),
        (b"not parquet", "rows.parquet", MissingEvidence),
        (b"PAR1\x00\x00\x00\x00PAR1", "rows.parquet", MissingEvidence),
        (b"x", "rows.xlsx", UsageError),
    ],
)
def test_what_is_no_table(content: bytes, name: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        parse_rows(content, name)
    assert str(caught.value).startswith(f"{name}: ")
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=200))
def test_no_bytes_make_a_traceback(content: bytes) -> None:
    for name in ("rows.csv", "rows.parquet"):
        with contextlib.suppress(MissingEvidence):
            assert parse_rows(content, name).height > 0


def test_lists_and_bytes_are_compared_too() -> None:
    frame = pl.DataFrame({"l": [[1, 2], [3]], "b": [b"\xff", b"\xff"]})
    assert seen_in(frame, frame.tail(1), []).tolist() == [False, True]
    assert seen_in(frame, frame.with_columns(l=pl.lit("x")), []).tolist() == [False, False]
    assert repeats(pl.concat([frame, frame]), "b", []) == (2, 0)


def test_rows_seen_in_training() -> None:
    test = pl.DataFrame({"id": [1, 2, 3, 4, 5], "x": [0.1 + 0.2, float("nan"), 1.0, -0.0, 2.0], "y": list("abcde")})
    train = pl.DataFrame({"y": list("abXd"), "x": [0.3, None, 1.0, 0.0], "id": [9, 9, 9, 9]})
    assert seen_in(test, train, without=["id"]).tolist() == [True, True, False, True, False]
    assert seen_in(test, train, without=["id", "y"]).tolist() == [True, True, True, True, False]
    assert not seen_in(test, train.select("id"), without=["id"]).any()


def test_types_that_differ_between_files_still_compare() -> None:
    test = pl.DataFrame({"n": [1, 2], "t": [datetime(2026, 1, 1), datetime(2026, 1, 2)]})
    train = pl.DataFrame({"n": [1.0, 5.0], "t": [datetime(2026, 1, 1), datetime(2026, 1, 2)]})
    assert seen_in(test, train, without=[]).tolist() == [True, False]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=30))
def test_clusters_are_numbered_from_zero_without_gaps(names: list[str]) -> None:
    codes = cluster_codes(pl.Series("day", names))
    assert sorted(set(codes.tolist())) == list(range(len(set(names))))
    assert all((names[i] == names[j]) == (codes[i] == codes[j]) for i in range(len(names)) for j in range(i))


def test_columns_that_may_group_rows() -> None:
    frame = pl.DataFrame({"day": [1], "customer_id": [1], "holiday": [1], "at": [datetime(2026, 1, 1)], "y": [1]})
    assert dependent_columns(frame, known=["y"]) == ["day", "customer_id", "at"]


def test_the_naive_forecasts_error_is_each_series_own() -> None:
    history = pl.DataFrame(
        {"t": [3, 1, 2, 1, 2, 3, 1], "s": ["a", "a", "a", "b", "b", "b", "once"], "y": [4.0, 1, 2, 10, 30, 20, 7]}
    )
    rows = pl.DataFrame({"s": ["b", "a", "once", "new", "a"]})
    # a: |2 − 1|, |4 − 2|; b: |30 − 10|, |20 − 30|. One value has no change, a new series no history.
    found = naive_errors(history, rows, "y", "t", "s", season=1)
    assert found.tolist()[:2] == [15.0, 1.5]
    assert np.isnan(found[2:4]).all()
    assert found[4] == 1.5
    assert naive_errors(history, rows, "y", "t", "s", season=2).tolist()[:2] == [10.0, 3.0]
    assert np.isnan(naive_errors(history.drop("t"), rows, "y", "t", "s", season=1)).all()
    numbers, texts = (
        side.with_columns(s=pl.col("s").replace_strict({"a": 1, "b": 2, "once": 3, "new": 4}, return_dtype=kind))
        for side, kind in ((history, pl.Float64), (rows, pl.String))
    )
    assert naive_errors(numbers, texts, "y", "t", "s", season=1).tolist()[:2] == [15.0, 1.5], (
        "1.0 and '1' are one series"
    )
    with pytest.raises(MissingEvidence, match="column 's' is String"):
        require_ordered(history, "s", "x.csv")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([date(2026, 1, 2), date(2026, 1, 1)], True),
        (["2026-01-02", "2026-01-01"], True),
        (["2026-01-02 10:00", "2026-01-01T09:30:00.5"], True),
        (["2026-01", "2025-12"], True),
        (["2026-W05"], True),
        (["2026-01-02", "gate 7"], False),
        (["02/01/2026"], False),
        (["AA", "DL"], False),
        ([20260102, 20260101], False),
        ([1.5], False),
    ],
)
def test_groups_in_time_are_dates_and_texts_like_dates(values: list[object], found: bool) -> None:
    assert is_time(pl.Series("group", values)) is found
