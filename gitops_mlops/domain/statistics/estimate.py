"""What every method of this package answers with, and what it is told."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from gitops_mlops.domain.statistics.custom_metrics import CustomMetric
from gitops_mlops.domain.statistics.spread import ValueSpread


@dataclass(frozen=True)
class StatisticsSettings:
    """How sure we want to be (`alpha`, one-sided), how the bootstrap draws, the project's `own` metrics by name."""

    alpha: float = 0.05
    power: float = 0.8
    resamples: int = 2000
    seed: int = 0
    own: Mapping[str, CustomMetric] = field(default_factory=dict)

    def generator(self, name: str) -> np.random.Generator:
        """A random generator of its own for each metric, so that no result depends on which others are asked for.

        SFC64, which draws whole numbers in two thirds of the time of numpy's default.
        """
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence([self.seed, zlib.crc32(name.encode())])))


@dataclass(frozen=True, eq=False)
class PairedEstimate:
    """One metric of both models. `delta` is challenger minus champion in the metric's own direction.

    `challenger` and `champion` may be NaN: the metric is undefined on these rows, and `note` says why. `caution` says
    why the interval may be too narrow.
    """

    challenger: ValueSpread
    champion: float | None = None
    delta: ValueSpread | None = None
    method: str = ""
    p_value: float | None = None
    note: str = field(default="")
    caution: str = ""

    def flipped(self) -> PairedEstimate:
        """The same with `delta` turned round."""
        return replace(self, delta=None if self.delta is None else self.delta.flipped())
