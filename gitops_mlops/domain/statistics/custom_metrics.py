"""A metric that the project brings: a function of the labels and of one model's answers."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gitops_mlops.domain.faults import of_the_machine
from gitops_mlops.domain.shortening import first_line
from gitops_mlops.domain.statistics.sample import Floats, ModelScores, ScoredSample

# Takes (y_true, y_pred), and sample_weight by name where it has such a parameter; gives a number.
Function = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class CustomMetric:
    """The function that `mlops.yaml` names; None when it is not available, and `problem` says why."""

    name: str
    higher_is_better: bool
    probabilities: bool
    function: Function | None = None
    problem: str = ""


class CustomMetricError(Exception):
    """What the project's function did wrong, in one line."""


def prepare_custom(metric: CustomMetric, sample: ScoredSample, scores: ModelScores) -> Callable[[Floats], float]:
    """The metric of one model as a function of the rows' weights, which are whole numbers.

    `y_true` holds labels as the data has them, or numbers; `y_pred` the same, or probabilities: of the positive
    label, shape (n,), or of all, shape (n, classes). A function with a parameter `sample_weight` is given the
    weights; any other sees a row as often as it weighs. Raises OwnMetricFailed when it does.
    """
    truth = _labels(sample, sample.truth)
    given = scores.probabilities if metric.probabilities else _labels(sample, scores.predicted)
    assert given is not None
    weighted = _takes_weights(metric)

    def value(weights: Floats) -> float:
        if weighted:
            return _call(metric, truth, given, sample_weight=weights)
        rows = np.repeat(np.arange(sample.rows), weights.astype(np.int64))
        return _call(metric, truth[rows], given[rows])

    return value


def _labels(sample: ScoredSample, codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.asarray(sample.classes)[codes] if sample.classes else codes


def _takes_weights(metric: CustomMetric) -> bool:
    assert metric.function is not None
    try:
        return "sample_weight" in inspect.signature(metric.function).parameters
    except (TypeError, ValueError):
        return False


def _call(metric: CustomMetric, *arguments: Any, **weights: Any) -> float:
    assert metric.function is not None
    try:
        found = float(metric.function(*arguments, **weights))
    except (Exception, SystemExit) as error:
        if of_the_machine(error):
            raise
        # It is the project's code: it may raise anything.
        reason = first_line(error)
        raise CustomMetricError(f"{metric.name} raised {type(error).__name__} ({reason})") from error
    if not math.isfinite(found):
        raise CustomMetricError(f"{metric.name} gave {found}")
    return found
