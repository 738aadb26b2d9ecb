"""Metrics that are smooth functions of means: their standard error from each row's influence.

A row's influence is how much the metric moves per unit of that row's weight. Summed within clusters, influences
give the cluster-robust ('sandwich') variance; with every row its own cluster and a plain mean this is the paired t.
Source: Huber 1981, 'Robust Statistics', section 1.5; Liang and Zeger 1986 for clusters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gitops_mlops.domain.statistics.estimate import Estimate
from gitops_mlops.domain.statistics.sample import Floats, Ints, Sample, Scores
from gitops_mlops.domain.statistics.spread import Spread


@dataclass(frozen=True, eq=False)
class Linearised:
    """A metric's value and the influence of each row on it, of shape (n,); the influences sum to 0."""

    value: float
    influence: Floats


def estimate_linear(sample: Sample, metric: str) -> Estimate:
    """A mean loss, RMSE or R² for both models, with (cluster-robust) Student intervals."""
    challenger = _linearise(metric, sample, sample.challenger)
    own = _spread(challenger.value, challenger.influence, sample.clusters)
    base = "paired t" if metric in ("log_loss", "brier", "mae") else "delta method"
    method = base if sample.clusters is None else f"{base}, cluster-robust"
    if sample.champion is None:
        return Estimate(own, method=method)
    champion = _linearise(metric, sample, sample.champion)
    delta = _spread(challenger.value - champion.value, challenger.influence - champion.influence, sample.clusters)
    return Estimate(own, champion.value, delta, method, delta.p_two_sided() if delta.known else None)


def row_losses(metric: str, truth: Floats | Ints, scores: Scores) -> Floats:
    """The loss of each row for a metric that is their mean; shape (n,).

    Probabilities are clipped to [ε, 1 − ε] with ε of float64, as scikit-learn's `log_loss` does.
    """
    if metric == "mae":
        absolute: Floats = np.abs(truth - scores.predicted)
        return absolute
    probabilities = scores.probabilities
    assert probabilities is not None
    if metric == "brier":
        squared: Floats = np.square(probabilities - truth)
        return squared
    epsilon = np.finfo(np.float64).eps
    if probabilities.ndim == 2:
        of_truth = probabilities[np.arange(len(truth)), truth.astype(np.int64)]
    else:
        of_truth = np.where(truth == 1, probabilities, 1 - probabilities)
    losses: Floats = -np.log(np.clip(of_truth, epsilon, 1 - epsilon))
    return losses


def _linearise(metric: str, sample: Sample, scores: Scores) -> Linearised:
    n = sample.rows
    if metric in ("rmse", "r2"):
        squared = (sample.truth.astype(np.float64) - scores.predicted) ** 2
        if metric == "rmse":
            rmse = math.sqrt(float(squared.mean()))
            slope = 1 / (2 * rmse) if rmse > 0 else 0.0
            return Linearised(rmse, slope * (squared - rmse**2) / n)
        around = (sample.truth.astype(np.float64) - sample.truth.mean()) ** 2
        total = float(around.sum())
        if total == 0:
            return Linearised(math.nan, np.full(n, math.nan))
        unexplained = float(squared.sum()) / total
        return Linearised(1 - unexplained, (unexplained * around - squared) / total)
    losses = row_losses(metric, sample.truth, scores)
    mean = float(losses.mean())
    return Linearised(mean, (losses - mean) / n)


def _spread(value: float, influence: Floats, clusters: Ints | None) -> Spread:
    sums = influence if clusters is None else np.bincount(clusters, weights=influence)
    units = len(sums)
    if units < 2:
        return Spread(value, math.nan)
    se = math.sqrt(units / (units - 1) * float(np.square(sums).sum()))
    return Spread(value, se, units - 1)
