"""CSV files, read lazily with Polars: as text that our own rules parse, or, where it comes to the same, faster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import polars as pl

from gitops_mlops.domain.contracts.csv_text import COMPRESSED, require_whole_rows
from gitops_mlops.domain.contracts.csv_totals import CsvTotals, count_totals
from gitops_mlops.domain.contracts.polars_types import exactly
from gitops_mlops.domain.contracts.table_checks import ReadableTable
from gitops_mlops.domain.contracts.text_values import POLARS_PARSES, parsed, polars_parses
from gitops_mlops.domain.contracts.validation import Violation, ViolationSample
from gitops_mlops.domain.errors import MissingEvidence

_PROBE = 1 << 16
_FEW_LINES, _LONGEST_PROBE = 8, 1 << 24
_NULLS = "\0nulls"
_Count = TypeVar("_Count")
_FAILURES = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


def csv_table(
    path: Path, name: str, wanted: Mapping[str, pl.DataType], content: Callable[[], BinaryIO]
) -> ReadableTable:
    """The table of a CSV file whose columns are parsed as the `wanted` types; `content` opens the file."""
    # Polars cuts a row that is too long; `fields` finds it.
    text = pl.scan_csv(path, infer_schema=False, glob=False, truncate_ragged_lines=True)
    schema = dict(text.collect_schema())
    parse = {column: dtype for column, dtype in wanted.items() if column in schema and dtype.base_type() != pl.String}
    raw = {column: f"\0text of {column}" for column in parse}
    return ReadableTable(path, name, _parsed(text, raw, parse), schema | parse, raw, content=content)


def typed_numbers(table: ReadableTable, asked: Sequence[pl.Expr]) -> dict[str, Any] | None:
    """The one row of what is asked of a CSV, which Polars parses itself; None unless it is the same for its text.

    Polars refuses a row that is too long when it reads all columns. A row that is too short lacks the last column,
    so separators are counted only where that has nulls. Polars skips blanks before a number, and takes `""` for a
    null; the totals of the bytes say whether there are such fields.
    """
    if _is_compressed(table):
        return None
    columns = list(table.schema)
    nulls = [exactly(column).null_count().alias(f"{_NULLS} {at}") for at, column in enumerate(columns)]
    try:
        first = _first_rows(table)
        with _beside(partial(_totals, table, separators=first.to_series(-1).null_count() > 0)) as looked:
            numbers = _typed(table, first).select(*asked, *nulls).collect(engine="streaming").row(0, named=True)
    except _FAILURES:
        return None
    missing = {column: numbers.pop(f"{_NULLS} {at}") for at, column in enumerate(columns)}
    totals = looked.result()
    if totals.blank or totals.open or (totals.empty and any(missing[column] for column in table.raw)):
        return None
    if missing[columns[-1]]:
        whole = totals if totals.separators is not None else _totals(table, separators=True)
        return numbers if whole.fill(numbers["rows"], len(columns)) else None
    return numbers


def text_numbers(table: ReadableTable, asked: Sequence[pl.Expr]) -> tuple[dict[str, Any], list[Violation]]:
    """The one row of what is asked of the text of a CSV, and its rows that have another number of fields."""
    with _beside(table.fields) as counted:
        try:
            numbers = table.frame.select(asked).collect(engine="streaming").row(0, named=True)
        except _FAILURES:
            # What is wrong with the rows says more than what it led to.
            require_whole_rows(counted.result(), table.name)
            raise
    found = counted.result()
    if found.loose and not found.odd and found.rows != numbers["rows"]:
        raise MissingEvidence(
            "a quote inside an unquoted field makes the end of a row ambiguous",
            where=table.name,
            hint="quote the field",
        )
    if not found.odd:
        return numbers, []
    samples = tuple(
        ViolationSample(odd.row, {"fields": odd.fields, **({"quote": "open"} if odd.open else {})})
        for odd in found.shown
    )
    message = f"has another number of fields than the header ({found.header})"
    return numbers, [Violation(None, "fields", message, found.odd, samples)]


@contextmanager
def _beside(count: Callable[[], _Count]) -> Iterator[Future[_Count]]:
    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(count)


def _typed(table: ReadableTable, rows: pl.DataFrame) -> pl.LazyFrame:
    """The table as Polars parses it; columns with values among `rows` that it would refuse are parsed from text."""
    types = {column: dtype for column in table.raw if (dtype := table.schema[column]).base_type() in POLARS_PARSES}
    if types:
        able = (polars_parses(exactly(column), dtype).all().alias(column) for column, dtype in types.items())
        can = rows.select(able).row(0, named=True)
        types = {column: dtype for column, dtype in types.items() if can[column]}
    rest = {column: table.schema[column] for column in table.raw if column not in types}
    frame = pl.scan_csv(table.path, infer_schema=False, glob=False, schema_overrides=types)
    return _parsed(frame, table.raw, rest)


def _first_rows(table: ReadableTable) -> pl.DataFrame:
    """Rows of the first block. A scan of the file that stops after some rows takes ten times as long."""
    with _opened(table) as file:
        block = file.read(_PROBE)
        # The header of a wide table is longer than a block.
        while block.count(b"\n") < _FEW_LINES and len(block) < _LONGEST_PROBE and (more := file.read(len(block))):
            block += more
        whole = block[: block.rfind(b"\n") + 1] if file.read(1) else block
    return pl.read_csv(whole, infer_schema=False, truncate_ragged_lines=True)


def _parsed(frame: pl.LazyFrame, raw: Mapping[str, str], parse: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    return frame.with_columns(
        *(exactly(column).alias(kept) for column, kept in raw.items()),
        *(parsed(exactly(column), dtype).alias(column) for column, dtype in parse.items()),
    )


def _is_compressed(table: ReadableTable) -> bool:
    with _opened(table) as file:
        return file.read(4).startswith(COMPRESSED)


def _totals(table: ReadableTable, separators: bool) -> CsvTotals:
    with _opened(table) as file:
        return count_totals(file, separators=separators)


def _opened(table: ReadableTable) -> BinaryIO:
    assert table.content is not None
    return table.content()
