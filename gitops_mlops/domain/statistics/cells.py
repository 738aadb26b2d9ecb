"""Accuracy, precision, recall, specificity, F1 and MCC: functions of counts, so the bootstrap draws counts.

Resampling n rows with replacement gives the (label, champion's answer, challenger's answer) cells one multinomial
of n trials: drawing that directly is the exact bootstrap, in a time that does not depend on n.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, chdtrc

from gitops_mlops.domain.metrics import Task
from gitops_mlops.domain.statistics.estimate import Estimate, Settings
from gitops_mlops.domain.statistics.sample import Floats, Sample, Scores
from gitops_mlops.domain.statistics.spread import Spread

# The axes of a table of cells: true label, champion's answer, challenger's answer.
_CELLS = (2, 2, 2)
_FEW_CLUSTERS = 10


def estimate_cells(sample: Sample, metric: str, settings: Settings) -> Estimate:
    """A metric of counts for both models. For accuracy the p-value is McNemar's mid-p (rows independent)."""
    champion = sample.champion or sample.challenger
    codes = _codes(sample, champion)
    table = np.bincount(codes, minlength=8).reshape(_CELLS)
    values = [float(value) for value in _both(metric, table[None].astype(np.float64))[:, 0]]
    generator = settings.generator(metric)
    rows = _row_draws(table, settings.resamples, generator, smooth=sample.champion is not None)
    spreads = _spreads(metric, values, rows, sample.rows)
    method = "multinomial bootstrap"
    if sample.clusters is not None:
        clustered = _spreads(metric, values, _cluster_draws(sample, codes, settings, generator), sample.units)
        disagree = sample.clusters[champion.predicted != sample.challenger.predicted]
        if len(np.unique(disagree)) < _FEW_CLUSTERS:
            # Most resamples would be without any disagreement: never claim more than independent rows would.
            clustered = [_wider(one, other) for one, other in zip(clustered, spreads, strict=True)]
        spreads = clustered
        method = "cluster bootstrap"
    if sample.champion is None:
        return Estimate(spreads[1], method=method, note=_why(values[1]))
    delta = spreads[2]
    p_value = delta.p_two_sided() if delta.known else None
    if metric == "accuracy" and sample.clusters is None:
        p_value = mcnemar_mid_p(int(_right_only(table, 0)), int(_right_only(table, 1)))
        method += ", McNemar mid-p"
    return Estimate(spreads[1], values[0], delta, method, p_value, _why(values[0]) or _why(values[1]))


def mcnemar_statistic(one: int, other: int, corrected: bool = False) -> tuple[float, float]:
    """McNemar's χ² with one degree of freedom for the two discordant counts, and its p-value.

    Source: McNemar 1947; `corrected` applies Edwards' continuity correction.
    """
    if one + other == 0:
        return 0.0, 1.0
    distance = max(abs(one - other) - (1 if corrected else 0), 0)
    statistic = distance**2 / (one + other)
    return statistic, float(chdtrc(1, statistic))


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


def confusion(truth: npt.NDArray[Any], predicted: npt.NDArray[Any], classes: int) -> npt.NDArray[np.int64]:
    """Counts by true label (rows) and predicted label (columns)."""
    return np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def _codes(sample: Sample, champion: Scores) -> npt.NDArray[np.int64]:
    truth, one, other = sample.truth, champion.predicted, sample.challenger.predicted
    if sample.task is not Task.BINARY:
        # Only accuracy is asked for: 'was it right' is all that counts.
        one, other, truth = one == truth, other == truth, np.ones(sample.rows, dtype=np.int64)
    codes: npt.NDArray[np.int64] = truth.astype(np.int64) * 4 + one.astype(np.int64) * 2 + other.astype(np.int64)
    return codes


def _row_draws(table: npt.NDArray[np.int64], resamples: int, generator: np.random.Generator, smooth: bool) -> Floats:
    counts = table.astype(np.float64)
    total = int(table.sum())
    if smooth:
        # Half a row in each cell where the models disagree, as Agresti and Min (2005) add for matched pairs:
        # without it no disagreement seen would mean none possible, and three of three would mean certainty.
        counts[:, 0, 1] += 0.5 * (table.sum(axis=(1, 2)) > 0)
        counts[:, 1, 0] += 0.5 * (table.sum(axis=(1, 2)) > 0)
    shares = (counts / counts.sum()).ravel()
    return generator.multinomial(total, shares, size=resamples).reshape(-1, *_CELLS).astype(np.float64)


def _cluster_draws(
    sample: Sample, codes: npt.NDArray[np.int64], settings: Settings, generator: np.random.Generator
) -> Floats:
    assert sample.clusters is not None
    units = int(sample.clusters.max()) + 1
    counts = np.bincount(sample.clusters * 8 + codes, minlength=units * 8).reshape(units, 8)
    drawn = np.empty((settings.resamples, 8))
    for start in range(0, settings.resamples, 256):
        block = min(256, settings.resamples - start)
        weights = generator.multinomial(units, np.full(units, 1 / units), size=block)
        drawn[start : start + block] = weights @ counts
    return drawn.reshape(-1, *_CELLS)


def _spreads(metric: str, values: list[float], draws: Floats, units: int) -> list[Spread]:
    one, other = _both(metric, draws)
    return [
        Spread.from_draws(values[0], one, units),
        Spread.from_draws(values[1], other, units),
        Spread.from_draws(values[1] - values[0], other - one, units),
    ]


def _both(metric: str, tables: Floats) -> Floats:
    """The metric of champion and challenger for tables of shape (m, 2, 2, 2); shape (2, m)."""
    return np.stack([_metric(metric, tables.sum(axis=3)), _metric(metric, tables.sum(axis=2))])


def _metric(metric: str, table: Floats) -> Floats:
    """The metric of tables of shape (m, 2, 2): true label, answer. NaN where it is 0/0; MCC is 0 there."""
    tn, fp, fn, tp = table[:, 0, 0], table[:, 0, 1], table[:, 1, 0], table[:, 1, 1]
    if metric == "mcc":
        below = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
        return np.divide(tp * tn - fp * fn, below, out=np.zeros_like(below), where=below > 0)
    above, below = {
        "accuracy": (tp + tn, tp + tn + fp + fn),
        "precision": (tp, tp + fp),
        "recall": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "f1": (2 * tp, 2 * tp + fp + fn),
    }[metric]
    return np.divide(above, below, out=np.full_like(below, math.nan), where=below > 0)


def _right_only(table: npt.NDArray[np.int64], side: int) -> int:
    one_right = table[1, 1, 0] + table[0, 0, 1]
    other_right = table[1, 0, 1] + table[0, 1, 0]
    return int(other_right if side else one_right)


def _wider(one: Spread, other: Spread) -> Spread:
    return other if not one.known or (other.known and other.se > one.se) else one


def _why(value: float) -> str:
    return "" if math.isfinite(value) else "0/0: no row has what the metric is a share of"
