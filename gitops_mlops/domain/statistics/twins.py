"""Whether rows look like training rows more often than chance makes them: a test of a copied test set.

Good and Turing (Good 1953, Biometrika 40:237-264) estimate from n training rows alone what a new row of the same
population meets there. With N₁ rows that look like no other, N₂ pairs and N₃ triples it looks like some row with
probability 1 − N₁/n, and like exactly one with probability 2·N₂/n. With λ the expected count of a value, a Poisson
variable t, the errors λ·[t = 0] − [t = 1] and λ·[t = 1] − 2·[t = 2] have mean 0, so the variances of the two
estimates are (N₁(n − N₁)/n + 2·N₂)/n² (Esty 1983, Annals of Statistics 11:905-912) and (4·N₂ + 6·N₃)/n².

The first finds copies where values repeat everywhere; the second where few values are frequent and the others rare,
for there a copy looks like exactly one row. Where they differ, each is asked at half of ALPHA (Bonferroni).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betainc

from gitops_mlops.domain.statistics.sample import Ints

# How often a test set without any copy is taken for one that has some, at most.
ALPHA = 0.01

Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Twins:
    """How evaluation rows look like training rows: `twins` of shape (rows,) counts for each the rows that it equals.

    `expected` is how many rows would have a twin by chance, `p_value` the probability of at least as many as have.
    """

    twins: Ints
    expected: float
    p_value: float


def twins_of(keys: Keys, training: Keys) -> Twins:
    """Compare rows by keys, which are equal where rows are."""
    known, counts = np.unique(training, return_counts=True)
    twins = np.zeros(len(keys), dtype=np.int64)
    n = len(training)
    if not len(keys) or not n:
        return Twins(twins, 0.0, 1.0)
    places = np.searchsorted(known, keys).clip(max=len(known) - 1)
    twins = np.where(known[places] == keys, counts[places], 0)
    singles, pairs, triples = (int(np.count_nonzero(counts == size)) for size in (1, 2, 3))
    inside, met_once = n - singles, 2 * pairs
    any_twin, one_twin = int(np.count_nonzero(twins)), int(np.count_nonzero(twins == 1))
    p_any = _p(any_twin, len(keys), inside, singles * inside / n + 2 * pairs, n)
    p_one = _p(one_twin, len(keys), met_once, 4 * pairs + 6 * triples, n)
    if (any_twin, inside) == (one_twin, met_once):
        # Where no row looks like several, both count the same.
        return Twins(twins, len(keys) * inside / n, max(p_any, p_one))
    return Twins(twins, len(keys) * inside / n, min(1.0, 2 * min(p_any, p_one)))


def _p(here: int, rows: int, inside: int, variance: float, n: int) -> float:
    """The probability of at least `here` of `rows`, where `inside` of n training rows do the same.

    Like two Poisson counts, given their sum, which is exact for the pairs of a table where twins are rare; each is
    divided by how much more (a pair counts twice), or less (a share near 1), it varies than a Poisson count.
    """
    calm = 1 - inside / n
    if not here or calm <= 0:
        return 1.0
    excess = variance / inside if inside else 2.0
    mine, theirs = rows / calm, n / excess
    return float(betainc(here / calm, inside / excess + 1, mine / (mine + theirs)))
