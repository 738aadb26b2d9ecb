"""What each metric is by scikit-learn, or spelt out row by row where it has none."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import combinations, product

import numpy as np
from sklearn import metrics as sk

from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.statistics.sample import ModelScores, ScoredSample

Oracle = Callable[[ScoredSample, ModelScores], float]


def _average(function: Callable[..., float], average: str) -> Oracle:
    return lambda s, one: function(s.truth, one.predicted, average=average, zero_division=0.0)


def _of_bins(hit: np.ndarray, sure: np.ndarray) -> float:
    bins = np.digitize(sure, np.linspace(0, 1, 11)[1:-1])
    return float(sum(abs((hit - sure)[bins == b].sum()) for b in range(10)) / len(hit))


def _ece(s: ScoredSample, one: ModelScores) -> float:
    assert one.probabilities is not None
    if s.task is ModelTask.BINARY:
        return _of_bins(s.truth, one.probabilities)
    return _of_bins(one.predicted == s.truth, one.probabilities.max(axis=1))


def _by_query(value: Callable[[np.ndarray, np.ndarray], float]) -> Oracle:
    def mean(s: ScoredSample, one: ModelScores) -> float:
        assert s.queries is not None
        groups = [s.queries == query for query in np.unique(s.queries)]
        return float(np.mean([value(s.truth[g], one.predicted[g]) for g in groups if (s.truth[g] > 0).any()]))

    return mean


def _orders(relevance: np.ndarray, scores: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
    """Every order of a query's rows that its scores allow, as (how likely, which places are relevant)."""
    groups = [relevance[scores == score] > 0 for score in sorted(set(scores), reverse=True)]
    each = [
        [np.isin(np.arange(len(one)), places) for places in combinations(range(len(one)), one.sum())]
        for one in groups
    ]
    for chosen in product(*each):
        yield 1 / math.prod(map(len, each)), np.concatenate(chosen)


def _reciprocal(relevance: np.ndarray, scores: np.ndarray, cut: float = math.inf) -> float:
    ranks = [(chance, 1 + int(np.argmax(places))) for chance, places in _orders(relevance, scores)]
    return sum(chance / rank for chance, rank in ranks if rank <= cut)


def _average_precision(relevance: np.ndarray, scores: np.ndarray) -> float:
    return sum(
        chance * float(np.mean(np.cumsum(places)[places] / (np.flatnonzero(places) + 1)))
        for chance, places in _orders(relevance, scores)
    )


ORACLES: dict[str, Oracle] = {
    "accuracy": lambda s, one: sk.accuracy_score(s.truth, one.predicted),
    "balanced_accuracy": lambda s, one: sk.balanced_accuracy_score(s.truth, one.predicted),
    "precision": lambda s, one: sk.precision_score(s.truth, one.predicted),
    "recall": lambda s, one: sk.recall_score(s.truth, one.predicted),
    "specificity": lambda s, one: sk.recall_score(s.truth, one.predicted, pos_label=0),
    "f1": lambda s, one: sk.f1_score(s.truth, one.predicted),
    "precision_macro": _average(sk.precision_score, "macro"),
    "recall_macro": _average(sk.recall_score, "macro"),
    "f1_macro": _average(sk.f1_score, "macro"),
    "precision_weighted": _average(sk.precision_score, "weighted"),
    "recall_weighted": _average(sk.recall_score, "weighted"),
    "f1_weighted": _average(sk.f1_score, "weighted"),
    "mcc": lambda s, one: sk.matthews_corrcoef(s.truth, one.predicted),
    "roc_auc": lambda s, one: sk.roc_auc_score(s.truth, one.probabilities),
    "roc_auc_ovr": lambda s, one: sk.roc_auc_score(s.truth, one.probabilities, multi_class="ovr"),
    "average_precision": lambda s, one: sk.average_precision_score(s.truth, one.probabilities),
    "log_loss": lambda s, one: sk.log_loss(s.truth, one.probabilities, labels=np.arange(len(s.classes) or 2)),
    "brier": lambda s, one: sk.brier_score_loss(s.truth, one.probabilities),
    "ece": _ece,
    "mae": lambda s, one: sk.mean_absolute_error(s.truth, one.predicted),
    "rmse": lambda s, one: sk.root_mean_squared_error(s.truth, one.predicted),
    "r2": lambda s, one: sk.r2_score(s.truth, one.predicted),
    "median_ae": lambda s, one: sk.median_absolute_error(s.truth, one.predicted),
    "mape": lambda s, one: sk.mean_absolute_percentage_error(s.truth, one.predicted),
    "smape": lambda s, one: float(
        np.mean(2 * np.abs(s.truth - one.predicted) / (np.abs(s.truth) + np.abs(one.predicted)))
    ),
    "pinball@0.9": lambda s, one: sk.mean_pinball_loss(s.truth, one.predicted, alpha=0.9),
    "mase": lambda s, one: float(np.mean(np.abs(s.truth - one.predicted) / s.scale)),
    "ndcg": _by_query(lambda y, score: sk.ndcg_score([y], [score])),
    "ndcg@3": _by_query(lambda y, score: sk.ndcg_score([y], [score], k=3)),
    "mrr": _by_query(_reciprocal),
    "mrr@2": _by_query(lambda y, score: _reciprocal(y, score, 2)),
    "map": _by_query(_average_precision),
}
