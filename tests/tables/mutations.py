"""Realistic damage to a CSV file: what goes wrong between the people and programs that make tables.

Each mutation takes a sheet and returns the bytes of the damaged file, or None where it means nothing: there is
no date to write in another way. Which column and row is hit is drawn.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from gitops_mlops.domain.contracts.contract import Column, ColumnType, Contract

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(.*)", re.DOTALL)
_DECIMAL = re.compile(r"[+-]?\d*\.\d+\Z")


@dataclass(frozen=True)
class Sheet:
    """A CSV as texts, and the contract that was inferred from it. Column i of a row is the i-th of the contract's."""

    header: list[str]
    rows: list[list[str]]
    contract: Contract
    names: list[str]
    chance: Random = field(default_factory=lambda: Random(0))

    def columns(self, fits: Callable[[Column], object]) -> list[int]:
        """The places of the columns whose rules fit."""
        rules = self.contract.columns
        return [place for place, name in enumerate(self.names) if name in rules and fits(rules[name])]

    def filled(self, place: int) -> list[int]:
        """The rows in which a column holds something."""
        return [number for number, row in enumerate(self.rows) if row[place]]

    def with_cell(self, place: int, change: Callable[[str], str]) -> bytes | None:
        """The file with one cell of a column changed, None where no cell holds anything."""
        filled = self.filled(place)
        if not filled:
            return None
        rows = list(self.rows)
        number = self.chance.choice(filled)
        rows[number] = _changed(rows[number], place, change)
        return written(self.header, rows)

    def with_column(self, place: int, change: Callable[[str], str]) -> bytes:
        """The file with every cell of a column changed that holds something."""
        return written(self.header, [_changed(row, place, change) if row[place] else row for row in self.rows])


Mutation = Callable[[Sheet], "bytes | None"]


def written(header: list[str], rows: list[list[str]], delimiter: str = ",") -> bytes:
    """A CSV file."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()


def _changed(row: list[str], place: int, change: Callable[[str], str]) -> list[str]:
    return [*row[:place], change(row[place]), *row[place + 1 :]]


def _on(sheet: Sheet, places: list[int], change: Callable[[int], bytes | None]) -> bytes | None:
    return change(sheet.chance.choice(places)) if places else None


def _dropped(sheet: Sheet) -> bytes | None:
    if len(sheet.header) < 2:
        return None
    place = sheet.chance.randrange(len(sheet.header))
    header, *rows = ([*row[:place], *row[place + 1 :]] for row in (sheet.header, *sheet.rows))
    return written(header, rows)


def _renamed(sheet: Sheet) -> bytes:
    place = sheet.chance.randrange(len(sheet.header))
    return written(_changed(sheet.header, place, lambda name: f"{name}_new"), sheet.rows)


def _swapped(sheet: Sheet) -> bytes | None:
    """The values of two neighbours under each other's name."""
    if len(sheet.header) < 2:
        return None
    place = sheet.chance.randrange(len(sheet.header) - 1)
    header = list(sheet.header)
    header[place], header[place + 1] = header[place + 1], header[place]
    return None if header == sheet.header else written(header, sheet.rows)


def _text(sheet: Sheet) -> bytes | None:
    places = sheet.columns(lambda column: column.type != ColumnType.STRING)
    return _on(sheet, places, lambda place: sheet.with_cell(place, lambda _: "unknown"))


def _out_of_range(sheet: Sheet) -> bytes | None:
    def beyond(place: int) -> bytes | None:
        rule = sheet.contract.columns[sheet.names[place]]
        assert isinstance(rule.low, int | float | None)
        assert isinstance(rule.high, int | float | None)
        value = rule.high + 1 if rule.high is not None else (rule.low or 0) - 1
        return sheet.with_cell(place, lambda _: str(value))

    numbers = sheet.columns(lambda rule: _is_number(rule) and (rule.min is not None or rule.max is not None))
    return _on(sheet, numbers, beyond)


def _sign(sheet: Sheet) -> bytes | None:
    """A positive number with a minus before it."""
    places = sheet.columns(_is_number)
    return _on(sheet, places, lambda place: sheet.with_cell(place, lambda cell: f"-{cell.lstrip('+-')}"))


def _null(sheet: Sheet) -> bytes | None:
    places = sheet.columns(lambda column: not column.nullable)
    if len(sheet.header) < 2:
        return None  # an empty line is not a row
    return _on(sheet, places, lambda place: sheet.with_cell(place, lambda _: ""))


def _outage(sheet: Sheet) -> bytes | None:
    """A column that stops in the middle of the file."""
    places = [place for place in range(len(sheet.header)) if len(sheet.filled(place)) > 1]
    if len(sheet.header) < 2:
        return None

    def stopped(place: int) -> bytes:
        half = len(sheet.rows) // 2
        rows = [*sheet.rows[:half], *(_changed(row, place, lambda _: "") for row in sheet.rows[half:])]
        return written(sheet.header, rows)

    return _on(sheet, places, stopped)


def _category(sheet: Sheet) -> bytes | None:
    places = sheet.columns(lambda column: column.allowed is not None and column.type == ColumnType.STRING)
    return _on(sheet, places, lambda place: sheet.with_cell(place, lambda cell: f"{cell}?"))


def _id_twice(sheet: Sheet) -> bytes | None:
    def copied(place: int) -> bytes | None:
        filled = sheet.filled(place)
        return sheet.with_cell(
            place, lambda cell: next(sheet.rows[n][place] for n in filled if sheet.rows[n][place] != cell)
        )

    return _on(sheet, sheet.columns(lambda column: column.unique), copied)


def _row_twice(sheet: Sheet) -> bytes:
    return written(sheet.header, [*sheet.rows, sheet.chance.choice(sheet.rows)])


def _row_cut(sheet: Sheet) -> bytes | None:
    """The file ends in the middle of its last row."""
    if len(sheet.header) < 2:
        return None
    kept = max(1, len(sheet.header) // 2)
    return written(sheet.header, [*sheet.rows[:-1], sheet.rows[-1][:kept]])


def _field_more(sheet: Sheet) -> bytes:
    number = sheet.chance.randrange(len(sheet.rows))
    rows = list(sheet.rows)
    rows[number] = [*rows[number], "1"]
    return written(sheet.header, rows)


def _date_format(sheet: Sheet) -> bytes | None:
    """ISO dates as day.month.year, day/month/year as ISO."""
    dates = sheet.columns(lambda rule: rule.type in (ColumnType.DATE, ColumnType.DATETIME))
    return _on(sheet, dates, lambda place: sheet.with_column(place, lambda cell: _DATE.sub(r"\3.\2.\1\4", cell)))


def _thousand(sheet: Sheet) -> bytes | None:
    """A column in another unit, a thousand times as large."""
    places = [
        place
        for place in sheet.columns(lambda rule: _is_number(rule) and rule.allowed is None and not rule.unique)
        if any(row[place].strip("+-0.") for row in sheet.rows)
    ]
    return _on(sheet, places, lambda place: sheet.with_column(place, lambda cell: _times(cell, 1000)))


def _times(cell: str, factor: int) -> str:
    return str(int(cell) * factor) if re.fullmatch(r"[+-]?\d+", cell) else repr(float(cell) * factor)


def _decimal_comma(sheet: Sheet) -> bytes | None:
    places = [
        place
        for place in sheet.columns(lambda rule: rule.type.is_float)
        if any(_DECIMAL.match(row[place]) for row in sheet.rows)
    ]
    return _on(sheet, places, lambda place: sheet.with_column(place, lambda cell: cell.replace(".", ",")))


def _semicolons(sheet: Sheet) -> bytes | None:
    return written(sheet.header, sheet.rows, ";") if len(sheet.header) > 1 else None


def _latin(sheet: Sheet) -> bytes:
    """A cell from a program that writes Latin-1."""
    number, place = sheet.chance.randrange(len(sheet.rows)), sheet.chance.randrange(len(sheet.header))
    rows = list(sheet.rows)
    rows[number] = _changed(rows[number], place, lambda cell: f"{cell}\0é")
    return written(sheet.header, rows).replace("\0é".encode(), b"\xe9")


def _no_rows(sheet: Sheet) -> bytes:
    return written(sheet.header, [])


def _is_number(rule: Column) -> bool:
    return rule.type.is_float or rule.type.integer_range is not None


MUTATIONS: dict[str, tuple[Mutation, str]] = {
    "a column is gone": (_dropped, ""),
    "a column has another name": (_renamed, ""),
    "two neighbours under each other's name": (_swapped, "both columns keep the other's rules"),
    "a word among numbers or dates": (_text, ""),
    "a number beyond an inferred bound": (_out_of_range, ""),
    "a minus before a number": (_sign, "the column may be negative that far, is an id, or the value is 0"),
    "an empty cell in a column without nulls": (_null, ""),
    "a column that stops half way": (_outage, "the column had so many nulls before"),
    "an unseen category": (_category, ""),
    "an id twice": (_id_twice, ""),
    "a row twice": (_row_twice, "no column is an id, so that equal rows may be two things"),
    "a file cut off in its last row": (_row_cut, ""),
    "a row with a field too many": (_field_more, ""),
    "ISO dates written day.month.year": (_date_format, ""),
    "a column times 1000": (_thousand, "the values stay within bounds, or the column has none"),
    "decimal commas": (_decimal_comma, ""),
    "semicolons instead of commas": (_semicolons, ""),
    "a cell in Latin-1": (_latin, ""),
    "a header and no rows": (_no_rows, ""),
}
"""By name: the mutation, and why one may stay unseen ("" when none may)."""


def mutated(sheet: Sheet, seed: str) -> dict[str, bytes]:
    """The file damaged in every way that applies. The same seed makes the same damage."""
    found, whole = {}, written(sheet.header, sheet.rows)
    for name, (mutation, _) in MUTATIONS.items():
        damaged = mutation(replace(sheet, chance=Random(f"{seed} {name}")))
        if damaged is not None and damaged != whole:
            found[name] = damaged
    return found
