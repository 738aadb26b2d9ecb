"""A table in the part files of a folder: what of each part is read as which column.

Parts may have narrower types than required, other columns and other types, as one file may have them. Rows of a part
that lacks a column, or has it in another type, are left out of that column's rules, and the part is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from urllib.parse import unquote

import polars as pl

from gitops_mlops.domain.contracts.column_type import ColumnType
from gitops_mlops.domain.contracts.polars_types import POLARS, exactly, type_name

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_INTEGER = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True)
class TablePart:
    """A file of a folder, by its path from there. `keys` are the columns that its folders name: `year=2024`."""

    name: str
    schema: Mapping[str, pl.DataType]
    keys: Mapping[str, str | None]

    @property
    def folders(self) -> dict[str, str | None]:
        """The columns that only the folders name: a column of the file itself wins."""
        return {key: value for key, value in self.keys.items() if key not in self.schema}

    @property
    def columns(self) -> dict[str, pl.DataType]:
        """All columns, with their types; those that folders name are text."""
        return {**self.schema, **dict.fromkeys(self.folders, pl.String())}

    def alike(self, other: TablePart) -> bool:
        """Whether both can be read in one go."""
        return (list(self.schema.items()), self.keys) == (list(other.schema.items()), other.keys)


def is_data(path: PurePosixPath) -> bool:
    """Whether a path below the folder holds data: writers leave `_SUCCESS`, `_temporary` and `.crc` beside it."""
    return not any(step.startswith(".") or (step.startswith("_") and "=" not in step) for step in path.parts)


def folder_keys(path: PurePosixPath) -> dict[str, str | None]:
    """The columns that the folders above a part name, as Hive and Spark write them."""
    pairs = (step.partition("=") for step in path.parts[:-1] if "=" in step)
    return {unquote(key): None if value == _NO_VALUE else unquote(value) for key, _, value in pairs if key}


def key_types(parts: Sequence[TablePart]) -> dict[str, pl.DataType]:
    """The type that all values of each column fit that folders name: an integer, a date, or text."""
    values: dict[str, set[str]] = {}
    for part in parts:
        for key, value in part.keys.items():
            values.setdefault(key, set()).update([] if value is None else [value])
    return {key: _type_of(texts) for key, texts in values.items()}


def _type_of(texts: set[str]) -> pl.DataType:
    if texts and all(_INTEGER.fullmatch(text) for text in texts):
        return pl.Int64()
    try:
        written = all(date.fromisoformat(text).isoformat() == text for text in texts)
    except ValueError:
        written = False
    return pl.Date() if texts and written else pl.String()


@dataclass(frozen=True)
class Layout:
    """How parts become one table: the type of each column, and which parts give it."""

    types: Mapping[str, pl.DataType]
    given: Mapping[str, frozenset[str]]

    def partial(self, parts: Sequence[TablePart]) -> list[str]:
        """The columns that some part does not give."""
        return [name for name in self.types if len(self.given[name]) < len(parts)]

    def values(self, part: TablePart, name: str) -> pl.Expr:
        """A column of the table, in the rows of a part that folders do not name it for."""
        kind = self.types[name]
        if part.name not in self.given[name]:
            return pl.lit(None, dtype=kind).alias(name)
        return _as(exactly(name), part.schema[name], kind).alias(name)


def layout(parts: Sequence[TablePart], wanted: Mapping[str, pl.DataType]) -> Layout:
    """How parts become one table whose columns have the `wanted` types where they can.

    A column without a type that holds what its parts have is null, and no part gives it.
    """
    keys = key_types(parts)
    types, given = {}, {}
    for name in dict.fromkeys(name for part in parts for name in part.columns):
        key = wanted.get(name) or keys.get(name) or pl.Null()
        having = {part.name: part.schema.get(name, key) for part in parts if name in part.columns}
        fit = {part: kind for part, kind in having.items() if name not in wanted or fits(kind, wanted[name])}
        common = _common([*(fit or having).values()])
        types[name] = common or wanted.get(name) or pl.Null()
        given[name] = frozenset(fit or having) if common else frozenset()
    return Layout(types, given)


def fits(kind: pl.DataType, wanted: pl.DataType) -> bool:
    """Whether a column of this type may be where another is required: the same, a narrower one, or only nulls."""
    mine, theirs = type_name(kind), type_name(wanted)
    return kind in (pl.Null, wanted) or (mine is not None and theirs is not None and theirs.holds(mine))


def _common(kinds: Sequence[pl.DataType]) -> pl.DataType | None:
    """The type that holds all; None when there is none."""
    different = list(dict.fromkeys(kind for kind in kinds if kind != pl.Null))
    if len(different) <= 1:
        return different[0] if different else pl.Null()
    names = [type_name(kind) for kind in different]
    for kind, mine in zip(different, names, strict=True):
        if mine is not None and all(name is not None and mine.holds(name) for name in names):
            # Units and time zones that differ meet in the contract's own type, as naive UTC.
            return POLARS[mine] if mine in (ColumnType.DATETIME, ColumnType.STRING) else kind
    return None


def _as(column: pl.Expr, kind: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    if kind == wanted:
        return column
    if isinstance(kind, pl.Datetime) and kind.time_zone:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return column.cast(wanted, strict=False)
