"""What both models said of the same rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gitops_mlops.domain.config.metrics import ModelTask

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ModelScores:
    """One model's answers for n rows.

    `predicted` has shape (n,): codes of classes, or numbers for a regression. `probabilities` is None, or of
    shape (n,) for the positive class of a binary task, or (n, classes) for a multiclass one.
    """

    predicted: npt.NDArray[Any]
    probabilities: Floats | None = None

    def only(self, rows: Mask) -> ModelScores:
        """The answers for some of the rows."""
        return ModelScores(self.predicted[rows], None if self.probabilities is None else self.probabilities[rows])

    def of_classes(self, codes: Ints, number: int) -> ModelScores:
        """The answers in other codes, `codes` being the new one of each class; `number` is of all new classes."""
        if self.probabilities is None or self.probabilities.ndim == 1:
            return ModelScores(codes[self.predicted], self.probabilities)
        chances = np.zeros((len(self.predicted), number))
        chances[:, codes] = self.probabilities
        return ModelScores(codes[self.predicted], chances)

    def same_as(self, other: ModelScores) -> bool:
        """Whether both models gave the same answers to the last bit."""
        if (self.probabilities is None) != (other.probabilities is None):
            return False
        pairs = [(self.predicted, other.predicted)]
        if self.probabilities is not None and other.probabilities is not None:
            pairs.append((self.probabilities, other.probabilities))
        return all(np.array_equal(mine, theirs) for mine, theirs in pairs)


@dataclass(frozen=True, eq=False)
class ScoredSample:
    """Labelled rows with the answers of the challenger and, when there is one, of the champion.

    `truth` has shape (n,): class codes (0 and 1, 1 positive, for a binary task; `classes` holds the labels by code),
    numbers, or for a ranking how relevant the row is to its query. `clusters` has shape (n,), codes from 0 of groups
    of rows that are not independent of one another; None when every row stands for itself. A forecast's clusters
    are points in time, in order, and `horizon` is how many of them ahead it looks; with `in_time` the clusters of
    another task are, such as days. A ranking's clusters are its queries or larger; `queries` has shape (n,), codes
    from 0. `scale` has shape (n,): the error of the naive forecast of the row's series in training, where the metric
    is relative to it.
    """

    task: ModelTask
    truth: npt.NDArray[Any]
    challenger: ModelScores
    champion: ModelScores | None = None
    clusters: Ints | None = None
    classes: tuple[Any, ...] = ()
    queries: Ints | None = None
    horizon: int | None = None
    scale: Floats | None = None
    in_time: bool = False

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.truth)

    @property
    def units(self) -> int:
        """How many independent units there are: clusters, or rows."""
        return self.rows if self.clusters is None else len(np.unique(self.clusters))

    @property
    def effective_units(self) -> float:
        """As how many clusters of equal size the clusters count (`effective_count`); the units of other samples."""
        if self.clusters is None or self.queries is self.clusters:
            return float(self.units)
        return effective_count(np.bincount(self.clusters).astype(np.float64))

    @property
    def lag(self) -> int | None:
        """Below how many steps clusters that follow one another depend by design; None for clusters without order."""
        return 1 if self.in_time and self.clusters is not None else self.horizon

    @property
    def unit(self) -> str:
        """What the units are, in the plural."""
        if self.clusters is None:
            return "rows"
        if self.horizon is not None:
            return "points in time"
        return "queries" if self.queries is self.clusters else "clusters"

    @property
    def sides(self) -> list[ModelScores]:
        """The answers that there are: the champion's, then the challenger's."""
        return [self.challenger] if self.champion is None else [self.champion, self.challenger]

    def of_classes(self, classes: tuple[Any, ...]) -> ScoredSample:
        """The same with codes into `classes`, which hold all of its own; what a new one has no chance of is 0."""
        if classes == self.classes:
            return self
        places = {label: code for code, label in enumerate(classes)}
        codes = np.array([places[label] for label in self.classes], dtype=np.int64)
        challenger, champion = self.challenger, self.champion
        return replace(
            self,
            truth=codes[self.truth],
            challenger=challenger.of_classes(codes, len(classes)),
            champion=None if champion is None else champion.of_classes(codes, len(classes)),
            classes=classes,
        )

    def only(self, rows: Mask) -> ScoredSample:
        """Some of the rows; their clusters and queries are numbered anew."""
        clusters = _renumbered(self.clusters, rows)
        return replace(
            self,
            truth=self.truth[rows],
            challenger=self.challenger.only(rows),
            champion=None if self.champion is None else self.champion.only(rows),
            clusters=clusters,
            queries=clusters if self.queries is self.clusters else _renumbered(self.queries, rows),
            scale=None if self.scale is None else self.scale[rows],
        )


def effective_count(weights: Floats) -> float:
    """Over how many parts weights are effectively spread: (Σ w)² / Σ w² (Kish 1965); 0 when all are 0."""
    squares = float(np.square(weights).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0 else 0.0


def _renumbered(codes: Ints | None, rows: Mask) -> Ints | None:
    return None if codes is None else np.unique(codes[rows], return_inverse=True)[1].astype(np.int64)
