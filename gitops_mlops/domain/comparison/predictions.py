"""What models say of rows, and what can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gitops_mlops.domain.errors import MissingEvidence

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Predictions:
    """What a model says of n rows.

    `labels` has shape (n,). `probabilities` has shape (n, len(classes)), its columns in the order of
    `classes`, and is None for a regression. With `decided`, the labels are what metrics of labels count, whatever
    the probabilities say.
    """

    labels: np.ndarray[Any, Any]
    probabilities: np.ndarray[Any, Any] | None = None
    classes: tuple[Any, ...] = ()
    decided: bool = False


class Predictor(Protocol):
    """A model that can be asked."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads, in its own order; empty when it does not say."""

    @property
    def classes(self) -> tuple[Any, ...]:
        """The labels that it can answer with, as Python values; empty for a regression, or when it does not say."""

    def predict(self, rows: pd.DataFrame) -> Predictions:
        """Predictions for raw rows, in their order."""


@dataclass(frozen=True)
class RecordedPredictor:
    """A model that was asked already, about exactly the rows that it will be asked about."""

    answers: Predictions

    @property
    def columns(self) -> tuple[str, ...]:
        """Nothing more is read."""
        return ()

    @property
    def classes(self) -> tuple[Any, ...]:
        """The labels of its probabilities."""
        return self.answers.classes

    def predict(self, rows: pd.DataFrame) -> Predictions:
        """What it said; `rows` were given to it before."""
        return self.answers


class UnreadableModel(MissingEvidence):
    """A model file that fails by itself, with everything installed that it needs."""
