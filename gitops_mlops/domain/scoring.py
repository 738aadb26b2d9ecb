"""Labels and answers of models as the statistics want them. What cannot be scored is said, never imputed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from gitops_mlops.domain.errors import EvidenceMissing, UsageError
from gitops_mlops.domain.frames import to_pandas
from gitops_mlops.domain.metrics import Task
from gitops_mlops.domain.statistics.sample import Floats, Scores

if TYPE_CHECKING:
    from gitops_mlops.domain.model import Predictions, Predictor


@dataclass(frozen=True, eq=False)
class Truth:
    """The labels of n rows: `values` of shape (n,), numbers or codes; `classes` in the order of their codes.

    A binary task has the classes (negative, positive); a regression none.
    """

    values: npt.NDArray[Any]
    classes: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Unscorable:
    """Why a model has no usable answers for the rows."""

    reason: str


def read_truth(column: pl.Series, task: Task, positive: Any, known: tuple[Any, ...], name: str) -> Truth:
    """The labels in a target column; `known` are the challenger's own classes, () when it does not say.

    Raises UsageError when the task, the target and `positive` do not fit together, EvidenceMissing when the
    model was trained on other labels than the data has.
    """
    if task is Task.REGRESSION:
        if not column.dtype.is_numeric():
            raise UsageError(f"a regression needs numbers, the target is {column.dtype}", where=name)
        values = column.cast(pl.Float64).to_numpy()
        if not np.isfinite(values).all():
            raise EvidenceMissing("the target holds infinite values", where=name, hint="remove or mend them")
        return Truth(values)
    seen = sorted(set(column.to_list()), key=lambda value: (type(value).__name__, value))
    if known and not any(label in known for label in seen):
        raise EvidenceMissing(
            f"its labels {_some(seen)} are not the model's classes {_some(known)}",
            where=name,
            hint="train on labels of the same type and spelling",
        )
    classes = tuple(known) + tuple(label for label in seen if label not in known)
    if task is Task.BINARY:
        classes = _binary(classes, positive, name)
    codes = {label: code for code, label in enumerate(classes)}
    return Truth(np.array([codes[label] for label in column.to_list()], dtype=np.int64), classes)


def score(model: Predictor, rows: pl.DataFrame, truth: Truth, task: Task, threshold: float) -> Scores | Unscorable:
    """What a model says of raw rows, checked: finite, as many as there are rows, probabilities within [0, 1]."""
    if missing := [name for name in model.columns if name not in rows.columns]:
        return Unscorable(f"needs the columns {_some(missing)}, which the data does not have")
    try:
        predictions = model.predict(to_pandas(rows))
        return _checked(predictions, rows.height, truth, task, threshold)
    except Exception as error:
        # A model is code of its own: it may raise anything on rows that it does not understand.
        reason = str(error).partition("\n")[0][:300]
        return Unscorable(f"cannot score these rows ({type(error).__name__}: {reason})")


def _binary(classes: tuple[Any, ...], positive: Any, name: str) -> tuple[Any, Any]:
    if len(classes) > 2:
        raise UsageError(
            f"a binary task has two labels, here are {_some(classes)}",
            where=name,
            hint="task: multiclass-classification, or mend the target",
        )
    if positive is None:
        if set(classes) - {0, 1}:
            raise UsageError(
                f"which of {_some(classes)} is the positive label?", where=name, hint="set evaluation.positive"
            )
        positive = 1
    elif len(classes) == 2 and positive not in classes:
        raise UsageError(
            f"the positive label {positive!r} is none of {_some(classes)}",
            where=name,
            hint="mend evaluation.positive",
        )
    others = [label for label in classes if label != positive]
    negative = others[0] if others else (0 if positive == 1 else f"not {positive}")
    return negative, positive


def _checked(predictions: Predictions, rows: int, truth: Truth, task: Task, threshold: float) -> Scores | Unscorable:
    if len(predictions.labels) != rows:
        return Unscorable(f"gave {len(predictions.labels)} answers for {rows} rows")
    if task is Task.REGRESSION:
        numbers = np.asarray(predictions.labels, dtype=np.float64).reshape(rows)
        wrong = int(np.count_nonzero(~np.isfinite(numbers)))
        return Unscorable(f"gives NaN or infinity in {wrong} of {rows} predictions") if wrong else Scores(numbers)
    if predictions.probabilities is None:
        return _labels(predictions.labels, truth)
    given = np.asarray(predictions.probabilities, dtype=np.float64)
    if given.shape != (rows, len(predictions.classes)):
        return Unscorable(f"gave probabilities of shape {given.shape} for {rows} rows")
    if problem := _wrong_probabilities(given):
        return Unscorable(problem)
    return _probabilities(given, predictions.classes, truth, task, threshold)


def _labels(labels: npt.NDArray[Any], truth: Truth) -> Scores | Unscorable:
    codes = {label: code for code, label in enumerate(truth.classes)}
    found = labels.tolist()
    if unknown := {label for label in found if label not in codes}:
        return Unscorable(f"answers with {_some(sorted(unknown, key=str))}, which the data never has")
    return Scores(np.array([codes[label] for label in found], dtype=np.int64))


def _probabilities(
    given: Floats, classes: tuple[Any, ...], truth: Truth, task: Task, threshold: float
) -> Scores | Unscorable:
    if not any(label in classes for label in truth.classes):
        return Unscorable(f"knows the classes {_some(classes)}, the data has {_some(truth.classes)}")
    if task is Task.BINARY:
        if truth.classes[1] not in classes:
            return Unscorable(f"does not know the positive label {truth.classes[1]!r}")
        positive = given[:, classes.index(truth.classes[1])]
        return Scores((positive >= threshold).astype(np.int64), np.clip(positive, 0.0, 1.0))
    if extra := [label for label in classes if label not in truth.classes]:
        return Unscorable(f"knows classes that the challenger does not: {_some(extra)}")
    aligned = np.zeros((len(given), len(truth.classes)))
    for index, label in enumerate(classes):
        aligned[:, truth.classes.index(label)] = given[:, index]
    return Scores(aligned.argmax(axis=1).astype(np.int64), aligned)


def _wrong_probabilities(given: Floats) -> str:
    rows = len(given)
    if wrong := int(np.count_nonzero(~np.isfinite(given).all(axis=1))):
        return f"gives NaN or infinity in {wrong} of {rows} predictions"
    slack = 1e-6
    if wrong := int(np.count_nonzero(((given < -slack) | (given > 1 + slack)).any(axis=1))):
        return f"{wrong} of {rows} predictions have a probability outside [0, 1]"
    if wrong := int(np.count_nonzero(np.abs(given.sum(axis=1) - 1) > 1e-4)):
        return f"in {wrong} of {rows} predictions the probabilities do not add up to 1"
    return ""


def _some(values: Any) -> str:
    shown = [repr(value)[:60] for value in list(values)[:6]]
    return ", ".join(shown) + (", ..." if len(values) > 6 else "")
