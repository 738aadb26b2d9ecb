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


class CarryingLabels(StrEnum):
    """The labels of a binary task whose rows carry a metric's error; of several classes it is each that is there."""

    BOTH = "both"
    POSITIVE = "positive"
    NEGATIVE = "negative"


@dataclass(frozen=True)
class Metric:
    """A metric by its name, what people call it, the tasks it is defined for, and whether more is better.

    A metric with a `parameter` is written `name@value`: a cut-off `k`, which may be left out, or a `quantile`,
    which may not. A value has one spelling, for a metric is looked up by its name. `usual` metrics are measured
    unasked. `carried_by` are the labels whose rows carry its error, None where all rows do; with `contrast` it tells
    how well different rows are told apart, so that labels which are all the same leave it undefined.
    """

    name: str
    title: str
    tasks: frozenset[ModelTask]
    higher_is_better: bool
    needs: MetricInput
    method: IntervalMethod
    usual: bool = True
    parameter: str = ""
    carried_by: CarryingLabels | None = None
    contrast: bool = False
    value: float | None = None

    @property
    def kind(self) -> str:
        """The name without its parameter: `ndcg` of `ndcg@10`."""
        return self.name.partition("@")[0]


_BINARY = frozenset({ModelTask.BINARY})
_MULTICLASS = frozenset({ModelTask.MULTICLASS})
_CLASSES = _BINARY | _MULTICLASS
_RANKING = frozenset({ModelTask.RANKING})
_FORECASTING = frozenset({ModelTask.FORECASTING})
_OF_NUMBERS = frozenset({ModelTask.REGRESSION, ModelTask.FORECASTING})

_LABELS, _PROBABILITIES, _NUMBERS = MetricInput.LABELS, MetricInput.PROBABILITIES, MetricInput.NUMBERS
_SCORES, _HISTORY = MetricInput.SCORES, MetricInput.HISTORY
_COUNTS, _MEAN, _SMOOTH = IntervalMethod.COUNTS, IntervalMethod.MEAN, IntervalMethod.SMOOTH
_AREA, _AREAS, _RESAMPLED = IntervalMethod.AREA, IntervalMethod.AREAS, IntervalMethod.RESAMPLED
_BOTH, _POSITIVE, _NEGATIVE = CarryingLabels.BOTH, CarryingLabels.POSITIVE, CarryingLabels.NEGATIVE

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", _CLASSES, True, _LABELS, _COUNTS),
        Metric(
            "balanced_accuracy", "balanced accuracy", _CLASSES, True, _LABELS, _COUNTS, usual=False, carried_by=_BOTH
        ),
        Metric("precision", "precision", _BINARY, True, _LABELS, _COUNTS, carried_by=_POSITIVE),
        Metric("recall", "recall", _BINARY, True, _LABELS, _COUNTS, carried_by=_POSITIVE),
        Metric("specificity", "specificity", _BINARY, True, _LABELS, _COUNTS, usual=False, carried_by=_NEGATIVE),
        Metric("f1", "F1", _BINARY, True, _LABELS, _COUNTS, carried_by=_POSITIVE),
        Metric("precision_macro", "macro precision", _CLASSES, True, _LABELS, _COUNTS, usual=False, carried_by=_BOTH),
        Metric("recall_macro", "macro recall", _CLASSES, True, _LABELS, _COUNTS, usual=False, carried_by=_BOTH),
        Metric("f1_macro", "macro F1", _CLASSES, True, _LABELS, _COUNTS, usual=False, carried_by=_BOTH),
        Metric(
            "precision_weighted",
            "weighted precision",
            _CLASSES,
            True,
            _LABELS,
            _COUNTS,
            usual=False,
            carried_by=_BOTH,
        ),
        Metric("recall_weighted", "weighted recall", _CLASSES, True, _LABELS, _COUNTS, usual=False, carried_by=_BOTH),
        Metric("f1_weighted", "weighted F1", _CLASSES, True, _LABELS, _COUNTS, usual=False, carried_by=_BOTH),
        Metric("mcc", "MCC", _CLASSES, True, _LABELS, _COUNTS, usual=False, carried_by=_BOTH),
        Metric("roc_auc", "ROC-AUC", _BINARY, True, _PROBABILITIES, _AREA, carried_by=_BOTH, contrast=True),
        Metric(
            "roc_auc_ovr",
            "ROC-AUC one-vs-rest",
            _MULTICLASS,
            True,
            _PROBABILITIES,
            _AREAS,
            usual=False,
            carried_by=_BOTH,
            contrast=True,
        ),
        Metric(
            "average_precision",
            "average precision",
            _BINARY,
            True,
            _PROBABILITIES,
            _RESAMPLED,
            usual=False,
            carried_by=_POSITIVE,
            contrast=True,
        ),
        Metric("log_loss", "log-loss", _CLASSES, False, _PROBABILITIES, _MEAN),
        Metric("brier", "Brier score", _CLASSES, False, _PROBABILITIES, _MEAN),
        Metric("ece", "ECE", _CLASSES, False, _PROBABILITIES, _RESAMPLED),
        Metric("mae", "MAE", _OF_NUMBERS, False, _NUMBERS, _MEAN),
        Metric("rmse", "RMSE", _OF_NUMBERS, False, _NUMBERS, _SMOOTH),
        Metric("r2", "R²", _OF_NUMBERS, True, _NUMBERS, _SMOOTH, contrast=True),
        Metric("median_ae", "median absolute error", _OF_NUMBERS, False, _NUMBERS, _RESAMPLED, usual=False),
        Metric("mape", "MAPE", _OF_NUMBERS, False, _NUMBERS, _MEAN, usual=False),
        Metric("smape", "sMAPE", _OF_NUMBERS, False, _NUMBERS, _MEAN, usual=False),
        Metric("pinball", "pinball loss", _OF_NUMBERS, False, _NUMBERS, _MEAN, usual=False, parameter="quantile"),
        Metric("mase", "MASE", _FORECASTING, False, _HISTORY, _MEAN, usual=False),
        Metric("ndcg", "NDCG", _RANKING, True, _SCORES, _RESAMPLED, parameter="k"),
        Metric("mrr", "MRR", _RANKING, True, _SCORES, _RESAMPLED, parameter="k"),
        Metric("map", "MAP", _RANKING, True, _SCORES, _RESAMPLED),
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
