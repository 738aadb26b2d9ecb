"""What the columns of a table hold, asked with Polars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isinf
from typing import Any

import polars as pl

from gitops_mlops.domain.contracts.contract import ColumnType
from gitops_mlops.domain.contracts.inference import MOST_CHOICES, TEXT_SHAPES, ColumnProfile, TableProfile
from gitops_mlops.domain.contracts.polars_types import POLARS, exactly, type_name
from gitops_mlops.domain.contracts.table_checks import ReadableTable, is_missing
from gitops_mlops.domain.contracts.table_facts import (
    TEXT_TYPES,
    edges,
    facts,
    fitting,
    misfit_of_shape,
    misfit_of_type,
)

# No column of a file has such a name.
_COUNT = "\0count"

_ID_TYPES = {kind for kind in ColumnType if kind.integer_range or kind == ColumnType.STRING}


def text_types(table: ReadableTable) -> dict[str, pl.DataType]:
    """For each column of a table of text the type that all its values fit, if any."""
    types = fitting(table.frame, list(table.schema), TEXT_TYPES, misfit_of_type, _numbers)
    return {column: POLARS[kind] for column, kind in types.items()}


def profile_of(table: ReadableTable) -> TableProfile:
    """What each column holds."""
    asked = [fact for column in table.schema for fact in facts(table, column)]
    found = table.frame.select(pl.len().alias(_COUNT), *asked).collect(engine="streaming").row(0, named=True)
    texts = [column for column, dtype in table.schema.items() if type_name(dtype) == ColumnType.STRING]
    shapes = fitting(table.frame, texts, list(TEXT_SHAPES), misfit_of_shape, _numbers)
    columns = tuple(_column_profile(table, column, found, shapes.get(column)) for column in table.schema)
    return TableProfile(int(found[_COUNT]), columns)


def _numbers(frame: pl.LazyFrame, asked: Sequence[pl.Expr]) -> Sequence[int]:
    return frame.select(asked).collect(engine="streaming").row(0)


def _column_profile(table: ReadableTable, name: str, found: Mapping[str, Any], shape: str | None) -> ColumnProfile:
    dtype, nulls, rows = table.schema[name], int(found[f"nulls of {name}"]), int(found[_COUNT])
    kind, about = type_name(dtype), found.get(f"different of {name}", 0)
    low, high = edges(dtype, found, name)
    # A CSV's column without any text fits every type.
    empty = nulls == rows and (name in table.raw or kind is None)
    present = table.frame.select(exactly(name).alias("value")).filter(~is_missing("value", dtype))
    values = unique = None
    # The estimate is off by a few percent; what it leaves possible is then counted exactly.
    if about <= 2 * MOST_CHOICES and (kind == ColumnType.STRING or low == 0):
        different = present.unique().head(MOST_CHOICES + 1).collect(engine="streaming")["value"].to_list()
        values = tuple(different) if len(different) <= MOST_CHOICES else None
    if kind in _ID_TYPES and about > 0.9 * (rows - nulls) > 0:
        unique = present.select(pl.col("value").n_unique()).collect(engine="streaming").item() == rows - nulls
    return ColumnProfile(
        name=name,
        type=None if empty else kind,
        found="a column of nothing but nulls" if empty else _in_words(table, name),
        nulls=nulls,
        low=low,
        high=high,
        infinite=any(isinstance(edge, float) and isinf(edge) for edge in (low, high)),
        values=values,
        unique=bool(unique),
        shape=shape if nulls < rows else None,
        everywhere=all(name in part.columns for part in table.parts),
    )


def _in_words(table: ReadableTable, name: str) -> str:
    kinds = {str(part.columns[name]).lower(): part.name for part in table.parts if name in part.columns}
    if len(kinds) < 2 or table.schema[name] != pl.Null:
        return f"a column of {str(table.schema[name]).lower()}"
    return f"a column of several types: {', '.join(f'{kind} in {part}' for kind, part in kinds.items())}"
