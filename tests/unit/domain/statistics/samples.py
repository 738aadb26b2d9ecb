"""Samples to compare models on, drawn from seeds."""

from __future__ import annotations

import numpy as np

from gitops_mlops.domain.metrics import Task
from gitops_mlops.domain.statistics.sample import Ints, Sample, Scores


def binary_scores(probabilities: np.ndarray) -> Scores:
    return Scores((probabilities >= 0.5).astype(np.int64), probabilities)


def binary(
    seed: int | list[int],
    rows: int = 600,
    clusters: int = 0,
    noise: float = 0.4,
    cluster_sd: float = 0.5,
    champion_noise: float | None = None,
) -> Sample:
    """Two models whose logits are the truth's plus noise of their own; exchangeable when `champion_noise` is None."""
    generator = np.random.default_rng(seed)
    codes: Ints | None = None
    shifts = np.zeros((2, rows))
    if clusters:
        codes = np.sort(generator.integers(clusters, size=rows)).astype(np.int64)
        codes = np.unique(codes, return_inverse=True)[1].astype(np.int64)
        shifts = generator.normal(0, cluster_sd, (2, clusters))[:, codes]
    logit = 1.5 * generator.normal(size=rows) - 1
    truth = (generator.random(rows) < _logistic(logit)).astype(np.int64)
    theirs = noise if champion_noise is None else champion_noise
    champion = _logistic(logit + theirs * generator.normal(size=rows) + shifts[0])
    challenger = _logistic(logit + noise * generator.normal(size=rows) + shifts[1])
    return Sample(Task.BINARY, truth, binary_scores(challenger), binary_scores(champion), codes)


def regression(seed: int, rows: int = 300, clusters: int = 0) -> Sample:
    generator = np.random.default_rng(seed)
    codes = generator.integers(clusters, size=rows).astype(np.int64) if clusters else None
    truth = generator.normal(10, 3, size=rows)
    champion, challenger = (truth + generator.normal(0, sd, size=rows) for sd in (1.2, 1.0))
    return Sample(Task.REGRESSION, truth, Scores(challenger), Scores(champion), codes)


def _logistic(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))
