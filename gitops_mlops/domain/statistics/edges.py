"""Spreads of one model's own value that hold beside the edges of 0 and 1, where a bootstrap sees no error at all.

Of 30 right answers in 30 every resample has 30, and its interval is [1, 1]. A share has exact bounds instead, an area
bounds on the logit scale, and where too few rows are misranked for those, the exact bounds of a share again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.special import betainc, betaincinv, expit, logit

from gitops_mlops.domain.statistics.spread import ValueSpread, t_quantile

# With fewer effectively misranked rows the error of an area on the logit scale is itself too uncertain: without this
# floor, 95 % intervals of an area of 0.98 covered 78 to 95 % (`benchmarks/own_values.py`).
FEWEST_MISRANKED = 6
# With fewer clusters that hold the rarer outcome, the error between clusters is too uncertain: 95 % intervals of a
# share of 0.95 to 0.99 in 20 to 100 clusters of correlation 0.5 covered 90 to 91 % (95 with it).
FEWEST_ERRING = 3


@dataclass(frozen=True, eq=False)
class ShareSpread(ValueSpread):
    """A share with the exact bounds of Clopper and Pearson (1934), and the p-values that belong to them.

    `trials` may be fewer than the rows, and no whole number, where rows are not independent (see
    `effective_trials`). `outward` is a rising function from the share to the value, when it is another; `inward` is
    its inverse.
    """

    successes: float = 0.0
    trials: float = 0.0
    outward: Callable[[float], float] | None = None
    inward: Callable[[float], float] | None = None

    def flipped(self) -> ValueSpread:
        """A share has no opposite that is one."""
        raise TypeError("a share cannot be flipped")

    def low(self, alpha: float) -> float:
        """Clopper and Pearson's lower bound; 0 when nothing succeeded."""
        bound = betaincinv(self.successes, self._failures + 1, alpha) if self.successes > 0 else 0.0
        return self._shown(float(bound))

    def high(self, alpha: float) -> float:
        """Clopper and Pearson's upper bound; 1 when everything succeeded."""
        bound = betaincinv(self.successes + 1, self._failures, 1 - alpha) if self._failures > 0 else 1.0
        return self._shown(float(bound))

    def p_at_most(self, threshold: float) -> float:
        """How likely as many successes are when the value is at most `threshold`."""
        share = self._share(threshold)
        if self.successes <= 0 or share >= 1:
            return 1.0
        return 0.0 if share <= 0 else float(betainc(self.successes, self._failures + 1, share))

    def p_at_least(self, threshold: float) -> float:
        """How likely as few successes are when the value is at least `threshold`."""
        share = self._share(threshold)
        if self._failures <= 0 or share <= 0:
            return 1.0
        return 0.0 if share >= 1 else float(1 - betainc(self.successes + 1, self._failures, share))

    @property
    def _failures(self) -> float:
        return self.trials - self.successes

    def _shown(self, share: float) -> float:
        return share if self.outward is None else self.outward(share)

    def _share(self, value: float) -> float:
        return value if self.inward is None else self.inward(value)


@dataclass(frozen=True, eq=False)
class LogitSpread(ValueSpread):
    """Student's t around a value between 0 and 1 on the scale of log(v / (1 − v)); `se` is on the value's scale."""

    def flipped(self) -> ValueSpread:
        """Its mirror image is not between 0 and 1."""
        raise TypeError("a value on the logit scale cannot be flipped")

    def low(self, alpha: float) -> float:
        """The bound on the logit scale, brought back."""
        return float(expit(logit(self.value) + t_quantile(alpha, self.df) * self._logit_se))

    def high(self, alpha: float) -> float:
        """The bound on the logit scale, brought back."""
        return float(expit(logit(self.value) - t_quantile(alpha, self.df) * self._logit_se))

    def p_at_most(self, threshold: float) -> float:
        """The one-sided p-value of 'the truth is at most `threshold`'."""
        return self._scaled().p_at_most(float(logit(min(max(threshold, 0.0), 1.0))))

    def p_at_least(self, threshold: float) -> float:
        """The one-sided p-value of 'the truth is at least `threshold`'."""
        return self._scaled().p_at_least(float(logit(min(max(threshold, 0.0), 1.0))))

    @property
    def _logit_se(self) -> float:
        return self.se / (self.value * (1 - self.value))

    def _scaled(self) -> ValueSpread:
        return ValueSpread(float(logit(self.value)), self._logit_se, self.df)


def share_spread(successes: float, trials: float) -> ShareSpread:
    """The spread of a share of independent trials."""
    value = successes / trials
    return ShareSpread(value, math.sqrt(value * (1 - value) / trials), successes=successes, trials=trials)


def effective_trials(value: float, se: float, trials: float, units: int, erring: float) -> float:
    """As how many independent trials a share of clustered ones counts, at most `trials`.

    Source: Korn and Graubard 1998, Survey Methodology 24:193-201, with Student's t for `units` clusters. `erring` is
    over how many clusters the rarer outcome is effectively spread; with too few for an error, each cluster counts as
    one trial.
    """
    if erring < FEWEST_ERRING or not 0 < value < 1 or se <= 0:
        return float(min(units, trials))
    widened = t_quantile(0.975, trials - 1) / t_quantile(0.975, units - 1) if trials > 1 else 1.0
    return min(value * (1 - value) / se**2 * widened**2, trials)


def area_spread(spread: ValueSpread, misranked: float, pairs: float) -> ValueSpread:
    """The spread of an area under the ROC curve whose standard error is that of `spread`.

    `misranked` is how many rows (or clusters) of the label with the fewer are effectively misranked. With too few of
    them the area is taken as a share of `pairs`, the most disjoint pairs of one row of each label: they are
    independent, and the mean over all pairs varies no more than the mean over those, so the bounds are cautious.
    """
    if not math.isfinite(spread.value):
        return spread
    if misranked >= FEWEST_MISRANKED and spread.known and 0 < spread.value < 1:
        return LogitSpread(spread.value, spread.se, spread.df)
    return ShareSpread(spread.value, spread.se, spread.df, successes=spread.value * pairs, trials=pairs)
