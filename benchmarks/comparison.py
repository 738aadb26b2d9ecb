"""A paired bootstrap of ROC-AUC, and the whole of a comparison's statistics, beside a loop over scikit-learn.

python benchmarks/comparison.py [--rows 100000] [--resamples 2000]

All in one process and one thread, in turn, so that a slow moment of the machine falls on all of them; the best of
three turns counts. The loop is timed on few resamples and scaled up: at full length it takes minutes.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

# Before numpy starts them: threads of BLAS would wait for one another at every resample.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import numpy as np
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).parents[1]))

from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.statistics.areas import delong
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.measure import measure
from gitops_mlops.domain.statistics.sample import ModelScores, ScoredSample

LOOPED = 20
TURNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--resamples", type=int, default=2000)
    arguments = parser.parse_args()
    rows, settings = arguments.rows, StatisticsSettings(resamples=arguments.resamples)
    generator = np.random.default_rng(0)
    truth = (generator.random(rows) < 0.2).astype(np.int64)
    champion = truth + generator.normal(size=rows)
    challenger = champion + 0.5 * generator.normal(size=rows)
    scores = [champion, challenger]
    positive = truth == 1

    ways: dict[str, tuple[float, Callable[[], object]]] = {
        f"scikit-learn, {LOOPED} of them, scaled": (
            settings.resamples / LOOPED,
            lambda: _loop(truth, scores, np.random.default_rng(1)),
        ),
        "weights, sums from the lowest score up": (
            settings.resamples / LOOPED,
            lambda: _weighted(positive, scores, np.random.default_rng(1)),
        ),
        "gitops-mlops (DeLong, no resampling)": (1, lambda: delong(positive, scores)),
    }
    best = dict.fromkeys(ways, np.inf)
    for _ in range(TURNS):
        for name, (factor, way) in ways.items():
            started = time.process_time()
            way()
            best[name] = min(best[name], factor * (time.process_time() - started))
    print(f"{settings.resamples:,} paired resamples of ROC-AUC, or the formula, on {rows:,} rows, CPU seconds\n")
    for name, seconds in best.items():
        print(f"{name:<42} {seconds:>8.2f} s {seconds / best['gitops-mlops (DeLong, no resampling)']:>7.1f} ×")

    clusters = np.sort(generator.integers(200, size=rows))
    mine, theirs = (
        ModelScores((one > 0.5).astype(np.int64), 1 / (1 + np.exp(-one))) for one in (challenger, champion)
    )
    print(f"\nOne metric with its interval, {rows:,} rows, CPU seconds\n")
    print(f"{'':<20} {'rows':>8} {'200 clusters':>14}")
    for metric in ("log_loss", "roc_auc", "f1", "ece", "average_precision"):
        taken = []
        for codes in (None, clusters):
            started = time.process_time()
            measure(ScoredSample(ModelTask.BINARY, truth, mine, theirs, codes), metric, settings)
            taken.append(time.process_time() - started)
        print(f"{metric:<20} {taken[0]:>8.3f} {taken[1]:>14.3f}")
    print(f"\nat most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB in this process")


def _loop(truth: np.ndarray, scores: list[np.ndarray], generator: np.random.Generator) -> None:
    for _ in range(LOOPED):
        picked = generator.integers(len(truth), size=len(truth))
        for one in scores:
            roc_auc_score(truth[picked], one[picked])


def _weighted(positive: np.ndarray, scores: list[np.ndarray], generator: np.random.Generator) -> None:
    """The same without sorting again: the method that the specification measured."""
    orders = [np.argsort(one) for one in scores]
    of_order = [positive[order].astype(np.float64) for order in orders]
    rows = len(positive)
    for _ in range(LOOPED):
        weights = np.bincount(generator.integers(rows, size=rows), minlength=rows).astype(np.float64)
        for order, hits in zip(orders, of_order, strict=True):
            here = weights[order]
            found = here * hits
            below = np.cumsum(here - found)
            (found * below).sum() / (found.sum() * below[-1])


if __name__ == "__main__":
    main()
