"""The part files of a folder as one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import polars as pl

from gitops_mlops.domain.contracts.table_checks import ReadableTable
from gitops_mlops.domain.contracts.table_parts import Layout, TablePart, layout
from gitops_mlops.domain.contracts.text_values import parsed


def folder_table(
    path: Path, name: str, files: list[Path], parts: Sequence[TablePart], wanted: Mapping[str, pl.DataType]
) -> ReadableTable:
    """The rows of the parts one after another; `files` are where the parts are, `wanted` the types of columns."""
    found = layout(parts, wanted)
    has = {column: f"\0has {column}" for column in found.partial(parts)}
    raw = {key: f"\0text of {key}" for part in parts for key in part.folders if found.types[key] != pl.String}
    # Parts that are alike are one scan: a plan of thousands of scans is slow.
    marks = [0, *(at for at, (last, here) in enumerate(pairwise(parts), 1) if not last.alike(here)), len(parts)]
    frames = []
    for start, end in pairwise(marks):
        alike = pl.scan_parquet(files[start:end], glob=False, hive_partitioning=False)
        columns = [column for key in found.types for column in _columns(parts[start], key, found, has, raw)]
        frames.append(alike.select(columns))
    return ReadableTable(path, name, pl.concat(frames), found.types, raw, tuple(parts), has)


def _columns(
    part: TablePart, name: str, found: Layout, has: Mapping[str, str], raw: Mapping[str, str]
) -> Iterator[pl.Expr]:
    text = pl.lit(part.folders.get(name), dtype=pl.String)
    if name in part.folders:
        yield parsed(text, found.types[name]).alias(name)
    else:
        yield found.values(part, name)
    if name in raw:
        yield text.alias(raw[name])
    if name in has:
        yield pl.lit(part.name in found.given[name]).alias(has[name])
