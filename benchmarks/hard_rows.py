"""How often a verdict is wrong where rows are not alike: unequal clusters, days in a row, heavy tails.

python benchmarks/hard_rows.py [--runs 10000] [--only WORDS]

No true difference, margin 0: called better / worse in per cent of all runs (nominal 5 / 5), counting only reports
that carry no warning; then the share of those that do, and what the errors were with them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.simulation import Draw, generators
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.measure import measure
from gitops_mlops.domain.statistics.sample import Ints, ModelScores, ScoredSample

Sizes = Callable[[np.random.Generator], Ints]
# Resampling takes a hundred times as long as a formula.
SLOW = 20


def giant(generator: np.random.Generator, clusters: int, rows: int = 1000) -> Ints:
    """One cluster with half of the rows."""
    return np.array([rows // 2, *[rows // 2 // (clusters - 1)] * (clusters - 1)])


def lognormal(generator: np.random.Generator, clusters: int, sd: float, rows: int = 1000) -> Ints:
    """Sizes as customers have them."""
    weights = generator.lognormal(0, sd, clusters)
    sizes: Ints = np.maximum(1, np.round(rows * weights / weights.sum())).astype(np.int64)
    return sizes


def equal(generator: np.random.Generator, clusters: int, rows: int = 1000) -> Ints:
    """Clusters of one size."""
    return np.full(clusters, rows // clusters)


def clustered(generator: np.random.Generator, sizes: Sizes, memory: float | None = None) -> ScoredSample:
    """A binary task; each model has an error of its own in each cluster, of days with so much `memory`."""
    each = sizes(generator)
    codes = np.repeat(np.arange(len(each)), each)
    logit = 1.5 * generator.normal(size=len(codes)) - 1
    truth = (generator.random(len(codes)) < _logistic(logit)).astype(np.int64)
    sides = []
    for _ in range(2):
        shift = 0.5 * (generator.normal(size=len(each)) if memory is None else _series(generator, len(each), memory))
        chance = _logistic(logit * (1 + 0.5 * shift[codes]) + 0.4 * generator.normal(size=len(codes)) + shift[codes])
        sides.append(ModelScores((chance >= 0.5).astype(np.int64), chance))
    return ScoredSample(ModelTask.BINARY, truth, sides[1], sides[0], codes, in_time=memory is not None)


def heavy(generator: np.random.Generator, rows: int = 500) -> ScoredSample:
    """Errors of Student's t with two degrees of freedom, whose variance is infinite."""
    sides = [ModelScores(generator.standard_t(2, rows)) for _ in range(2)]
    return ScoredSample(ModelTask.REGRESSION, np.zeros(rows), sides[1], sides[0])


def disaster(generator: np.random.Generator, rows: int) -> ScoredSample:
    """The challenger gains 0.05 on each row, and loses 10 on one of 200: no difference in all."""
    base = 20 + generator.normal(size=rows)
    lost = np.where(generator.random(rows) < 0.005, 10.0, 0.0) - 0.05 + 0.02 * generator.normal(size=rows)
    return ScoredSample(ModelTask.REGRESSION, np.zeros(rows), ModelScores(base + lost), ModelScores(base))


def rare_class(generator: np.random.Generator, rows: int) -> ScoredSample:
    """Three classes, one with one row of a hundred."""
    truth = generator.choice(3, p=[0.6, 0.39, 0.01], size=rows)
    sides = []
    for _ in range(2):
        logits = 2.0 * np.eye(3)[truth] + generator.normal(size=(rows, 3)) + np.log([0.6, 0.39, 0.01])
        chance = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        sides.append(ModelScores(chance.argmax(axis=1), chance))
    return ScoredSample(ModelTask.MULTICLASS, truth, sides[1], sides[0], classes=(0, 1, 2))


def _series(generator: np.random.Generator, count: int, memory: float) -> np.ndarray:
    steps = generator.normal(size=count + 100)
    for index in range(1, len(steps)):
        steps[index] = memory * steps[index - 1] + np.sqrt(1 - memory**2) * steps[index]
    return steps[100:]


def _logistic(values: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-values)))


BINARY = ["log_loss", "brier", "roc_auc", "accuracy", "f1"]
CELLS: dict[str, tuple[Draw, list[str]]] = {
    "25 equal clusters": (partial(clustered, sizes=partial(equal, clusters=25)), BINARY),
    "one of 25 clusters has half": (partial(clustered, sizes=partial(giant, clusters=25)), BINARY),
    "one of 100 clusters has half": (partial(clustered, sizes=partial(giant, clusters=100)), BINARY),
    **{
        f"{count} clusters, log-normal sizes, sd {sd:g}": (
            partial(clustered, sizes=partial(lognormal, clusters=count, sd=sd)),
            [*BINARY, "average_precision"] if count == 40 else BINARY,
        )
        for count, sd in ((20, 0.5), (20, 1.5), (40, 1.0), (200, 1.5), (200, 2.0))
    },
    **{
        f"{days} days, autocorrelation {memory:g}": (
            partial(clustered, sizes=partial(equal, clusters=days), memory=memory),
            [*BINARY, "average_precision"] if memory == 0.5 else BINARY,
        )
        for days, memory in ((30, 0.0), (30, 0.5), (60, 0.0), (60, 0.3), (60, 0.5), (60, 0.8), (200, 0.5), (200, 0.8))
    },
    "heavy tails (t with 2), 500 rows": (heavy, ["mae", "rmse"]),
    "a rare disaster, 200 rows": (partial(disaster, rows=200), ["mae"]),
    "a rare disaster, 2,000 rows": (partial(disaster, rows=2000), ["mae"]),
    "a class of 1 %, 200 rows": (partial(rare_class, rows=200), ["f1_macro", "roc_auc_ovr", "log_loss"]),
    "a class of 1 %, 2,000 rows": (partial(rare_class, rows=2000), ["f1_macro", "roc_auc_ovr", "log_loss"]),
}


def cell(draw: Draw, metric: str, runs: int) -> str:
    """`better/worse (warned: share, better/worse of all)` in per cent."""
    silent: Counter[str] = Counter()
    warned: Counter[str] = Counter()
    for run, generator in enumerate(generators(runs, 7)):
        found = measure(draw(generator), metric, StatisticsSettings(resamples=200, seed=run))
        (warned if found.few or found.result.note else silent)[found.result.verdict] += 1
    better, worse = (100 * silent[word] / runs for word in ("improved", "regressed"))
    share = 100 * warned.total() / runs
    if not share:
        return f"{better:.1f}/{worse:.1f}"
    wrong = "/".join(f"{100 * (silent[word] + warned[word]) / runs:.1f}" for word in ("improved", "regressed"))
    return f"{better:.1f}/{worse:.1f} ({share:.0f} warned, {wrong} with them)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--only", default="", help="cells whose name has these words")
    arguments = parser.parse_args()
    started = time.perf_counter()
    for name, (draw, metrics) in CELLS.items():
        if arguments.only in name:
            for metric in metrics:
                runs = arguments.runs // SLOW if metric == "average_precision" else arguments.runs
                print(f"{name:<44} {metric:<18} {cell(draw, metric, runs)}", flush=True)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
