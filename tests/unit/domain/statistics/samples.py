"""Samples to compare models on, drawn from seeds."""

from __future__ import annotations

import numpy as np

from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.statistics.sample import Ints, ModelScores, ScoredSample


def _numbered(drawn: np.ndarray) -> np.ndarray:
    """Clusters from 0 without a gap, as they come out of a table: chance may leave one without a row."""
    return np.unique(drawn, return_inverse=True)[1].astype(np.int64)


def binary_scores(probabilities: np.ndarray) -> ModelScores:
    return ModelScores((probabilities >= 0.5).astype(np.int64), probabilities)


def binary(
    seed: int | list[int],
    rows: int = 600,
    clusters: int = 0,
    noise: float = 0.4,
    cluster_sd: float = 0.5,
    champion_noise: float | None = None,
) -> ScoredSample:
    """Two models whose logits are the truth's plus noise of their own; exchangeable when `champion_noise` is None."""
    generator = np.random.default_rng(seed)
    codes: Ints | None = None
    shifts = np.zeros((2, rows))
    if clusters:
        codes = _numbered(np.sort(generator.integers(clusters, size=rows)))
        codes = np.unique(codes, return_inverse=True)[1].astype(np.int64)
        shifts = generator.normal(0, cluster_sd, (2, clusters))[:, codes]
    logit = 1.5 * generator.normal(size=rows) - 1
    truth = (generator.random(rows) < _logistic(logit)).astype(np.int64)
    theirs = noise if champion_noise is None else champion_noise
    champion = _logistic(logit + theirs * generator.normal(size=rows) + shifts[0])
    challenger = _logistic(logit + noise * generator.normal(size=rows) + shifts[1])
    return ScoredSample(ModelTask.BINARY, truth, binary_scores(challenger), binary_scores(champion), codes)


def multiclass(seed: int | list[int], rows: int = 400, clusters: int = 0, classes: int = 4) -> ScoredSample:
    """Two exchangeable models of several classes, of which the first is the most frequent."""
    generator = np.random.default_rng(seed)
    codes = _numbered(generator.integers(clusters, size=rows)) if clusters else None
    logits = generator.normal(size=(rows, classes)) - 0.4 * np.arange(classes)
    truth = np.array([generator.choice(classes, p=_softmax(2 * one)) for one in logits])
    sides = [_softmax(2 * logits + generator.normal(0, 0.8, logits.shape)) for _ in range(2)]
    champion, challenger = (ModelScores(one.argmax(axis=1), one) for one in sides)
    return ScoredSample(ModelTask.MULTICLASS, truth, challenger, champion, codes, classes=tuple(range(classes)))


def ranking(seed: int | list[int], queries: int = 60, ties: bool = False) -> ScoredSample:
    """Two exchangeable models that rank 5 to 12 rows of graded relevance for each query."""
    generator = np.random.default_rng(seed)
    codes = np.repeat(np.arange(queries), generator.integers(5, 13, size=queries)).astype(np.int64)
    relevance = generator.choice([0.0, 1.0, 2.0, 3.0], p=[0.55, 0.2, 0.15, 0.1], size=len(codes))
    sides = [relevance + generator.normal(0, 1.5, len(codes)) for _ in range(2)]
    champion, challenger = (ModelScores(np.round(one) if ties else one) for one in sides)
    return ScoredSample(ModelTask.RANKING, relevance, challenger, champion, codes, queries=codes)


def forecasts(seed: int | list[int], points: int = 120, horizon: int = 1, memory: float = 0.0) -> ScoredSample:
    """Two exchangeable forecasts of three series, whose errors have the autocorrelation `memory`."""
    generator = np.random.default_rng(seed)
    codes = np.repeat(np.arange(points), 3).astype(np.int64)
    truth = 50 + np.cumsum(generator.normal(0, 1, points))[codes] + generator.normal(0, 1, len(codes))
    sides = [
        truth + (_autoregressive(generator, points, memory)[codes] + generator.normal(0, 1, len(codes)))
        for _ in range(2)
    ]
    champion, challenger = (ModelScores(one) for one in sides)
    scale = np.tile([0.8, 1.0, 1.3], points)
    return ScoredSample(ModelTask.FORECASTING, truth, challenger, champion, codes, horizon=horizon, scale=scale)


def _autoregressive(generator: np.random.Generator, points: int, memory: float) -> np.ndarray:
    steps = generator.normal(0, 1, points + 50)
    for index in range(1, len(steps)):
        steps[index] += memory * steps[index - 1]
    return steps[50:]


def _softmax(values: np.ndarray) -> np.ndarray:
    weights = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def regression(seed: int, rows: int = 300, clusters: int = 0) -> ScoredSample:
    generator = np.random.default_rng(seed)
    codes = _numbered(generator.integers(clusters, size=rows)) if clusters else None
    truth = generator.normal(10, 3, size=rows)
    champion, challenger = (truth + generator.normal(0, sd, size=rows) for sd in (1.2, 1.0))
    return ScoredSample(ModelTask.REGRESSION, truth, ModelScores(challenger), ModelScores(champion), codes)


def _logistic(values: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-values)))
