"""From a difference and how sure we are of it to a word, and to how many rows would be enough."""

from __future__ import annotations

import math

from gitops_mlops.domain.statistics.results import MetricVerdict
from gitops_mlops.domain.statistics.spread import ValueSpread, t_quantile

# With fewer independent units the intervals are not what they say, whatever the method.
FEWEST_UNITS = 20
# With fewer effective clusters one or two decide alone.
FEWEST_EFFECTIVE_UNITS = 10
# With fewer rows of either label the normal approximation of ROC-AUC is not one.
FEWEST_OF_A_CLASS = 10


def verdict(delta: ValueSpread, margin: float, alpha: float) -> MetricVerdict:
    """What the one-sided bounds at `alpha` allow to say; `delta` is positive when the challenger is better."""
    if not delta.known:
        return "undefined"
    low, high = delta.low(alpha), delta.high(alpha)
    if low > 0:
        return "improved"
    if high < -margin:
        return "regressed"
    if low > -margin:
        return "non_inferior"
    return "inconclusive"


def minimum_detectable_effect(se: float, alpha: float, power: float, df: float = math.inf) -> float:
    """The smallest difference that a one-sided test at `alpha` finds with `power`: 2.486 · SE at 0.05 and 0.8.

    With few units (`df`, the degrees of freedom) by Student's t instead of the normal: 2.57 · SE for 24.
    """
    return (t_quantile(1 - alpha, df) + t_quantile(power, df)) * se


def units_needed(units: int, mde: float, margin: float) -> int | None:
    """How many units make the margin detectable; None when these are enough, or there is no margin."""
    if margin <= 0 or not math.isfinite(mde) or mde <= margin:
        return None
    return math.ceil(units * (mde / margin) ** 2)
