"""Admitted columns as the table that a model reads, in the cheapest way that gives the contract's types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops_mlops.domain.contracts.contract import ColumnType, Contract

if TYPE_CHECKING:
    import pandas as pd


def admitted_frame(
    contract: Contract, columns: Mapping[str, Sequence[Any]], order: Sequence[str] = ()
) -> pd.DataFrame:
    """A frame of `columns`, in the order of `order` (all, in the contract's order, when it is empty).

    Types and nulls are those of `domain.comparison.frames.to_pandas`, which feeds models where they are trained and
    compared: an integer or boolean column with a null is float64 with NaN, text is object with NaN, dates and
    times are datetime64[us]. A column that is absent is left out.
    """
    import pandas as pd

    names = order or tuple(name for name in contract.columns if name in columns)
    index = pd.RangeIndex(len(columns[names[0]]) if names else 0)
    arrays = {name: _array(contract.columns[name].type, columns[name]) for name in names}
    # Only a Series keeps text as object: pandas 3 would make it `str`.
    data = {
        name: pd.Series(array, index=index, dtype=object, copy=False) if array.dtype == object else array
        for name, array in arrays.items()
    }
    return pd.DataFrame(data, index=index, copy=False)


def _array(column_type: ColumnType, values: Sequence[Any]) -> Any:
    import numpy as np

    if column_type == ColumnType.STRING:
        return np.array([np.nan if value is None else value for value in values], dtype=object)
    if column_type in (ColumnType.DATE, ColumnType.DATETIME):
        return np.array(values, dtype="datetime64[us]")
    if column_type.is_float or None not in values:
        return np.array(values, dtype=column_type.value)
    return np.array(values, dtype="float64")
