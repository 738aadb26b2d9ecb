"""Metrics of rankings: a value for each query, and their mean. Queries without a relevant row say nothing of order.

`ndcg` is Järvelin and Kekäläinen's (2002) with the relevance itself as gain. For `mrr` and `map` a row is relevant
when its relevance is above 0. Rows that share a score have no order: each metric is its expected value over all of
their orders (McSherry and Najork 2008), so that breaking ties at random gains nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from gitops_mlops.domain.config.metrics import Metric
from gitops_mlops.domain.statistics.sample import Floats, Ints, ModelScores, ScoredSample

# From this share of rows on, the report says that scores are tied.
_MANY_TIES = 0.1


def prepare_ranking(metric: Metric, sample: ScoredSample, scores: ModelScores) -> Callable[[Floats], float]:
    """The metric of one model as a function of the rows' weights; rows of a query share theirs."""
    assert sample.queries is not None
    values = query_values(metric, sample.truth.astype(np.float64), scores.predicted, sample.queries)
    counts = np.isfinite(values)
    _, first = np.unique(sample.queries, return_index=True)
    values, first = values[counts], first[counts]

    def value(weights: Floats) -> float:
        here = weights[first]
        total = float(here.sum())
        return float((here * values).sum()) / total if total > 0 else math.nan

    return value


def query_values(metric: Metric, relevance: Floats, scores: Floats, queries: Ints) -> Floats:
    """The metric of each query, NaN where no row is relevant.

    All are of shape (n,), `queries` codes from 0; the result is of shape (queries,).
    """
    count = int(queries.max()) + 1
    cut = math.inf if metric.value is None else metric.value
    if metric.kind == "ndcg":
        gained = _gains(relevance, scores, queries, cut)
        best = _gains(relevance, relevance, queries, cut)
        return _shares(gained, best)
    order = np.lexsort((-scores, queries))
    ranked, relevant = queries[order], relevance[order] > 0
    last = _last_of_ties(scores[order], ranked)
    size = np.bincount(last, minlength=len(last))[last]
    hits = np.bincount(last, weights=relevant, minlength=len(last))[last].astype(np.float64)
    start = np.searchsorted(ranked, np.arange(count))[ranked]
    # Of every row: its place in the query and among its ties, from 0, and the relevant rows above its ties.
    rows = np.arange(len(ranked))
    place, within = rows - start, rows - (last - size + 1)
    found = np.concatenate([[0], np.cumsum(relevant)])
    above = found[rows - within] - found[start]
    total = np.bincount(ranked, weights=relevant, minlength=count)
    if metric.kind == "map":
        # Of the other relevant rows among the ties, those expected before this place.
        fellows = within * (hits - 1) / np.maximum(size - 1, 1)
        expected = hits / size * (above + 1 + fellows) / (place + 1)
        return _shares(np.bincount(ranked, weights=expected, minlength=count), total)
    chance = np.where((above == 0) & (place < cut), _chance_of_first(size, hits, within), 0.0)
    reciprocal = np.bincount(ranked, weights=chance / (place + 1), minlength=count)
    return np.where(total > 0, reciprocal, math.nan)


def ties_note(sample: ScoredSample) -> str:
    """A word on rows of a ranking that share their score, "" when they are few or it is no ranking."""
    if sample.queries is None:
        return ""
    shares = [_tied_share(scores.predicted, sample.queries) for scores in sample.sides]
    most = max(shares)
    if most < _MANY_TIES:
        return ""
    whose = "challenger" if shares[-1] == most else "champion"
    return f"{most:.0%} of the {whose}'s rows share their score within a query; ties count by their expected value"


def _tied_share(scores: Floats, queries: Ints) -> float:
    order = np.lexsort((scores, queries))
    last = _last_of_ties(scores[order], queries[order])
    return float(np.mean(np.bincount(last, minlength=len(last))[last] > 1))


def _chance_of_first(size: Ints, hits: Floats, within: Ints) -> Floats:
    """How likely the first of `hits` relevant rows among `size` in random order stands at place `within`, from 0.

    C(size − within − 1, hits − 1) / C(size, hits), by log-gamma.
    """
    left = size - within - hits
    possible = (hits > 0) & (left >= 0)
    # What is not possible is computed as C(0, 0) / C(1, 1), so that no infinity appears.
    n, r, after, rest = (
        np.where(possible, one, of) for one, of in ((size, 1), (hits, 1), (size - within, 1), (left, 0))
    )
    log = gammaln(after) - gammaln(r) - gammaln(rest + 1) - gammaln(n + 1) + gammaln(r + 1) + gammaln(n - r + 1)
    chance: Floats = np.where(possible, np.exp(log), 0.0)
    return chance


def _gains(relevance: Floats, scores: Floats, queries: Ints, cut: float) -> Floats:
    """The discounted gain of each query down to place `cut`, ties sharing theirs evenly; shape (queries,)."""
    order = np.lexsort((-scores, queries))
    ranked = queries[order]
    count = int(queries.max()) + 1
    place = np.arange(len(ranked)) - np.searchsorted(ranked, np.arange(count))[ranked]
    discount = np.where(place < cut, 1 / np.log2(place + 2), 0.0)
    last = _last_of_ties(scores[order], ranked)
    size = np.bincount(last, minlength=len(last))[last]
    shared = np.bincount(last, weights=discount, minlength=len(last))[last] / size
    return np.bincount(ranked, weights=relevance[order] * shared, minlength=count).astype(np.float64)


def _shares(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> Floats:
    shares: Floats = np.divide(above, below, out=np.full(len(above), math.nan), where=below > 0)
    return shares


def _last_of_ties(scores: Floats, queries: Ints) -> Ints:
    """For rows in order of query and score, the index of the last row with the same query and score."""
    ends = np.flatnonzero(np.append((np.diff(scores) != 0) | (np.diff(queries) != 0), True))
    last: Ints = ends[np.searchsorted(ends, np.arange(len(scores)))]
    return last
