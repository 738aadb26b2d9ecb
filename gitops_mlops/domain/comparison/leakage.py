"""Features that know too much: how well one alone tells the label, copies of it, and identifiers among them.

Whatever depends on luck needs rows: with fewer than 20 of a label, or 100 in all, nothing is suspected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from gitops_mlops.domain.config.leakage import LeakageConfig
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.statistics.sample import Floats, Ints

MOST_ROWS = 50_000
FEWEST_ROWS = 100
FEWEST_OF_A_LABEL = 20
_MOST_CLASSES = 20
_BINS = 20
_NEARLY_UNIQUE = 0.95
_COPY = 1 - 1e-9
_ID_NAME = re.compile(r"(?:^|_)(?:id|ids|uuid|guid|key|hash)$", re.IGNORECASE)


@dataclass(frozen=True)
class SingleFeature:
    """What one column alone says of the label.

    `strength` is its ROC-AUC (of several classes the mean, each against the rest, by their shares), or for numbers
    its absolute rank correlation. `copy` says how it is the label itself, "" when it is not.
    """

    column: str
    strength: float
    copy: str = ""

    def too_good(self, leaks: LeakageConfig, new: bool) -> bool:
        """Whether the column alone tells the label too well; `new` when only the challenger reads it."""
        return self.strength >= (leaks.suspect_new if new else leaks.suspect)


def single_feature_auc(
    frame: pl.DataFrame, columns: Iterable[str], truth: npt.NDArray[Any], task: ModelTask
) -> list[SingleFeature]:
    """Each column alone against the labels, the strongest first; `truth` has shape (n,), codes or numbers.

    More than 50,000 rows are sampled. Columns of dates, lists and bytes, and constant ones, say nothing here.
    """
    frame, truth = _sampled(frame, truth)
    if len(truth) < FEWEST_ROWS:
        return []
    classes = _classes(truth) if task.classifies else []
    if (task.classifies and len(classes) < 2) or len(np.unique(truth)) < 2:
        return []
    found = []
    for name in columns:
        values = _readable(frame[name])
        if values is None or values.n_unique() < 2:
            continue
        strength = _of_classes(values, truth, classes) if task.classifies else _of_numbers(values, truth)
        found.append(SingleFeature(name, strength, _copy(values, truth, task)))
    return sorted(found, key=lambda one: (-one.strength, one.column))


def labels_of(column: pl.Series, task: ModelTask) -> npt.NDArray[Any]:
    """Labels as codes in the order of their text, or as numbers; shape (n,)."""
    if task.classifies:
        return column.cast(pl.String).rank("dense").fill_null(0).to_numpy().astype(np.int64)
    return column.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()


def identifiers(frame: pl.DataFrame, columns: Iterable[str]) -> list[str]:
    """Columns that are nearly unique per row and no measurement: counters, keys, and text without words.

    Floats, dates and prose are unique too, and no identifiers; so are integers, unless they are dense like a
    counter or called one.
    """
    if frame.height < FEWEST_ROWS:
        return []
    return [name for name in columns if _identifies(name, frame[name].drop_nulls())]


def _identifies(name: str, values: pl.Series) -> bool:
    if values.dtype.is_integer():
        candidate = bool(_ID_NAME.search(name)) or _dense(values)
    else:
        candidate = isinstance(values.dtype, pl.String) and values.len() > 0 and not _prose(values)
    return candidate and values.len() >= FEWEST_ROWS and values.n_unique() >= _NEARLY_UNIQUE * values.len()


def _sampled(frame: pl.DataFrame, truth: npt.NDArray[Any]) -> tuple[pl.DataFrame, npt.NDArray[Any]]:
    if frame.height <= MOST_ROWS:
        return frame, truth
    chosen = np.sort(np.random.default_rng(0).choice(frame.height, MOST_ROWS, replace=False))
    return frame[chosen], truth[chosen]


def _readable(values: pl.Series) -> pl.Series | None:
    """Numbers as floats without NaN, everything else that has categories as text, None for other kinds."""
    kind = values.dtype
    if kind.is_numeric():
        return values.cast(pl.Float64).fill_nan(None)
    if isinstance(kind, pl.Boolean):
        return values.cast(pl.Float64)
    if isinstance(kind, pl.String | pl.Categorical | pl.Enum):
        return values.cast(pl.String)
    return None


def _classes(truth: npt.NDArray[Any]) -> list[int]:
    """The most frequent classes that have rows enough."""
    codes, counts = np.unique(truth, return_counts=True)
    enough = [int(place) for place in np.argsort(-counts, kind="stable") if counts[place] >= FEWEST_OF_A_LABEL]
    return [int(codes[place]) for place in enough[:_MOST_CLASSES]]


def _of_classes(values: pl.Series, truth: npt.NDArray[Any], classes: list[int]) -> float:
    binary = len(classes) == 2 and len(np.unique(truth)) == 2
    codes = _codes(values)
    areas, shares = [], []
    for label in classes[:1] if binary else classes:
        hit = truth == label
        areas.append(_area(_told(codes, hit.astype(np.float64)), hit))
        shares.append(hit.mean())
    told = float(np.average(areas, weights=shares))
    if binary and values.dtype.is_float():
        plain = _area(_ranks(values.fill_null(-np.inf)), truth == classes[0])
        return max(told, plain, 1 - plain)
    return told


def _of_numbers(values: pl.Series, truth: npt.NDArray[Any]) -> float:
    ranks = _ranks(pl.Series(truth))
    strength = abs(_correlation(_told(_codes(values), ranks), ranks))
    known = values.is_not_null().to_numpy()
    if values.dtype.is_float() and np.count_nonzero(known) >= FEWEST_ROWS:
        both = _ranks(values.drop_nulls()), _ranks(pl.Series(truth[known]))
        strength = max(strength, float(known.mean()) * abs(_correlation(*both)))
    return strength


def _told(codes: Ints, wanted: Floats) -> Floats:
    """The rank of each row by the mean of `wanted` among the other half's rows of the same code; shape (n,).

    Taken from the other half, a category of a single row says nothing of itself.
    """
    half = np.random.default_rng(0).permutation(len(codes)) % 2
    cells, others = codes * 2 + half, codes * 2 + (1 - half)
    size = 2 * (int(codes.max()) + 1)
    counts = np.bincount(cells, minlength=size)
    means = (np.bincount(cells, weights=wanted, minlength=size) + wanted.mean()) / (counts + 1)
    _, level = np.unique(means, return_inverse=True)
    rows = np.bincount(level[others])
    ranks: Floats = (np.cumsum(rows) - (rows - 1) / 2)[level[others]]
    return ranks


def _codes(values: pl.Series) -> Ints:
    """Each row's value as a code: a number's twentieth, or its category; what is missing is one like any other."""
    if values.dtype.is_float() and values.n_unique() > _BINS:
        known = values.len() - values.null_count()
        parts = ((values.rank("average") - 1) * _BINS / known).floor()
        return parts.fill_null(_BINS).to_numpy().astype(np.int64)
    return values.rank("dense").fill_null(0).to_numpy().astype(np.int64)


def _area(ranks: Floats, hit: npt.NDArray[np.bool_]) -> float:
    """How often a hit ranks above another row, ties counting half (Mann and Whitney)."""
    positives = int(np.count_nonzero(hit))
    wins = float(ranks[hit].sum()) - positives * (positives + 1) / 2
    return wins / (positives * (len(hit) - positives))


def _ranks(values: pl.Series) -> Floats:
    return values.rank("average").to_numpy().astype(np.float64)


def _correlation(first: Floats, second: Floats) -> float:
    first, second = first - first.mean(), second - second.mean()
    size = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / size if size > 0 else 0.0


def _copy(values: pl.Series, truth: npt.NDArray[Any], task: ModelTask) -> str:
    if not task.classifies:
        if not values.dtype.is_float() or values.has_nulls() or not np.isfinite(values.to_numpy()).all():
            return ""
        correlation = _correlation(values.to_numpy(), truth.astype(np.float64))
        return "" if abs(correlation) < _COPY else "the label, scaled" if correlation > 0 else "the label, negated"
    mine = values.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    kinds = len(np.unique(truth))
    if len(np.unique(mine)) != kinds or len(np.unique(mine * (int(truth.max()) + 1) + truth)) != kinds:
        return ""
    if values.dtype.is_float() and np.array_equal(values.fill_null(-1).to_numpy(), 1 - truth):
        return "the label, negated"
    return "the label itself, with renamed values"


def _dense(values: pl.Series) -> bool:
    low, high = values.min(), values.max()
    return isinstance(low, int) and isinstance(high, int) and high - low < 2 * values.len()


def _prose(values: pl.Series) -> bool:
    return bool(values.str.strip_chars().str.contains(r"\s").mean() > 0.5)  # type: ignore[operator]
