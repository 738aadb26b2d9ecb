"""Which metrics there are, for which task, and which direction is better. Computing them is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Task(StrEnum):
    """What a model predicts."""

    BINARY = "binary-classification"
    MULTICLASS = "multiclass-classification"
    REGRESSION = "regression"


@dataclass(frozen=True)
class Metric:
    """A metric's name, the tasks it is defined for, whether more is better, and whether it reads probabilities."""

    name: str
    tasks: frozenset[Task]
    higher_is_better: bool
    needs_probabilities: bool = False


_CLASSIFICATION = frozenset({Task.BINARY, Task.MULTICLASS})
_BINARY = frozenset({Task.BINARY})
_REGRESSION = frozenset({Task.REGRESSION})

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", _CLASSIFICATION, True),
        Metric("precision", _BINARY, True),
        Metric("recall", _BINARY, True),
        Metric("specificity", _BINARY, True),
        Metric("f1", _BINARY, True),
        Metric("mcc", _BINARY, True),
        Metric("roc_auc", _BINARY, True, needs_probabilities=True),
        Metric("average_precision", _BINARY, True, needs_probabilities=True),
        Metric("log_loss", _CLASSIFICATION, False, needs_probabilities=True),
        Metric("brier", _BINARY, False, needs_probabilities=True),
        Metric("ece", _BINARY, False, needs_probabilities=True),
        Metric("mae", _REGRESSION, False),
        Metric("rmse", _REGRESSION, False),
        Metric("r2", _REGRESSION, True),
    )
}


def metrics_of(task: Task) -> list[str]:
    """The names of the metrics that are defined for a task, in the catalogue's order."""
    return [name for name, metric in METRICS.items() if task in metric.tasks]
