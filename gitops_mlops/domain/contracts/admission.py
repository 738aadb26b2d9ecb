"""Which rows a model may be asked about: a request's columns against the contract, value by value.

Values come from JSON, so they are None, bool, int, float or str; dates and times are ISO 8601 text. No data
library is involved: for a single row, building a table costs more than the check. What holds for a table as
a whole (`unique`, `rows`, `max-nulls`) says nothing about a request and is not checked.

A column that may be absent (`required: false`) is filled with its default, or null. A null must be allowed
by the contract even where a default exists: an explicit null is no absence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitops_mlops.domain.contracts.contract import Column, ColumnType, Contract, typed_value
from gitops_mlops.domain.document.pattern import whole_matcher
from gitops_mlops.domain.names import suggest
from gitops_mlops.domain.shortening import VALUE, and_more, escaped, shorten

SHOWN = 5
_FLOAT32_MAX = 3.4028234663852886e38
_FLOAT64_MAX = 1.7976931348623157e308


class MissingValue:
    """The type of MISSING: a value that a row does not have, which is not the same as null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = MissingValue()


@dataclass(frozen=True)
class RequestRefusal:
    """One reason to refuse a request. `row` counts from 0 and is None when the whole column is at fault."""

    row: int | None
    column: str
    message: str

    def __str__(self) -> str:
        place = f"column {_shown(self.column)}"
        return f"{place}: {self.message}" if self.row is None else f"row {self.row}, {place}: {self.message}"


@dataclass(frozen=True)
class AdmittedRows:
    """Admitted `columns` (in the contract's order, each `rows` long), or the first reasons to refuse.

    `refused` counts all reasons, `refused_rows` the rows that have one. Values are None, bool, int, float,
    str, date or datetime (naive UTC).
    """

    rows: int
    columns: dict[str, list[Any]]
    refusals: tuple[RequestRefusal, ...] = ()
    refused: int = 0
    refused_rows: int = 0

    @property
    def message(self) -> str:
        """Every shown reason in one line, and how many more there are; "" when admitted."""
        return "; ".join(map(str, self.refusals)) + and_more(self.refused - len(self.refusals), "; ")


class RequestContract:
    """A contract made ready to check many requests."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._rules = {name: _rule(column) for name, column in contract.columns.items()}

    def admit(self, given: Mapping[str, Sequence[Any]], rows: int) -> AdmittedRows:
        """Check `given` columns, each `rows` long; a value may be MISSING in single rows."""
        refusals: list[RequestRefusal] = []
        if self.contract.strict:
            refusals += [
                RequestRefusal(None, name, f"is not in the contract → {suggest(name, self._rules)}")
                for name in given
                if name not in self._rules and name not in self.contract.unchecked
            ]
        columns: dict[str, list[Any]] = {}
        for name, rule in self._rules.items():
            values = given.get(name)
            if values is None:
                if rule.required:
                    refusals.append(RequestRefusal(None, name, "is missing"))
                else:
                    columns[name] = [rule.default] * rows
            elif rule.obviously_fine(values):
                columns[name] = list(values)
            else:
                columns[name] = _convert(rule, name, values, refusals)
        if not refusals:
            return AdmittedRows(rows, columns)
        whole = any(refusal.row is None for refusal in refusals)
        wrong = rows if whole else len({refusal.row for refusal in refusals})
        return AdmittedRows(rows, {}, tuple(refusals[:SHOWN]), len(refusals), wrong)


def _convert(rule: _ColumnRule, name: str, values: Sequence[Any], refusals: list[RequestRefusal]) -> list[Any]:
    converted = []
    for row, value in enumerate(values):
        try:
            converted.append(rule(value))
        except ValueError as error:
            refusals.append(RequestRefusal(row, name, str(error)))
    return converted


class _ColumnRule:
    """One column of the contract. Calling it gives the value to use, or raises ValueError with the reason."""

    def __init__(self, column: Column) -> None:
        self.nullable = column.nullable
        self.required = column.required
        self.default = None if column.default is None else typed_value(column.type, column.default)
        self._type = column.type
        self._choices = None if column.choices is None else frozenset(column.choices)

    def __call__(self, value: Any) -> Any:
        if value is None:
            if self.nullable:
                return None
            raise ValueError("null is not allowed")
        if value is MISSING:
            if self.required:
                raise ValueError("is missing")
            return self.default
        converted = self._typed(value)
        if self._choices is not None and converted not in self._choices:
            raise ValueError(f"{_shown(value)} is not among the {len(self._choices)} allowed values")
        self._inside(converted)
        return converted

    def obviously_fine(self, values: Sequence[Any]) -> bool:
        """Whether a few passes at C speed prove all values fine; False says nothing."""
        return False

    def _typed(self, value: Any) -> Any:
        if isinstance(value, bool) and self._type == ColumnType.BOOL:
            return value
        raise ValueError(f"{_shown(value)} is not of type {self._type}")

    def _inside(self, value: Any) -> None:
        """Raise ValueError when a value of the right type breaks a bound."""


class _OrderedRule(_ColumnRule):
    """Numbers, dates and times, with bounds."""

    def __init__(self, column: Column) -> None:
        super().__init__(column)
        self._low: Any = column.low
        self._high: Any = column.high

    def _typed(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) <= VALUE:
            try:
                return typed_value(self._type, value)
            except (ValueError, OverflowError):
                pass
        example = "2013-12-31" if self._type == ColumnType.DATE else "2013-12-31T23:59:00"
        raise ValueError(f"{_shown(value)} is not of type {self._type} → write it as {example}")

    def _inside(self, value: Any) -> None:
        if self._low is not None and value < self._low:
            raise ValueError(f"{_shown(value)} is below the minimum {_shown(self._low)}")
        if self._high is not None and value > self._high:
            raise ValueError(f"{_shown(value)} is above the maximum {_shown(self._high)}")


class _NumberRule(_OrderedRule):
    """Integers and floats. A float without a fraction is an integer too: many clients write 3.0 for 3."""

    def __init__(self, column: Column) -> None:
        super().__init__(column)
        limits = column.type.integer_range
        self._integer = limits is not None
        largest = _FLOAT32_MAX if column.type == ColumnType.FLOAT32 else _FLOAT64_MAX
        self._least: float = limits[0] if limits else -largest
        self._most: float = limits[1] if limits else largest
        self._floor = self._least if self._low is None else max(self._least, self._low)
        self._ceiling = self._most if self._high is None else min(self._most, self._high)
        self._types = {int} if self._integer else {int, float}

    def obviously_fine(self, values: Sequence[Any]) -> bool:
        if not values or self._choices is not None or not self._types.issuperset(map(type, values)):
            return False
        return (
            self._floor <= min(values)
            and max(values) <= self._ceiling
            # A NaN among them makes min and max mean nothing.
            and (self._integer or all(map(math.isfinite, values)))
        )

    def _typed(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{_shown(value)} is not of type {self._type}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{value!r} is not finite → send null for a missing value")
        if self._integer and value != int(value):
            raise ValueError(f"{_shown(value)} is not an integer")
        if not self._least <= value <= self._most:
            raise ValueError(f"{_shown(value)} does not fit {self._type}")
        return int(value) if self._integer else value


class _StringRule(_ColumnRule):
    """Text. The pattern runs in an engine that takes linear time, so hostile text cannot hang it."""

    def __init__(self, column: Column) -> None:
        super().__init__(column)
        self._max_length = column.max_length
        self._matches: Callable[[str], bool] | None = None
        if column.pattern is not None:
            self._matches = whole_matcher(column.pattern)

    def obviously_fine(self, values: Sequence[Any]) -> bool:
        return self._choices is not None and _all_strings(values) and self._choices.issuperset(values)

    def _typed(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"{_shown(value)} is not a string")
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError(f"{_shown(value)} holds half of a surrogate pair, which is not a character")
        return value

    def _inside(self, value: str) -> None:
        if self._max_length is not None and len(value) > self._max_length:
            raise ValueError(f"{len(value)} characters, {self._max_length} are allowed")
        if self._matches is not None and not self._matches(value):
            raise ValueError(f"{_shown(value)} does not match the pattern")


def _all_strings(values: Sequence[Any]) -> bool:
    return {str}.issuperset(map(type, values))


def _rule(column: Column) -> _ColumnRule:
    if column.type == ColumnType.STRING:
        return _StringRule(column)
    if column.type == ColumnType.BOOL:
        return _ColumnRule(column)
    return _OrderedRule(column) if column.type in (ColumnType.DATE, ColumnType.DATETIME) else _NumberRule(column)


def _shown(value: Any) -> str:
    """A value in a message: what kind of thing for a container, else its start, with nothing invisible in it."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, int) and value.bit_length() > 200:
        return "an integer of more than 60 digits"
    return shorten(escaped(value) if isinstance(value, str) else str(value), VALUE)
