"""A search for rows on which the challenger is worse: each value or fifth of each column, alone and in pairs.

The question of each slice is whether the mean difference of the losses is below 0 there: one-sided Student's t,
with clusters by the jackknife over them. Holm over all slices that were asked keeps the chance of any false find at
most alpha, however the slices overlap; Benjamini and Hochberg's rate would let one find in twenty be false, and each
costs somebody an afternoon.

Far out in the tail Student's t errs where a few rows decide: a slice that happens to have none of them looks calm,
and its mean certain. So no slice counts as calmer than all rows are together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtr

from gitops_mlops.domain.statistics.multiplicity import holm
from gitops_mlops.domain.statistics.sample import Floats, Ints, Mask
from gitops_mlops.domain.statistics.verdict import FEWEST_UNITS

FEWEST_ROWS = 200
MOST_SHOWN = 10
# About two seconds of one core, whatever the size of the table.
_MOST_ROWS_OF_PAIRS = 500_000_000
_MOST_PAIRED = 50
# Slices that are worse are looked at in this number for what they add to those before them.
_MOST_CANDIDATES = 500
# Where there are more cells of (cluster, slice), those that have rows are found by sorting: most are empty.
_MOST_CELLS_PER_ROW = 4


@dataclass(frozen=True, eq=False)
class EncodedColumn:
    """A column as codes from 0, of shape (rows,), and what each code's value is called.

    `pooled` is how many values the last code stands for together; 0 when every code is one value.
    """

    name: str
    codes: Ints
    values: tuple[str, ...]
    pooled: int = 0


@dataclass(frozen=True, eq=False)
class WeakSlice:
    """Rows on which the challenger is worse: column and value, once or twice; with Holm's adjusted p-value."""

    where: tuple[tuple[str, str], ...]
    rows: Mask
    p_value: float


@dataclass(frozen=True, eq=False)
class SearchResult:
    """How many slices were asked, of how many columns in pairs, how many are worse, and the worst that differ."""

    searched: int
    paired: int
    worse: int
    weak: tuple[WeakSlice, ...] = ()


@dataclass(frozen=True, eq=False)
class SearchRows:
    """Differences of shape (rows,), positive where the challenger is better; codes of clusters from 0, or None."""

    differences: Floats
    clusters: Ints | None = None

    def only(self, chosen: Mask) -> SearchRows:
        """Some of the rows; their clusters are numbered anew."""
        if self.clusters is None:
            return SearchRows(self.differences[chosen])
        codes = np.unique(self.clusters[chosen], return_inverse=True)[1].astype(np.int64)
        return SearchRows(self.differences[chosen], codes)


class _TestedSlices(NamedTuple):
    """Slices of one column or two: their codes, t and one-sided p, of shape (slices,); `columns` are positions."""

    columns: tuple[int, ...]
    codes: Ints
    t: Floats
    p: Floats


def search(columns: Sequence[EncodedColumn], rows: SearchRows, alpha: float) -> SearchResult:
    """The slices on which the challenger is significantly worse, the clearest first; at most 10 of them.

    One is shown only when the rows of it that no slice before it has are significantly worse by themselves.
    """
    paired = columns_in_pairs(len(columns), len(rows.differences))
    spread = float(np.var(rows.differences)) if len(rows.differences) else 0.0
    asked = [(index,) for index in range(len(columns))] + list(combinations(range(paired), 2))
    tested = [_test(columns, chosen, rows, spread) for chosen in asked]
    if not tested:
        return SearchResult(0, 0, 0)
    p_values = np.concatenate([one.p for one in tested])
    adjusted = np.asarray(holm(p_values.tolist()))
    worse = np.flatnonzero(adjusted <= alpha)
    steepness = np.concatenate([one.t for one in tested])
    worst_first = worse[np.lexsort((steepness[worse], p_values[worse]))]
    places = [(one.columns, int(code)) for one in tested for code in one.codes] if len(worse) else []
    candidates = (
        WeakSlice(_where(columns, *places[index]), _mask(columns, *places[index]), float(adjusted[index]))
        for index in worst_first[:_MOST_CANDIDATES]
    )
    level = alpha / len(p_values) if len(p_values) else 0.0
    weak = _different(candidates, rows, spread, level)
    return SearchResult(len(p_values), paired, len(worse), weak)


def columns_in_pairs(columns: int, rows: int) -> int:
    """How many of the columns, from the first, are looked at in pairs, so that the search takes seconds."""
    pairs = _MOST_ROWS_OF_PAIRS / max(rows, 1)
    return min(columns, _MOST_PAIRED, math.floor((1 + math.sqrt(1 + 8 * pairs)) / 2))


def _test(
    columns: Sequence[EncodedColumn], chosen: tuple[int, ...], rows: SearchRows, spread: float
) -> _TestedSlices:
    codes, count = _combined(columns, chosen)
    t, p, enough = _students(codes, count, rows, spread)
    kept = np.flatnonzero(enough)
    return _TestedSlices(chosen, kept, t[kept], p[kept])


def _combined(columns: Sequence[EncodedColumn], chosen: tuple[int, ...]) -> tuple[Ints, int]:
    first = columns[chosen[0]]
    if len(chosen) == 1:
        return first.codes, len(first.values)
    second = columns[chosen[1]]
    return first.codes * len(second.values) + second.codes, len(first.values) * len(second.values)


def _students(codes: Ints, count: int, rows: SearchRows, spread: float) -> tuple[Floats, Floats, Mask]:
    """Student's t and its one-sided p-value for each of `count` slices, and which have rows and clusters enough."""
    differences = rows.differences
    n = np.bincount(codes, minlength=count).astype(np.float64)
    enough = n >= FEWEST_ROWS
    with np.errstate(all="ignore"):
        mean = np.bincount(codes, weights=differences, minlength=count) / n
        if rows.clusters is None:
            squares = np.bincount(codes, weights=np.square(differences), minlength=count)
            variance, units = np.maximum(squares / n - mean**2, 0) / (n - 1), n
        else:
            variance, units = _of_clusters(codes, n, mean, differences, rows.clusters)
            enough &= units >= FEWEST_UNITS
        se = np.sqrt(np.maximum(variance, spread / n))
        t = np.where(mean == 0, 0.0, mean / se)
        p: Floats = np.where(np.isnan(t), 1.0, stdtr(units - 1, t))
    return t, p, enough


def _of_clusters(codes: Ints, n: Floats, mean: Floats, differences: Floats, clusters: Ints) -> tuple[Floats, Floats]:
    """The jackknife variance of each slice's mean over clusters, and how many clusters it has."""
    count, units = len(n), int(clusters.max(initial=0)) + 1
    places = clusters * count + codes
    if dense := count * units <= _MOST_CELLS_PER_ROW * len(codes):
        owner: Any = slice(None)
        shape: tuple[int, ...] = (units, count)
    else:
        cells, places = np.unique(places, return_inverse=True)
        owner = cells % count
        shape = cells.shape
    held = np.bincount(places, minlength=math.prod(shape)).reshape(shape)
    sums = np.bincount(places, weights=differences, minlength=math.prod(shape)).reshape(shape)
    # What the mean moves by when the cluster is left out; 0/0 where there is no other, which is too few anyway.
    moves = np.square((sums - mean[owner] * held) / (n[owner] - held))
    if dense:
        there, total = np.count_nonzero(held, axis=0), moves.sum(axis=0)
    else:
        there, total = np.bincount(owner, minlength=count), np.bincount(owner, weights=moves, minlength=count)
    return total * (there - 1) / np.maximum(there, 1), there.astype(np.float64)


def _different(
    candidates: Iterable[WeakSlice], rows: SearchRows, spread: float, level: float
) -> tuple[WeakSlice, ...]:
    """Those whose rows beyond the ones before them are worse at `level`."""
    shown: list[WeakSlice] = []
    covered = np.zeros(len(rows.differences), dtype=np.bool_)
    for one in candidates:
        new = one.rows & ~covered
        if int(np.count_nonzero(new)) < FEWEST_ROWS:
            continue
        part = rows.only(new)
        _, p, enough = _students(np.zeros(len(part.differences), dtype=np.int64), 1, part, spread)
        if shown and not (enough[0] and p[0] <= level):
            continue
        shown.append(one)
        covered |= one.rows
        if len(shown) == MOST_SHOWN:
            break
    return tuple(shown)


def _mask(columns: Sequence[EncodedColumn], chosen: tuple[int, ...], code: int) -> Mask:
    return np.asarray(_combined(columns, chosen)[0] == code)


def _where(columns: Sequence[EncodedColumn], chosen: tuple[int, ...], code: int) -> tuple[tuple[str, str], ...]:
    if len(chosen) == 1:
        column = columns[chosen[0]]
        return ((column.name, column.values[code]),)
    first, second = (columns[index] for index in chosen)
    one, other = divmod(code, len(second.values))
    return ((first.name, first.values[one]), (second.name, second.values[other]))
