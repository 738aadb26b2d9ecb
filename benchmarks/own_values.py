"""How often the 95 % interval of one model's own value holds the truth, also where it makes few errors.

python benchmarks/own_values.py [--runs 10000]

Shares of independent rows are computed over every count that can be seen; everything else is simulated, and measured
by the code that `compare` runs.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import binom, norm

sys.path.insert(0, str(Path(__file__).parents[1]))

from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.statistics.edges import share_spread
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.measure import measure
from gitops_mlops.domain.statistics.sample import ModelScores, ScoredSample

ALPHA = 0.025
SHARES = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999)
AREAS = (0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
ROWS = (30, 100, 1000)
Draw = Callable[[np.random.Generator], ScoredSample]


def of_shares() -> None:
    print("\nShares of independent rows, exactly\n")
    print(f"{'rows':<42} " + " ".join(f"{share:>6g}" for share in SHARES))
    for rows in ROWS:
        covered = []
        for share in SHARES:
            chances = binom.pmf(np.arange(rows + 1), rows, share)
            spreads = [(seen, share_spread(seen, rows)) for seen in np.flatnonzero(chances > 1e-9).tolist()]
            held = [seen for seen, one in spreads if one.low(ALPHA) <= share <= one.high(ALPHA)]
            covered.append(100 * chances[held].sum())
        print(f"{rows:<42} " + " ".join(f"{one:>6.1f}" for one in covered))


def binary(rows: int, share: float, clusters: int = 0, correlation: float = 0.0) -> Draw:
    """Labels of equal frequency, answered rightly with the chance `share`, which differs between clusters."""

    def draw(generator: np.random.Generator) -> ScoredSample:
        truth, chance, codes = np.arange(rows) % 2, np.full(rows, share), None
        if clusters:
            more = 1 / correlation - 1
            codes = np.arange(rows) * clusters // rows
            chance = generator.beta(share * more, (1 - share) * more, clusters)[codes]
        answers = np.where(generator.random(rows) < chance, truth, 1 - truth)
        return ScoredSample(ModelTask.BINARY, truth, ModelScores(answers), None, codes)

    return draw


def areas(positives: int, negatives: int, area: float, spread: float) -> Draw:
    """Normal scores of either label; those of the positives have the standard deviation `spread`."""
    distance = float(norm.ppf(area)) * math.sqrt(1 + spread**2)
    truth = np.repeat([1, 0], [positives, negatives])

    def draw(generator: np.random.Generator) -> ScoredSample:
        scores = generator.normal(size=len(truth)) * np.where(truth, spread, 1) + distance * truth
        chance = norm.cdf(scores)
        return ScoredSample(ModelTask.BINARY, truth, ModelScores((chance > 0.5).astype(np.int64), chance))

    return draw


def coverage(draw: Draw, metric: str, truth: float, runs: int) -> float:
    """In how many of a hundred samples the interval holds the truth."""
    held = 0
    for run in range(runs):
        generator = np.random.Generator(np.random.SFC64(np.random.SeedSequence([run, 5])))
        own = measure(draw(generator), metric, StatisticsSettings(resamples=400, seed=run)).own
        held += own is not None and own.low(ALPHA) <= truth <= own.high(ALPHA)
    return 100 * held / runs


def of_counts(runs: int) -> None:
    print(f"\nOther metrics of counts, and clustered shares: {runs // 10:,} samples a cell (a tenth of the runs)\n")
    print(f"{'accuracy':<42} " + " ".join(f"{share:>6g}" for share in SHARES[1:]))
    designs = [
        (f"{metric}, {rows} rows", metric, rows, 0) for metric in ("f1", "balanced_accuracy", "mcc") for rows in ROWS
    ]
    designs += [
        (f"accuracy, 300 rows in {clusters} clusters (0.2)", "accuracy", 300, clusters) for clusters in (20, 30, 100)
    ]
    for name, metric, rows, clusters in designs:
        covered = [
            coverage(
                binary(rows, share, clusters, 0.2), metric, 2 * share - 1 if metric == "mcc" else share, runs // 10
            )
            for share in SHARES[1:]
        ]
        print(f"{name:<42} " + " ".join(f"{one:>6.1f}" for one in covered), flush=True)


def of_areas(runs: int) -> None:
    print(f"\nROC-AUC: {runs:,} samples a cell; positives/negatives, standard deviation of the positives\n")
    print(f"{'area':<42} " + " ".join(f"{area:>6g}" for area in AREAS))
    for positives, negatives in ((30, 30), (30, 300), (100, 100)):
        for spread in (1.0, 2.0):
            covered = [coverage(areas(positives, negatives, area, spread), "roc_auc", area, runs) for area in AREAS]
            name = f"{positives}/{negatives}, {spread:g}"
            print(f"{name:<42} " + " ".join(f"{one:>6.1f}" for one in covered), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    arguments = parser.parse_args()
    started = time.perf_counter()
    of_shares()
    of_areas(arguments.runs)
    of_counts(arguments.runs)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
