"""Predictions and scores on disk, as a pipeline stage writes them for `compare`."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.extras import extras_required
from gitops_mlops.runtime.atomic_write import write_atomically

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    ColumnValues = pl.Series | npt.ArrayLike

_ENDINGS = (".parquet", ".pq")


def write_predictions(
    path: str | os.PathLike[str],
    ids: ColumnValues,
    prediction: ColumnValues | None = None,
    *,
    id_column: str,
    probability: ColumnValues | None = None,
    classes: ColumnValues | None = None,
) -> None:
    """Write the predictions of a model that does not run in `compare`, whole or not at all.

    It is the Parquet file that `predictions` names in `mlops.yaml`: a row for each evaluation row, in any order.

    Args:
        path: where to; the name ends in `.parquet`.
        ids: the ids of n rows, all different; shape (n,).
        prediction: a label or a number for each row; shape (n,). Not needed beside probabilities, whose most
            probable label then counts.
        id_column: the name of the id column, which `evaluation.id` names in `mlops.yaml`.
        probability: of the positive label, shape (n,); or of k labels, shape (n, k), as `predict_proba` answers. Each
            is between 0 and 1, and those of one row add up to 1.
        classes: the k labels in the order of `probability`'s columns, such as `model.classes_`; shape (k,).

    Raises:
        UsageError: a shape or a type does not fit, or the name has another ending.
        MissingEvidence: an id appears twice, or a value is missing, not finite, or not a probability.
        ExternalError: the file cannot be written.

    Example:
        >>> chances = model.predict_proba(rows)
        >>> write_predictions("data/predictions.parquet", rows["flight_id"], id_column="flight_id",
        ...                   probability=chances, classes=model.classes_)

    """
    with extras_required():
        from gitops_mlops.domain.comparison.prediction_frame import prediction_frame

    target = Path(path)
    if target.suffix not in _ENDINGS:
        hint = "end it in .parquet, as a CSV does not keep the types of ids and labels"
        raise UsageError("is not the name of a Parquet file", where=str(path), hint=hint)
    content = io.BytesIO()
    prediction_frame(ids, id_column, prediction, probability, classes, str(path)).write_parquet(content)
    write_atomically(target, content.getvalue(), follow=False)


def write_scores(path: str | os.PathLike[str], scores: Mapping[int, Mapping[str, float]]) -> None:
    """Write the metrics of repeated trainings, whole or not at all.

    It is the JSON file that `evaluation.seeds` names in `mlops.yaml`. From at least three trainings on each side,
    `compare` tells whether the recipe is better, and not just one lucky model.

    Args:
        path: where to.
        scores: the metrics of each training by its seed. The metrics have the names that gates give them, and are
            computed on the rows of `evaluation.dataset`.

    Raises:
        UsageError: a seed is not a whole number, or a value is not a number.
        MissingEvidence: there is no training, a value is not finite, or one training lacks a metric of another.
        ExternalError: the file cannot be written.

    Example:
        >>> scores = {seed: {"log_loss": log_loss(labels, chances(seed))} for seed in (1, 2, 3)}
        >>> write_scores("metrics/seeds.json", scores)

    """
    from gitops_mlops.domain.comparison.trainings import dump_trainings

    write_atomically(Path(path), dump_trainings(scores, str(path)), follow=False)
