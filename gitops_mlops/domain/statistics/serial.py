"""Errors of forecasts depend on one another: the standard error of their sum, and Diebold and Mariano's test.

Diebold and Mariano take autocovariances below the horizon, as is right for optimal forecasts; with the correction of
Harvey, Leybourne and Newbold. Errors that last longer, as a poor forecast's do, make that test reject too often (17 %
for 5 % at an autocorrelation of 0.5), so the spread is the widest one of theirs, of the equally weighted cosine
estimator, whose Student's t has few degrees of freedom (fixed smoothing), and, one step ahead, of a first-order
autoregression, which is right where cosines are too few (30 points of autocorrelation 0.5 to 0.7). One step ahead
cosines are asked only where neighbours are alike: they widen the interval, and find nothing elsewhere.

Sources: Diebold and Mariano 1995, Journal of Business and Economic Statistics 13:253-263; Harvey, Leybourne and
Newbold 1997, International Journal of Forecasting 13:281-291; Lazarus, Lewis, Stock and Watson 2018, Journal of
Business and Economic Statistics 36:541-559; Coroneo and Iacone 2020, Journal of Applied Econometrics 35:391-409;
Kendall 1954, Biometrika 41:403-404, for the bias of an autocorrelation.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import stdtr

from gitops_mlops.domain.statistics.sample import Floats
from gitops_mlops.domain.statistics.spread import t_quantile

# Terms more alike than this are a trend, which no error of a mean describes.
_MOST_ALIKE = 0.95
_FEWEST_COSINES = 4
_LASTING = 0.1


def diebold_mariano(differences: Floats, horizon: int = 1) -> tuple[float, float]:
    """The corrected statistic, and its two-sided p-value.

    `differences` of shape (T,) are the losses of one forecast less those of the other, in the order of time.
    """
    total = float(differences.sum())
    se, df = _truncated(differences - differences.mean(), horizon)
    if se == 0:
        return (math.copysign(math.inf, total), 0.0) if total else (0.0, 1.0)
    return total / se, 2 * float(stdtr(df, -abs(total / se)))


def series_error(centred: Floats, lag: int) -> tuple[float, float]:
    """The standard error of a sum of T terms with mean 0, of shape (T,) in the order of time; degrees of freedom.

    Terms depend by design on those less than `lag` steps away, as the errors of forecasts `lag` steps ahead do.
    """
    found: list[tuple[float, float]] = [_truncated(centred, lag)]
    if lag > 1:
        found.append(_cosines(centred, max(_FEWEST_COSINES, int(0.4 * len(centred) ** (2 / 3)))))
    else:
        rho = autocorrelation(centred)
        found.append(_autoregressive(centred, rho))
        if rho > _LASTING:
            # Noise upon what lasts hides how long it does, but not from the slowest waves.
            found.append(_cosines(centred, _FEWEST_COSINES))
    return max(found, key=lambda one: one[0] * t_quantile(0.95, one[1]))


def autocorrelation(centred: Floats) -> float:
    """How alike terms are that follow one another, of shape (T,) with mean 0; without the bias of a short series."""
    squares = float(np.square(centred).sum())
    if squares == 0:
        return 0.0
    raw = float((centred[1:] * centred[:-1]).sum()) / squares
    return raw + (1 + 3 * raw) / len(centred)


def small_sample(count: int, horizon: int) -> float:
    """What Harvey, Leybourne and Newbold multiply the statistic of T = `count` terms with."""
    return math.sqrt(max(count + 1 - 2 * horizon + horizon * (horizon - 1) / count, 1.0) / count)


def _truncated(centred: Floats, horizon: int) -> tuple[float, int]:
    own = float(np.square(centred).sum())
    lagged = sum(float((centred[lag:] * centred[:-lag]).sum()) for lag in range(1, min(horizon, len(centred))))
    if own + 2 * lagged <= 0:
        # No variance: as R's `dm.test` does, take the horizon as 1.
        horizon, lagged = 1, 0.0
    return math.sqrt(own + 2 * lagged) / small_sample(len(centred), horizon), len(centred) - 1


def _autoregressive(centred: Floats, rho: float) -> tuple[float, float]:
    """Each step is its predecessor's `rho` part and something new: the sum varies (1 + rho) / (1 − rho) as much."""
    count, rho = len(centred), min(max(rho, 0.0), _MOST_ALIKE)
    longer = (1 + rho) / (1 - rho)
    error = math.sqrt(count / (count - 1) * float(np.square(centred).sum()) * longer)
    return error, max(count / longer - 1, 2.0)


def _cosines(centred: Floats, many: int) -> tuple[float, int]:
    count = len(centred)
    places = (np.arange(count) + 0.5) / count
    # One at a time: a table of all would hold T^(5/3) numbers.
    sums = np.array([(centred * np.cos(math.pi * wave * places)).sum() for wave in range(1, many + 1)])
    return math.sqrt(2 * float(np.square(sums).mean())), many
