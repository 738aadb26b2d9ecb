"""One metric on one sample, for the report and for the gates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gitops_mlops.domain.config import Margin
from gitops_mlops.domain.evaluation import Interval, MetricResult
from gitops_mlops.domain.metrics import METRICS, Task, metrics_of
from gitops_mlops.domain.statistics.cells import estimate_cells
from gitops_mlops.domain.statistics.estimate import Estimate, Settings
from gitops_mlops.domain.statistics.linear import estimate_linear
from gitops_mlops.domain.statistics.ranking import estimate_auc
from gitops_mlops.domain.statistics.resampled import estimate_resampled
from gitops_mlops.domain.statistics.sample import Sample
from gitops_mlops.domain.statistics.spread import Spread
from gitops_mlops.domain.statistics.verdict import (
    FEWEST_OF_A_CLASS,
    FEWEST_UNITS,
    minimum_detectable_effect,
    units_needed,
    verdict,
)

_CELLS = frozenset({"accuracy", "precision", "recall", "specificity", "f1", "mcc"})
_LINEAR = frozenset({"log_loss", "brier", "mae", "rmse", "r2"})
# Average precision takes seconds to bootstrap: measured when a gate asks for it.
_ONLY_ON_DEMAND = frozenset({"average_precision", "specificity", "mcc"})


@dataclass(frozen=True, eq=False)
class Measured:
    """A metric as it is reported, with the spreads that gates ask more of.

    `delta` is oriented (positive: the challenger is better), `own` is the challenger's value in its own direction;
    either is None when it is undefined. `few` says why too little is known for a decision, "" when enough is.
    """

    result: MetricResult
    delta: Spread | None
    own: Spread | None
    few: str = ""


def metrics_to_measure(task: Task, asked: Sequence[str]) -> list[str]:
    """Those that gates ask for, first and in their order, then what a reviewer expects to see for the task."""
    usual = [name for name in metrics_of(task) if name not in _ONLY_ON_DEMAND]
    return list(dict.fromkeys([*asked, *usual]))


def measure(sample: Sample, metric: str, settings: Settings, margin: Margin | None = None) -> Measured:
    """`metric` on `sample`, with its verdict at `margin` (0 when None)."""
    known = METRICS[metric]
    if problem := _problem(sample, metric):
        return unmeasured(metric, problem)
    estimate = _estimate(sample, metric, settings)
    if not known.higher_is_better:
        estimate = estimate.flipped()
    few = _few(sample, metric)
    return _measured(metric, sample, estimate, settings, margin, few)


def measure_all(
    sample: Sample, metrics: Sequence[str], settings: Settings, margins: Mapping[str, Margin]
) -> dict[str, Measured]:
    """Several metrics by name."""
    return {name: measure(sample, name, settings, margins.get(name)) for name in metrics}


def _estimate(sample: Sample, metric: str, settings: Settings) -> Estimate:
    if metric in _CELLS:
        return estimate_cells(sample, metric, settings)
    if metric in _LINEAR:
        return estimate_linear(sample, metric)
    if metric == "roc_auc":
        return estimate_auc(sample, settings)
    return estimate_resampled(sample, metric, settings)


def _problem(sample: Sample, metric: str) -> str:
    """Why the metric cannot be computed for both models, "" when it can."""
    for side, scores in (("challenger", sample.challenger), ("champion", sample.champion)):
        if scores is None:
            continue
        if METRICS[metric].needs_probabilities and scores.probabilities is None:
            return f"the {side} gives no probabilities"
    return "" if sample.rows else "there are no rows"


def _few(sample: Sample, metric: str) -> str:
    if sample.units < FEWEST_UNITS:
        what = "rows" if sample.clusters is None else "clusters"
        return f"only {sample.units} {what}, at least {FEWEST_UNITS} are needed"
    if metric == "roc_auc":
        positives = int(np.count_nonzero(sample.truth == 1))
        fewest = min(positives, sample.rows - positives)
        if fewest < FEWEST_OF_A_CLASS:
            return f"only {fewest} rows of the rarer label, at least {FEWEST_OF_A_CLASS} are needed"
    return ""


def unmeasured(metric: str, note: str) -> Measured:
    """A metric that has no value, and why."""
    result = MetricResult(name=metric, higher_is_better=METRICS[metric].higher_is_better, note=note)
    return Measured(result, None, None)


def _measured(
    metric: str, sample: Sample, estimate: Estimate, settings: Settings, margin: Margin | None, few: str
) -> Measured:
    own, delta = estimate.challenger, estimate.delta
    result = MetricResult(
        name=metric,
        higher_is_better=METRICS[metric].higher_is_better,
        champion=_finite(estimate.champion),
        challenger=_finite(own.value),
        challenger_ci=_interval(own, settings.alpha),
        method=estimate.method,
        p_value=_finite(estimate.p_value),
        note="; ".join(note for note in (estimate.note, few) if note),
    )
    found_own = own if math.isfinite(own.value) else None
    if delta is None or estimate.champion is None or not math.isfinite(delta.value):
        return Measured(result, None, found_own, few)
    assert sample.champion is not None
    if delta.se == 0 and not sample.champion.same_as(sample.challenger):
        few = few or "both models are the same on every row that counts, which tells nothing of other rows"
        result = result.model_copy(update={"note": few})
    amount = 0.0 if margin is None else margin.of(estimate.champion)
    word = verdict(delta, amount, settings.alpha)
    mde = minimum_detectable_effect(delta.se, settings.alpha, settings.power)
    result = result.model_copy(
        update={
            "delta": delta.value,
            "se": _finite(delta.se),
            "ci": _interval(delta, settings.alpha),
            "margin": amount,
            "verdict": "inconclusive" if few and word != "undefined" else word,
            "mde": _finite(mde),
            "needed": units_needed(sample.units, mde, amount),
        }
    )
    return Measured(result, delta, found_own, few)


def _interval(spread: Spread, alpha: float) -> Interval | None:
    low, high = spread.low(alpha), spread.high(alpha)
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    return Interval(low=low, high=high, level=1 - 2 * alpha)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
