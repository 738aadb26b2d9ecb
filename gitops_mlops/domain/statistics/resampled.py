"""Average precision and calibration error: a paired percentile bootstrap of rows, or of whole clusters."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from gitops_mlops.domain.statistics.estimate import Estimate, Settings
from gitops_mlops.domain.statistics.sample import Floats, Sample
from gitops_mlops.domain.statistics.spread import Spread

BINS = 10

Positive = npt.NDArray[np.bool_]
Weighted = Callable[[Floats], float]


def estimate_resampled(sample: Sample, metric: str, settings: Settings) -> Estimate:
    """`average_precision` or `ece` for both models, on the same resamples."""
    positive = sample.truth == 1
    prepare = {"average_precision": _average_precision, "ece": _calibration_error}[metric]
    sides = [one for one in (sample.champion, sample.challenger) if one is not None]
    metrics = [prepare(positive, one.probabilities) for one in sides if one.probabilities is not None]
    whole = np.ones(sample.rows)
    values = [one(whole) for one in metrics]
    if not all(math.isfinite(value) for value in values):
        champion = None if sample.champion is None else values[0]
        return Estimate(Spread(values[-1], math.nan), champion, note="no row has the positive label")
    drawn = _draws(sample, metrics, settings, metric)
    own = Spread.from_draws(values[-1], drawn[-1], sample.units)
    method = "percentile bootstrap" if sample.clusters is None else "cluster bootstrap"
    if sample.champion is None:
        return Estimate(own, method=method)
    delta = Spread.from_draws(values[1] - values[0], drawn[1] - drawn[0], sample.units)
    return Estimate(own, values[0], delta, method, delta.p_two_sided() if delta.known else None)


def _draws(sample: Sample, metrics: list[Weighted], settings: Settings, name: str) -> Floats:
    generator = settings.generator(name)
    clusters = sample.clusters
    units = sample.units
    drawn = np.empty((len(metrics), settings.resamples))
    for index in range(settings.resamples):
        weights = np.bincount(generator.integers(units, size=units), minlength=units).astype(np.float64)
        rows = weights if clusters is None else weights[clusters]
        drawn[:, index] = [metric(rows) for metric in metrics]
    return drawn


def _average_precision(positive: Positive, scores: Floats) -> Weighted:
    """Σ (R_k − R_{k−1}) P_k over the distinct scores, highest first, as scikit-learn defines it."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    hits = positive[order].astype(np.float64)

    def value(weights: Floats) -> float:
        here = weights[order]
        found = np.cumsum(here * hits)[ends]
        asked = np.cumsum(here)[ends]
        total = float(found[-1])
        if total == 0:
            return math.nan
        precision = np.divide(found, asked, out=np.zeros_like(found), where=asked > 0)
        return float((np.diff(found, prepend=0.0) * precision).sum()) / total

    return value


def _calibration_error(positive: Positive, scores: Floats) -> Weighted:
    """Σ n_b/n · |observed rate − mean probability| over ten bins of equal width (Naeini et al. 2015)."""
    bins = bins_of(scores)
    excess = positive - scores

    def value(weights: Floats) -> float:
        total = float(weights.sum())
        sums = np.bincount(bins, weights=weights * excess, minlength=BINS)
        return float(np.abs(sums).sum()) / total if total > 0 else math.nan

    return value


def bins_of(probabilities: Floats) -> npt.NDArray[np.intp]:
    """The bin of each probability: ten of equal width, 1.0 in the last."""
    return np.minimum((probabilities * BINS).astype(np.intp), BINS - 1)
