"""With no true difference, a verdict is wrong no more often than alpha says; with one, it is found as promised."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.recipes import trained
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.config.sections import Margin
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.measure import measure
from gitops_mlops.domain.statistics.recipe import recipe_metric
from gitops_mlops.domain.statistics.sample import ModelScores, ScoredSample
from gitops_mlops.domain.statistics.verdict import minimum_detectable_effect, units_needed
from tests.unit.domain.statistics.samples import binary

RUNS = 300


def most_by_chance(rate: float) -> int:
    """What RUNS runs at this rate exceed once in ten thousand times."""
    return int(binom.ppf(0.9999, RUNS, rate))


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc", "accuracy", "f1"])
@pytest.mark.parametrize(("rows", "clusters", "noise"), [(300, 0, 0.4), (300, 0, 0.02), (800, 20, 0.4)])
def test_exchangeable_models_are_seldom_told_apart(metric: str, rows: int, clusters: int, noise: float) -> None:
    verdicts: Counter[str] = Counter()
    for run in range(RUNS):
        sample = binary([run, rows, clusters], rows, clusters, noise)
        verdicts[measure(sample, metric, StatisticsSettings(resamples=300, seed=run)).result.verdict] += 1
    assert verdicts["improved"] <= most_by_chance(0.05), verdicts
    assert verdicts["regressed"] <= most_by_chance(0.05), verdicts


def test_a_model_exactly_one_margin_worse_seldom_passes_as_not_inferior() -> None:
    settings, margin = StatisticsSettings(), Margin.model_validate(0.1)
    verdicts: Counter[str] = Counter()
    for run in range(RUNS):
        verdicts[measure(_shifted(run, 200, 0.1), "mae", settings, margin).result.verdict] += 1
    assert verdicts["non_inferior"] + verdicts["improved"] <= most_by_chance(0.05), verdicts
    assert verdicts["regressed"] <= most_by_chance(0.05), verdicts


def test_power_is_as_the_minimum_detectable_effect_promises() -> None:
    # A difference as large as the MDE of the design is found in 80 % of the runs.
    se = float(
        np.median([measure(_shifted(run, 200, 0.0), "mae", StatisticsSettings()).result.se or 0 for run in range(20)])
    )
    effect = minimum_detectable_effect(se, 0.05, 0.8)
    found = sum(
        measure(_shifted(run, 200, -effect), "mae", StatisticsSettings()).result.verdict == "improved"
        for run in range(RUNS)
    )
    assert binom.ppf(0.0001, RUNS, 0.78) <= found <= binom.ppf(0.9999, RUNS, 0.82)


@pytest.mark.parametrize("trainings", [3, 5])
def test_equal_recipes_are_seldom_told_apart_though_their_models_are(trainings: int) -> None:
    artifact: Counter[str] = Counter()
    recipe: Counter[str] = Counter()
    for run in range(RUNS):
        sample, champion, challenger = trained([run, trainings], trainings)
        measured = measure(sample, "mae", StatisticsSettings())
        found = recipe_metric(measured, champion, challenger, StatisticsSettings())
        assert found is not None
        artifact[measured.result.verdict] += 1
        recipe[found.verdict] += 1
    assert recipe["improved"] <= most_by_chance(0.05), recipe
    assert recipe["regressed"] <= most_by_chance(0.05), recipe
    # One model is truly better than the other, by its seed: that is no claim on the recipe.
    assert artifact["improved"] > most_by_chance(0.05), artifact


def test_a_better_recipe_is_found() -> None:
    found = 0
    for run in range(RUNS):
        sample, champion, challenger = trained([run], 5, better=0.2)
        metric = recipe_metric(
            measure(sample, "mae", StatisticsSettings()), champion, challenger, StatisticsSettings()
        )
        found += metric is not None and metric.verdict == "improved"
    # SE² = 2·(0.3² + 0.1²)/300 + 2·0.08²/5, so 0.2 is 3.5 of them: found in 93 % by Student's t with 12 degrees.
    assert found >= binom.ppf(0.0001, RUNS, 0.8)


def test_how_many_rows_are_enough() -> None:
    assert minimum_detectable_effect(1.0, 0.05, 0.8) == pytest.approx(2.486, abs=5e-4)
    assert units_needed(1000, mde=0.02, margin=0.01) == 4000
    assert units_needed(1000, mde=0.01, margin=0.01) is None
    assert units_needed(1000, mde=0.02, margin=0.0) is None
    assert units_needed(1000, mde=float("nan"), margin=0.01) is None


def _shifted(run: int, rows: int, worse: float) -> ScoredSample:
    """Absolute errors whose true mean differs by exactly `worse`: gamma-distributed, so skewed as losses are."""
    generator = np.random.default_rng([run, 5])
    shared = generator.gamma(2.0, 0.5, rows)
    champion = shared + generator.gamma(2.0, 0.2, rows)
    challenger = shared + generator.gamma(2.0, 0.2, rows) + worse
    truth = np.zeros(rows)
    return ScoredSample(ModelTask.REGRESSION, truth, ModelScores(challenger + 1.0), ModelScores(champion + 1.0))
