"""Which metrics there are: for which task, which direction is better, what they read, how their interval is found.

Computing them is elsewhere (`statistics`), so that reading a configuration imports no numerics. docs/metrics.md
shows this table to users, with the definition of every metric.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum


class ModelTask(StrEnum):
    """What a model predicts."""

    BINARY = "binary-classification"
    MULTICLASS = "multiclass-classification"
    REGRESSION = "regression"
    RANKING = "ranking"
    FORECASTING = "forecasting"

    @property
    def classifies(self) -> bool:
        """Whether its target holds labels, not numbers."""
        return self in (ModelTask.BINARY, ModelTask.MULTICLASS)


class MetricInput(StrEnum):
    """What of a model's answers a metric reads beside the true labels."""

    LABELS = "labels"
    PROBABILITIES = "probabilities"
    NUMBERS = "numbers"
    SCORES = "scores by query"
    HISTORY = "numbers and the training series"


class IntervalMethod(StrEnum):
    """How the interval of a difference is found; the modules of `statistics` implement one or two each."""

    COUNTS = "counts"
    MEAN = "mean"
    SMOOTH = "smooth"
    AREA = "area"
    AREAS = "areas"
    RESAMPLED = "resampled"


@dataclass(frozen=True)
class Metric:
    """A metric by its name, the tasks it is defined for, and whether more is better.

    A metric with a `parameter` is written `name@value`: a cut-off `k`, which may be left out, or a `quantile`,
    which may not. A value has one spelling, for a metric is looked up by its name. `usual` metrics are measured
    unasked.
    """

    name: str
    tasks: frozenset[ModelTask]
    higher_is_better: bool
    needs: MetricInput
    method: IntervalMethod
    usual: bool = True
    parameter: str = ""
    value: float | None = None

    @property
    def kind(self) -> str:
        """The name without its parameter: `ndcg` of `ndcg@10`."""
        return self.name.partition("@")[0]


_BINARY = frozenset({ModelTask.BINARY})
_MULTICLASS = frozenset({ModelTask.MULTICLASS})
_CLASSIFICATION = _BINARY | _MULTICLASS
_RANKING = frozenset({ModelTask.RANKING})
_FORECASTING = frozenset({ModelTask.FORECASTING})
_NUMBERS = frozenset({ModelTask.REGRESSION, ModelTask.FORECASTING})

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", _CLASSIFICATION, True, MetricInput.LABELS, IntervalMethod.COUNTS),
        Metric("balanced_accuracy", _CLASSIFICATION, True, MetricInput.LABELS, IntervalMethod.COUNTS, usual=False),
        Metric("precision", _BINARY, True, MetricInput.LABELS, IntervalMethod.COUNTS),
        Metric("recall", _BINARY, True, MetricInput.LABELS, IntervalMethod.COUNTS),
        Metric("specificity", _BINARY, True, MetricInput.LABELS, IntervalMethod.COUNTS, usual=False),
        Metric("f1", _BINARY, True, MetricInput.LABELS, IntervalMethod.COUNTS),
        Metric("precision_macro", _CLASSIFICATION, True, MetricInput.LABELS, IntervalMethod.COUNTS, usual=False),
        Metric("recall_macro", _CLASSIFICATION, True, MetricInput.LABELS, IntervalMethod.COUNTS, usual=False),
        Metric("f1_macro", _CLASSIFICATION, True, MetricInput.LABELS, IntervalMethod.COUNTS, usual=False),
        Metric("precision_weighted", _CLASSIFICATION, True, MetricInput.LABELS, IntervalMethod.COUNTS, usual=False),
        Metric("recall_weighted", _CLASSIFICATION, True, MetricInput.LABELS, IntervalMethod.COUNTS, usual=False),
        Metric("f1_weighted", _CLASSIFICATION, True, MetricInput.LABELS, IntervalMethod.COUNTS, usual=False),
        Metric("mcc", _CLASSIFICATION, True, MetricInput.LABELS, IntervalMethod.COUNTS, usual=False),
        Metric("roc_auc", _BINARY, True, MetricInput.PROBABILITIES, IntervalMethod.AREA),
        Metric("roc_auc_ovr", _MULTICLASS, True, MetricInput.PROBABILITIES, IntervalMethod.AREAS, usual=False),
        Metric("average_precision", _BINARY, True, MetricInput.PROBABILITIES, IntervalMethod.RESAMPLED, usual=False),
        Metric("log_loss", _CLASSIFICATION, False, MetricInput.PROBABILITIES, IntervalMethod.MEAN),
        Metric("brier", _CLASSIFICATION, False, MetricInput.PROBABILITIES, IntervalMethod.MEAN),
        Metric("ece", _CLASSIFICATION, False, MetricInput.PROBABILITIES, IntervalMethod.RESAMPLED),
        Metric("mae", _NUMBERS, False, MetricInput.NUMBERS, IntervalMethod.MEAN),
        Metric("rmse", _NUMBERS, False, MetricInput.NUMBERS, IntervalMethod.SMOOTH),
        Metric("r2", _NUMBERS, True, MetricInput.NUMBERS, IntervalMethod.SMOOTH),
        Metric("median_ae", _NUMBERS, False, MetricInput.NUMBERS, IntervalMethod.RESAMPLED, usual=False),
        Metric("mape", _NUMBERS, False, MetricInput.NUMBERS, IntervalMethod.MEAN, usual=False),
        Metric("smape", _NUMBERS, False, MetricInput.NUMBERS, IntervalMethod.MEAN, usual=False),
        Metric(
            "pinball", _NUMBERS, False, MetricInput.NUMBERS, IntervalMethod.MEAN, usual=False, parameter="quantile"
        ),
        Metric("mase", _FORECASTING, False, MetricInput.HISTORY, IntervalMethod.MEAN, usual=False),
        Metric("ndcg", _RANKING, True, MetricInput.SCORES, IntervalMethod.RESAMPLED, parameter="k"),
        Metric("mrr", _RANKING, True, MetricInput.SCORES, IntervalMethod.RESAMPLED, parameter="k"),
        Metric("map", _RANKING, True, MetricInput.SCORES, IntervalMethod.RESAMPLED),
    )
}


def find_metric(name: str) -> Metric | None:
    """The metric called `name`, for instance `ndcg`, `ndcg@10` or `pinball@0.9`; None when there is none."""
    kind, at, text = name.partition("@")
    metric = METRICS.get(kind)
    if metric is None or (not at and metric.parameter == "quantile"):
        return None
    if not at:
        return metric
    value = _value(metric.parameter, text)
    return None if value is None else replace(metric, name=name, value=value, usual=False)


def metrics_of(task: ModelTask) -> list[str]:
    """The metrics that are defined for a task, in the catalogue's order, as they are written: `pinball@QUANTILE`."""
    return [written(metric) for metric in METRICS.values() if task in metric.tasks]


def usual_metrics(task: ModelTask) -> list[str]:
    """What a reviewer expects to see for a task without asking."""
    return [name for name, metric in METRICS.items() if task in metric.tasks and metric.usual]


def example(metric: Metric) -> str:
    """A name that a gate may ask for, for instance `pinball@0.9`."""
    return {"k": f"{metric.kind}@10", "quantile": f"{metric.kind}@0.9"}.get(metric.parameter, metric.kind)


def written(metric: Metric) -> str:
    """How a metric of the catalogue is written in a gate."""
    return {"k": f"{metric.name}[@K]", "quantile": f"{metric.name}@QUANTILE"}.get(metric.parameter, metric.name)


def _value(parameter: str, text: str) -> float | None:
    """The value of a parameter; None for what is none, and for any spelling but the shortest."""
    if parameter == "k":
        return float(text) if re.fullmatch(r"[1-9][0-9]{0,5}|1000000", text) else None
    if parameter == "quantile" and re.fullmatch(r"0\.[0-9]{0,14}[1-9]", text):
        return float(text)
    return None
