"""ROC-AUC: DeLong's interval for independent rows, a paired bootstrap of whole clusters otherwise.

Of several classes the area is the mean over each class against the rest, and the interval DeLong's too: the two
parts of its variance are the influences of the positive and of the negative rows, which add up over classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gitops_mlops.domain.statistics.edges import area_spread, effective_count
from gitops_mlops.domain.statistics.estimate import PairedEstimate, StatisticsSettings
from gitops_mlops.domain.statistics.linear import LinearisedMetric, estimate_linearised
from gitops_mlops.domain.statistics.sample import Floats, Ints, ScoredSample
from gitops_mlops.domain.statistics.spread import ValueSpread

# Up to here one table of cluster against cluster makes every draw a quadratic form; it takes 8 · units² bytes.
_MOST_CLUSTERS_IN_A_TABLE = 1000


@dataclass(frozen=True, eq=False)
class ScoreRanks:
    """One model's scores as places: `place` of each row among the distinct scores, lowest 0."""

    place: npt.NDArray[np.intp]
    distinct: int

    @classmethod
    def of(cls, scores: Floats) -> ScoreRanks:
        """The places of scores."""
        distinct, place = np.unique(scores, return_inverse=True)
        return cls(place, len(distinct))

    def below(self, weights: Floats) -> Floats:
        """For each row, the weight that ranks below it, ties by half; `weights` has shape (n,)."""
        here = np.bincount(self.place, weights=weights, minlength=self.distinct)
        return (np.cumsum(here) - 0.5 * here)[self.place]


def estimate_auc(sample: ScoredSample, settings: StatisticsSettings) -> PairedEstimate:
    """ROC-AUC of both models."""
    positive = sample.truth == 1
    scores = [one.probabilities for one in sample.sides if one.probabilities is not None]
    areas, covariance = delong(positive, scores)
    if sample.clusters is not None:
        return _clustered(sample, scores, areas, settings)
    own = _own_area(sample, scores[-1], ValueSpread(areas[-1], math.sqrt(max(covariance[-1, -1], 0.0))))
    if sample.champion is None:
        return PairedEstimate(own, method="DeLong")
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    delta = ValueSpread(areas[1] - areas[0], math.sqrt(max(variance, 0.0)))
    return PairedEstimate(own, areas[0], delta, "DeLong", delta.p_two_sided() if delta.known else None)


def estimate_areas(sample: ScoredSample) -> PairedEstimate:
    """The mean area of each class against the rest, for both models (scikit-learn's `roc_auc_ovr`)."""
    scores = [one.probabilities for one in sample.sides if one.probabilities is not None]
    classes = scores[0].shape[1]
    absent = int(np.count_nonzero(np.bincount(sample.truth, minlength=classes) == 0))
    if absent:
        champion = None if sample.champion is None else math.nan
        return PairedEstimate(
            ValueSpread(math.nan, math.nan), champion, note=f"{absent} of {classes} classes have no row"
        )
    parts = [[_against_the_rest(sample.truth == code, one[:, code]) for code in range(classes)] for one in scores]
    sides = [
        LinearisedMetric(
            sum(part.value for part in several) / classes, np.sum([part.influence for part in several], 0) / classes
        )
        for several in parts
    ]
    estimate = estimate_linearised(sample, sides, "DeLong")
    codes = np.arange(sample.rows) if sample.clusters is None else sample.clusters
    misranked = min(_misranked(sample.truth == code, scores[-1][:, code], codes, 1.0) for code in range(classes))
    pairs = min(len(np.unique(codes[sample.truth == code])) for code in range(classes))
    if sample.clusters is not None:
        pairs = min(pairs, sample.units // 2)
    return replace(estimate, challenger=area_spread(estimate.challenger, misranked, pairs))


def _own_area(sample: ScoredSample, scores: Floats, spread: ValueSpread) -> ValueSpread:
    """The spread of one model's own area, of independent rows or of clusters."""
    positive = sample.truth == 1
    codes = np.arange(sample.rows) if sample.clusters is None else sample.clusters
    held = min(len(np.unique(codes[label])) for label in (positive, ~positive))
    # A cluster that holds both labels makes one half of a pair only.
    pairs = held if sample.clusters is None else min(held, sample.units // 2)
    return area_spread(spread, _misranked(positive, scores, codes, spread.value), pairs)


def _misranked(positive: npt.NDArray[np.bool_], scores: Floats, codes: npt.NDArray[Any], area: float) -> float:
    """Over how many units the misranking is effectively spread, of the label with the fewer; `codes` are their units.

    Of an area below one half it is the right ranking that is rare.
    """
    won = _won(positive, scores)
    rare = 1 - won if area >= 0.5 else won
    sums = (np.bincount(codes[label], weights=rare[label]).astype(np.float64) for label in (positive, ~positive))
    return min(map(effective_count, sums))


def _won(positive: npt.NDArray[np.bool_], scores: Floats) -> Floats:
    """For each row, the share of the rows of the other label that it is on the right side of, ties by half."""
    m, n = int(positive.sum()), int((~positive).sum())
    ranks = ScoreRanks.of(scores)
    return np.where(
        positive,
        ranks.below((~positive).astype(np.float64)) / n,
        1 - ranks.below(positive.astype(np.float64)) / m,
    )


def _against_the_rest(positive: npt.NDArray[np.bool_], scores: Floats) -> LinearisedMetric:
    won = _won(positive, scores)
    area = float(won[positive].mean())
    return LinearisedMetric(area, (won - area) / np.where(positive, positive.sum(), (~positive).sum()))


def delong(positive: npt.NDArray[np.bool_], scores: list[Floats]) -> tuple[list[float], Floats]:
    """The areas under the ROC curves of k models on the same rows, and their covariance of shape (k, k).

    Source: DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837-845; by ranks as in Sun and Xu 2014.
    A class with one row leaves the covariance NaN.
    """
    m, n = int(positive.sum()), int((~positive).sum())
    of_positives, of_negatives = [], []
    for one in scores:
        ranks = ScoreRanks.of(one)
        of_positives.append(ranks.below((~positive).astype(np.float64))[positive] / n)
        of_negatives.append(1 - ranks.below(positive.astype(np.float64))[~positive] / m)
    areas = [float(one.mean()) for one in of_positives]
    if m < 2 or n < 2:
        return areas, np.full((len(scores), len(scores)), math.nan)
    covariance = np.atleast_2d(np.cov(of_positives)) / m + np.atleast_2d(np.cov(of_negatives)) / n
    return areas, covariance


def auc_draws(
    positive: npt.NDArray[np.bool_], scores: list[Floats], units: Ints | None, settings: StatisticsSettings
) -> Floats:
    """Bootstrap draws of the areas of k models on the same resamples of whole units; shape (k, resamples).

    Scores are sorted once; a resample is a weight for each unit. Memory is bounded: one block of weights at a time.
    """
    generator = settings.generator("roc_auc")
    codes = np.arange(len(positive)) if units is None else units
    count = int(codes.max()) + 1
    if count <= _MOST_CLUSTERS_IN_A_TABLE:
        ranks = [ScoreRanks.of(one) for one in scores]
        return _table_draws(positive, ranks, codes, count, settings.resamples, generator)
    if units is None:
        # Any row may be the first: in the order of the first model's scores, its weights need no look-up.
        codes = np.empty(count, dtype=np.intp)
        codes[np.lexsort((scores[0], ~positive))] = np.arange(count)
    sides = [_NegativeRanks.of(positive, one, codes) for one in scores]
    drawn = np.empty((len(scores), settings.resamples))
    for index in range(settings.resamples):
        # 32 bits from here on: half the memory traffic, which is the cost.
        weights = np.bincount(generator.integers(count, size=count), minlength=count).astype(np.int32)
        drawn[:, index] = [side.auc(weights) for side in sides]
    return drawn


@dataclass(frozen=True, eq=False)
class _NegativeRanks:
    """Negatives as the rungs of a ladder, lowest score first, and how high each positive stands on it.

    `positives` and `negatives` hold their units in the order of their scores, as a slice where they are consecutive;
    `below` and `upto` count, for each positive, the negatives that score less, and less or the same (None when no
    score is shared). All are in ascending order, so that reading through them stays within the processor's cache.
    """

    positives: npt.NDArray[np.intp] | slice
    negatives: npt.NDArray[np.intp] | slice
    below: npt.NDArray[np.intp]
    upto: npt.NDArray[np.intp] | None

    @classmethod
    def of(cls, positive: npt.NDArray[np.bool_], scores: Floats, codes: npt.NDArray[Any]) -> _NegativeRanks:
        """The ladder of one model; `codes` are the units of the rows, of shape (n,)."""
        high, rungs = scores[positive], scores[~positive]
        upwards, order = np.argsort(high, kind="stable"), np.argsort(rungs, kind="stable")
        high, rungs = high[upwards], rungs[order]
        below, upto = np.searchsorted(rungs, high, "left"), np.searchsorted(rungs, high, "right")
        units = (_consecutive(codes[positive][upwards]), _consecutive(codes[~positive][order]))
        return cls(*units, below, None if np.array_equal(below, upto) else upto)

    def auc(self, weights: npt.NDArray[np.int32]) -> float:
        """The area when each unit counts `weights` times."""
        above, rungs = weights[self.positives], weights[self.negatives]
        height = np.zeros(len(rungs) + 1, dtype=np.int32)
        np.cumsum(rungs, out=height[1:], dtype=np.int32)
        won: float = int((above * height[self.below]).sum(dtype=np.int64))
        if self.upto is not None:
            won = (won + int((above * height[self.upto]).sum(dtype=np.int64))) / 2
        pairs = int(above.sum(dtype=np.int64)) * int(height[-1])
        return won / pairs if pairs > 0 else math.nan


def _consecutive(units: npt.NDArray[Any]) -> npt.NDArray[np.intp] | slice:
    first = int(units[0])
    return slice(first, first + len(units)) if (np.diff(units) == 1).all() else units.astype(np.intp)


def _table_draws(
    positive: npt.NDArray[np.bool_],
    ranks: list[ScoreRanks],
    codes: npt.NDArray[np.intp] | Ints,
    count: int,
    resamples: int,
    generator: np.random.Generator,
) -> Floats:
    """Draws through wins[g, h], how often a positive of cluster g ranks above a negative of cluster h."""
    positives = np.bincount(codes[positive], minlength=count).astype(np.float64)
    negatives = np.bincount(codes[~positive], minlength=count).astype(np.float64)
    wins = []
    for one in ranks:
        table = np.empty((count, count))
        places, owners = one.place[positive], codes[positive]
        by_cluster = np.argsort(codes[~positive], kind="stable")
        of_cluster = np.split(one.place[~positive][by_cluster], np.cumsum(negatives.astype(np.int64))[:-1])
        for cluster, theirs in enumerate(of_cluster):
            here = np.bincount(theirs, minlength=one.distinct)
            below = np.cumsum(here) - 0.5 * here
            table[:, cluster] = np.bincount(owners, weights=below[places], minlength=count)
        wins.append(table)
    drawn = np.empty((len(ranks), resamples))
    for start in range(0, resamples, 256):
        block = min(256, resamples - start)
        weights = generator.multinomial(count, np.full(count, 1 / count), size=block).astype(np.float64)
        pairs = (weights @ positives) * (weights @ negatives)
        for model, table in enumerate(wins):
            won = ((weights @ table) * weights).sum(axis=1)
            drawn[model, start : start + block] = np.divide(won, pairs, out=np.full(block, math.nan), where=pairs > 0)
    return drawn


def _clustered(
    sample: ScoredSample, scores: list[Floats], areas: list[float], settings: StatisticsSettings
) -> PairedEstimate:
    drawn = auc_draws(sample.truth == 1, scores, sample.clusters, settings)
    own = _own_area(sample, scores[-1], ValueSpread.from_draws(areas[-1], drawn[-1], sample.units))
    method = "cluster bootstrap"
    if sample.champion is None:
        return PairedEstimate(own, method=method)
    delta = ValueSpread.from_draws(areas[1] - areas[0], drawn[1] - drawn[0], sample.units)
    return PairedEstimate(own, areas[0], delta, method, delta.p_two_sided() if delta.known else None)
