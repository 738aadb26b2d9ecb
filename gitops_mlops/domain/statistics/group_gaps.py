"""How differently a binary classifier treats groups of rows, and whether that got worse.

Definitions are Fairlearn's (Weerts et al. 2023, Journal of Machine Learning Research 24(257)). Demographic parity:
the largest difference between two groups in how many are answered with the positive label. Equalised odds: the larger
of the largest differences in true positive rate and in false positive rate (Hardt, Price and Srebro 2016).

All of these are functions of the counts of (group, label, champion's answer, challenger's answer). Of rows that are
independent those are one multinomial, which is drawn as it is: the exact bootstrap, in a time that does not depend on
the number of rows. Clusters are drawn whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.sample import Floats, Ints, Mask, ScoredSample
from gitops_mlops.domain.statistics.spread import ValueSpread

FEWEST_ROWS = 200
FEWEST_OF_A_LABEL = 50
# More clusters than this are drawn as so many heaps of them, which says as much and keeps the tables small.
_MOST_CLUSTERS = 2000

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MeasuredRates:
    """How groups are treated; arrays of shape (..., groups), NaN where a rate has nothing to be a share of."""

    selected: Floats
    accuracy: Floats
    true_positive: Floats
    false_positive: Floats

    @classmethod
    def of(cls, tables: Counts) -> MeasuredRates:
        """The rates of counts of shape (..., groups, label, answer)."""
        rows, labels = tables.sum(axis=(-1, -2)), tables.sum(axis=-1)
        return cls(
            _share(tables[..., 1].sum(axis=-1), rows),
            _share(tables[..., 0, 0] + tables[..., 1, 1], rows),
            _share(tables[..., 1, 1], labels[..., 1]),
            _share(tables[..., 0, 1], labels[..., 0]),
        )

    def demographic_parity(self, judged: Mask) -> Floats:
        """The gap between the groups that are judged, in [0, 1]; NaN with fewer than two of them; shape (...)."""
        return _gap(self.selected, judged)

    def equalized_odds(self, judged: Mask) -> Floats:
        """The larger of the gaps of both rates."""
        return np.maximum(_gap(self.true_positive, judged), _gap(self.false_positive, judged))


@dataclass(frozen=True, eq=False)
class GroupGap:
    """A gap of both models; `worsening` is the challenger's less the champion's, None when there is no champion."""

    champion: float | None
    challenger: ValueSpread
    worsening: ValueSpread | None


@dataclass(frozen=True, eq=False)
class GroupCounts:
    """The counts of (group, label, champion's answer, challenger's answer); without a champion its answer is 0.

    `in_parity` and `in_odds` tell which groups can be judged; `pooled` is whether the last is several together.
    """

    table: Counts
    by_cluster: Counts | None = None
    pooled: bool = False

    @property
    def rows(self) -> Floats:
        """How many rows each group has."""
        found: Floats = self.table.sum(axis=(1, 2, 3))
        return found

    @property
    def labels(self) -> Floats:
        """How many rows of each label each group has; shape (groups, 2)."""
        found: Floats = self.table.sum(axis=(2, 3))
        return found

    @property
    def in_parity(self) -> Mask:
        """Which groups have 200 rows."""
        enough = np.asarray(self.rows >= FEWEST_ROWS)
        return enough & (np.arange(len(enough)) < len(enough) - self.pooled)

    @property
    def in_odds(self) -> Mask:
        """Which groups have 50 rows of either label as well."""
        return np.asarray(self.in_parity & (self.labels.min(axis=1) >= FEWEST_OF_A_LABEL))

    def champion(self) -> MeasuredRates:
        """How the champion treats them."""
        return MeasuredRates.of(self.table.sum(axis=3))

    def challenger(self) -> MeasuredRates:
        """How the challenger treats them."""
        return MeasuredRates.of(self.table.sum(axis=2))


def group_counts(sample: ScoredSample, codes: Ints, groups: int, pooled: bool = False) -> GroupCounts:
    """Count the rows of a binary task; `codes` of shape (rows,) are those of groups, from 0.

    `pooled` is whether the last group is several together, which are not judged as one.
    """
    champion = np.zeros(sample.rows, dtype=np.int64) if sample.champion is None else sample.champion.predicted
    cells = ((codes * 2 + sample.truth) * 2 + champion) * 2 + sample.challenger.predicted
    width = groups * 8
    shape = (groups, 2, 2, 2)
    table = np.bincount(cells, minlength=width).reshape(shape).astype(np.float64)
    if sample.clusters is None:
        return GroupCounts(table, pooled=pooled)
    clusters, units = sample.clusters, min(sample.units, _MOST_CLUSTERS)
    if sample.units > units:
        clusters = np.random.default_rng(0).permutation(sample.units)[clusters] % units
    flat = np.bincount(clusters * width + cells, minlength=units * width)
    return GroupCounts(table, flat.reshape(-1, *shape).astype(np.float64), pooled)


def measure_gaps(
    groups: GroupCounts, both: bool, settings: StatisticsSettings, name: str
) -> tuple[GroupGap, GroupGap]:
    """Demographic parity and equalised odds, with the bootstrap's spreads; `name` chooses the random numbers."""
    drawn = _draws(groups, settings, name)
    units = int(groups.rows.sum()) if groups.by_cluster is None else len(groups.by_cluster)
    sides = [(MeasuredRates.of(drawn.sum(axis=-2)), groups.challenger())]
    if both:
        sides.append((MeasuredRates.of(drawn.sum(axis=-1)), groups.champion()))
    parity = [(s.demographic_parity(groups.in_parity), o.demographic_parity(groups.in_parity)) for s, o in sides]
    odds = [(s.equalized_odds(groups.in_odds), o.equalized_odds(groups.in_odds)) for s, o in sides]
    return _gap_of(parity, units), _gap_of(odds, units)


def _gap_of(sides: list[tuple[Floats, Floats]], units: int) -> GroupGap:
    (drawn, seen), *champion = sides
    own = ValueSpread.from_draws(float(seen), drawn, units)
    if not champion:
        return GroupGap(None, own, None)
    drawn_then, then = champion[0]
    return GroupGap(float(then), own, ValueSpread.from_draws(float(seen - then), drawn - drawn_then, units))


def _draws(groups: GroupCounts, settings: StatisticsSettings, name: str) -> Counts:
    """Counts of resamples; shape (resamples, groups, 2, 2, 2)."""
    generator, shape = settings.generator(name), (settings.resamples, *groups.table.shape)
    if groups.by_cluster is None:
        total = groups.table.sum()
        shares = (groups.table / total).ravel()
        cells = generator.multinomial(int(total), shares, size=settings.resamples)
        return cells.reshape(shape).astype(np.float64)
    units = len(groups.by_cluster)
    weights = generator.multinomial(units, np.full(units, 1 / units), size=settings.resamples).astype(np.float64)
    drawn: Counts = (weights @ groups.by_cluster.reshape(units, -1)).reshape(shape)
    return drawn


def _gap(rates: Floats, judged: Mask) -> Floats:
    if np.count_nonzero(judged) < 2:
        return np.full(rates.shape[:-1], math.nan)
    among = rates[..., judged]
    gaps: Floats = among.max(axis=-1) - among.min(axis=-1)
    return gaps


def _share(part: Floats, whole: Floats) -> Floats:
    shares: Floats = np.divide(part, whole, out=np.full(np.shape(whole), math.nan), where=whole > 0)
    return shares
