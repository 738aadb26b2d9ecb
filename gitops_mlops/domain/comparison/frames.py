"""Tables between polars, which reads and checks data, and pandas, which scikit-learn knows by column name.

Column by column through NumPy: polars' own `to_pandas` needs pyarrow, 100 MB that nothing else here uses.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from gitops_mlops.domain.errors import UsageError


def to_pandas(frame: pl.DataFrame) -> pd.DataFrame:
    """Make the pandas frame that `compare` and `serve` give a model out of the same rows and columns.

    Rows and columns keep their order, the index is fresh; a missing value is NaN (NaT in times).

    A column's type depends on its polars type and on whether it has nulls, and on nothing else:
    integers stay what they are, or are float64 when values are missing; booleans likewise; text, categories
    and enums are `object` (pandas 2 and 3 infer different types for text); dates and datetimes are
    datetime64[us], durations timedelta64[us]; decimals are float64, and so is a column with only nulls.

    Raises UsageError for a column that no model could read: lists, structs, bytes, times of day.

    Example:
        >>> model.fit(to_pandas(rows.select("distance", "carrier")), rows["delayed"].to_numpy())

    """
    # The index keeps the number of rows of a frame without columns.
    index = pd.RangeIndex(frame.height)
    return pd.DataFrame({column.name: _series(column, index) for column in frame}, index=index)


def _series(column: pl.Series, index: pd.RangeIndex) -> pd.Series:
    kind = column.dtype
    if isinstance(kind, pl.String | pl.Categorical | pl.Enum):
        return pd.Series(_text(column), index=index, dtype=object)
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        utc = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return _series(utc, index).dt.tz_localize("UTC").dt.tz_convert(kind.time_zone)
    return pd.Series(_values(column, kind), index=index)


def _text(column: pl.Series) -> np.ndarray[Any, Any]:
    values = column.cast(pl.String).to_numpy().astype(object)
    values[column.is_null().to_numpy()] = np.nan
    return values


def _values(column: pl.Series, kind: pl.DataType) -> np.ndarray[Any, Any]:
    if kind.is_integer() or isinstance(kind, pl.Boolean):
        return column.cast(pl.Float64).to_numpy() if column.has_nulls() else column.to_numpy()
    if isinstance(kind, pl.Decimal | pl.Null):
        return column.cast(pl.Float64).to_numpy()
    if kind.is_float():
        return column.to_numpy()
    if isinstance(kind, pl.Date | pl.Datetime):
        return column.cast(pl.Datetime("us")).to_numpy()
    if isinstance(kind, pl.Duration):
        return column.cast(pl.Duration("us")).to_numpy()
    raise UsageError(
        f"holds {kind}, which models cannot read",
        where=f"column {column.name!r}",
        hint="spread it over columns of numbers, text, booleans or dates",
    )
