"""The columns of a table as few values each, for whoever looks at the rows of one value after the other.

Rows belong together because their values are equal, never because these print the same: a value is its place among
the sorted ones, and labels are only shown. Two labels of one column always differ.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from gitops_mlops.domain.shortening import WORD, shorten
from gitops_mlops.domain.statistics.sample import Ints, Mask
from gitops_mlops.domain.statistics.slice_search import FEWEST_ROWS, EncodedColumn

MOST_VALUES_OF_A_SLICE = 50
_MOST_VALUES = 20
_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# From four digits, which people can read, to seventeen, which tell any two floats apart.
_DIGITS = range(4, 18)


@dataclass(frozen=True, eq=False)
class RowGroup:
    """Rows that share a value, or lie in one fifth, of a column; `values` are more than 1 where they are pooled."""

    column: str
    value: str
    rows: Mask
    values: int = 1


def slice_columns(frame: pl.DataFrame, without: Collection[str]) -> list[EncodedColumn]:
    """Every column that splits the rows: a number or time of more than 20 values in fifths, all else by its values.

    Of those the 20 most frequent stand alone and the others together; what is missing is a value too. A column
    without a value of 200 rows, such as an identifier, splits nothing, and neither does a constant or a nested one.
    """
    found = (coded(frame[name], FEWEST_ROWS) for name in frame.columns if name not in without)
    return [column for column in found if column is not None]


def coded(column: pl.Series, fewest: int, most: int = _MOST_VALUES) -> EncodedColumn | None:
    """One column; values of less than `fewest` rows, or beyond the `most` frequent, do not stand alone.

    None when it does not split the rows.
    """
    kind = column.dtype
    if kind.is_nested() or kind in (pl.Null, pl.Object, pl.Binary):
        return None
    column = _comparable(column)
    if (kind.is_numeric() or kind.is_temporal()) and column.n_unique() > _MOST_VALUES:
        return _in_fifths(column)
    found = _by_value(column, fewest, most)
    alone = len(found.values) - (found.pooled > 0)
    return found if alone and len(found.values) > 1 else None


def parts(frame: pl.DataFrame, column: str) -> list[RowGroup]:
    """A column cut into slices: its values, or fifths of a column of floats; every row is in exactly one.

    The largest come first; the values of a column beyond its 50 most frequent are one part, the last.
    """
    values = _comparable(frame[column])
    if values.dtype.is_float() and values.n_unique() > MOST_VALUES_OF_A_SLICE:
        found = _in_fifths(values)
    else:
        found = _by_value(values, 1, MOST_VALUES_OF_A_SLICE)
    sizes = np.bincount(found.codes, minlength=len(found.values))
    last = len(found.values) - 1 if found.pooled else len(found.values)
    order = sorted(range(len(found.values)), key=lambda code: (code == last, -sizes[code], code))
    return [
        RowGroup(column, found.values[code], found.codes == code, found.pooled if code == last else 1)
        for code in order
    ]


def distinct(labels: Sequence[str]) -> tuple[str, ...]:
    """The labels as one line each of at most 200 characters; those that a page would show alike are numbered."""
    texts = [_on_a_page(label) or repr(label) for label in labels]
    names: dict[str, int] = {}
    # Who is shown as it is keeps its name.
    for place in sorted(range(len(texts)), key=lambda place: texts[place] != labels[place]):
        name, number = shorten(texts[place], WORD), 1
        while name in names:
            number += 1
            name = f"{shorten(texts[place], WORD - 12)} ({number})"
        names[name] = place
    return tuple(sorted(names, key=names.__getitem__))


def _on_a_page(label: str) -> str:
    return " ".join("".join(one for one in label if one.isprintable() or one.isspace()).split())


def _comparable(column: pl.Series) -> pl.Series:
    """The column with NaN as missing, one zero, and categories as the text that they stand for."""
    if column.dtype.is_float():
        column = column.fill_nan(None)
        return column.set((column == 0).fill_null(False), 0.0)
    return column.cast(pl.String) if isinstance(column.dtype, pl.Categorical | pl.Enum) else column


def _by_value(column: pl.Series, fewest: int, most: int) -> EncodedColumn:
    # Lists and structs cannot be joined.
    key = column.rank("dense") if column.dtype.is_nested() else column
    rows = pl.DataFrame({"key": key}).with_row_index("row")
    values = rows.group_by("key").agg(pl.len().alias("rows"), pl.col("row").min())
    by_size = values.sort(["rows", "key"], descending=[True, False])
    alone = by_size.filter(pl.col("rows") >= fewest).head(most)
    others = values.height - alone.height
    table = alone.select("key", pl.int_range(pl.len(), dtype=pl.Int64).alias("code"))
    codes = rows.join(table, on="key", how="left", nulls_equal=True, maintain_order="left")["code"]
    labels = _labels(column.gather(alone["row"]))
    if others:
        labels.append(f"any other ({others:,} value{'s' if others > 1 else ''})")
    return EncodedColumn(column.name, codes.fill_null(alone.height).to_numpy(), distinct(labels), others)


def _in_fifths(column: pl.Series) -> EncodedColumn:
    """A column of more than two values."""
    numbers, known = _numbers(column)
    ordered = np.sort(numbers[known])
    # An observed value, not one between two: infinite ones have no middle, and times keep their form.
    edges = np.unique(ordered[np.round(np.array(_SHARES) * (len(ordered) - 1)).astype(np.int64)])
    codes: Ints = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(edges) - 2)
    marks = column.gather([int(np.argmax(known & (numbers == edge))) for edge in edges])
    labels = [f"{low} to {high}" for low, high in pairwise(_edges(marks))]
    if not known.all():
        codes = np.where(known, codes, len(labels))
        labels.append("missing")
    return EncodedColumn(column.name, codes.astype(np.int64), distinct(labels))


def _numbers(column: pl.Series) -> tuple[npt.NDArray[Any], Mask]:
    """Numbers that are ordered, and equal, as the values are; and which of the rows have a value."""
    physical = column.to_physical()
    if not (physical.dtype.is_float() or physical.dtype.is_integer()) or physical.dtype == pl.Int128:
        physical = column.rank("dense")
    return physical.fill_null(physical.min()).to_numpy(), column.is_not_null().to_numpy()


def _edges(marks: pl.Series) -> list[str]:
    """The edges, floats in as many digits as it takes to tell them apart."""
    if not marks.dtype.is_float():
        return _labels(marks)
    texts = ([f"{mark:.{digits}g}" for mark in marks.to_list()] for digits in _DIGITS)
    return next((text for text in texts if len({*text}) == marks.len()), _labels(marks))


def _labels(values: pl.Series) -> list[str]:
    kind = values.dtype
    # Polars has no text for these.
    plain = kind.is_nested() or kind in (pl.Duration, pl.Binary, pl.Object)
    texts = [None] * values.len() if plain else values.cast(pl.String, strict=False).to_list()
    known = values.to_list()
    return [
        "missing" if value is None else str(value) if text is None else text
        for value, text in zip(known, texts, strict=True)
    ]
