"""Data contracts: which columns a table has and what holds for every row, as `contracts/*.yaml` say it.

What the words mean wherever a contract is applied (files, hooks, serving):

- A null is a missing value; in float columns NaN is one too. `unique` compares what is not null.
- `min` and `max` are inclusive. A `datetime` bound without an offset is UTC.
- `pattern` matches the whole value, in the syntax of Rust's regex engine, which takes linear time.
- A column may have a narrower type than the contract requires (int32 for int64), never a wider one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, ValidationError, WithJsonSchema

from gitops_mlops.domain.contracts.column_type import ColumnType, Scalar, is_finite, shown, typed_value
from gitops_mlops.domain.document.pattern import pattern_problem, whole_matcher
from gitops_mlops.domain.document.typed import ConfigSection, typed
from gitops_mlops.domain.document.yaml import Path, dotted, parse_yaml
from gitops_mlops.domain.errors import ConfigError
from gitops_mlops.domain.names import suggest

__all__ = ["Column", "ColumnType", "Contract", "RowCountRule", "Scalar", "parse_contract", "typed_value"]


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float | str | date) and is_finite(value):
        return value
    raise ValueError(f"{value!r} is not a plain finite value → write a number, a text, true, false or a date")


Value = Annotated[
    Scalar, PlainValidator(_plain), WithJsonSchema({"type": ["boolean", "integer", "number", "string"]})
]
Share = Annotated[float, Field(ge=0, le=1)]


class Column(ConfigSection):
    """One column. `unit` and `description` are for people and for `contract diff`; the rest is checked.

    `max-nulls` is the greatest share of nulls in a nullable column. `infinite` lets ±infinity through.
    A table may lack a column that is not required or has a `default`, which readers then fill in.
    """

    type: ColumnType
    nullable: bool = False
    required: bool = True
    unique: bool = False
    min: Value | None = None
    max: Value | None = None
    infinite: bool = False
    allowed: tuple[Value, ...] | None = None
    pattern: str | None = None
    max_length: int | None = Field(default=None, ge=0)
    max_nulls: Share | None = None
    default: Value | None = None
    unit: str | None = None
    description: str | None = None

    @property
    def mandatory(self) -> bool:
        """Whether a table without the column is refused."""
        return self.required and self.default is None

    @property
    def low(self) -> Scalar | None:
        """`min` as a value of the column's type; datetimes are naive UTC."""
        return None if self.min is None else typed_value(self.type, self.min)

    @property
    def high(self) -> Scalar | None:
        """`max` as a value of the column's type; datetimes are naive UTC."""
        return None if self.max is None else typed_value(self.type, self.max)

    @property
    def choices(self) -> tuple[Scalar, ...] | None:
        """`allowed` as values of the column's type."""
        return None if self.allowed is None else tuple(typed_value(self.type, value) for value in self.allowed)


class RowCountRule(ConfigSection):
    """How many rows the table may have."""

    min: int = Field(default=1, ge=0)
    max: int | None = Field(default=None, ge=0)


class Contract(ConfigSection):
    """What a table must be. `strict` refuses columns that are not named; `unique` lists key column sets.

    `unchecked` columns must be there, and their type and values are not checked.
    """

    version: Literal[1]
    description: str | None = None
    strict: bool = True
    rows: RowCountRule = Field(default_factory=RowCountRule)
    unique: tuple[tuple[str, ...], ...] = ()
    unchecked: tuple[str, ...] = ()
    columns: dict[str, Column] = Field(min_length=1)


def parse_contract(content: str | bytes, name: str) -> Contract:
    """The contract in `content`. Raises ConfigError with every problem, each with path and line."""
    document = parse_yaml(content, name)
    try:
        contract = typed(document, Contract)
    except ConfigError as error:
        # The columns that can be read are checked all the same, so that one round of fixing is enough.
        sound = [document.problem(*wrong) for wrong in _wrong_columns(_sound_columns(document.data))]
        raise ConfigError([*error.problems, *sound]) from None
    if problems := [document.problem(*wrong) for wrong in _contradictions(contract)]:
        raise ConfigError(problems)
    return contract


def _sound_columns(data: Any) -> dict[str, Column]:
    columns = data.get("columns") if isinstance(data, dict) else None
    sound = {}
    for name, entry in columns.items() if isinstance(columns, dict) else ():
        with suppress(ValidationError):
            sound[str(name)] = Column.model_validate(entry)
    return sound


Wrong = tuple[Path, str, str]


def _contradictions(contract: Contract) -> Iterator[Wrong]:
    """What each field allows and the whole does not: where, what, and what to do."""
    yield from _wrong_columns(contract.columns)
    if contract.rows.max is not None and contract.rows.min > contract.rows.max:
        yield ("rows", "min"), "min is greater than max", "no table has both"
    for index, key_columns in enumerate(contract.unique):
        yield from _wrong_key(("unique", index), key_columns, contract)
    for index, name in enumerate(contract.unchecked):
        if name in contract.columns:
            yield ("unchecked", index), f"{name!r} is among the columns too", "keep one of the two"
        elif name in contract.unchecked[:index]:
            yield ("unchecked", index), f"{name!r} appears twice", "keep one of the two"


def _wrong_columns(columns: Mapping[str, Column]) -> Iterator[Wrong]:
    for name, column in columns.items():
        here: Path = ("columns", name)
        for path, message in _wrong_values(column):
            text, _, hint = message.partition(" → ")
            yield (*here, *path), text, hint
        for key, text, hint in _meaningless(column):
            yield (*here, key), text, hint


def _wrong_values(column: Column) -> Iterator[tuple[Path, str]]:
    """Bounds, choices and the default: each must be a value of the type, and the default a valid one."""
    given: list[tuple[Path, Scalar]] = []
    if column.type.has_order:
        given += [((key,), value) for key in ("min", "max") if (value := getattr(column, key)) is not None]
    given += [(("allowed", index), value) for index, value in enumerate(column.allowed or ())]
    if column.default is not None:
        given.append((("default",), column.default))
    wrong = False
    for path, value in given:
        try:
            typed_value(column.type, value)
        except ValueError as error:
            wrong = True
            yield path, str(error)
    if (
        column.pattern is not None
        and column.type == ColumnType.STRING
        and (reason := pattern_problem(column.pattern))
    ):
        wrong = True
        yield ("pattern",), reason
    if not wrong:
        yield from _excluded(column)


def _excluded(column: Column) -> Iterator[tuple[Path, str]]:
    low, high = (column.low, column.high) if column.type.has_order else (None, None)
    if low is not None and high is not None and low > high:  # type: ignore[operator]
        yield ("min",), "min is greater than max → no value has both"
        return
    choices = column.choices
    if choices is not None and len(set(choices)) < len(choices):
        yield ("allowed",), "a value appears twice"
    for index, value in enumerate(choices or ()):
        if reason := _refusal(column, value, None):
            yield ("allowed", index), f"{shown(value)} can never occur: it {reason}"
    if column.default is not None and (reason := _refusal(column, typed_value(column.type, column.default), choices)):
        yield ("default",), f"the default breaks the contract: it {reason}"


def _refusal(column: Column, value: Any, choices: tuple[Scalar, ...] | None) -> str:
    """Why the column's own rules refuse a value of its type, or ""."""
    if choices is not None and value not in choices:
        return "is not among the allowed values"
    if column.type.has_order:
        if column.low is not None and value < column.low:
            return "is below min"
        if column.high is not None and value > column.high:
            return "is above max"
    if column.type == ColumnType.STRING:
        if column.max_length is not None and len(value) > column.max_length:
            return "is longer than max-length"
        if column.pattern is not None and not whole_matcher(column.pattern)(value):
            return "does not match the pattern"
    return ""


def _meaningless(column: Column) -> Iterator[tuple[str, str, str]]:
    """Keys that mean nothing for the column's type or beside its other keys."""
    text = column.type == ColumnType.STRING
    for key, stands, fits, hint in (
        ("min", column.min is not None, column.type.has_order, "only numbers, dates and times have bounds"),
        ("max", column.max is not None, column.type.has_order, "only numbers, dates and times have bounds"),
        ("pattern", column.pattern is not None, text, "only a string has a pattern"),
        ("max-length", column.max_length is not None, text, "only a string has a length"),
        ("infinite", column.infinite, column.type.is_float, "only a float can be infinite"),
    ):
        if stands and not fits:
            yield key, f"means nothing for {column.type}", hint
    if column.max_nulls is not None and not column.nullable:
        yield "max-nulls", "means nothing while nulls are refused", "add nullable: true"
    if column.allowed == ():
        yield "allowed", "an empty list refuses every value", "list the values, or drop the key"


def _wrong_key(path: Path, key_columns: tuple[str, ...], contract: Contract) -> Iterator[Wrong]:
    if not key_columns:
        yield path, "a key needs columns", "name them, or drop the entry"
    for index, name in enumerate(key_columns):
        if name not in contract.columns:
            yield (*path, index), f"no column is called {name!r}", suggest(name, contract.columns)
        elif name in key_columns[:index]:
            yield (*path, index), f"{dotted((name,))!r} appears twice in the key", ""
