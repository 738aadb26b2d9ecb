"""One metric of two recipes, out of repeated trainings and of what the test rows allow to say."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gitops_mlops.domain.config.sections import Margin
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.measure import MetricEstimate
from gitops_mlops.domain.statistics.results import Interval, RecipeMetric
from gitops_mlops.domain.statistics.training_noise import recipe_spread
from gitops_mlops.domain.statistics.verdict import verdict


def recipe_metric(
    measured: MetricEstimate,
    champion: Sequence[float],
    challenger: Sequence[float],
    settings: StatisticsSettings,
    margin: Margin | None = None,
) -> RecipeMetric | None:
    """`measured` is the metric of the two artifacts, the sequences that of each training, as many of both.

    None when no finite number comes out of them.
    """
    if measured.delta is None or not measured.delta.known:
        return None
    sign = 1 if measured.result.higher_is_better else -1
    # Values so large that their squares are infinite are left out, below.
    with np.errstate(over="ignore", invalid="ignore"):
        deviations = [float(np.std(values, ddof=1)) for values in (champion, challenger)]
        means = [float(np.mean(values)) for values in (champion, challenger)]
        spread = recipe_spread(
            measured.delta, [sign * value for value in champion], [sign * value for value in challenger]
        )
    low, high = spread.low(settings.alpha), spread.high(settings.alpha)
    if not all(map(math.isfinite, (*deviations, *means, spread.value, spread.se, low, high))):
        return None
    amount = 0.0 if margin is None else margin.of(means[0])
    return RecipeMetric(
        name=measured.result.name,
        higher_is_better=measured.result.higher_is_better,
        champion=means[0],
        challenger=means[1],
        champion_deviation=deviations[0],
        challenger_deviation=deviations[1],
        delta=spread.value,
        ci=Interval(low=low, high=high, level=1 - 2 * settings.alpha),
        se=spread.se,
        method=f"t with the noise of {len(champion)} trainings of each",
        margin=amount,
        verdict="cannot_be_judged" if measured.few else verdict(spread, amount, settings.alpha),
        note=measured.few,
    )
