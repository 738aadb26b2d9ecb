"""Metrics of class counts, such as accuracy, F1 and MCC: functions of counts, so the bootstrap draws counts.

Resampling n rows with replacement gives the (label, champion's answer, challenger's answer) cells one multinomial
of n trials: drawing that directly is the exact bootstrap, in a time that does not depend on n. That is for binary
tasks and independent rows. Of several classes there are too many cells: there the interval is Student's t around the
metric's linearisation (the delta method). Of clusters it is Student's t with the jackknife's error, which of twenty
clusters is wrong as often as it says, where a percentile bootstrap and the linearisation are wrong more often.

The challenger's own value has bounds of its own, which hold beside the edge (`own_counts`).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr

from gitops_mlops.domain.config.metrics import Metric, ModelTask
from gitops_mlops.domain.statistics.class_counts import ClassCounts, class_gradient, class_metric
from gitops_mlops.domain.statistics.estimate import PairedEstimate, StatisticsSettings
from gitops_mlops.domain.statistics.linear import LinearisedMetric, estimate_linearised
from gitops_mlops.domain.statistics.own_counts import metric_of_tables, one_more_error, spread_of_counts
from gitops_mlops.domain.statistics.sample import Floats, ScoredSample
from gitops_mlops.domain.statistics.spread import ValueSpread

# Above so many counts by cluster and class the linearisation is taken, which needs none.
_MOST_COUNTS = 5_000_000
# The axes of a table of cells: true label, champion's answer, challenger's answer.
_CELLS = (2, 2, 2)


def estimate_counts(sample: ScoredSample, metric: Metric, settings: StatisticsSettings) -> PairedEstimate:
    """A metric of counts for both models. For accuracy the p-value is McNemar's mid-p (rows independent)."""
    if sample.task is ModelTask.BINARY and sample.clusters is None:
        estimate = _drawn(sample, metric.name, settings)
    else:
        estimate = _linearised(sample, metric.name)
    own = spread_of_counts(sample, metric.name, estimate.challenger, settings)
    estimate = replace(estimate, challenger=own)
    if estimate.delta is None or metric.name != "accuracy" or sample.clusters is not None:
        return estimate
    p_value = mcnemar_mid_p(*discordant(sample))
    return replace(estimate, method=f"{estimate.method}, McNemar mid-p", p_value=p_value)


def discordant(sample: ScoredSample) -> tuple[int, int]:
    """How many rows only the champion has right, and only the challenger."""
    assert sample.champion is not None
    one, other = (scores.predicted == sample.truth for scores in (sample.champion, sample.challenger))
    return int(np.count_nonzero(one & ~other)), int(np.count_nonzero(other & ~one))


def mcnemar_exact_p(one: int, other: int) -> float:
    """The two-sided exact p-value: the discordant rows are fair coins under 'no difference'."""
    return min(1.0, 2 * float(bdtr(min(one, other), one + other, 0.5))) if one + other else 1.0


def mcnemar_mid_p(one: int, other: int) -> float:
    """The exact p-value less half the probability of what was seen (Fagerland, Lydersen and Laake 2013)."""
    if one == other:
        return 1.0 if one == 0 else 1.0 - 0.5 * _coin(one, one + other)
    return mcnemar_exact_p(one, other) - _coin(min(one, other), one + other)


def _coin(successes: int, trials: int) -> float:
    below = float(bdtr(successes - 1, trials, 0.5)) if successes > 0 else 0.0
    return float(bdtr(successes, trials, 0.5)) - below


def _drawn(sample: ScoredSample, metric: str, settings: StatisticsSettings) -> PairedEstimate:
    champion = sample.champion or sample.challenger
    codes = sample.truth * 4 + champion.predicted * 2 + sample.challenger.predicted
    table = np.bincount(codes, minlength=8).reshape(_CELLS)
    values = [float(value) for value in _both(metric, table[None].astype(np.float64))[:, 0]]
    own = ValueSpread(values[1], math.nan)
    if sample.champion is None:
        return PairedEstimate(own, method="multinomial bootstrap", note=_why(values[1]))
    one, other = _both(metric, _row_draws(table, settings, metric))
    delta = ValueSpread.from_draws(values[1] - values[0], other - one, sample.rows)
    p_value = delta.p_two_sided() if delta.known else None
    return PairedEstimate(own, values[0], delta, "multinomial bootstrap", p_value, _why(values[0]) or _why(values[1]))


def _row_draws(table: npt.NDArray[np.int64], settings: StatisticsSettings, name: str) -> Floats:
    counts = table.astype(np.float64)
    total = int(table.sum())
    # Half a row in each cell where the models disagree, as Agresti and Min (2005) add for matched pairs:
    # without it no disagreement seen would mean none possible, and three of three would mean certainty.
    counts[:, 0, 1] += 0.5 * (table.sum(axis=(1, 2)) > 0)
    counts[:, 1, 0] += 0.5 * (table.sum(axis=(1, 2)) > 0)
    shares = (counts / counts.sum()).ravel()
    drawn = settings.generator(name).multinomial(total, shares, size=settings.resamples)
    return drawn.reshape(-1, *_CELLS).astype(np.float64)


def _both(metric: str, tables: Floats) -> Floats:
    """The metric of champion and challenger for tables of shape (m, 2, 2, 2); shape (2, m)."""
    return np.stack([metric_of_tables(metric, tables.sum(axis=axis)) for axis in (3, 2)])


def _linearised(sample: ScoredSample, metric: str) -> PairedEstimate:
    seen = max(int(one.max()) for one in (sample.truth, *(scores.predicted for scores in sample.sides)))
    # A binary task has two classes, whether or not both were seen.
    classes = max(seen + 1, 2)
    counts = [ClassCounts.of(sample.truth, scores.predicted, classes) for scores in sample.sides]
    gradients = [class_gradient(metric, one) for one in counts]
    sides = [
        LinearisedMetric(float(class_metric(metric, one)), gradient.influence(sample.truth, scores.predicted))
        for one, gradient, scores in zip(counts, gradients, sample.sides, strict=True)
    ]
    estimate = estimate_linearised(sample, sides, "delta method")
    note = next((why for one in sides if (why := _why(one.value))), "")
    if estimate.delta is None or not estimate.delta.known:
        return replace(estimate, note=note)
    if sample.clusters is not None and sample.lag is None and sample.units * classes <= _MOST_COUNTS:
        estimate = _jackknifed(sample, metric, classes, estimate)
    assert estimate.delta is not None
    # One disagreement more than was seen: without it no disagreement would mean none possible.
    one_more = max(one_more_error(one, gradient) for one, gradient in zip(counts, gradients, strict=True))
    delta = replace(estimate.delta, se=math.sqrt(estimate.delta.se**2 + one_more))
    return replace(estimate, delta=delta, p_value=delta.p_two_sided(), note=note)


def _jackknifed(sample: ScoredSample, metric: str, classes: int, estimate: PairedEstimate) -> PairedEstimate:
    """The same with the errors that leaving out one cluster after the other shows (Efron and Stein 1981)."""
    assert sample.clusters is not None
    assert estimate.delta is not None
    units = sample.units
    without = []
    for scores in sample.sides:
        tables = [
            np.bincount(sample.clusters[rows] * classes + codes[rows], minlength=units * classes).reshape(units, -1)
            for codes, rows in (
                (sample.truth, sample.truth == scores.predicted),
                (sample.truth, slice(None)),
                (scores.predicted, slice(None)),
            )
        ]
        without.append(class_metric(metric, ClassCounts(*((one.sum(axis=0) - one).astype(float) for one in tables))))
    whole = estimate.challenger.value, estimate.delta.value
    own, between = map(_jackknife_error, (without[-1], without[-1] - without[0]), whole)
    if not (math.isfinite(own) and math.isfinite(between)):
        return estimate
    return replace(
        estimate,
        challenger=replace(estimate.challenger, se=own),
        delta=replace(estimate.delta, se=between),
        method="jackknife of clusters",
    )


def _jackknife_error(values: Floats, whole: float) -> float:
    """From the values without each cluster, around that of all; around their mean it is too small of unequal ones."""
    return math.sqrt((len(values) - 1) / len(values) * float(np.square(values - whole).sum()))


def confusion(truth: npt.NDArray[Any], predicted: npt.NDArray[Any], classes: int) -> npt.NDArray[np.int64]:
    """Counts by true label (rows) and predicted label (columns)."""
    return np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def _why(value: float) -> str:
    return "" if math.isfinite(value) else "0/0: the metric's denominator counts no row"
