"""Metrics that are smooth functions of means: their standard error from each row's influence.

A row's influence is how much the metric moves per unit of that row's weight. Summed within clusters, influences
give the cluster-robust ('sandwich') variance; with every row its own cluster and a plain mean this is the paired t.
Summed within points in time they are a series, whose variance `serial` finds.
Source: Huber 1981, 'Robust Statistics', section 1.5; Liang and Zeger 1986 for clusters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gitops_mlops.domain.config.metrics import IntervalMethod, Metric
from gitops_mlops.domain.statistics.estimate import PairedEstimate
from gitops_mlops.domain.statistics.sample import Floats, ModelScores, ScoredSample
from gitops_mlops.domain.statistics.serial import series_error
from gitops_mlops.domain.statistics.spread import ValueSpread


@dataclass(frozen=True, eq=False)
class LinearisedMetric:
    """A metric's value and the influence of each row on it, of shape (n,); the influences sum to 0."""

    value: float
    influence: Floats


def estimate_linear(sample: ScoredSample, metric: Metric) -> PairedEstimate:
    """A mean loss, RMSE or R² for both models, with Student intervals."""
    sides = [_linearise(metric, sample, scores) for scores in sample.sides]
    base = "paired t" if metric.method is IntervalMethod.MEAN else "delta method"
    return estimate_linearised(sample, sides, base)


def estimate_linearised(sample: ScoredSample, sides: list[LinearisedMetric], base: str) -> PairedEstimate:
    """What the influences of champion (if any) and challenger say; `base` names the method for independent rows."""
    method = base
    if sample.horizon is not None:
        method = "Diebold-Mariano" if base == "paired t" else f"{base}, Diebold-Mariano"
    elif sample.clusters is not None:
        method = f"{base}, cluster-robust"
    challenger = sides[-1]
    own = spread_of(challenger, sample)
    if len(sides) == 1:
        return PairedEstimate(own, method=method)
    champion = sides[0]
    between = LinearisedMetric(challenger.value - champion.value, challenger.influence - champion.influence)
    delta = spread_of(between, sample)
    return PairedEstimate(own, champion.value, delta, method, delta.p_two_sided() if delta.known else None)


def spread_of(one: LinearisedMetric, sample: ScoredSample) -> ValueSpread:
    """Student's t with as many degrees of freedom as there are units, less one; fewer for a series."""
    sums: Floats = one.influence
    if sample.clusters is not None:
        sums = np.bincount(sample.clusters, weights=one.influence).astype(np.float64)
    units = len(sums)
    if units < 2 or not math.isfinite(one.value):
        return ValueSpread(one.value, math.nan)
    if sample.horizon is None:
        return ValueSpread(one.value, math.sqrt(units / (units - 1) * float(np.square(sums).sum())), units - 1)
    se, df = series_error(sums, sample.horizon)
    return ValueSpread(one.value, se, df)


def row_losses(metric: Metric, sample: ScoredSample, scores: ModelScores) -> Floats:
    """The loss of each row for a metric that is their mean; shape (n,). Definitions are scikit-learn's.

    `smape` and `mase`, which it lacks, are those of Hyndman and Koehler 2006, as shares and not per cent.
    """
    return LOSSES[metric.kind](metric, sample, scores)


def _log_loss(_metric: Metric, sample: ScoredSample, scores: ModelScores) -> Floats:
    # As scikit-learn's `log_loss` does, never −log 0.
    epsilon = np.finfo(np.float64).eps
    losses: Floats = -np.log(np.clip(_of_truth(_probabilities(scores), sample), epsilon, 1 - epsilon))
    return losses


def _brier(_metric: Metric, sample: ScoredSample, scores: ModelScores) -> Floats:
    return _squared(_probabilities(scores), sample)


def _probabilities(scores: ModelScores) -> Floats:
    assert scores.probabilities is not None
    return scores.probabilities


def _of_truth(probabilities: Floats, sample: ScoredSample) -> Floats:
    """The probability that each row's true label was given."""
    if probabilities.ndim == 2:
        given: Floats = probabilities[np.arange(sample.rows), sample.truth.astype(np.int64)]
        return given
    return np.where(sample.truth == 1, probabilities, 1 - probabilities)


def _squared(probabilities: Floats, sample: ScoredSample) -> Floats:
    if probabilities.ndim == 1:
        binary: Floats = np.square(probabilities - sample.truth)
        return binary
    # Σ_c (p_c − [c is true])² = Σ p_c² − 2 p_true + 1, without a table of the labels as large as that of p.
    several: Floats = np.einsum("ij,ij->i", probabilities, probabilities) - 2 * _of_truth(probabilities, sample) + 1
    return several


def _numbers(scores: ModelScores) -> Floats:
    return scores.predicted.astype(np.float64)


def _absolute(_metric: Metric, sample: ScoredSample, scores: ModelScores) -> Floats:
    errors: Floats = np.abs(sample.truth - _numbers(scores))
    return errors


def _percentage(metric: Metric, sample: ScoredSample, scores: ModelScores) -> Floats:
    errors: Floats = _absolute(metric, sample, scores) / np.maximum(np.abs(sample.truth), np.finfo(np.float64).eps)
    return errors


def _symmetric(metric: Metric, sample: ScoredSample, scores: ModelScores) -> Floats:
    sums = np.abs(sample.truth) + np.abs(_numbers(scores))
    errors = 2 * _absolute(metric, sample, scores)
    losses: Floats = np.divide(errors, sums, out=np.zeros_like(sums), where=sums > 0)
    return losses


def _scaled(metric: Metric, sample: ScoredSample, scores: ModelScores) -> Floats:
    assert sample.scale is not None
    errors: Floats = _absolute(metric, sample, scores) / sample.scale
    return errors


def _pinball(metric: Metric, sample: ScoredSample, scores: ModelScores) -> Floats:
    assert metric.value is not None
    above = sample.truth - _numbers(scores)
    losses: Floats = np.maximum(metric.value * above, (metric.value - 1) * above)
    return losses


# The loss of each row, by the name of the metric that is their mean.
LOSSES: dict[str, Callable[[Metric, ScoredSample, ModelScores], Floats]] = {
    "log_loss": _log_loss,
    "brier": _brier,
    "mae": _absolute,
    "mape": _percentage,
    "smape": _symmetric,
    "mase": _scaled,
    "pinball": _pinball,
}


def _linearise(metric: Metric, sample: ScoredSample, scores: ModelScores) -> LinearisedMetric:
    n = sample.rows
    if metric.method is IntervalMethod.MEAN:
        losses = row_losses(metric, sample, scores)
        mean = float(losses.mean())
        return LinearisedMetric(mean, (losses - mean) / n)
    truth = sample.truth.astype(np.float64)
    squared = (truth - scores.predicted) ** 2
    if metric.name == "rmse":
        rmse = math.sqrt(float(squared.mean()))
        slope = 1 / (2 * rmse) if rmse > 0 else 0.0
        return LinearisedMetric(rmse, slope * (squared - rmse**2) / n)
    around = (truth - truth.mean()) ** 2
    total = float(around.sum())
    if total == 0:
        return LinearisedMetric(math.nan, np.full(n, math.nan))
    unexplained = float(squared.sum()) / total
    return LinearisedMetric(1 - unexplained, (unexplained * around - squared) / total)
