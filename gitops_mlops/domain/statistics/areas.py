"""ROC-AUC: DeLong's interval for independent rows; of clusters his two parts of the variance by cluster.

The parts are the influences of the positive and of the negative rows. They add up over classes, too: of several
classes the area is the mean over each class against the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gitops_mlops.domain.statistics.edges import area_spread
from gitops_mlops.domain.statistics.estimate import PairedEstimate
from gitops_mlops.domain.statistics.linear import LinearisedMetric, estimate_linearised
from gitops_mlops.domain.statistics.sample import Floats, ScoredSample, effective_count
from gitops_mlops.domain.statistics.spread import ValueSpread


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


def estimate_auc(sample: ScoredSample) -> PairedEstimate:
    """ROC-AUC of both models."""
    positive = sample.truth == 1
    scores = [one.probabilities for one in sample.sides if one.probabilities is not None]
    if sample.clusters is not None:
        sides = [_against_the_rest(positive, one) for one in scores]
        estimate = estimate_linearised(sample, sides, "DeLong")
        return replace(estimate, challenger=_own_area(sample, scores[-1], estimate.challenger))
    areas, covariance = delong(positive, scores)
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
    influence = (won - area) / np.where(positive, positive.sum(), (~positive).sum())
    return LinearisedMetric(area, influence, positive)


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
