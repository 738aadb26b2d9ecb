"""Metrics of a classification that are functions of three counts for each class: hits, true rows and answers.

Definitions are scikit-learn's: `_macro` averages over the classes that are among the labels or the answers, a class
without an answer having precision 0; `_weighted` weighs by the true rows; balanced accuracy averages recall over the
classes among the labels. A binary `precision`, `recall` or `f1` that is 0/0 is NaN, MCC is 0 there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gitops_mlops.domain.statistics.sample import Floats

_POSITIVE = {"precision": 1, "recall": 1, "f1": 1, "specificity": 0}


@dataclass(frozen=True, eq=False)
class ClassCounts:
    """Rows of each class that were hit, truly belong to it, and were answered with it; shape (..., classes)."""

    hits: Floats
    truths: Floats
    answers: Floats

    @classmethod
    def of(cls, truth: npt.NDArray[Any], predicted: npt.NDArray[Any], classes: int) -> ClassCounts:
        """The counts of n rows; `truth` and `predicted` are codes of shape (n,)."""
        hits, truths, answers = (
            np.bincount(codes, minlength=classes).astype(np.float64)
            for codes in (truth[truth == predicted], truth, predicted)
        )
        return cls(hits, truths, answers)

    @property
    def rows(self) -> Any:
        """How many rows there are; shape (...)."""
        return self.truths.sum(axis=-1)


@dataclass(frozen=True, eq=False)
class MetricGradient:
    """How much a metric rises with one hit, one true row, one answer more of each class; shape (classes,) each."""

    hits: Floats
    truths: Floats
    answers: Floats

    def influence(self, truth: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> Floats:
        """How much the metric moves per unit of each row's weight; shape (n,), their sum is 0."""
        moves = self.truths[truth] + self.answers[predicted] + np.where(truth == predicted, self.hits[truth], 0.0)
        centred: Floats = moves - moves.mean()
        return centred


def class_metric(metric: str, counts: ClassCounts) -> Floats:
    """The metric of counts of shape (..., classes); shape (...)."""
    if metric == "accuracy":
        return _share(counts.hits.sum(axis=-1), counts.rows)
    if metric == "mcc":
        return _mcc(counts)[0]
    kind, weights = _average(metric, counts)
    above, below = _fraction(kind, counts)
    undefined = math.nan if metric in _POSITIVE else 0.0
    scores = np.divide(above, below, out=np.full(np.shape(below), undefined), where=below > 0)
    if metric in _POSITIVE:
        only: Floats = scores[..., _POSITIVE[metric]]
        return only
    return _share((scores * weights).sum(axis=-1), weights.sum(axis=-1))


def class_gradient(metric: str, counts: ClassCounts) -> MetricGradient:
    """The derivatives of `class_metric` at counts of shape (classes,), up to a constant that `influence` removes."""
    nothing = np.zeros_like(counts.hits)
    if metric == "accuracy":
        return MetricGradient(nothing + 1 / counts.rows, nothing, nothing)
    if metric == "mcc":
        value, root, of_truths, of_answers = _mcc(counts)
        if root == 0:
            return MetricGradient(nothing, nothing, nothing)
        return MetricGradient(
            nothing + counts.rows / root,
            value * counts.truths / of_truths - counts.answers / root,
            value * counts.answers / of_answers - counts.truths / root,
        )
    kind, weights = _average(metric, counts)
    above, below = _fraction(kind, counts)
    scores = np.divide(above, below, out=nothing.copy(), where=below > 0)
    share = np.divide(weights / weights.sum(), below, out=nothing.copy(), where=below > 0)
    hits = share * (2 if kind == "f1" else 1)
    truths = nothing if kind == "precision" else -share * scores
    answers = nothing if kind == "recall" else -share * scores
    if metric.endswith("_weighted"):
        truths = truths + scores / counts.rows
    return MetricGradient(hits, truths, answers)


def _average(metric: str, counts: ClassCounts) -> tuple[str, Floats]:
    """What is averaged, and the weight of each class."""
    if metric == "balanced_accuracy":
        return "recall", (counts.truths > 0).astype(np.float64)
    kind, _, average = metric.partition("_")
    if average == "weighted":
        return kind, counts.truths
    if average == "macro":
        return kind, (counts.truths + counts.answers > 0).astype(np.float64)
    one = np.zeros(counts.hits.shape[-1])
    one[_POSITIVE[metric]] = 1.0
    return "recall" if metric == "specificity" else kind, one


def _fraction(kind: str, counts: ClassCounts) -> tuple[Floats, Floats]:
    if kind == "f1":
        return 2 * counts.hits, counts.truths + counts.answers
    return counts.hits, counts.answers if kind == "precision" else counts.truths


def _mcc(counts: ClassCounts) -> tuple[Floats, Any, Any, Any]:
    """Gorodkin's R_K (2004), which for two classes is Matthews' coefficient; with the parts of its denominator."""
    rows = counts.rows
    above = rows * counts.hits.sum(axis=-1) - (counts.truths * counts.answers).sum(axis=-1)
    of_truths = rows**2 - np.square(counts.truths).sum(axis=-1)
    of_answers = rows**2 - np.square(counts.answers).sum(axis=-1)
    root = np.sqrt(of_truths * of_answers)
    return np.divide(above, root, out=np.zeros_like(root), where=root > 0), root, of_truths, of_answers


def _share(above: Any, below: Any) -> Floats:
    above, below = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    shares: Floats = np.divide(above, below, out=np.full(np.shape(above), math.nan), where=below > 0)
    return shares
