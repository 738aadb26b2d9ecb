"""Metrics that are smooth functions of means: their standard error from each row's influence.

A row's influence is how much the metric moves per unit of that row's weight. With every row for itself and a plain
mean this is the paired t. Of clusters, a cluster's sum of influences over the share that the others have of the rows
is how far the metric moves without that cluster: the jackknife's error, which holds for clusters of any sizes where
the plain sum is too small (one of 25 clusters with half of the rows: 18 to 22 % errors of each kind for 5 %).
Student's t has as many degrees of freedom as equal clusters would have that count as much. Clusters that follow one
another in time are a series, whose variance `serial` finds.
Sources: Huber 1981, 'Robust Statistics', section 1.5; Bell and McCaffrey 2002, Survey Methodology 28:169-181; Kish
1965, 'Survey Sampling'.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gitops_mlops.domain.config.metrics import IntervalMethod, Metric
from gitops_mlops.domain.statistics.estimate import PairedEstimate
from gitops_mlops.domain.statistics.sample import Floats, Mask, ModelScores, ScoredSample
from gitops_mlops.domain.statistics.serial import autocorrelation, series_error
from gitops_mlops.domain.statistics.spread import ValueSpread

# From here on the error of a series was found too small (`benchmarks/simulation.py`).
_TOO_ALIKE = 0.6
# With so few rows for half of the variance, intervals of heavy-tailed errors were too narrow (8.5 % for 5 %).
_HANDFUL = 5


@dataclass(frozen=True, eq=False)
class LinearisedMetric:
    """A metric's value and the influence of each row on it, of shape (n,); the influences sum to 0.

    `positive` marks the rows of one of two classes when each row's influence goes with its share of its own class.
    """

    value: float
    influence: Floats
    positive: Mask | None = None


def estimate_linear(sample: ScoredSample, metric: Metric) -> PairedEstimate:
    """A mean loss, RMSE or R² for both models, with Student intervals."""
    sides = [_linearise(metric, sample, scores) for scores in sample.sides]
    base = "paired t" if metric.method is IntervalMethod.MEAN else "delta method"
    estimate = estimate_linearised(sample, sides, base)
    if len(sides) > 1 and sample.clusters is None:
        return replace(estimate, caution=_few_rows(sides[1].influence - sides[0].influence))
    return estimate


def estimate_linearised(sample: ScoredSample, sides: list[LinearisedMetric], base: str) -> PairedEstimate:
    """What the influences of champion (if any) and challenger say; `base` names the method for independent rows."""
    method = base
    if sample.horizon is not None:
        method = "Diebold-Mariano" if base == "paired t" else f"{base}, Diebold-Mariano"
    elif sample.lag is not None:
        method = f"{base}, clusters in time"
    elif sample.clusters is not None:
        method = f"{base}, jackknife of clusters"
    challenger = sides[-1]
    own = spread_of(challenger, sample)
    if len(sides) == 1:
        return PairedEstimate(own, method=method)
    champion = sides[0]
    between = LinearisedMetric(
        challenger.value - champion.value, challenger.influence - champion.influence, challenger.positive
    )
    delta = spread_of(between, sample)
    p_value = delta.p_two_sided() if delta.known else None
    return PairedEstimate(own, champion.value, delta, method, p_value, caution=_alike(between, sample))


def spread_of(one: LinearisedMetric, sample: ScoredSample) -> ValueSpread:
    """Student's t with as many degrees of freedom as there are effective units, less one; fewer for a series."""
    units = sample.units
    if units < 2 or not math.isfinite(one.value):
        return ValueSpread(one.value, math.nan)
    sums, df = _moves(one, sample), max(sample.effective_units - 1, 1.0)
    if not np.isfinite(sums).all():
        # One cluster has every row of a class: nothing is known without it.
        return ValueSpread(one.value, math.nan)
    if sample.lag is None:
        return ValueSpread(one.value, math.sqrt(units / (units - 1) * float(np.square(sums).sum())), df)
    se, of_series = series_error(sums, sample.lag)
    return ValueSpread(one.value, se, min(df, of_series))


def _moves(one: LinearisedMetric, sample: ScoredSample) -> Floats:
    """How far the metric moves without each unit, as if all were of equal size; shape (units,)."""
    if sample.clusters is None:
        return one.influence
    units = sample.units
    sums = np.zeros(units)
    for rows in [slice(None)] if one.positive is None else [one.positive, ~one.positive]:
        codes = sample.clusters[rows]
        counts = np.bincount(codes, minlength=units)
        with np.errstate(divide="ignore", invalid="ignore"):
            sums += np.bincount(codes, weights=one.influence[rows], minlength=units) / (1 - counts / len(codes))
    return sums * (units - 1) / units


def _few_rows(influence: Floats) -> str:
    """A warning when a handful of rows make half of the variance: then it rests on too little to be known."""
    squares = np.square(influence)
    half = float(squares.sum()) / 2
    if not 0 < half < math.inf or len(squares) <= _HANDFUL:
        return ""
    carried = np.cumsum(np.sort(np.partition(squares, -_HANDFUL)[-_HANDFUL:])[::-1])
    if carried[-1] < half:
        return ""
    many = int(np.searchsorted(carried, half)) + 1
    rows = "1 row makes" if many == 1 else f"{many} rows make"
    return f"{rows} half of the variance: the interval may be too narrow"


def _alike(between: LinearisedMetric, sample: ScoredSample) -> str:
    """A warning when clusters that follow one another are so alike that an interval is wider than it says."""
    if sample.lag != 1 or not math.isfinite(between.value) or sample.units < 2:
        return ""
    alike = autocorrelation(_moves(between, sample))
    if not alike > _TOO_ALIKE:
        return ""
    return f"neighbouring {sample.unit} differ alike (autocorrelation {alike:.2f}): the interval may be too narrow"


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
