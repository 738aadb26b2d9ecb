"""Predictions that a pipeline stage wrote, so that a model of any framework can take part.

One row per evaluation row: the id column; `prediction`, a label or number; and for a classifier `probability` of
the positive label, or `probability_<label>` for each of several. `label`, when it is there, must agree with the
evaluation data. What the model read is not known from it: the id only joins the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from gitops_mlops.domain.comparison.equal_values import id_texts
from gitops_mlops.domain.comparison.labels import Labels
from gitops_mlops.domain.comparison.predictions import Predictions
from gitops_mlops.domain.comparison.rows import require_unique
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.shortening import first_values, quoted
from gitops_mlops.domain.statistics.sample import Mask

PREDICTION = "prediction"
PROBABILITY = "probability"
LABEL = "label"
_OF = f"{PROBABILITY}_"
_HINT = "columns: the id, prediction, and probability or probability_<label>; see docs/comparison.md"
_WHOLE = re.compile(r"-?\d+")


@dataclass(frozen=True, eq=False)
class PredictionTable:
    """A table of predictions by the id of the row; `name` is for messages. `read_predictions` makes one."""

    frame: pl.DataFrame
    id: str
    task: ModelTask
    name: str

    def covers(self, ids: pl.Series) -> Mask:
        """Which of the rows have a prediction; shape (rows,)."""
        here, places = self._joined(ids)
        return np.fromiter((value in places for value in here), dtype=np.bool_, count=len(ids))

    def unlike(self, ids: pl.Series) -> str:
        """How its ids differ from those of the rows, where no row has a prediction."""
        mine = self.frame[self.id]
        return f"its ids are {_example(mine)}, those of the data {_example(ids)}"

    def labels(self, known: Sequence[Any]) -> list[Any]:
        """The labels of its `probability_<label>` columns, in their order; `known` are those of the evaluation data.

        Raises EvidenceMissing for a column of what can be no label beside those.
        """
        labels = Labels(known)
        for label in self._said:
            labels.add(label)
        found = [labels.of(word) if word in labels else _label(word, known) for word in self._words]
        if wrong := [word for word, label in zip(self._words, found, strict=True) if label is None]:
            raise MissingEvidence(
                f"{_OF}{wrong[0]} cannot be a label of this data",
                where=self.name,
                hint=f"the labels are {first_values(known)}",
            )
        columns = dict(zip(found[::-1], self._words[::-1], strict=True))
        if twice := [word for word, label in zip(self._words, found, strict=True) if columns[label] != word]:
            raise MissingEvidence(
                f"{_OF}{twice[0]} is of the same label as another column",
                where=self.name,
                hint="write one column for each label",
            )
        if found and known and set(found).isdisjoint(known):
            raise MissingEvidence(
                f"no column {_OF}... is of a label of the evaluation data",
                where=self.name,
                hint=f"the labels are {first_values(known)}",
            )
        return found

    def answered(self, known: Sequence[Any]) -> list[Any]:
        """The labels that it answers with, of the same kind as those of the evaluation data."""
        labels, text = Labels(known), all(isinstance(label, str) for label in known)
        return [labels.of(label) for label in self._said if label in labels or isinstance(label, str) == text]

    def answers(self, ids: pl.Series, classes: tuple[Any, ...]) -> Predictions:
        """The predictions for rows, in their order; `classes` are all labels, of a binary task (negative, positive).

        Raises KeyError for a row that has none.
        """
        here, places = self._joined(ids)
        chosen = self.frame[[places[value] for value in here]]
        if PROBABILITY in chosen.columns:
            positive = chosen[PROBABILITY].cast(pl.Float64).to_numpy()
            probabilities = np.column_stack([1 - positive, positive])
        elif self._words:
            columns = [f"{_OF}{word}" for word in self._words]
            probabilities = chosen.select(pl.col(columns).cast(pl.Float64)).to_numpy()
            classes = tuple(self.labels(classes))
        else:
            return Predictions(np.array(chosen[PREDICTION].to_list()))
        if PREDICTION in chosen.columns:
            return Predictions(np.array(chosen[PREDICTION].to_list()), probabilities, classes, decided=True)
        labels = np.array(classes, dtype=object)[probabilities.argmax(axis=1)]
        return Predictions(labels, probabilities, classes)

    def disagreeing(self, ids: pl.Series, labels: pl.Series) -> int:
        """How many rows carry another label here than in the evaluation data; 0 when none carries any."""
        if LABEL not in self.frame.columns:
            return 0
        theirs = self.frame[LABEL].to_list()
        if self.task.classifies:
            known = Labels(labels.unique().to_list())
            same = {label: known.of(label) for label in {*theirs}}
            theirs = [same[label] for label in theirs]
        here, places = self._joined(ids)
        pairs = zip(here, labels.to_list(), strict=True)
        return sum(row in places and theirs[places[row]] != label for row, label in pairs)

    def _joined(self, ids: pl.Series) -> tuple[pl.Series, dict[Any, int]]:
        """Ids of rows, and the place of each id here, such that 7, 7.0, "7" and "7.0" are one."""
        places = self._beside_numbers if ids.dtype.is_numeric() else self._beside_texts
        return id_texts(ids, self.frame[self.id].dtype), places

    @cached_property
    def _beside_numbers(self) -> dict[Any, int]:
        return _numbered(id_texts(self.frame[self.id], pl.Float64()))

    @cached_property
    def _beside_texts(self) -> dict[Any, int]:
        return _numbered(id_texts(self.frame[self.id]))

    @property
    def _words(self) -> list[str]:
        """What the probability columns call their labels; a regression has none."""
        if not self.task.classifies:
            return []
        return [name.removeprefix(_OF) for name in self.frame.columns if name.startswith(_OF)]

    @cached_property
    def _said(self) -> list[Any]:
        wanted = self.task.classifies and PREDICTION in self.frame.columns
        return self.frame[PREDICTION].unique().sort().to_list() if wanted else []


def read_predictions(frame: pl.DataFrame, id: str, task: ModelTask, name: str) -> PredictionTable:  # noqa: A002
    """Check the table in a predictions file.

    Raises EvidenceMissing when a column is missing, of the wrong type or holds nulls, and when an id appears twice.
    """
    if id not in frame.columns:
        raise MissingEvidence(f"it has no column {id!r}", where=name, hint=_HINT)
    require_unique(frame, id, name)
    several = [column for column in frame.columns if column.startswith(_OF)]
    scores = [column for column in (PROBABILITY, *several) if column in frame.columns] if task.classifies else []
    if PREDICTION not in frame.columns and not scores:
        raise MissingEvidence(f"it has no column {PREDICTION!r}", where=name, hint=_HINT)
    if PROBABILITY in scores and (several or task is not ModelTask.BINARY):
        raise MissingEvidence(
            f"{PROBABILITY!r} is for a binary task, without other probabilities",
            where=name,
            hint="write probability_<label>",
        )
    for column in scores if task.classifies else [PREDICTION]:
        if not frame[column].dtype.is_numeric():
            raise MissingEvidence(f"column {column!r} holds {frame[column].dtype}", where=name, hint="write numbers")
    for column in [*([PREDICTION] if PREDICTION in frame.columns else []), *scores]:
        if missing := frame[column].null_count():
            raise MissingEvidence(f"{missing} rows have no {column}", where=name, hint="predict for every row")
    return PredictionTable(frame, id, task, name)


def all_labels(tables: Iterable[PredictionTable], known: Sequence[Any], task: ModelTask) -> tuple[Any, ...]:
    """All labels there are: those of the evaluation data, of each probability column, and that a model answers with.

    A binary task has two: what comes after them is not a label, and is told when the answers are checked.
    """
    if not task.classifies:
        return ()
    tables = list(tables)
    found = [label for table in tables for label in table.labels(known)]
    found += [label for table in tables for label in table.answered(known)]
    of = Labels(known)
    labels = list(dict.fromkeys([*known, *(of.add(label) for label in found)]))
    if task is ModelTask.BINARY:
        labels = labels[: max(2, len(set(known)))]
    return tuple(sorted(labels, key=lambda label: (type(label).__name__, label)))


def contradiction(said: Predictions, classes: tuple[Any, ...], threshold: float | None) -> str:
    """How `prediction` contradicts `probability` in a binary task, "" when it does not.

    A stated `threshold` must give the predictions; without one, some threshold must.
    """
    given = said.probabilities
    if not said.decided or given is None or classes[1] not in said.classes or not np.isfinite(given).all():
        return ""
    chance = given[:, said.classes.index(classes[1])]
    of = Labels(classes).of
    positive = np.fromiter((of(label) == classes[1] for label in said.labels.tolist()), np.bool_, len(chance))
    if threshold is not None:
        wrong = int(np.count_nonzero(positive != (chance >= threshold)))
        return f"in {wrong:,} rows prediction is not what the threshold {threshold:g} gives" if wrong else ""
    if positive.all() or not positive.any() or chance[positive].min() >= chance[~positive].max():
        return ""
    wrong = int(np.count_nonzero(chance[positive] < chance[~positive].max()))
    return f"no threshold gives its predictions: {wrong:,} positive rows are less probable than a negative one"


def unlikely(said: Predictions) -> int:
    """In how many rows of several classes `prediction` is not the most probable one."""
    if not said.decided or said.probabilities is None or len(said.classes) < 2:
        return 0
    places, of = {label: place for place, label in enumerate(said.classes)}, Labels(said.classes).of
    chosen = np.array([places.get(of(label), -1) for label in said.labels.tolist()])
    own = np.where(chosen < 0, -np.inf, said.probabilities[np.arange(len(chosen)), chosen])
    return int(np.count_nonzero(own < said.probabilities.max(axis=1)))


def _label(word: str, known: Sequence[Any]) -> Any:
    """A label that the data never has, in the type of those that it has; None when it can be none."""
    kinds = {type(label) for label in known}
    if kinds == {str} or not kinds:
        return word
    if kinds == {bool}:
        return {"true": True, "1": True, "false": False, "0": False}.get(word.lower())
    if kinds <= {int, float} and _WHOLE.fullmatch(word):
        return int(word) if kinds == {int} else float(word)
    return None


def _numbered(values: pl.Series) -> dict[Any, int]:
    return {value: place for place, value in enumerate(values)}


def _example(ids: pl.Series) -> str:
    """The kind of ids, and one of them."""
    kind = "text" if isinstance(ids.dtype, pl.String | pl.Categorical | pl.Enum) else str(ids.dtype).lower()
    first = next(iter(ids.drop_nulls()), None)
    return f"{kind} ({quoted(str(first))})" if first is not None else kind
