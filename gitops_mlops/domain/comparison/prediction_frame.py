"""The table of a predictions file out of what a pipeline stage has at hand; `prediction_table` reads it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gitops_mlops.domain.comparison.prediction_table import LABEL, PREDICTION, PROBABILITY, read_predictions
from gitops_mlops.domain.comparison.scoring import probability_problem
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.shortening import first_values

if TYPE_CHECKING:
    import numpy.typing as npt

    ColumnValues = pl.Series | npt.ArrayLike

_OWN = (PREDICTION, PROBABILITY, LABEL)


def prediction_frame(
    ids: ColumnValues,
    id_column: str,
    prediction: ColumnValues | None,
    probability: ColumnValues | None,
    classes: ColumnValues | None,
    name: str,
) -> pl.DataFrame:
    """One row for each of n ids, as `read_predictions` accepts it; `name` is for messages.

    `prediction` has shape (n,). `probability` has shape (n,), of the positive label, or (n, k) with `classes` of
    shape (k,). Raises UsageError for other shapes, and MissingEvidence for a value that is missing, not finite, or
    not a probability, and for an id that appears twice.
    """
    if id_column in _OWN or id_column.startswith(f"{PROBABILITY}_"):
        raise UsageError(
            f"the id column cannot be called {id_column!r}", where=name, hint="name evaluation.id otherwise"
        )
    if prediction is None and probability is None:
        raise UsageError("there is nothing to write", where=name, hint="give prediction, probability, or both")
    columns = [_series(id_column, ids, name)]
    if prediction is not None:
        columns.append(_series(PREDICTION, prediction, name))
    scores = [] if probability is None else _probabilities(probability, classes, name)
    columns += scores
    if different := [column for column in columns if len(column) != len(columns[0])]:
        message = f"{different[0].name} has {len(different[0]):,} values for {len(columns[0]):,} ids"
        raise UsageError(message, where=name, hint="give one value for each id, in the same order")
    if not len(columns[0]):
        raise MissingEvidence("there are no rows to write", where=name, hint="predict for every evaluation row")
    frame = pl.DataFrame(columns)
    read_predictions(frame, id_column, _task(frame, scores), name)
    if problem := _number_problem(frame, scores):
        raise MissingEvidence(problem, where=name, hint="predict a finite value for every row")
    return frame


def _series(column: str, values: Any, name: str) -> pl.Series:
    """A column of n plain values. Raises UsageError for anything else."""
    series = values
    if not isinstance(series, pl.Series):
        array = _array(column, values, name)
        if array.ndim != 1:
            raise UsageError(f"{column} has shape {array.shape}", where=name, hint="give one value for each row")
        try:
            # NumPy holds text as objects or pads it; from a list Polars sees a value of another type.
            series = pl.Series(column, list(values) if array.dtype.kind in "OU" else array)
        except (TypeError, ValueError, OverflowError) as error:
            raise _mixed(column, name) from error
    if series.dtype.is_nested() or isinstance(series.dtype, pl.Object | pl.Binary):
        raise UsageError(f"{column} holds {series.dtype}", where=name, hint="give numbers, text, booleans or dates")
    return series.alias(column)


def _array(column: str, values: Any, name: str) -> npt.NDArray[Any]:
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as error:
        # Rows of different lengths.
        raise _mixed(column, name) from error


def _mixed(column: str, name: str) -> UsageError:
    hint = "give values of one type, none of them missing"
    return UsageError(f"{column} holds values that are not of one type", where=name, hint=hint)


def _probabilities(probability: Any, classes: Any, name: str) -> list[pl.Series]:
    """One column of the positive label's, or one for each class."""
    if isinstance(probability, pl.Series) or _array(PROBABILITY, probability, name).ndim == 1:
        if classes is not None:
            hint = "give shape (rows, classes), or no classes for that of the positive label"
            raise UsageError("probability has one value a row, so it has no classes", where=name, hint=hint)
        return [_series(PROBABILITY, probability, name)]
    table = _array(PROBABILITY, probability, name)
    labels = [] if classes is None else _series("classes", classes, name).to_list()
    if table.ndim != 2 or table.shape[1] != len(labels):
        message = f"probability has shape {table.shape} for {len(labels)} classes"
        raise UsageError(message, where=name, hint="give predict_proba's answer, and classes=model.classes_")
    if len({str(label) for label in labels}) < len(labels):
        raise UsageError(
            f"two of the classes {first_values(labels)} are alike",
            where=name,
            hint="give each class once",
        )
    return [_series(f"{PROBABILITY}_{label}", table[:, place], name) for place, label in enumerate(labels)]


def _task(frame: pl.DataFrame, scores: Sequence[pl.Series]) -> ModelTask:
    """A task for which the columns are right."""
    if scores:
        return ModelTask.BINARY if scores[0].name == PROBABILITY else ModelTask.MULTICLASS
    return ModelTask.REGRESSION if frame.schema[PREDICTION].is_numeric() else ModelTask.MULTICLASS


def _number_problem(frame: pl.DataFrame, scores: Sequence[pl.Series]) -> str:
    if PREDICTION in frame.columns and frame.schema[PREDICTION].is_numeric():
        numbers = frame[PREDICTION].cast(pl.Float64).to_numpy()
        if wrong := int(np.count_nonzero(~np.isfinite(numbers))):
            return f"{wrong} of {frame.height} predictions are NaN or infinite"
    if not scores:
        return ""
    given = np.column_stack([column.cast(pl.Float64).to_numpy() for column in scores])
    # Of a binary task the other label has the rest.
    return probability_problem(np.column_stack([1 - given, given]) if scores[0].name == PROBABILITY else given)
