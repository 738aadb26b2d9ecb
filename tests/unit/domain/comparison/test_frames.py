from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.comparison.frames import to_pandas
from gitops_mlops.domain.errors import UsageError

DAY = date(2013, 7, 1)
NOON = datetime(2013, 7, 1, 12, 30, 0, 250)


def column(values: list[Any], dtype: Any = None) -> pd.Series:
    return to_pandas(pl.DataFrame({"x": pl.Series(values, dtype=dtype)}))["x"]


@pytest.mark.parametrize(
    ("values", "dtype", "whole", "with_nulls"),
    [
        (["a", ""], pl.String, "object", "object"),
        (["a", "b"], pl.Categorical, "object", "object"),
        (["a", "b"], pl.Enum(["b", "a"]), "object", "object"),
        ([1, -2], pl.Int64, "int64", "float64"),
        ([1, 2], pl.UInt8, "uint8", "float64"),
        ([1.5, 2.0], pl.Float32, "float32", "float32"),
        ([1.5, 2.0], pl.Float64, "float64", "float64"),
        ([True, False], pl.Boolean, "bool", "float64"),
        ([Decimal("1.5"), Decimal("2.0")], pl.Decimal(10, 2), "float64", "float64"),
        ([DAY, date(1969, 1, 1)], pl.Date, "datetime64[us]", "datetime64[us]"),
        ([NOON, NOON], pl.Datetime("ms"), "datetime64[us]", "datetime64[us]"),
        ([NOON, NOON], pl.Datetime("ns"), "datetime64[us]", "datetime64[us]"),
        ([timedelta(days=1), timedelta(0)], pl.Duration("ms"), "timedelta64[us]", "timedelta64[us]"),
    ],
)
def test_a_type_depends_on_the_polars_type_and_on_nulls_only(
    values: list[Any], dtype: Any, whole: str, with_nulls: str
) -> None:
    assert str(column(values, dtype).dtype) == whole
    assert str(column([*values, None], dtype).dtype) == with_nulls
    assert str(column([], dtype).dtype) == whole
    assert column([*values, None], dtype).isna().tolist() == [False, False, True]


def test_missing_text_is_nan_and_never_none() -> None:
    values = column(["a", None, "", "None"]).tolist()
    assert values[0] == "a"
    assert math.isnan(values[1])
    assert values[2:] == ["", "None"]


def test_missing_numbers_and_booleans_keep_their_values() -> None:
    assert column([3, None, -1])[[0, 2]].tolist() == [3.0, -1.0]
    assert column([True, None, False])[[0, 2]].tolist() == [1.0, 0.0]
    assert column([1, 2]).tolist() == [1, 2]


def test_dates_and_times_stay_the_same_instant() -> None:
    assert column([DAY, None])[0] == pd.Timestamp("2013-07-01")
    assert column([NOON])[0] == pd.Timestamp(NOON)
    assert column([timedelta(hours=36)])[0] == pd.Timedelta(hours=36)
    zone = pl.Datetime("us", "America/New_York")
    # Half past one happened twice that night: only the offset tells the two apart.
    twice = pl.Series([datetime(2013, 11, 3, 5, 30), datetime(2013, 11, 3, 6, 30)], dtype=pl.Datetime("us"))
    converted = to_pandas(pl.DataFrame({"x": twice.dt.replace_time_zone("UTC").cast(zone)}))["x"]
    assert [str(moment) for moment in converted] == ["2013-11-03 01:30:00-04:00", "2013-11-03 01:30:00-05:00"]


def test_a_column_of_nothing_but_nulls_is_nan() -> None:
    assert column([None, None]).isna().all()
    assert str(column([None, None]).dtype) == "float64"


def test_shape_and_order_are_kept() -> None:
    frame = to_pandas(pl.DataFrame({"b": [1, 2], "a": ["x", "y"]}).slice(1))
    assert list(frame.columns) == ["b", "a"]
    assert frame.index.tolist() == [0]
    assert to_pandas(pl.DataFrame()).shape == (0, 0)
    assert to_pandas(pl.DataFrame({"a": []}, schema={"a": pl.String})).shape == (0, 1)


@pytest.mark.parametrize("values", [[[1, 2]], [{"a": 1}], [b"a"], [time(12)]])
def test_what_no_model_reads_is_refused_by_name(values: list[Any]) -> None:
    with pytest.raises(UsageError, match="column 'x'"):
        column(values)


@given(
    st.lists(
        st.tuples(
            st.none() | st.text(max_size=5),
            st.none() | st.integers(-(2**53), 2**53),
            st.none() | st.floats(),
            st.none() | st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)),
        ),
        max_size=20,
    )
)
def test_every_value_arrives(rows: list[tuple[Any, ...]]) -> None:
    schema: dict[str, Any] = {"s": pl.String, "i": pl.Int64, "f": pl.Float64, "t": pl.Datetime("us")}
    frame = to_pandas(pl.DataFrame(rows, schema=schema, orient="row"))
    assert len(frame) == len(rows)
    for index, row in enumerate(rows):
        for name, value in zip(schema, row, strict=True):
            arrived = frame[name][index]
            if value is None or value != value:
                assert pd.isna(arrived)
            else:
                assert arrived == value


def test_scikit_learn_sees_names_and_fills_gaps() -> None:
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    frame = to_pandas(pl.DataFrame({"s": ["a", None, "a"], "i": [1, None, 3], "b": [True, None, True]}))
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), ["s"]),
        (SimpleImputer(), ["i", "b"]),
    )
    assert columns.fit_transform(frame).tolist() == [[1, 1, 1], [1, 2, 1], [1, 3, 1]]
    assert columns.feature_names_in_.tolist() == ["s", "i", "b"]
    assert np.isnan(frame["i"].to_numpy()[1])
