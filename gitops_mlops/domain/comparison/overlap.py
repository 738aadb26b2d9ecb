"""Which evaluation rows are training rows: by id, or where there is none by how often rows look alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from gitops_mlops.domain.comparison.equal_values import id_texts
from gitops_mlops.domain.comparison.leakage import identifiers
from gitops_mlops.domain.comparison.rows import row_keys
from gitops_mlops.domain.statistics.sample import Mask
from gitops_mlops.domain.statistics.twins import ALPHA, Twins, twins_of


@dataclass(frozen=True, eq=False)
class Overlap:
    """What evaluation rows have in common with training rows.

    `shared` are the rows whose id a training row has, None where no id is known in both; `why` says then why a
    declared `id` is not, and `nameless` counts training rows without one. `twins` looks at all features.
    """

    twins: Twins
    shared: Mask | None = None
    id: str = ""
    why: str = ""
    nameless: int = 0

    @cached_property
    def alike(self) -> Mask:
        """Rows that equal a training row in every feature, and are not known to be it."""
        alike: Mask = self.twins.twins > 0
        return alike if self.shared is None else alike & ~self.shared

    @property
    def beyond_chance(self) -> bool:
        """Whether rows look like training rows clearly more often than training rows look like each other."""
        return self.twins.p_value < ALPHA

    @property
    def likely(self) -> Mask:
        """The evaluation rows that are training rows by their id, or are twins of some beyond chance."""
        twins = self.alike if self.beyond_chance else np.zeros(len(self.alike), dtype=np.bool_)
        likely: Mask = twins if self.shared is None else twins | self.shared
        return likely

    @property
    def rows(self) -> Mask:
        """The evaluation rows that count as training rows: those of a shared id, without ids the likely ones."""
        return self.likely if self.shared is None else self.shared


def overlap_of(frame: pl.DataFrame, training: pl.DataFrame, target: str, row_id: str | None) -> Overlap:
    """Compare evaluation rows with training rows by id, and by every shared column but the target and counters.

    A column of row numbers would make each row look unique. The keys live in this process only.
    """
    shared, why, nameless = _by_id(frame, training, row_id)
    names = [name for name in frame.columns if name in training.columns and name not in (target, row_id)]
    counters = identifiers(frame, names)
    names = [name for name in names if name not in counters]
    if names:
        unknown = np.zeros(frame.height, dtype=np.bool_) if shared is None else shared
        keys, theirs = row_keys(frame, training, names), row_keys(training, frame, names)
        found = twins_of(keys, theirs)
        if unknown.any():
            # What is known by its id is no question of chance.
            rest = twins_of(keys[~unknown], theirs)
            found = Twins(found.twins, rest.expected, rest.p_value)
    else:
        found = Twins(np.zeros(frame.height, dtype=np.int64), 0.0, 1.0)
    return Overlap(found, shared, row_id or "", why, nameless)


def _by_id(frame: pl.DataFrame, training: pl.DataFrame, row_id: str | None) -> tuple[Mask | None, str, int]:
    """The rows whose id is known in training; why ids cannot be compared; how many training rows have none."""
    if row_id is None or row_id not in frame.columns:
        return None, "", 0
    if row_id not in training.columns:
        return None, "the training data has no such column", 0
    types = [side.schema[row_id] for side in (frame, training)]
    here, there = id_texts(frame[row_id], types[1]), id_texts(training[row_id], types[0])
    kinds = [_kind(kind) for kind in types]
    nameless = there.null_count()
    if nameless == training.height:
        return None, "no training row has one", nameless
    shared = here.is_in(there.drop_nulls().unique().implode()).fill_null(False).to_numpy()
    if kinds[0] != kinds[1] and not shared.any():
        return None, f"it holds {kinds[0]} here and {kinds[1]} in the training data", nameless
    return shared, "", nameless


def _kind(kind: pl.DataType) -> str:
    if kind.is_numeric():
        return "numbers"
    if kind.is_temporal():
        return "times"
    return "text" if isinstance(kind, pl.String | pl.Categorical | pl.Enum) else str(kind)
