"""The contract's types as Polars has them."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs

from gitops_mlops.domain.contracts.column_type import ColumnType

POLARS: dict[ColumnType, pl.DataType] = {
    ColumnType.BOOL: pl.Boolean(),
    ColumnType.INT8: pl.Int8(),
    ColumnType.INT16: pl.Int16(),
    ColumnType.INT32: pl.Int32(),
    ColumnType.INT64: pl.Int64(),
    ColumnType.UINT8: pl.UInt8(),
    ColumnType.UINT16: pl.UInt16(),
    ColumnType.UINT32: pl.UInt32(),
    ColumnType.UINT64: pl.UInt64(),
    ColumnType.FLOAT32: pl.Float32(),
    ColumnType.FLOAT64: pl.Float64(),
    ColumnType.STRING: pl.String(),
    ColumnType.DATE: pl.Date(),
    ColumnType.DATETIME: pl.Datetime("us"),
}

_NAMES = {dtype.base_type(): kind for kind, dtype in POLARS.items()}
# Dictionary-encoded text is text.
_NAMES |= {pl.Categorical: ColumnType.STRING, pl.Enum: ColumnType.STRING}


def type_name(dtype: pl.DataType) -> ColumnType | None:
    """What a contract calls a Polars type, None for one that it cannot require."""
    return _NAMES.get(dtype.base_type())


def exactly(name: str) -> pl.Expr:
    """The column of this very name; `pl.col` would read `*` and `^...$` as patterns."""
    return cs.by_name(name).as_expr() if name == "*" or name.startswith("^") else pl.col(name)
