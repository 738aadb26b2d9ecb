"""ROC-AUC: DeLong's interval for independent rows, a paired bootstrap of whole clusters otherwise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gitops_mlops.domain.statistics.estimate import Estimate, Settings
from gitops_mlops.domain.statistics.sample import Floats, Ints, Sample
from gitops_mlops.domain.statistics.spread import Spread

# Up to here one table of cluster against cluster makes every draw a quadratic form; it takes 8 · units² bytes.
_MOST_CLUSTERS_IN_A_TABLE = 1000


@dataclass(frozen=True, eq=False)
class Ranks:
    """One model's scores as places: `place` of each row among the distinct scores, lowest 0."""

    place: npt.NDArray[np.intp]
    distinct: int

    @classmethod
    def of(cls, scores: Floats) -> Ranks:
        """The places of scores."""
        distinct, place = np.unique(scores, return_inverse=True)
        return cls(place, len(distinct))

    def below(self, weights: Floats) -> Floats:
        """For each row, the weight that ranks below it, ties by half; `weights` has shape (n,)."""
        here = np.bincount(self.place, weights=weights, minlength=self.distinct)
        return (np.cumsum(here) - 0.5 * here)[self.place]

    def auc(self, positive: Floats, negative: Floats) -> float:
        """The chance that a positive ranks above a negative, rows weighted; NaN without one of each."""
        here = np.bincount(self.place, weights=negative, minlength=self.distinct)
        above = np.bincount(self.place, weights=positive, minlength=self.distinct)
        pairs = above.sum() * here.sum()
        return float((above * (np.cumsum(here) - 0.5 * here)).sum() / pairs) if pairs > 0 else math.nan


def estimate_auc(sample: Sample, settings: Settings) -> Estimate:
    """ROC-AUC of both models."""
    positive = sample.truth == 1
    if positive.all() or not positive.any():
        return Estimate(
            Spread(math.nan, math.nan),
            None if sample.champion is None else math.nan,
            note="every row has the same label",
        )
    sides = [one for one in (sample.champion, sample.challenger) if one is not None]
    scores = [one.probabilities for one in sides if one.probabilities is not None]
    areas, covariance = delong(positive, scores)
    if sample.clusters is not None:
        return _clustered(sample, scores, areas, settings)
    own = Spread(areas[-1], math.sqrt(max(covariance[-1, -1], 0.0)))
    if sample.champion is None:
        return Estimate(own, method="DeLong")
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    delta = Spread(areas[1] - areas[0], math.sqrt(max(variance, 0.0)))
    return Estimate(own, areas[0], delta, "DeLong", delta.p_two_sided() if delta.known else None)


def delong(positive: npt.NDArray[np.bool_], scores: list[Floats]) -> tuple[list[float], Floats]:
    """The areas under the ROC curves of k models on the same rows, and their covariance of shape (k, k).

    Source: DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837-845; by ranks as in Sun and Xu 2014.
    A class with one row leaves the covariance NaN.
    """
    m, n = int(positive.sum()), int((~positive).sum())
    of_positives, of_negatives = [], []
    for one in scores:
        ranks = Ranks.of(one)
        of_positives.append(ranks.below((~positive).astype(np.float64))[positive] / n)
        of_negatives.append(1 - ranks.below(positive.astype(np.float64))[~positive] / m)
    areas = [float(one.mean()) for one in of_positives]
    if m < 2 or n < 2:
        return areas, np.full((len(scores), len(scores)), math.nan)
    covariance = np.atleast_2d(np.cov(of_positives)) / m + np.atleast_2d(np.cov(of_negatives)) / n
    return areas, covariance


def auc_draws(
    positive: npt.NDArray[np.bool_], scores: list[Floats], units: Ints | None, settings: Settings
) -> Floats:
    """Bootstrap draws of the areas of k models on the same resamples of whole units; shape (k, resamples).

    Scores are sorted once; a resample is a weight for each unit. Memory is bounded: one block of weights at a time.
    """
    generator = settings.generator("roc_auc")
    codes = np.arange(len(positive)) if units is None else units
    count = int(codes.max()) + 1
    ranks = [Ranks.of(one) for one in scores]
    if count <= _MOST_CLUSTERS_IN_A_TABLE:
        return _table_draws(positive, ranks, codes, count, settings.resamples, generator)
    drawn = np.empty((len(scores), settings.resamples))
    order = [np.argsort(one.place, kind="stable") for one in ranks]
    starts = [np.flatnonzero(np.diff(r.place[o], prepend=-1)) for r, o in zip(ranks, order, strict=True)]
    truth = [positive[o] for o in order]
    sorted_codes = [codes[o] for o in order]
    for index in range(settings.resamples):
        weights = np.bincount(generator.integers(count, size=count), minlength=count).astype(np.float64)
        for model in range(len(scores)):
            drawn[model, index] = _weighted_auc(weights[sorted_codes[model]], truth[model], starts[model])
    return drawn


def _weighted_auc(weights: Floats, positive: npt.NDArray[np.bool_], starts: npt.NDArray[np.intp]) -> float:
    """The area for rows sorted by score; `starts` is where each distinct score begins."""
    of_positives = weights * positive
    of_negatives = weights - of_positives
    if len(starts) < len(weights):
        of_positives = np.add.reduceat(of_positives, starts)
        of_negatives = np.add.reduceat(of_negatives, starts)
    below = np.cumsum(of_negatives)
    total = float(of_positives.sum()) * float(below[-1])
    # A dot product would wake BLAS threads for every draw; on a busy machine they cost ten times the sum.
    return float((of_positives * (below - 0.5 * of_negatives)).sum()) / total if total > 0 else math.nan


def _table_draws(
    positive: npt.NDArray[np.bool_],
    ranks: list[Ranks],
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


def _clustered(sample: Sample, scores: list[Floats], areas: list[float], settings: Settings) -> Estimate:
    drawn = auc_draws(sample.truth == 1, scores, sample.clusters, settings)
    own = Spread.from_draws(areas[-1], drawn[-1], sample.units)
    method = "cluster bootstrap"
    if sample.champion is None:
        return Estimate(own, method=method)
    delta = Spread.from_draws(areas[1] - areas[0], drawn[1] - drawn[0], sample.units)
    return Estimate(own, areas[0], delta, method, delta.p_two_sided() if delta.known else None)
