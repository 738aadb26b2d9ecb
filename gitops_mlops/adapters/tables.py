"""Parquet and CSV files, read lazily with Polars: larger than memory, and each damage a line of its own."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isinf
from pathlib import Path
from typing import Any

import polars as pl

from gitops_mlops.domain.contract import ColumnType
from gitops_mlops.domain.contract_infer import MOST_CHOICES, TEXT_SHAPES, ColumnProfile, TableProfile
from gitops_mlops.domain.errors import EvidenceMissing, OutsideError, UsageError
from gitops_mlops.domain.polars_types import POLARS
from gitops_mlops.domain.table_checks import (
    KeyCheck,
    RowCheck,
    Table,
    TableChecks,
    broken,
    counts,
    exactly,
    is_missing,
    parsed,
    type_name,
    wrong_size,
)
from gitops_mlops.domain.table_facts import TEXT_TYPES, edges, facts, fitting, misfit_of_shape, misfit_of_type
from gitops_mlops.domain.validation import SAMPLE, Findings, Sample, Violation, plain_value

PARQUET = (".parquet", ".pq")
_BLOCK = 1024 * 1024
# gzip, zlib and Zstandard, which Polars reads as they are.
_COMPRESSED = (b"\x1f\x8b", b"\x78\x01", b"\x78\x9c", b"\x78\xda", b"\x28\xb5\x2f\xfd")
# No column of a file has such a name.
_ROW = "\0row"
_COUNT = "\0count"

_ID_TYPES = {kind for kind in ColumnType if kind.integer_range or kind == ColumnType.STRING}


class TableFiles:
    """Tables in files, by their ending."""

    def open(self, path: Path, name: str, wanted: Mapping[str, pl.DataType]) -> Table:
        """The table at `path`; text of a CSV becomes the `wanted` types. `name` is for messages.

        Raises EvidenceMissing for a file that is missing, empty or damaged, UsageError for another format.
        """
        kind = _kind(path, name)
        with _reading(path, name):
            if kind == "parquet":
                frame = (
                    pl.scan_parquet(path, glob=False) if path.is_file() else pl.scan_parquet(path / "**/*.parquet")
                )
                return Table(path, name, frame, dict(frame.collect_schema()))
            _demand_utf8_header(path, name)
            text = pl.scan_csv(path, infer_schema=False, glob=False)
            return _typed_text(path, name, text, wanted)

    def count(self, table: Table, checks: TableChecks) -> Findings:
        """Count what breaks each rule in one pass, then fetch the first offending rows of the broken ones."""
        with _reading(table.path, table.name):
            numbers = table.frame.select(counts(checks)).collect(engine="streaming").row(0, named=True)
            rows = int(numbers["rows"])
            violations = [*checks.found, *wrong_size(checks.rows, rows)]
            violations += [_violation(table, rule, number) for rule, number in broken(checks, numbers)]
            violations += [found for key in checks.keys if (found := _duplicates(table, key))]
        return Findings(rows, tuple(violations))

    def profile(self, path: Path, name: str) -> TableProfile:
        """What the columns of a table hold; the types of a CSV are those that all of its rows fit."""
        table = self.open(path, name, {})
        with _reading(path, name):
            if _kind(path, name) == "csv":
                types = _text_types(table)
                table = self.open(path, name, {column: POLARS[kind] for column, kind in types.items()})
            asked = [fact for column, dtype in table.schema.items() for fact in facts(column, dtype)]
            found = table.frame.select(pl.len().alias(_COUNT), *asked).collect(engine="streaming").row(0, named=True)
            rows = int(found[_COUNT])
            texts = [column for column, dtype in table.schema.items() if type_name(dtype) == ColumnType.STRING]
            shapes = fitting(table.frame, texts, list(TEXT_SHAPES), misfit_of_shape, _numbers)
            columns = tuple(_column_profile(table, column, found, shapes.get(column)) for column in table.schema)
        return TableProfile(rows, columns)


def _text_types(table: Table) -> dict[str, ColumnType]:
    return fitting(table.frame, list(table.schema), TEXT_TYPES, misfit_of_type, _numbers)


def _numbers(frame: pl.LazyFrame, asked: Sequence[pl.Expr]) -> Sequence[int]:
    return frame.select(asked).collect(engine="streaming").row(0)


def _column_profile(table: Table, name: str, found: Mapping[str, Any], shape: str | None) -> ColumnProfile:
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
        found="a column of nothing but nulls" if empty else f"a column of {str(dtype).lower()}",
        nulls=nulls,
        low=low,
        high=high,
        infinite=any(isinstance(edge, float) and isinf(edge) for edge in (low, high)),
        values=values,
        unique=bool(unique),
        shape=shape if nulls < rows else None,
    )


def _kind(path: Path, name: str) -> str:
    if not path.exists():
        raise EvidenceMissing("is not in the working tree", where=name, hint="dvc pull, or dvc repro to make it")
    if path.is_dir():
        if not any(path.glob("**/*.parquet")):
            raise EvidenceMissing("the folder holds no .parquet file", where=name, hint="dvc pull, or name a file")
        return "parquet"
    ending = Path(name).suffix.lower()
    if ending in PARQUET:
        kind = "parquet"
    elif ending == ".csv":
        kind = "csv"
    else:
        raise UsageError(
            f"cannot read {ending or 'a file without an ending'}", where=name, hint="use .parquet or .csv"
        )
    if path.stat().st_size == 0:
        raise EvidenceMissing("the file is empty", where=name, hint="make it again, or dvc checkout --force")
    return kind


def _typed_text(path: Path, name: str, text: pl.LazyFrame, wanted: Mapping[str, pl.DataType]) -> Table:
    schema = dict(text.collect_schema())
    parse = {column: dtype for column, dtype in wanted.items() if column in schema and dtype.base_type() != pl.String}
    raw = {column: f"\0text of {column}" for column in parse}
    frame = text.with_columns(
        *(exactly(column).alias(kept) for column, kept in raw.items()),
        *(parsed(exactly(column), dtype).alias(column) for column, dtype in parse.items()),
    )
    return Table(path, name, frame, schema | parse, raw)


def _violation(table: Table, rule: RowCheck, number: int) -> Violation:
    shown = [exactly(column).alias(label) for label, column in rule.shown.items()]
    numbered = table.frame.with_row_index(_ROW, offset=1)
    first = numbered.filter(rule.bad).select(_ROW, *shown).head(SAMPLE).collect(engine="streaming")
    return Violation(rule.column, rule.check, rule.message, number, tuple(_samples(first)))


def _duplicates(table: Table, key: KeyCheck) -> Violation | None:
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


def _samples(frame: pl.DataFrame) -> Iterator[Sample]:
    for row in frame.iter_rows(named=True):
        number = row.pop(_ROW)
        yield Sample(number, {name: plain_value(value) for name, value in row.items()})


@contextmanager
def _reading(path: Path, name: str) -> Iterator[None]:
    """Whatever Polars raises on a damaged file, as an error that says what to do."""
    try:
        yield
    except pl.exceptions.NoDataError as error:
        raise EvidenceMissing(
            "the file is empty", where=name, hint="make it again, or dvc checkout --force"
        ) from error
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = " ".join(str(error).split())
        if isinstance(error, OSError) and error.errno is not None and "parquet" not in reason:
            raise OutsideError(f"cannot be read ({error.strerror or reason})", where=name) from error
        if "utf-8" in reason.lower() and Path(name).suffix.lower() == ".csv":
            raise EvidenceMissing(_not_utf8(path), where=name, hint="save it as UTF-8") from error
        if "found more fields" in reason:
            raise EvidenceMissing(
                "a row has more fields than the header", where=name, hint="quote fields that hold a comma"
            ) from error
        raise EvidenceMissing(
            f"the file is damaged ({reason[:200]})", where=name, hint="dvc checkout --force, or make it again"
        ) from error


def _demand_utf8_header(path: Path, name: str) -> None:
    """Polars replaces what it cannot read in the header, so that UTF-16 becomes a column of an odd name."""
    with path.open("rb") as file:
        header = file.readline(_BLOCK)
    if header.startswith(_COMPRESSED):
        return
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(header)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise EvidenceMissing(_not_utf8(path), where=name, hint="save it as UTF-8")


def _not_utf8(path: Path) -> str:
    """Where the first byte stands that is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, done = 1, 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                at = done - pending + error.start
                line += block.count(b"\n", 0, max(0, error.start - pending))
                return f"not UTF-8: byte {at}, in line {line}"
            line += block.count(b"\n")
            done += len(block)
    return "not UTF-8 text"
