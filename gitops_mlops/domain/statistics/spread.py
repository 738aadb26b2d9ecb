"""How far a measured number may be from the true one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from gitops_mlops.domain.statistics.sample import Floats


@dataclass(frozen=True, eq=False)
class ValueSpread:
    """A value with its sampling distribution: Student's t around it, or bootstrap draws of it.

    `se` is the standard error in the value's unit, `df` the degrees of freedom (units - 1 when they are clusters;
    infinite for a normal). A draw that is NaN is an undefined value and counts against whatever is asked.
    """

    value: float
    se: float
    df: float = math.inf
    draws: Floats | None = None

    @classmethod
    def from_draws(cls, value: float, draws: Floats, units: int) -> ValueSpread:
        """The spread that bootstrap draws over `units` independent units show."""
        finite = draws[np.isfinite(draws)]
        se = float(np.std(finite, ddof=1)) if len(finite) > 1 else math.nan
        return cls(value, se * math.sqrt(units / (units - 1)) if units > 1 else math.nan, units - 1, draws)

    @property
    def known(self) -> bool:
        """Whether there is a value and a standard error at all."""
        return math.isfinite(self.value) and math.isfinite(self.se)

    def flipped(self) -> ValueSpread:
        """The spread of minus the value."""
        return replace(self, value=-self.value, draws=None if self.draws is None else -self.draws)

    def low(self, alpha: float) -> float:
        """The one-sided lower bound: the truth is below it with probability `alpha` at most."""
        return self._bound(alpha, lower=True)

    def high(self, alpha: float) -> float:
        """The one-sided upper bound."""
        return self._bound(alpha, lower=False)

    def p_at_least(self, threshold: float) -> float:
        """The one-sided p-value of 'the truth is at least `threshold`': small when it is clearly below."""
        return self.flipped().p_at_most(-threshold)

    def p_at_most(self, threshold: float) -> float:
        """The one-sided p-value of 'the truth is at most `threshold`': small when it is clearly above."""
        if not self.known:
            return 1.0
        if self.draws is not None:
            against = int(np.count_nonzero(~(self.draws > threshold)))
            share = (against + 1) / (len(self.draws) + 1)
            return _t_cdf(float(ndtri(min(share, 1 - 1e-16))) / self._widening, self.df)
        if self.se == 0:
            return 0.0 if self.value > threshold else 1.0
        return _t_cdf((threshold - self.value) / self.se, self.df)

    def p_two_sided(self) -> float:
        """The two-sided p-value of 'the truth is 0'."""
        return min(1.0, 2 * min(self.p_at_most(0.0), self.p_at_least(0.0)))

    @property
    def _widening(self) -> float:
        return math.sqrt((self.df + 1) / self.df) if math.isfinite(self.df) and self.df > 0 else 1.0

    def _bound(self, alpha: float, lower: bool) -> float:
        if not self.known:
            return math.nan
        quantile = t_quantile(alpha, self.df)
        if self.draws is None:
            return self.value + (quantile if lower else -quantile) * self.se
        # The percentile interval of few units is too narrow. The expanded one asks for the quantile that Student's
        # t would ask for (Hesterberg 2015, 'What Teachers Should Know About the Bootstrap', section 5.3).
        share = float(ndtr(quantile * self._widening))
        last = len(self.draws) - 1
        if lower:
            return float(np.sort(np.where(np.isnan(self.draws), -math.inf, self.draws))[math.floor(share * last)])
        return float(np.sort(np.where(np.isnan(self.draws), math.inf, self.draws))[math.ceil((1 - share) * last)])


def _t_cdf(value: float, df: float) -> float:
    return float(ndtr(value)) if math.isinf(df) else float(stdtr(df, value))


def t_quantile(share: float, df: float) -> float:
    """The quantile of Student's t with `df` degrees of freedom, of the normal when they are infinite."""
    return float(ndtri(share)) if math.isinf(df) else float(stdtrit(df, share))
