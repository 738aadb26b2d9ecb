"""Admitted columns as the table that a model reads, in the cheapest way that gives the contract's types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops_mlops.domain.contract import ColumnType, Contract

if TYPE_CHECKING:
    import pandas as pd


def to_frame(contract: Contract, columns: Mapping[str, Sequence[Any]], order: Sequence[str] = ()) -> pd.DataFrame:
    """A frame of `columns`, in the order of `order` (all, in the contract's order, when it is empty).

    Types are those that pandas gives such data when it reads Parquet: an integer column with a null becomes
    float64 with NaN, a boolean one object, dates and times datetime64. A column that is absent is left out.
    """
    import pandas as pd

    names = order or tuple(name for name in contract.columns if name in columns)
    arrays = {name: _array(contract.columns[name].type, columns[name]) for name in names}
    return pd.DataFrame(arrays, copy=False)


def _array(column_type: ColumnType, values: Sequence[Any]) -> Any:
    import numpy as np

    if column_type == ColumnType.STRING:
        return np.array(values, dtype=object)
    if column_type == ColumnType.DATE:
        return np.array(values, dtype="datetime64[D]").astype("datetime64[ms]")
    if column_type == ColumnType.DATETIME:
        return np.array(values, dtype="datetime64[us]")
    if column_type.is_float:
        return np.array(values, dtype=column_type.value)
    if None in values:
        return np.array(values, dtype=object if column_type == ColumnType.BOOL else "float64")
    return np.array(values, dtype=column_type.value)
