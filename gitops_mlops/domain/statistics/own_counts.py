"""The bounds of one model's own metric of class counts, which hold where it makes few errors or none.

A share (accuracy, precision, recall, specificity, and F1 through the share of hits among what either the labels or
the answers call positive) has Clopper and Pearson's bounds, with the effective number of trials when rows are
clustered. Balanced accuracy and MCC of a binary task are drawn from its table with half a row more in each cell
(of 400 samples a cell with 30 to 1,000 rows and accuracies of 0.8 to 0.999, 95 % intervals covered 93.8 to 100 %, and
3 to 96 % without it). Everything else gets the error that one wrong answer more would make.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.statistics.class_counts import ClassCounts, MetricGradient, class_gradient, class_metric
from gitops_mlops.domain.statistics.edges import ShareSpread, effective_trials
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.sample import Floats, ScoredSample, effective_count
from gitops_mlops.domain.statistics.spread import ValueSpread


def spread_of_counts(
    sample: ScoredSample, metric: str, spread: ValueSpread, settings: StatisticsSettings
) -> ValueSpread:
    """The spread of the challenger's `metric`, whose value and, for clustered rows, error are those of `spread`."""
    if not math.isfinite(spread.value) or sample.units < 2:
        return spread
    if (trials := _trials(metric, sample)) is not None:
        return _exact(sample, trials, metric == "f1", spread)
    if sample.task is ModelTask.BINARY and sample.clusters is None:
        return _smoothed(sample, metric, spread.value, settings)
    if not spread.known:
        return spread
    predicted = sample.challenger.predicted
    counts = ClassCounts.of(sample.truth, predicted, max(int(sample.truth.max()), int(predicted.max()), 1) + 1)
    return replace(spread, se=math.sqrt(spread.se**2 + one_more_error(counts, class_gradient(metric, counts))))


def _trials(metric: str, sample: ScoredSample) -> npt.NDArray[np.bool_] | None:
    """The rows that the share is of; None for a metric that is no share, nor as F1 a function of one."""
    if metric == "accuracy":
        return np.ones(sample.rows, dtype=bool)
    if sample.task is not ModelTask.BINARY or metric not in ("precision", "recall", "specificity", "f1"):
        return None
    truth, answer = sample.truth == 1, sample.challenger.predicted == 1
    rows: dict[str, npt.NDArray[np.bool_]]
    rows = {"precision": answer, "recall": truth, "specificity": ~truth, "f1": truth | answer}
    return rows[metric]


def _exact(sample: ScoredSample, tried: npt.NDArray[np.bool_], is_f1: bool, spread: ValueSpread) -> ValueSpread:
    """The exact spread of the share of right answers among the rows that are `tried`."""
    right = (sample.truth == sample.challenger.predicted)[tried]
    trials = float(len(right))
    share = float(np.count_nonzero(right)) / trials
    if sample.clusters is not None:
        # The error of F1 = 2 J / (1 + J) on the scale of J.
        se = spread.se * (1 + share) ** 2 / 2 if is_f1 else spread.se
        codes = sample.clusters[tried]
        erring = min(effective_count(np.bincount(codes, weights=one).astype(np.float64)) for one in (right, ~right))
        trials = effective_trials(share, se, trials, len(np.unique(codes)), erring)
    se = spread.se if spread.known else math.sqrt(share * (1 - share) / trials)
    exact = ShareSpread(spread.value, se, spread.df, successes=share * trials, trials=trials)
    return replace(exact, outward=_f1_of_jaccard, inward=_jaccard_of_f1) if is_f1 else exact


def _f1_of_jaccard(share: float) -> float:
    return 2 * share / (1 + share)


def _jaccard_of_f1(value: float) -> float:
    return value / (2 - value)


def _smoothed(sample: ScoredSample, metric: str, value: float, settings: StatisticsSettings) -> ValueSpread:
    table = np.bincount(sample.truth * 2 + sample.challenger.predicted, minlength=4).reshape(2, 2)
    counts = table + 0.5 * (table.sum(axis=1, keepdims=True) > 0)
    shares = (counts / counts.sum()).ravel()
    drawn = settings.generator(f"own {metric}").multinomial(sample.rows, shares, size=settings.resamples)
    values = metric_of_tables(metric, drawn.reshape(-1, 2, 2).astype(np.float64))
    return _Around(value, float(np.nanstd(values, ddof=1)), sample.rows - 1, values)


class _Around(ValueSpread):
    """Draws whose bounds never leave out the value itself, which smoothing may."""

    def low(self, alpha: float) -> float:
        """The lower bound, at most the value."""
        return min(super().low(alpha), self.value)

    def high(self, alpha: float) -> float:
        """The upper bound, at least the value."""
        return max(super().high(alpha), self.value)


def metric_of_tables(metric: str, tables: Floats) -> Floats:
    """The metric of tables of shape (m, 2, 2): true label, answer; shape (m,)."""
    hits = np.diagonal(tables, axis1=1, axis2=2)
    return class_metric(metric, ClassCounts(hits, tables.sum(axis=2), tables.sum(axis=1)))


def one_more_error(counts: ClassCounts, gradient: MetricGradient) -> float:
    """The mean square of how far the metric moves when one row's right answer becomes a wrong one."""
    elsewhere = float((gradient.answers * counts.answers).sum()) / counts.rows
    moves = gradient.hits + gradient.answers - elsewhere
    return float((np.square(moves) * counts.truths).sum() / counts.rows)
