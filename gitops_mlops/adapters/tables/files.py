"""Parquet and CSV files, read lazily with Polars: larger than memory, and each damage a line of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import polars as pl

from gitops_mlops.domain.contracts.csv_table import csv_table, text_numbers, typed_numbers
from gitops_mlops.domain.contracts.csv_text import COMPRESSED, is_utf8_header, not_utf8, require_whole_rows
from gitops_mlops.domain.contracts.folder_table import folder_table
from gitops_mlops.domain.contracts.polars_types import exactly
from gitops_mlops.domain.contracts.table_checks import (
    KeyCheck,
    ReadableTable,
    RowCheck,
    TableChecks,
    broken,
    counts,
    is_missing,
    wrong_size,
)
from gitops_mlops.domain.contracts.table_parts import TablePart, folder_keys, is_data
from gitops_mlops.domain.contracts.temporal_values import python_rows
from gitops_mlops.domain.contracts.validation import SAMPLE, TableFindings, Violation, ViolationSample, plain_value
from gitops_mlops.domain.errors import ExternalError, MissingEvidence, UsageError
from gitops_mlops.domain.shortening import LINE, shorten
from gitops_mlops.log import Logger

if TYPE_CHECKING:
    from gitops_mlops.domain.contracts.inference import TableProfile

_LOG = Logger(__name__)

PARQUET = (".parquet", ".pq")
_BLOCK = 1024 * 1024
_AGAIN = "make it again, or dvc checkout --force"
_CELLS = 4_000_000
"""How many values of broken rules may be held in memory."""

# No column of a file has such a name.
_ROW = "\0row"
_COUNT = "\0count"


class TableFiles:
    """Tables in files, by their ending."""

    def open(self, path: Path, name: str, wanted: Mapping[str, pl.DataType]) -> ReadableTable:
        """The table at `path`; text of a CSV becomes the `wanted` types. `name` is for messages.

        Raises EvidenceMissing for a file that is missing, empty or damaged, UsageError for another format.
        """
        kind = _kind(path, name)
        with _reading(path, name):
            if kind == "parquet":
                if path.is_dir():
                    files = _part_paths(path)
                    parts = [_part(file, PurePosixPath(file.relative_to(path).as_posix()), name) for file in files]
                    return folder_table(path, name, files, parts, wanted)
                frame = pl.scan_parquet(path, glob=False)
                return ReadableTable(path, name, frame, dict(frame.collect_schema()))
            _demand_utf8_header(path, name)
            return csv_table(path, name, wanted, lambda: path.open("rb"))

    def count(self, table: ReadableTable, checks: TableChecks) -> TableFindings:
        """Count what breaks each rule in one pass, then fetch the first offending rows of the broken ones."""
        with _reading(table.path, table.name):
            numbers, odd = _once(table, counts(checks))
            rows = int(numbers["rows"])
            violations = [*odd, *checks.found, *wrong_size(checks.rows, rows)]
            violations += _violations(table, broken(checks, numbers), rows)
            violations += [found for key in checks.keys if (found := _duplicates(table, key))]
        _LOG.info("read %s: %d rows, %d broken rules", table.name, rows, len(violations))
        return TableFindings(rows, tuple(violations))

    def profile(self, path: Path, name: str) -> TableProfile:
        """What the columns of a table hold; the types of a CSV are those that all of its rows fit."""
        from gitops_mlops.adapters.tables.profile import profile_of, text_types

        table = self.open(path, name, {})
        with _reading(path, name):
            if table.content is not None:
                require_whole_rows(table.fields(), name)
                table = self.open(path, name, text_types(table))
            return profile_of(table)


def _kind(path: Path, name: str) -> str:
    if not path.exists():
        raise MissingEvidence("is not in the working tree", where=name, hint="dvc pull, or dvc repro to make it")
    if path.is_dir():
        if not _part_paths(path):
            raise MissingEvidence("the folder holds no .parquet file", where=name, hint="dvc pull, or name a file")
        return "parquet"
    ending = Path(name).suffix.lower()
    if ending in PARQUET:
        kind = "parquet"
    elif ending == ".csv":
        kind = "csv"
    else:
        raise UsageError(
            f"cannot read {ending or 'a file without an extension'}", where=name, hint="use .parquet or .csv"
        )
    if path.stat().st_size == 0:
        raise MissingEvidence("the file is empty", where=name, hint=_AGAIN)
    return kind


def _part_paths(folder: Path) -> list[Path]:
    """The part files of a folder, in the order of their names."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in PARQUET and path.is_file())
    return sorted(path for path in found if is_data(PurePosixPath(path.relative_to(folder).as_posix())))


def _part(file: Path, path: PurePosixPath, name: str) -> TablePart:
    where = f"{name}/{path}"
    if file.stat().st_size == 0:
        raise MissingEvidence("the part is empty", where=where, hint=_AGAIN)
    with _reading(file, where):
        return TablePart(str(path), dict(pl.read_parquet_schema(file)), folder_keys(path))


def _once(table: ReadableTable, asked: Sequence[pl.Expr]) -> tuple[dict[str, Any], list[Violation]]:
    """The one row of what is asked, and what is wrong with the fields of a CSV."""
    if table.content is None:
        return table.frame.select(asked).collect(engine="streaming").row(0, named=True), []
    numbers = typed_numbers(table, asked)
    return (numbers, []) if numbers is not None else text_numbers(table, asked)


def _violations(table: ReadableTable, rules: list[tuple[RowCheck, int]], rows: int) -> Iterator[Violation]:
    """The broken rules with their first rows, read for as many rules at once as memory allows."""
    numbered = table.frame.with_row_index(_ROW, offset=1)
    at_once = max(_CELLS // max(rows, 1), 1)
    for start in range(0, len(rules), at_once):
        some = rules[start : start + at_once]
        needed = [_columns(table, rule) for rule, _ in some]
        # A query of its own for each rule costs more, the more columns the table has.
        every = [exactly(name) for name in dict.fromkeys(name for names in needed for name in names)]
        held = numbered.select(_ROW, *every).collect(engine="streaming") if len(some) > 1 else None
        for names, (rule, number) in zip(needed, some, strict=True):
            frame = numbered if held is None else pl.DataFrame([held[name] for name in (_ROW, *names)]).lazy()
            yield _violation(frame, rule, number)


def _columns(table: ReadableTable, rule: RowCheck) -> list[str]:
    """The columns that tell whether a row breaks a rule, and what tells a reader why."""
    also = (helpers[rule.column] for helpers in (table.raw, table.has) if rule.column in helpers)
    return list(dict.fromkeys([rule.column, *also, *rule.shown.values()]))


def _violation(numbered: pl.LazyFrame, rule: RowCheck, number: int) -> Violation:
    shown = [exactly(column).alias(label) for label, column in rule.shown.items()]
    first = numbered.filter(rule.bad).select(_ROW, *shown).head(SAMPLE).collect(engine="streaming")
    return Violation(rule.column, rule.check, rule.message, number, tuple(_samples(first)))


def _duplicates(table: ReadableTable, key: KeyCheck) -> Violation | None:
    """Rows that share their key with another row."""
    columns = [exactly(column) for column in key.columns]
    missing = pl.any_horizontal([is_missing(column, table.schema[column]) for column in key.columns])

    def shared(frame: pl.LazyFrame, *facts: pl.Expr) -> pl.LazyFrame:
        grouped = frame.filter(~missing).group_by(columns).agg(pl.len().alias(_COUNT), *facts)
        return grouped.filter(pl.col(_COUNT) > 1)

    # Row numbers cost memory for every key, so they are fetched only when there is something to show.
    number = shared(table.frame).select(pl.col(_COUNT).sum()).collect(engine="streaming").item() or 0
    if not number:
        return None
    numbered = shared(table.frame.with_row_index(_ROW, offset=1), pl.col(_ROW).min())
    first = numbered.sort(_ROW).head(SAMPLE).select(_ROW, *columns).collect(engine="streaming")
    alone = len(key.columns) == 1
    message = "occurs in several rows" if alone else f"rows share the key {', '.join(key.columns)}"
    return Violation(key.columns[0] if alone else None, "unique", message, int(number), tuple(_samples(first)))


def _samples(frame: pl.DataFrame) -> Iterator[ViolationSample]:
    for row in python_rows(frame):
        number = row.pop(_ROW)
        yield ViolationSample(number, {name: plain_value(value) for name, value in row.items()})


@contextmanager
def _reading(path: Path, name: str) -> Iterator[None]:
    """Whatever Polars raises on a damaged file, as an error that says what to do."""
    try:
        yield
    except pl.exceptions.NoDataError as error:
        raise MissingEvidence("the file is empty", where=name, hint=_AGAIN) from error
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = " ".join(str(error).split())
        if isinstance(error, OSError) and error.errno is not None and "parquet" not in reason:
            raise ExternalError(f"cannot be read ({error.strerror or reason})", where=name) from error
        if "utf-8" in reason.lower() and Path(name).suffix.lower() == ".csv":
            raise MissingEvidence(_not_utf8(path), where=name, hint="save it as UTF-8") from error
        raise MissingEvidence(
            f"the file is damaged ({shorten(reason, LINE)})",
            where=name,
            hint="dvc checkout --force, or make it again",
        ) from error


def _demand_utf8_header(path: Path, name: str) -> None:
    with path.open("rb") as file:
        header = file.readline(_BLOCK)
    if not header.startswith(COMPRESSED) and not is_utf8_header(header):
        raise MissingEvidence(_not_utf8(path), where=name, hint="save it as UTF-8")


def _not_utf8(path: Path) -> str:
    with path.open("rb") as file:
        return not_utf8(file)
