"""Training is random too: what several trainings of one recipe say of the recipe, and not of one model."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import stdtr

from gitops_mlops.domain.statistics.spread import ValueSpread


def recipe_spread(test: ValueSpread, champion: Sequence[float], challenger: Sequence[float]) -> ValueSpread:
    """The difference between two recipes, of which each was trained K times: SE² = SE_test² + (s_a² + s_b²)/K.

    `champion` and `challenger` are the metric of each training, K of both; the difference is that of their means.
    `test` is the difference of one training of each on the same rows: its error says how much other test rows
    would change it. The degrees of freedom are Welch's and Satterthwaite's. Raises ValueError for fewer than two
    pairs.
    """
    count = len(champion)
    if count != len(challenger) or count < 2:
        raise ValueError(f"{count} and {len(challenger)} trainings: at least two of each recipe, as many of both")
    noise = [float(np.var(values, ddof=1)) / count for values in (champion, challenger)]
    variance = test.se**2 + sum(noise)
    parts = sum(one**2 / (count - 1) for one in noise)
    if math.isfinite(test.df):
        parts += test.se**4 / test.df
    value = float(np.mean(challenger) - np.mean(champion))
    return ValueSpread(value, math.sqrt(variance), variance**2 / parts if parts > 0 else math.inf)


def corrected_resampled_t(differences: Sequence[float], train_rows: int, test_rows: int) -> tuple[float, float]:
    """The t of repeated cross-validation whose training sets overlap, and its one-sided p-value.

    `differences` are the metric's, one a fold; the variance is s²·(1/n + test/train), without which overlap makes
    noise look like a difference. Source: Nadeau and Bengio 2003, Machine Learning 52:239-281.
    """
    values = np.asarray(differences, dtype=np.float64)
    count = len(values)
    variance = float(np.var(values, ddof=1)) * (1 / count + test_rows / train_rows)
    if variance == 0:
        return (
            (0.0, 0.5) if values.mean() == 0 else (math.copysign(math.inf, values.mean()), float(values.mean() < 0))
        )
    statistic = float(values.mean()) / math.sqrt(variance)
    return statistic, float(stdtr(count - 1, -statistic))
