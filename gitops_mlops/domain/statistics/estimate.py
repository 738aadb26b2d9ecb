"""What every method of this package answers with, and what it is told."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace

import numpy as np

from gitops_mlops.domain.statistics.spread import Spread


@dataclass(frozen=True)
class Settings:
    """How sure we want to be (`alpha`, one-sided), and how the bootstrap draws."""

    alpha: float = 0.05
    power: float = 0.8
    resamples: int = 2000
    seed: int = 0

    def generator(self, name: str) -> np.random.Generator:
        """A random generator of its own for each metric, so that no result depends on which others are asked for."""
        return np.random.default_rng(np.random.SeedSequence([self.seed, zlib.crc32(name.encode())]))


@dataclass(frozen=True, eq=False)
class Estimate:
    """One metric of both models. `delta` is challenger minus champion in the metric's own direction.

    `challenger` and `champion` may be NaN: the metric is undefined on these rows, and `note` says why.
    """

    challenger: Spread
    champion: float | None = None
    delta: Spread | None = None
    method: str = ""
    p_value: float | None = None
    note: str = field(default="")

    def flipped(self) -> Estimate:
        """The same with `delta` turned round."""
        return replace(self, delta=None if self.delta is None else self.delta.flipped())
