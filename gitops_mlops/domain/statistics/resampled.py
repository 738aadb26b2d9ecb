"""A paired percentile bootstrap of rows, of whole clusters, or of blocks of time.

For metrics without a simpler way to an interval: average precision, calibration error, the median error, metrics of
rankings and the project's own. A resample is a weight for each row, the same for both models.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from gitops_mlops.domain.config.metrics import Metric
from gitops_mlops.domain.statistics.estimate import PairedEstimate, StatisticsSettings
from gitops_mlops.domain.statistics.queries import prepare_ranking
from gitops_mlops.domain.statistics.sample import Floats, Ints, ModelScores, ScoredSample
from gitops_mlops.domain.statistics.spread import ValueSpread

BINS = 10
# Effective clusters over clusters; of 20 with log-normal sizes of sd 0.5 it is 0.8.
_EQUAL_ENOUGH = 0.8

Positive = npt.NDArray[np.bool_]
Weighted = Callable[[Floats], float]


def estimate_resampled(sample: ScoredSample, metric: Metric, settings: StatisticsSettings) -> PairedEstimate:
    """A metric of the catalogue for both models, on the same resamples."""
    return bootstrap(sample, [prepare(metric, sample, scores) for scores in sample.sides], metric.name, settings)


def prepare(metric: Metric, sample: ScoredSample, scores: ModelScores) -> Weighted:
    """The metric of one model as a function of the rows' weights, of shape (n,)."""
    return WEIGHTED[metric.kind](metric, sample, scores)


def bootstrap(
    sample: ScoredSample, metrics: list[Weighted], name: str, settings: StatisticsSettings
) -> PairedEstimate:
    """What resamples say of the champion (if any) and the challenger; `name` chooses the random numbers."""
    whole = np.ones(sample.rows)
    values = [one(whole) for one in metrics]
    champion = values[0] if len(values) > 1 else None
    if not all(math.isfinite(value) for value in values):
        return PairedEstimate(ValueSpread(values[-1], math.nan), champion)
    if _unequal(sample) and sample.units <= settings.resamples:
        return _jackknifed(sample, metrics, values)
    drawn = _draws(sample, metrics, settings, name)
    # Blocks are what is drawn independently of a series.
    units = sample.units if sample.lag is None else sample.units // block_length(sample.units, sample.lag)
    own = ValueSpread.from_draws(values[-1], drawn[-1], units)
    method = f"{_resampled(sample)} bootstrap"
    if champion is None:
        return PairedEstimate(own, method=method)
    delta = ValueSpread.from_draws(values[1] - values[0], drawn[1] - drawn[0], units)
    return PairedEstimate(own, champion, delta, method, delta.p_two_sided() if delta.known else None)


def _unequal(sample: ScoredSample) -> bool:
    """Whether clusters are so unequal that resamples of them vary too little."""
    return sample.lag is None and sample.effective_units < _EQUAL_ENOUGH * sample.units


def _jackknifed(sample: ScoredSample, metrics: list[Weighted], values: list[float]) -> PairedEstimate:
    """What leaving out one cluster after the other says, with Student's t of as many as count equally."""
    assert sample.clusters is not None
    units = sample.units
    without = np.array(
        [[metric(np.where(sample.clusters == unit, 0.0, 1.0)) for metric in metrics] for unit in range(units)]
    )
    df = max(sample.effective_units - 1, 1.0)

    def spread(moves: Floats, value: float) -> ValueSpread:
        return ValueSpread(value, math.sqrt((units - 1) / units * float(np.square(moves - value).sum())), df)

    own, method = spread(without[:, -1], values[-1]), "jackknife of clusters"
    if len(values) == 1:
        return PairedEstimate(own, method=method)
    delta = spread(without[:, 1] - without[:, 0], values[1] - values[0])
    return PairedEstimate(own, values[0], delta, method, delta.p_two_sided() if delta.known else None)


def _resampled(sample: ScoredSample) -> str:
    if sample.lag is not None:
        return "block"
    return "percentile" if sample.clusters is None else "cluster"


def _draws(sample: ScoredSample, metrics: list[Weighted], settings: StatisticsSettings, name: str) -> Floats:
    generator = settings.generator(name)
    clusters, units = sample.clusters, sample.units
    drawn = np.empty((len(metrics), settings.resamples))
    for index in range(settings.resamples):
        weights = np.bincount(_picked(units, sample.lag, generator), minlength=units).astype(np.float64)
        rows = weights if clusters is None else weights[clusters]
        drawn[:, index] = [metric(rows) for metric in metrics]
    return drawn


def _picked(units: int, horizon: int | None, generator: np.random.Generator) -> Ints:
    """As many units as there are, with replacement; of a series in blocks that wrap round its end.

    Source: Politis and Romano 1992, 'A Circular Block-Resampling Procedure for Stationary Data'.
    """
    if horizon is None:
        return generator.integers(units, size=units)
    length = block_length(units, horizon)
    starts = generator.integers(units, size=math.ceil(units / length))
    blocks: Ints = ((starts[:, None] + np.arange(length)) % units).ravel()[:units]
    return blocks


def block_length(units: int, horizon: int) -> int:
    """How many points in time a block holds: twice what forecasts look ahead, or the cube root of all."""
    return min(max(2 * horizon, math.ceil(float(np.cbrt(units)))), units)


def _average_precision(positive: Positive, scores: Floats) -> Weighted:
    """Σ (R_k − R_{k−1}) P_k over the distinct scores, highest first, as scikit-learn defines it.

    That is the mean precision at the positives' scores, so only they are looked at one by one.
    """
    hits, misses = np.flatnonzero(positive), np.flatnonzero(~positive)
    hits, misses = hits[np.argsort(-scores[hits])], misses[np.argsort(-scores[misses])]
    found_at = np.searchsorted(-scores[hits], -scores[hits], side="right") - 1
    missed_at = np.searchsorted(-scores[misses], -scores[hits], side="right")

    def value(weights: Floats) -> float:
        here = weights[hits]
        found = np.cumsum(here)[found_at]
        missed = np.concatenate([[0.0], np.cumsum(weights[misses])])[missed_at]
        total = float(here.sum())
        # A positive that was not drawn counts for nothing, whatever its precision would be.
        precision = found / np.maximum(found + missed, 1.0)
        return float((here * precision).sum()) / total if total > 0 else math.nan

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


def _median(values: Floats) -> Weighted:
    """The median of values that count as often as their weight, a whole number; of two middle ones the mean."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]

    def value(weights: Floats) -> float:
        upto = np.cumsum(weights[order])
        total = upto[-1]
        if total == 0:
            return math.nan
        middle = np.searchsorted(upto, [np.floor((total - 1) / 2), np.floor(total / 2)], side="right")
        return float(ordered[middle].mean())

    return value


def _prepare_median(_metric: Metric, sample: ScoredSample, scores: ModelScores) -> Weighted:
    return _median(np.abs(sample.truth - scores.predicted))


def _prepare_precision(_metric: Metric, sample: ScoredSample, scores: ModelScores) -> Weighted:
    assert scores.probabilities is not None
    return _average_precision(sample.truth == 1, scores.probabilities)


def _prepare_calibration(_metric: Metric, sample: ScoredSample, scores: ModelScores) -> Weighted:
    assert scores.probabilities is not None
    if scores.probabilities.ndim == 1:
        return _calibration_error(sample.truth == 1, scores.probabilities)
    # Of several classes: how sure the model is of its answer, against how often it is right (Guo et al. 2017).
    return _calibration_error(scores.predicted == sample.truth, scores.probabilities.max(axis=1))


# How each metric becomes a function of the rows' weights, by its name.
WEIGHTED: dict[str, Callable[[Metric, ScoredSample, ModelScores], Weighted]] = {
    "average_precision": _prepare_precision,
    "ece": _prepare_calibration,
    "median_ae": _prepare_median,
    "ndcg": prepare_ranking,
    "mrr": prepare_ranking,
    "map": prepare_ranking,
}
