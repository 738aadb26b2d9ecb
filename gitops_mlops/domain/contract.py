"""Data contracts: which columns a table has and what holds for every row, as `contracts/*.yaml` say it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from gitops_mlops.domain.document import parse_yaml
from gitops_mlops.domain.typed_document import Section, typed


class ColumnType(StrEnum):
    """The types that a contract can demand."""

    BOOL = "bool"
    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    UINT8 = "uint8"
    UINT16 = "uint16"
    UINT32 = "uint32"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    STRING = "string"
    DATE = "date"
    DATETIME = "datetime"


Scalar = bool | int | float | str
Share = Annotated[float, Field(ge=0, le=1)]


class Column(Section):
    """One column. Bounds are inclusive; `unit` and `description` are for people and for `contract diff`."""

    type: ColumnType
    nullable: bool = False
    required: bool = True
    unique: bool = False
    min: float | str | None = None
    max: float | str | None = None
    allowed: tuple[Scalar, ...] | None = None
    pattern: str | None = None
    max_length: int | None = Field(default=None, ge=0)
    max_nulls: Share | None = None
    default: Scalar | None = None
    unit: str | None = None
    description: str | None = None


class Rows(Section):
    """How many rows the table may have."""

    min: int = Field(default=1, ge=0)
    max: int | None = Field(default=None, ge=0)


class Contract(Section):
    """What a table must be. `strict` refuses columns that are not named; `unique` lists key column sets."""

    version: Literal[1]
    description: str | None = None
    strict: bool = True
    rows: Rows = Field(default_factory=Rows)
    unique: tuple[tuple[str, ...], ...] = ()
    columns: dict[str, Column] = Field(min_length=1)


def parse_contract(content: str | bytes, name: str) -> Contract:
    """The contract in `content`. Raises ConfigError with every problem, each with path and line."""
    return typed(parse_yaml(content, name), Contract)
