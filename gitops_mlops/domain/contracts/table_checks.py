"""A contract as Polars expressions: one pass over a table of any size counts what breaks each rule.

pandera runs each check as a pass of its own and keeps its result for every row, so memory would grow with
the table. Here every rule is one number of one streaming aggregate; only broken rules read the table again,
for the first offending rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from gitops_mlops.domain.contracts.contract import Column, ColumnType, Contract, RowCountRule, Scalar
from gitops_mlops.domain.contracts.csv_text import FieldCount
from gitops_mlops.domain.contracts.polars_types import POLARS, exactly, type_name
from gitops_mlops.domain.contracts.table_parts import TablePart
from gitops_mlops.domain.contracts.validation import Violation
from gitops_mlops.domain.document.pattern import whole
from gitops_mlops.domain.names import suggest
from gitops_mlops.domain.shortening import first_of

_FEW = 8


@dataclass(frozen=True)
class ReadableTable:
    """A file that can be read: `frame` is lazy, `schema` has its columns and types.

    `raw` names, for each column that was parsed from text, the column of `frame` that holds this text. `parts` are
    the files of a folder; `has` names, for each column that some of them lack, the column of `frame` that says which
    rows have it. `content` opens a CSV.
    """

    path: Path
    name: str
    frame: pl.LazyFrame
    schema: Mapping[str, pl.DataType]
    raw: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[TablePart, ...] = ()
    has: Mapping[str, str] = field(default_factory=dict)
    content: Callable[[], BinaryIO] | None = None

    def fields(self) -> FieldCount:
        """The fields of each row of a CSV."""
        from gitops_mlops.domain.contracts.csv_fields import count_fields

        assert self.content is not None
        with self.content() as file:
            return count_fields(file)

    @property
    def helpers(self) -> list[str]:
        """The columns of `frame` that are not the table's."""
        return [*self.raw.values(), *self.has.values()]

    def missing(self, name: str) -> pl.Expr:
        """True where a column that the row's file has is null, or NaN in a column of floats."""
        missing = is_missing(name, self.schema[name])
        return missing & pl.col(self.has[name]) if name in self.has else missing


@dataclass(frozen=True)
class RowCheck:
    """A rule for single rows: `bad` is true where a row breaks it (null counts as false).

    Up to `share` of the rows may break it. `shown` maps what tells a reader what is wrong to the column
    that holds it.
    """

    column: str
    check: str
    message: str
    bad: pl.Expr
    shown: Mapping[str, str]
    share: float = 0.0


@dataclass(frozen=True)
class KeyCheck:
    """Rows must differ in `columns` taken together; rows with a null or NaN among them are not compared."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class TableChecks:
    """Everything to be found out, and what the schema alone already tells."""

    rows: RowCountRule
    found: tuple[Violation, ...]
    row_checks: tuple[RowCheck, ...]
    keys: tuple[KeyCheck, ...]


def wanted_types(contract: Contract) -> dict[str, pl.DataType]:
    """The Polars type that each column should have."""
    return {name: POLARS[column.type] for name, column in contract.columns.items()}


def text_that_is_none(name: str, raw: str) -> pl.Expr:
    """True where there is text, in the column `raw`, that is not a value of the column's type."""
    return pl.col(raw).is_not_null() & exactly(name).is_null()


def is_missing(name: str, dtype: pl.DataType) -> pl.Expr:
    """True where the value is null, or NaN in a column of floats."""
    column = exactly(name)
    return column.is_null() | column.is_nan() if dtype.is_float() else column.is_null()


def checks_of(contract: Contract, table: ReadableTable) -> TableChecks:
    """What `contract` requires of a table with these columns and types."""
    found: list[Violation] = []
    rules: list[RowCheck] = []
    sound: set[str] = set()
    schema = table.schema
    for name, column in contract.columns.items():
        if name not in schema:
            if column.mandatory:
                found.append(Violation(name, "required", "the column is missing"))
            continue
        found += uneven_parts(name, table, partial(_wrong_type, column=column), column.mandatory)
        if wrong := _wrong_type(schema[name], column):
            found += [] if table.parts else [Violation(name, "type", wrong)]
        else:
            sound.add(name)
            rules += _rules(name, column, table)
    found += [
        Violation(name, "required", "the column is missing") for name in contract.unchecked if name not in schema
    ]
    if contract.strict:
        known = {*contract.columns, *contract.unchecked}
        found += [_unexpected(name, known, table) for name in schema if name not in known]
    keys: list[tuple[str, ...]] = [(name,) for name, column in contract.columns.items() if column.unique]
    keys += [key for key in contract.unique if key not in keys]
    comparable = [key for key in keys if sound.issuperset(key)]
    # The first key tells a reader which row is meant.
    identity = {name: name for name in comparable[0]} if comparable else {}
    rules = [replace(rule, shown={**rule.shown, **_without(identity, rule.shown)}) for rule in rules]
    return TableChecks(contract.rows, tuple(found), tuple(rules), tuple(KeyCheck(key) for key in comparable))


def _without(some: Mapping[str, str], taken: Mapping[str, str]) -> dict[str, str]:
    return {name: column for name, column in some.items() if name not in taken}


def uneven_parts(
    name: str, table: ReadableTable, wrong_type: Callable[[pl.DataType], str], mandatory: bool
) -> Iterator[Violation]:
    """The parts that lack a column that is required, and those that have it in a type that is wrong."""
    lacking = [part.name for part in table.parts if name not in part.columns]
    if lacking and mandatory:
        yield Violation(name, "required", f"the column is missing in {first_of(lacking, 1)}")
    wrong: dict[str, list[str]] = {}
    for part in table.parts:
        if name in part.schema and (told := wrong_type(part.schema[name])):
            wrong.setdefault(told, []).append(part.name)
    for told, names in wrong.items():
        yield Violation(name, "type", f"{told}, in {first_of(names, 1)}")


def _unexpected(name: str, known: Collection[str], table: ReadableTable) -> Violation:
    hint = suggest(name, known)
    near = f"; {hint}" if hint.startswith("perhaps") else ""
    having = [part.name for part in table.parts if name in part.columns]
    where = f", but {first_of(having, 1)} has it" if len(having) < len(table.parts) else ""
    return Violation(name, "strict", f"the contract has no such column{where}{near}")


def _wrong_type(dtype: pl.DataType, column: Column) -> str:
    # A column of nothing but nulls has no type of its own; whether nulls may be is another rule.
    if dtype == pl.Null:
        return ""
    actual = type_name(dtype)
    if actual is not None and column.type.holds(actual):
        return ""
    return f"is {actual or str(dtype).lower()}, expected {column.type}"


def _rules(name: str, column: Column, table: ReadableTable) -> Iterator[RowCheck]:
    dtype = table.schema[name]

    def rule(check: str, message: str, bad: pl.Expr, share: float = 0.0) -> RowCheck:
        return RowCheck(name, check, message, bad, {name: table.raw.get(name, name)}, share)

    if name in table.raw:
        yield rule("type", f"is not of type {column.type}", text_that_is_none(name, table.raw[name]))
    null = table.missing(name)
    if name in table.raw:
        # Text that is not a value of the type is counted as such, and not as a null too.
        null = null & ~text_that_is_none(name, table.raw[name])
    if not column.nullable:
        yield rule("nulls", "is null", null)
    elif column.max_nulls is not None:
        message = f"is null in more than {column.max_nulls:.2%} of the rows"
        yield rule("max-nulls", message, null, column.max_nulls)
    if dtype == pl.Null:
        return
    if column.type.has_order:
        yield from _bounds(name, column, dtype, rule)
    if column.choices is not None:
        yield rule("allowed", "is not one of the allowed values", _is_none_of(column.choices, name, column, dtype))
    if column.type == ColumnType.STRING:
        yield from _text_rules(column, exactly(name).cast(pl.String), rule)


_Rule = Callable[[str, str, pl.Expr], RowCheck]


def _text_rules(column: Column, text: pl.Expr, rule: _Rule) -> Iterator[RowCheck]:
    if column.pattern is not None:
        yield rule("pattern", f"does not match {column.pattern}", ~text.str.contains(whole(column.pattern)))
    if column.max_length is not None:
        longer = text.str.len_chars() > column.max_length
        yield rule("max-length", f"is longer than {column.max_length} characters", longer)


def _is_none_of(choices: tuple[Scalar, ...], name: str, column: Column, dtype: pl.DataType) -> pl.Expr:
    allowed = pl.Series(choices, dtype=POLARS[column.type])
    value = _comparable(exactly(name), dtype)
    if column.type == ColumnType.STRING:
        value = value.cast(pl.String)
        if len(choices) <= _FEW:
            # A few comparisons take half the time of a look-up.
            return ~pl.any_horizontal(value == choice for choice in choices)
    elif column.type != ColumnType.DATETIME:
        # Choices that the narrower type of the file cannot hold cannot occur in it.
        allowed = allowed.cast(dtype, strict=False)
    bad = ~value.is_in(allowed.drop_nulls().implode())
    # NaN is a null, and nulls are another rule.
    return bad & value.is_not_nan() if dtype.is_float() else bad


def _bounds(name: str, column: Column, dtype: pl.DataType, rule: _Rule) -> Iterator[RowCheck]:
    value, low, high = _comparable(exactly(name), dtype), column.low, column.high
    if low is not None:
        yield rule("min", f"is below min {column.min}", value < pl.lit(low))
    if high is not None:
        above = value > pl.lit(high)
        # Polars sorts NaN above every number; here it is a null.
        yield rule("max", f"is above max {column.max}", above & value.is_not_nan() if dtype.is_float() else above)
    if dtype.is_float() and not column.infinite and (low is None or high is None):
        yield rule("finite", "is infinite", value.is_infinite())


def _comparable(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Datetimes as naive UTC, as the contract's bounds are; other values as they are."""
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        return value.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return value


def counts(checks: TableChecks) -> list[pl.Expr]:
    """One number a rule, named by its position, and the number of rows."""
    numbers: list[pl.Expr] = [
        rule.bad.sum().cast(pl.UInt64).alias(f"rule {index}") for index, rule in enumerate(checks.row_checks)
    ]
    return [pl.len().cast(pl.UInt64).alias("rows"), *numbers]


def broken(checks: TableChecks, numbers: Mapping[str, Any]) -> list[tuple[RowCheck, int]]:
    """The rules that too many rows break, with how many."""
    rows = numbers["rows"]
    found = []
    for index, rule in enumerate(checks.row_checks):
        number = numbers[f"rule {index}"] or 0
        if number > rule.share * rows:
            found.append((rule, number))
    return found


def wrong_size(bounds: RowCountRule, rows: int) -> Iterator[Violation]:
    """Too few or too many rows."""
    if rows < bounds.min:
        yield Violation(None, "rows", f"{rows} rows, at least {bounds.min} are required")
    if bounds.max is not None and rows > bounds.max:
        yield Violation(None, "rows", f"{rows} rows, at most {bounds.max} are allowed")
