"""Simulated pull requests with repeated trainings: how often a verdict on the model file, or on its recipe, is right.

python benchmarks/recipes.py [--runs 2000]
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.measure import measure
from gitops_mlops.domain.statistics.recipe import recipe_metric
from gitops_mlops.domain.statistics.sample import ModelScores, ScoredSample

ROWS = 300


def trained(
    seed: list[int], trainings: int, better: float = 0.0, noise: float = 0.08
) -> tuple[ScoredSample, list[float], list[float]]:
    """The first training of each recipe on 300 rows, and the MAE of every training.

    A row's error has a part of the recipe (SD 0.3) and one of the seed (0.1); a seed moves all rows by `noise`.
    """
    generator = np.random.default_rng(seed)
    sides = []
    for less in (0.0, better):
        rows, own = generator.normal(5 - less, 0.3, ROWS), generator.normal(0, 0.1, (trainings, ROWS))
        sides.append(rows + own + generator.normal(0, noise, (trainings, 1)))
    sample = ScoredSample(ModelTask.REGRESSION, np.zeros(ROWS), ModelScores(sides[1][0]), ModelScores(sides[0][0]))
    return sample, list(sides[0].mean(axis=1)), list(sides[1].mean(axis=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    runs = parser.parse_args().runs
    settings = StatisticsSettings()
    for better in (0.0, 0.2):
        for trainings in (3, 5):
            words: dict[str, Counter[str]] = {"model file": Counter(), "recipe": Counter()}
            for run in range(runs):
                sample, champion, challenger = trained([run, trainings], trainings, better)
                measured = measure(sample, "mae", settings)
                found = recipe_metric(measured, champion, challenger, settings)
                words["model file"][measured.result.verdict] += 1
                words["recipe"][found.verdict if found else "undefined"] += 1
            for claim, counted in words.items():
                shares = [f"{100 * counted[word] / runs:.1f}" for word in ("improved", "regressed", "inconclusive")]
                print(f"| {better} | {trainings} | {claim} | {' | '.join(shares)} |")


if __name__ == "__main__":
    main()
