"""What the columns of a table hold, asked with Polars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
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

_CELLS = 4_000_000
"""How many values may be held in memory to find out which differ."""

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
    rows = int(found[_COUNT])
    values, unique = _few_values(table, found, rows), _without_repeats(table, found, rows)
    columns = (
        replace(_column_profile(table, name, found, shapes.get(name)), values=values.get(name), unique=name in unique)
        for name in table.schema
    )
    return TableProfile(rows, tuple(columns))


def _few_values(table: ReadableTable, found: Mapping[str, Any], rows: int) -> dict[str, tuple[Any, ...]]:
    """All values of each column that has few and may be a category or a flag."""
    # The estimate is off by a few percent; what it leaves possible is then counted exactly.
    names = [
        name
        for name, dtype in table.schema.items()
        if found.get(f"different of {name}", 0) <= 2 * MOST_CHOICES
        and (type_name(dtype) == ColumnType.STRING or edges(dtype, found, name)[0] == 0)
    ]
    few = {name: _present(table, name).unique().head(MOST_CHOICES + 1) for name in names}
    if rows > _CELLS:
        # A list of values takes memory for all rows.
        lists = {name: table.frame.select(one).collect(engine="streaming").to_series() for name, one in few.items()}
        values = {name: column.to_list() for name, column in lists.items()}
    else:
        values = _answers(table, {name: one.implode() for name, one in few.items()}, rows)
    return {name: tuple(those) for name, those in values.items() if len(those) <= MOST_CHOICES}


def _without_repeats(table: ReadableTable, found: Mapping[str, Any], rows: int) -> set[str]:
    """The columns that may be ids in which no value repeats."""
    present = {name: rows - int(found[f"nulls of {name}"]) for name in table.schema}
    names = [
        name
        for name, dtype in table.schema.items()
        if type_name(dtype) in _ID_TYPES and found[f"different of {name}"] > 0.9 * present[name] > 0
    ]
    different = _answers(table, {name: _present(table, name).n_unique() for name in names}, rows)
    return {name for name, number in different.items() if number == present[name]}


def _present(table: ReadableTable, name: str) -> pl.Expr:
    return exactly(name).filter(~is_missing(name, table.schema[name]))


def _answers(table: ReadableTable, asked: Mapping[str, pl.Expr], rows: int) -> dict[str, Any]:
    """The answer for each column, of few columns at once where memory grows with the rows."""
    answers: dict[str, Any] = {}
    names, at_once = list(asked), max(_CELLS // max(rows, 1), 1)
    for start in range(0, len(names), at_once):
        query = table.frame.select(asked[name].alias(name) for name in names[start : start + at_once])
        answers |= query.collect(engine="streaming").row(0, named=True)
    return answers


def _numbers(frame: pl.LazyFrame, asked: Sequence[pl.Expr]) -> Sequence[int]:
    return frame.select(asked).collect(engine="streaming").row(0)


def _column_profile(table: ReadableTable, name: str, found: Mapping[str, Any], shape: str | None) -> ColumnProfile:
    dtype, nulls, rows = table.schema[name], int(found[f"nulls of {name}"]), int(found[_COUNT])
    kind = type_name(dtype)
    low, high = edges(dtype, found, name)
    # A CSV's column without any text fits every type.
    empty = nulls == rows and (name in table.raw or kind is None)
    return ColumnProfile(
        name=name,
        type=None if empty else kind,
        found="a column with only nulls" if empty else _in_words(table, name),
        nulls=nulls,
        low=low,
        high=high,
        infinite=any(isinstance(edge, float) and isinf(edge) for edge in (low, high)),
        shape=shape if nulls < rows else None,
        everywhere=all(name in part.columns for part in table.parts),
    )


def _in_words(table: ReadableTable, name: str) -> str:
    kinds = {str(part.columns[name]).lower(): part.name for part in table.parts if name in part.columns}
    if len(kinds) < 2 or table.schema[name] != pl.Null:
        return f"a column of {str(table.schema[name]).lower()}"
    return f"a column of several types: {', '.join(f'{kind} in {part}' for kind, part in kinds.items())}"
