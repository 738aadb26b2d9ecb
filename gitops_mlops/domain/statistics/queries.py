"""Metrics of rankings: a value for each query, and their mean. Queries without a relevant row say nothing of order.

`ndcg` is Järvelin and Kekäläinen's (2002) with the relevance itself as gain and ties shared out evenly, as in
scikit-learn. For `mrr` and `map` a row is relevant when its relevance is above 0. Rows that share a score are passed
together, and for `mrr` the irrelevant of them first: a model that says the same of all rows gains nothing by their
order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gitops_mlops.domain.config.metrics import Metric
from gitops_mlops.domain.statistics.sample import Floats, Ints, ModelScores, ScoredSample


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
    starts = np.searchsorted(ranked, np.arange(count))
    # Of every row: how many rows, and how many relevant ones, score at least as much in its query.
    passed = last + 1 - starts[ranked]
    found = np.cumsum(relevant)
    before = np.where(starts > 0, found[starts - 1], 0)
    hits: Ints = found[last] - before[ranked]
    total = np.bincount(ranked, weights=relevant, minlength=count)
    if metric.kind == "map":
        sums = np.bincount(ranked, weights=np.where(relevant, hits / passed, 0.0), minlength=count)
        return _shares(sums, total)
    firsts = np.full(count, np.inf)
    np.minimum.at(firsts, ranked[relevant], (passed - hits + 1)[relevant])
    reciprocal = np.where(firsts <= cut, 1 / firsts, 0.0)
    return np.where(total > 0, reciprocal, math.nan)


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
