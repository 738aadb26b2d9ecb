"""The contract's types as Polars has them."""

from __future__ import annotations

import polars as pl

from gitops_mlops.domain.contract import ColumnType

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
