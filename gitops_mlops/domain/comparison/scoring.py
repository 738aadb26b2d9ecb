"""Labels and answers of models as the statistics want them. What cannot be scored is said, never imputed.

Two steps, for whoever brings answers: `read_truth` makes codes or numbers of a target column, and `checked` makes
`Scores` of one model's answers to the same rows, or says why it cannot (`Unscorable`). `score` asks a model and
checks in one go. Both champion and challenger go through the same two steps with the same `Truth`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from gitops_mlops.domain.comparison.frames import to_pandas
from gitops_mlops.domain.comparison.labels import Labels
from gitops_mlops.domain.comparison.predictions import RecordedPredictor
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.faults import of_the_machine
from gitops_mlops.domain.shortening import first_line, first_values
from gitops_mlops.domain.statistics.sample import Floats, ModelScores

if TYPE_CHECKING:
    from gitops_mlops.domain.comparison.predictions import Predictions, Predictor


@dataclass(frozen=True, eq=False)
class TrueLabels:
    """The labels of n rows: `values` of shape (n,), numbers or codes; `classes` in the order of their codes.

    A binary task has the classes (negative, positive); numbers, and how relevant a row is, have none.
    """

    values: npt.NDArray[Any]
    classes: tuple[Any, ...] = ()


@dataclass(frozen=True)
class UnscorableReason:
    """Why a model has no usable answers for the rows."""

    reason: str


# A table of rows × classes above this size (of float64, 2 GB) is refused before it is made.
_MOST_PROBABILITIES = 250_000_000


def read_truth(
    column: pl.Series,
    task: ModelTask,
    positive: Any,
    known: tuple[Any, ...],
    name: str,
    others: tuple[Any, ...] = (),
) -> TrueLabels:
    """The labels in a target column; `known` are the challenger's own classes, () when it does not say.

    `others` are those of the champion, which are labels too unless it knows none of the data's.

    Raises UsageError when the task, the target and `positive` do not fit together, EvidenceMissing when the
    model was trained on other labels than the data has.
    """
    if not task.classifies:
        return _numbers(column, task, name)
    if column.dtype.is_nested():
        raise UsageError(f"labels are numbers, text or truth values, the target is {column.dtype}", where=name)
    labels = column.to_list()
    seen = sorted(set(labels), key=lambda value: (type(value).__name__, value))
    found = Labels(seen)
    if known and not any(label in found for label in known):
        raise MissingEvidence(
            f"its labels {first_values(seen)} are not the model's classes {first_values(known)}",
            where=name,
            hint="train on labels of the same type and spelling",
        )
    others = others if any(label in found for label in others) else ()
    classes = tuple(dict.fromkeys([*(found.add(label) for label in known), *seen]))
    more = tuple(dict.fromkeys([*classes, *(found.add(label) for label in others)]))
    binary = task is ModelTask.BINARY
    classes = _binary(more if len(more) <= 2 else classes, found.of(positive), name) if binary else more
    codes = {label: code for code, label in enumerate(classes)}
    return TrueLabels(np.array([codes[label] for label in labels], dtype=np.int64), classes)


def score(
    model: Predictor, rows: pl.DataFrame, truth: TrueLabels, task: ModelTask, threshold: float
) -> ModelScores | UnscorableReason:
    """What a model says of raw rows, checked: finite, as many as there are rows, probabilities within [0, 1]."""
    if missing := [name for name in model.columns if name not in rows.columns]:
        return UnscorableReason(f"needs the columns {first_values(missing)}, which the data does not have")
    try:
        said = model.answers if isinstance(model, RecordedPredictor) else model.predict(to_pandas(rows))
        return checked(said, rows.height, truth, task, threshold)
    except Exception as error:
        if of_the_machine(error):
            raise
        # A model is code of its own: it may raise anything on rows that it does not understand.
        reason = first_line(error)
        return UnscorableReason(f"cannot score these rows ({type(error).__name__}: {reason})")


def checked(
    predictions: Predictions, rows: int, truth: TrueLabels, task: ModelTask, threshold: float
) -> ModelScores | UnscorableReason:
    """One model's answers to n = `rows` rows of `truth`, in their order, or what is wrong with them.

    `threshold` is the probability from which a binary answer is positive, unless the model decided itself. A ranking
    takes numbers, or of a binary classifier the probability of its last class.
    """
    if len(predictions.labels) != rows:
        return UnscorableReason(f"gave {len(predictions.labels)} answers for {rows} rows")
    if not task.classifies:
        return _predicted_numbers(predictions, rows, task)
    if predictions.probabilities is None:
        return _labels(predictions.labels, truth)
    given = np.asarray(predictions.probabilities, dtype=np.float64)
    if given.shape != (rows, len(predictions.classes)):
        return UnscorableReason(f"gave probabilities of shape {given.shape} for {rows} rows")
    if problem := probability_problem(given):
        return UnscorableReason(problem)
    labels = Labels(truth.classes)
    classes = tuple(labels.of(label) for label in predictions.classes)
    if len(set(classes)) < len(classes):
        return UnscorableReason(f"has two classes of the same name: {first_values(predictions.classes)}")
    scores = _probabilities(given, classes, truth, task, threshold)
    if not predictions.decided or isinstance(scores, UnscorableReason):
        return scores
    decided = _labels(predictions.labels, truth)
    return decided if isinstance(decided, UnscorableReason) else ModelScores(decided.predicted, scores.probabilities)


def _numbers(column: pl.Series, task: ModelTask, name: str) -> TrueLabels:
    if not column.dtype.is_numeric():
        raise UsageError(f"a {task} needs numbers, the target is {column.dtype}", where=name)
    values = column.cast(pl.Float64).to_numpy()
    if not np.isfinite(values).all():
        raise MissingEvidence("the target holds infinite values", where=name, hint="remove or fix them")
    if task is ModelTask.RANKING and (values < 0).any():
        raise MissingEvidence("how relevant a row is cannot be below 0", where=name, hint="0 for what is irrelevant")
    return TrueLabels(values)


def _predicted_numbers(predictions: Predictions, rows: int, task: ModelTask) -> ModelScores | UnscorableReason:
    answers = predictions.labels
    if task is ModelTask.RANKING and predictions.probabilities is not None and len(predictions.classes) == 2:
        answers = predictions.probabilities[:, 1]
    numbers = np.asarray(answers, dtype=np.float64).reshape(rows)
    wrong = int(np.count_nonzero(~np.isfinite(numbers)))
    return (
        UnscorableReason(f"gives NaN or infinity in {wrong} of {rows} predictions") if wrong else ModelScores(numbers)
    )


def _binary(classes: tuple[Any, ...], positive: Any, name: str) -> tuple[Any, Any]:
    if len(classes) > 2:
        raise UsageError(
            f"a binary task has two labels, here are {first_values(classes)}",
            where=name,
            hint="task: multiclass-classification, or fix the target",
        )
    if positive is None:
        if set(classes) - {0, 1}:
            raise UsageError(
                f"which of {first_values(classes)} is the positive label?", where=name, hint="set evaluation.positive"
            )
        positive = 1
    elif len(classes) == 2 and positive not in classes:
        raise UsageError(
            f"the positive label {positive!r} is not one of {first_values(classes)}",
            where=name,
            hint="fix evaluation.positive",
        )
    others = [label for label in classes if label != positive]
    negative = others[0] if others else (0 if positive == 1 else f"not {positive}")
    return negative, positive


def _labels(labels: npt.NDArray[Any], truth: TrueLabels) -> ModelScores | UnscorableReason:
    codes = {label: code for code, label in enumerate(truth.classes)}
    found = labels.tolist()
    known = Labels(truth.classes)
    codes |= {label: codes[known.of(label)] for label in {*found} - {*codes} if label in known}
    if unknown := {label for label in found if label not in codes}:
        return UnscorableReason(f"answers with {first_values(sorted(unknown, key=str))}, which the data never has")
    return ModelScores(np.array([codes[label] for label in found], dtype=np.int64))


def _probabilities(
    given: Floats, classes: tuple[Any, ...], truth: TrueLabels, task: ModelTask, threshold: float
) -> ModelScores | UnscorableReason:
    if set(classes).isdisjoint(truth.classes):
        return UnscorableReason(
            f"knows the classes {first_values(classes)}, the data has {first_values(truth.classes)}"
        )
    if task is ModelTask.BINARY:
        # A label that a model does not know has no chance.
        known = truth.classes[1] in classes
        positive = given[:, classes.index(truth.classes[1])] if known else np.zeros(len(given))
        return ModelScores((positive >= threshold).astype(np.int64), np.clip(positive, 0.0, 1.0))
    places = {label: place for place, label in enumerate(truth.classes)}
    if extra := [label for label in classes if label not in places]:
        return UnscorableReason(f"gives probabilities of unknown classes: {first_values(extra)}")
    if tuple(classes) == truth.classes:
        return ModelScores(given.argmax(axis=1).astype(np.int64), given)
    if given.shape[0] * len(places) > _MOST_PROBABILITIES:
        size = f"{given.shape[0]:,} rows with {len(places):,} classes each"
        return UnscorableReason(
            f"gives probabilities, which for {size} do not fit into memory: is the target an identifier?"
        )
    aligned = np.zeros((len(given), len(places)))
    aligned[:, [places[label] for label in classes]] = given
    return ModelScores(aligned.argmax(axis=1).astype(np.int64), aligned)


def probability_problem(given: Floats) -> str:
    """What is wrong with probabilities of shape (rows, classes), "" when nothing is."""
    rows = len(given)
    if wrong := int(np.count_nonzero(~np.isfinite(given).all(axis=1))):
        return f"gives NaN or infinity in {wrong} of {rows} predictions"
    slack = 1e-6
    if wrong := int(np.count_nonzero(((given < -slack) | (given > 1 + slack)).any(axis=1))):
        return f"{wrong} of {rows} predictions have a probability outside [0, 1]"
    if wrong := int(np.count_nonzero(np.abs(given.sum(axis=1) - 1) > 1e-4)):
        return f"in {wrong} of {rows} predictions the probabilities do not add up to 1"
    return ""
