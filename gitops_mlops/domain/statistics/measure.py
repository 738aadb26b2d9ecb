"""One metric on one sample, for the report and for the gates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gitops_mlops.domain.config.metrics import (
    IntervalMethod,
    Metric,
    MetricInput,
    ModelTask,
    find_metric,
    usual_metrics,
)
from gitops_mlops.domain.config.sections import Margin
from gitops_mlops.domain.shortening import TEXT, quoted, shorten
from gitops_mlops.domain.statistics.areas import estimate_areas, estimate_auc
from gitops_mlops.domain.statistics.cells import estimate_counts
from gitops_mlops.domain.statistics.custom_metrics import CustomMetric, CustomMetricError, prepare_custom
from gitops_mlops.domain.statistics.estimate import PairedEstimate, StatisticsSettings
from gitops_mlops.domain.statistics.linear import estimate_linear
from gitops_mlops.domain.statistics.queries import ties_note
from gitops_mlops.domain.statistics.resampled import bootstrap, estimate_resampled
from gitops_mlops.domain.statistics.results import Interval, MetricResult
from gitops_mlops.domain.statistics.sample import ScoredSample
from gitops_mlops.domain.statistics.spread import ValueSpread
from gitops_mlops.domain.statistics.verdict import (
    FEWEST_EFFECTIVE_UNITS,
    FEWEST_OF_A_CLASS,
    FEWEST_UNITS,
    minimum_detectable_effect,
    units_needed,
    verdict,
)


@dataclass(frozen=True, eq=False)
class MetricEstimate:
    """A metric as it is reported, with the spreads that gates ask more of.

    `delta` is oriented (positive: the challenger is better), `own` is the challenger's value in its own direction;
    either is None when it is undefined. `few` says why too little is known for a decision, "" when enough is;
    `units` are the independent units that were seen, for instance "1,200 rows".
    """

    result: MetricResult
    delta: ValueSpread | None
    own: ValueSpread | None
    few: str = ""
    units: str = ""


def metrics_to_measure(task: ModelTask, asked: Sequence[str]) -> list[str]:
    """Those that gates ask for, first and in their order, then what a reviewer expects to see for the task."""
    return list(dict.fromkeys([*asked, *usual_metrics(task)]))


def measure(
    sample: ScoredSample, metric: str, settings: StatisticsSettings, margin: Margin | None = None
) -> MetricEstimate:
    """`metric` on `sample`, with its verdict at `margin` (0 when None).

    Whatever cannot be computed is `unmeasured` with the reason; nothing is raised, and no NaN is reported.
    """
    known = known_metric(metric, settings)
    if known is None:
        return unmeasured(metric, "there is no such metric", settings)
    if problem := _problem(sample, known):
        return unmeasured(metric, problem, settings)
    # Values so large that their squares are infinite are said to be, below.
    with np.errstate(all="ignore"):
        try:
            estimate = _estimate(sample, known, settings)
        except CustomMetricError as error:
            return unmeasured(metric, str(error), settings)
        return _measured(metric, sample, known, estimate, settings, margin)


def measure_all(
    sample: ScoredSample, metrics: Sequence[str], settings: StatisticsSettings, margins: Mapping[str, Margin]
) -> dict[str, MetricEstimate]:
    """Several metrics by name."""
    return {name: measure(sample, name, settings, margins.get(name)) for name in metrics}


def _estimate(sample: ScoredSample, metric: Metric | CustomMetric, settings: StatisticsSettings) -> PairedEstimate:
    if isinstance(metric, CustomMetric):
        prepared = [prepare_custom(metric, sample, scores) for scores in sample.sides]
        return bootstrap(sample, prepared, metric.name, settings)
    if metric.method is IntervalMethod.COUNTS:
        return estimate_counts(sample, metric, settings)
    if metric.method is IntervalMethod.AREA:
        return estimate_auc(sample)
    if metric.method is IntervalMethod.AREAS:
        return estimate_areas(sample)
    if metric.method is IntervalMethod.RESAMPLED:
        return estimate_resampled(sample, metric, settings)
    return estimate_linear(sample, metric)


def _problem(sample: ScoredSample, metric: Metric | CustomMetric) -> str:
    """Why the metric cannot be computed for both models, "" when it can."""
    if sample.rows == 0:
        return "there are no rows"
    if isinstance(metric, CustomMetric):
        if metric.function is None:
            return metric.problem
        probabilities = metric.probabilities
    else:
        probabilities = metric.needs is MetricInput.PROBABILITIES
    if probabilities and sample.challenger.probabilities is None:
        return "the challenger gives no probabilities"
    if probabilities and sample.champion is not None and sample.champion.probabilities is None:
        return "the champion gives no probabilities"
    return "" if isinstance(metric, CustomMetric) else _undefined(sample, metric)


def _undefined(sample: ScoredSample, metric: Metric) -> str:
    """Why the metric is not defined for these labels, whatever the models answer."""
    if metric.contrast and sample.truth.min() == sample.truth.max():
        return f"every row has the same {'label' if sample.task.classifies else 'value'}"
    if metric.needs is MetricInput.SCORES and not (sample.truth > 0).any():
        return "no row is relevant"
    if metric.needs is MetricInput.HISTORY:
        return _scaleless(sample)
    return ""


def _scaleless(sample: ScoredSample) -> str:
    if sample.scale is None:
        return "the naive forecast needs the training data (evaluation.train)"
    wrong = int(np.count_nonzero(~(sample.scale > 0)))
    if wrong:
        return f"the series of {wrong} of {sample.rows} rows is too short or constant in the training data"
    return ""


def _few(sample: ScoredSample, known: Metric | CustomMetric) -> str:
    """Why there is too little for an interval that is what it says; "" when there is enough."""
    if sample.units < FEWEST_UNITS:
        return f"only {sample.units} {sample.unit}, at least {FEWEST_UNITS} are needed"
    if sample.effective_units < FEWEST_EFFECTIVE_UNITS:
        count = math.floor(sample.effective_units)
        equal = f"so unequal {sample.unit} that they count as {count}"
        return f"{equal}, at least {FEWEST_EFFECTIVE_UNITS} are needed"
    if isinstance(known, CustomMetric) or known.carried_by is None:
        return ""
    counts = np.bincount(sample.truth.astype(np.int64), minlength=2)
    which = known.carried_by.value if sample.task is ModelTask.BINARY else "present"
    of = {"both": [0, 1], "positive": [1], "negative": [0], "present": np.flatnonzero(counts).tolist()}[which]
    rarest = min(of, key=counts.__getitem__)
    if counts[rarest] >= FEWEST_OF_A_CLASS:
        return ""
    label = {"both": "the rarer label", "present": f"the label {quoted(str(_class(sample, rarest)))}"}
    needed = f"at least {FEWEST_OF_A_CLASS} are needed"
    return f"only {counts[rarest]} rows of {label.get(which, f'the {which} label')}, {needed}"


def _class(sample: ScoredSample, code: int) -> object:
    return sample.classes[code] if code < len(sample.classes) else code


def known_metric(name: str, settings: StatisticsSettings) -> Metric | CustomMetric | None:
    """The metric of that name: the project's own, or the catalogue's; None when there is none."""
    return settings.own.get(name) or find_metric(name)


def unmeasured(metric: str, note: str, settings: StatisticsSettings) -> MetricEstimate:
    """A metric that has no value, and why."""
    known = known_metric(metric, settings)
    higher = known is None or known.higher_is_better
    return MetricEstimate(MetricResult(name=metric, higher_is_better=higher, note=note), None, None)


def _measured(
    metric: str,
    sample: ScoredSample,
    known: Metric | CustomMetric,
    estimate: PairedEstimate,
    settings: StatisticsSettings,
    margin: Margin | None,
) -> MetricEstimate:
    few, units = _few(sample, known), f"{sample.units:,} {sample.unit}"
    if not known.higher_is_better:
        estimate = estimate.flipped()
    own, delta = estimate.challenger, estimate.delta
    result = MetricResult(
        name=metric,
        higher_is_better=known.higher_is_better,
        champion=_finite(estimate.champion),
        challenger=_finite(own.value),
        challenger_ci=_interval(own, settings.alpha),
        method=estimate.method,
        p_value=_finite(estimate.p_value),
        note=_note(estimate) or ties_note(sample),
    )
    found_own = own if math.isfinite(own.value) else None
    if delta is None or estimate.champion is None or not math.isfinite(delta.value):
        bare = MetricEstimate(result, None, found_own, units=units)
        return too_few(bare, few) if few else bare
    assert sample.champion is not None
    same = delta.se == 0 and not sample.champion.same_as(sample.challenger)
    amount = 0.0 if margin is None else margin.of(estimate.champion)
    word = verdict(delta, amount, settings.alpha)
    mde = minimum_detectable_effect(delta.se, settings.alpha, settings.power, delta.df)
    result = result.model_copy(
        update={
            "delta": delta.value,
            "se": _finite(delta.se),
            "ci": _interval(delta, settings.alpha),
            "margin": amount,
            "verdict": word,
            "mde": _finite(mde),
            "required_sample_size": units_needed(sample.units, mde, amount),
        }
    )
    measured = MetricEstimate(result, delta, found_own, units=units)
    if few:
        return too_few(measured, few)
    return _same(measured) if same else measured


def too_few(measured: MetricEstimate, why: str) -> MetricEstimate:
    """The same without an interval, for it would not be what it says: the metric cannot be judged."""
    values = dict.fromkeys(("challenger_ci", "ci", "se", "p_value", "mde", "required_sample_size"))
    note = "; ".join(text for text in ("" if measured.few else measured.result.note, why) if text)
    update = {**values, "method": "", "verdict": "cannot_be_judged", "note": shorten(note, TEXT)}
    return replace(measured, result=measured.result.model_copy(update=update), few=why)


def _same(measured: MetricEstimate) -> MetricEstimate:
    """No difference at all on rows that models of different answers share: an interval of nothing."""
    few = "both models are the same on every row that counts, which says nothing about other rows"
    update = {"verdict": "cannot_be_judged", "note": few}
    return replace(measured, result=measured.result.model_copy(update=update), few=few)


def _note(estimate: PairedEstimate) -> str:
    if estimate.note:
        return estimate.note
    values = (estimate.champion, estimate.challenger.value)
    if any(value is not None and not math.isfinite(value) for value in values):
        return "not a finite number"
    return estimate.caution


def _interval(spread: ValueSpread, alpha: float) -> Interval | None:
    low, high = spread.low(alpha), spread.high(alpha)
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    return Interval(low=low, high=high, level=1 - 2 * alpha)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
