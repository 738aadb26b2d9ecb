"""Thousands of simulated pull requests: how often the gates are wrong, and how often they find what is there.

python benchmarks/simulation.py [--runs 2000] [--part gates|metrics|margin|power]

Every pull request is a sample of rows with both models' answers, measured and judged by the code that `compare` runs.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

sys.path.insert(0, str(Path(__file__).parents[1]))

from gitops_mlops.domain.comparison.gates import GateEvidence, judge, overall
from gitops_mlops.domain.config.metrics import IntervalMethod, ModelTask, find_metric
from gitops_mlops.domain.config.sections import Margin, ModelConfig
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.measure import measure, measure_all
from gitops_mlops.domain.statistics.sample import ModelScores, ScoredSample

ALPHA = 0.05
Draw = Callable[[np.random.Generator], ScoredSample]


def binary(
    generator: np.random.Generator, rows: int = 1000, clusters: int = 0, worse: float = 0.0, noise: float = 0.4
) -> ScoredSample:
    """Logits with noise of their own for each model, `worse` more for the challenger; clusters shift both."""
    codes = np.arange(rows) % clusters if clusters else None
    logit = 1.5 * generator.normal(size=rows) - 1
    truth = (generator.random(rows) < _logistic(logit)).astype(np.int64)
    sides = []
    for sd in (noise, noise + worse):
        shift = generator.normal(0, 0.5, clusters)[codes] if codes is not None else 0.0
        chance = _logistic(logit + sd * generator.normal(size=rows) + shift)
        sides.append(ModelScores((chance >= 0.5).astype(np.int64), chance))
    return ScoredSample(ModelTask.BINARY, truth, sides[1], sides[0], codes)


def multiclass(
    generator: np.random.Generator, rows: int = 1000, clusters: int = 0, worse: float = 0.0
) -> ScoredSample:
    """Five classes, the last a tenth as frequent as the first."""
    codes = np.arange(rows) % clusters if clusters else None
    logits = generator.normal(size=(rows, 5)) - 0.6 * np.arange(5)
    truth = (logits * 2 + generator.gumbel(size=logits.shape)).argmax(axis=1)
    sides = []
    for sd in (0.8, 0.8 + worse):
        shift = generator.normal(0, 0.5, (clusters, 5))[codes] if codes is not None else 0.0
        chance = np.exp(2 * logits + sd * generator.normal(size=logits.shape) + shift)
        chance /= chance.sum(axis=1, keepdims=True)
        sides.append(ModelScores(chance.argmax(axis=1), chance))
    return ScoredSample(ModelTask.MULTICLASS, truth, sides[1], sides[0], codes, classes=tuple(range(5)))


def regression(
    generator: np.random.Generator, rows: int = 500, clusters: int = 0, worse: float = 0.0
) -> ScoredSample:
    """Absolute errors, skewed as errors are, whose mean is exactly `worse` greater for the challenger."""
    codes = np.arange(rows) % clusters if clusters else None
    truth, shared = generator.normal(10, 3, rows), generator.gamma(2.0, 0.5, rows)
    sides = []
    for more in (0.0, worse):
        own = generator.gamma(2.0, 0.2, rows)
        if codes is not None:
            own = own + generator.gamma(1.0, 0.2, clusters)[codes]
        sides.append(ModelScores(truth + shared + own + more))
    return ScoredSample(ModelTask.REGRESSION, truth, sides[1], sides[0], codes)


def ranking(generator: np.random.Generator, queries: int = 100, worse: float = 0.0) -> ScoredSample:
    """Five to twelve rows of graded relevance for a query."""
    codes = np.repeat(np.arange(queries), generator.integers(5, 13, size=queries))
    relevance = generator.choice([0.0, 1.0, 2.0, 3.0], p=[0.55, 0.2, 0.15, 0.1], size=len(codes))
    sides = [ModelScores(relevance + generator.normal(0, sd, len(codes))) for sd in (1.5, 1.5 + worse)]
    return ScoredSample(ModelTask.RANKING, relevance, sides[1], sides[0], codes, queries=codes)


def forecasts(
    generator: np.random.Generator, points: int = 100, horizon: int = 1, memory: float = 0.0, worse: float = 0.0
) -> ScoredSample:
    """Three series whose errors share a part with autocorrelation; forecasts h ahead err for h points alike."""
    codes = np.repeat(np.arange(points), 3)
    sides = []
    for sd in (1.0, 1.0 + worse):
        steps = generator.normal(size=points + 50 + horizon)
        for index in range(1, len(steps)):
            steps[index] += memory * steps[index - 1]
        moving = np.convolve(steps, np.ones(horizon) / math.sqrt(horizon), "valid")[-points:]
        sides.append(ModelScores(sd * (moving[codes] + generator.normal(size=len(codes)))))
    return ScoredSample(ModelTask.FORECASTING, np.zeros(len(codes)), sides[1], sides[0], codes, horizon=horizon)


def _logistic(values: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-values)))


# What a project of each task would begin with: not worse than production by more than the margin.
GATES: dict[ModelTask, list[dict[str, Any]]] = {
    ModelTask.BINARY: [
        {"metric": "log_loss", "rule": "non-inferior", "margin": "1%"},
        {"metric": "roc_auc", "rule": "non-inferior", "margin": 0.005},
    ],
    ModelTask.MULTICLASS: [
        {"metric": "log_loss", "rule": "non-inferior", "margin": "1%"},
        {"metric": "f1_macro", "rule": "non-inferior", "margin": 0.01},
    ],
    ModelTask.REGRESSION: [{"metric": "mae", "rule": "non-inferior", "margin": "1%"}],
    ModelTask.RANKING: [{"metric": "ndcg@10", "rule": "non-inferior", "margin": 0.005}],
    ModelTask.FORECASTING: [{"metric": "mae", "rule": "non-inferior", "margin": "1%"}],
}
NULLS: dict[str, tuple[ModelTask, Draw]] = {
    "binary, 1,000 rows": (ModelTask.BINARY, binary),
    "binary, 1,000 rows, models nearly alike": (ModelTask.BINARY, partial(binary, noise=0.02)),
    "binary, 1,000 rows in 20 clusters": (ModelTask.BINARY, partial(binary, clusters=20)),
    "binary, 1,000 rows in 25 clusters": (ModelTask.BINARY, partial(binary, clusters=25)),
    "multiclass, 1,000 rows": (ModelTask.MULTICLASS, multiclass),
    "multiclass, 1,000 rows in 25 clusters": (ModelTask.MULTICLASS, partial(multiclass, clusters=25)),
    "regression, 500 rows": (ModelTask.REGRESSION, regression),
    "regression, 500 rows in 25 clusters": (ModelTask.REGRESSION, partial(regression, clusters=25)),
    "ranking, 100 queries": (ModelTask.RANKING, ranking),
    "forecasts, 100 points": (ModelTask.FORECASTING, forecasts),
    "forecasts 4 ahead, 100 points": (ModelTask.FORECASTING, partial(forecasts, horizon=4)),
    "forecasts with errors that last (0.5)": (ModelTask.FORECASTING, partial(forecasts, memory=0.5)),
}
MEASURED: dict[ModelTask, list[str]] = {
    ModelTask.BINARY: [
        "log_loss",
        "brier",
        "roc_auc",
        "accuracy",
        "f1",
        "mcc",
        "f1_macro",
        "ece",
        "average_precision",
    ],
    ModelTask.MULTICLASS: ["log_loss", "brier", "accuracy", "f1_macro", "mcc", "roc_auc_ovr", "ece"],
    ModelTask.REGRESSION: ["mae", "rmse", "r2", "median_ae"],
    ModelTask.RANKING: ["ndcg@10", "mrr", "map"],
    ModelTask.FORECASTING: ["mae", "rmse", "median_ae"],
}


def generators(runs: int, *key: int) -> Iterator[np.random.Generator]:
    """A generator for each run, the same ones every time."""
    for run in range(runs):
        yield np.random.Generator(np.random.SFC64(np.random.SeedSequence([run, *key])))


def configured(task: ModelTask, gates: list[dict[str, Any]]) -> ModelConfig:
    """A model of `mlops.yaml` with its gates."""
    extra = {ModelTask.RANKING: {"query": "q"}, ModelTask.FORECASTING: {"time": "t"}}.get(task, {})
    evaluation = {"dataset": "test", "target": "y", **extra}
    return ModelConfig.model_validate({"task": task, "evaluation": evaluation, "gates": gates})


def judged(sample: ScoredSample, model: ModelConfig, settings: StatisticsSettings) -> str:
    """The verdict on one pull request."""
    margins = {gate.metric: gate.margin for gate in model.gates}
    evidence = GateEvidence(measure_all(sample, list(margins), settings, margins), (), "compared")
    return overall(judge(model, evidence), (), evidence)


def verdicts(
    draw: Draw, task: ModelTask, gates: list[dict[str, Any]], runs: int, resamples: int = 200
) -> Counter[str]:
    """The verdicts on so many pull requests."""
    model = configured(task, gates)
    return Counter(
        judged(draw(generator), model, StatisticsSettings(resamples=resamples, seed=run))
        for run, generator in enumerate(generators(runs, 1))
    )


def words(draw: Draw, metric: str, runs: int, margin: float | str = 0.0, resamples: int = 200) -> Counter[str]:
    """What is said of one metric in so many pull requests."""
    allowed = Margin.model_validate(margin)
    return Counter(
        measure(draw(generator), metric, StatisticsSettings(resamples=resamples, seed=run), allowed).result.verdict
        for run, generator in enumerate(generators(runs, 2))
    )


def of_gates(runs: int) -> None:
    print(f"\nNo true difference, gates as projects begin with: verdicts in % of {runs:,} pull requests\n")
    print(f"{'':<42} {'pass':>6} {'warn':>6} {'block':>6}   block when `superior` is asked")
    for name, (task, draw) in NULLS.items():
        found = verdicts(draw, task, GATES[task], runs)
        strict = [{"metric": gate["metric"], "rule": "superior"} for gate in GATES[task][:1]]
        superior = verdicts(draw, task, strict, runs)
        shares = [100 * found[word] / runs for word in ("pass", "warn", "block")]
        strictly = 100 * superior["block"] / runs
        print(f"{name:<42} {shares[0]:>6.2f} {shares[1]:>6.2f} {shares[2]:>6.2f}   {strictly:.2f}", flush=True)


def of_metrics(runs: int) -> None:
    print(f"\nNo true difference, margin 0: called better / worse in % of {runs:,} (nominal 5 / 5;")
    print("a quarter as many where the metric is resampled)\n")
    for name, (task, draw) in NULLS.items():
        parts = []
        for metric in MEASURED[task]:
            known = find_metric(metric)
            assert known is not None
            # Resampling takes a hundred times as long as a formula.
            times = runs // 4 if known.method is IntervalMethod.RESAMPLED else runs
            found = words(draw, metric, times)
            parts.append(f"{metric} {100 * found['improved'] / times:.1f}/{100 * found['regressed'] / times:.1f}")
        print(f"{name}: {', '.join(parts)}", flush=True)


def of_margin(runs: int) -> None:
    """A challenger that is worse by exactly the margin must not pass as 'not worse'."""
    print(f"\nWorse by exactly the margin: passed as not worse in % of {runs:,} (nominal 5)\n")
    for name, metric, draw, worse in effects():
        lost = -true_difference(metric, draw(worse))
        found = words(draw(worse), metric, runs, lost)
        passed = 100 * (found["improved"] + found["non_inferior"]) / runs
        print(f"{name:<42} {metric:<10} margin {lost:.4f}   {passed:.2f}", flush=True)


def of_power(runs: int) -> None:
    print(f"\nA true difference: found in % of {runs:,}, and what the standard error promises\n")
    for name, metric, draw, worse in effects():
        for share in (0.5, 1.0, 1.5):
            degraded = draw(worse * share)
            lost = -true_difference(metric, degraded)
            promised = 100 * promised_power(metric, degraded, lost)
            found = 100 * words(degraded, metric, runs)["regressed"] / runs
            print(
                f"{name:<42} {metric:<10} true {lost:.4f}  found {found:5.1f}  promised {promised:5.1f}", flush=True
            )


def effects() -> list[tuple[str, str, Callable[[float], Draw], float]]:
    """Designs with a true difference: name, metric, how to draw with so much more noise, and how much."""
    return [
        ("binary, 1,000 rows", "log_loss", lambda worse: partial(binary, worse=worse), 0.2),
        ("binary, 1,000 rows", "roc_auc", lambda worse: partial(binary, worse=worse), 0.25),
        ("binary, 1,000 rows", "f1", lambda worse: partial(binary, worse=worse), 0.6),
        (
            "binary, 1,000 rows in 25 clusters",
            "log_loss",
            lambda worse: partial(binary, clusters=25, worse=worse),
            0.5,
        ),
        ("multiclass, 1,000 rows", "f1_macro", lambda worse: partial(multiclass, worse=worse), 0.3),
        ("regression, 500 rows", "mae", lambda worse: partial(regression, worse=worse), 0.045),
        ("ranking, 100 queries", "ndcg@10", lambda worse: partial(ranking, worse=worse), 0.4),
        ("forecasts 4 ahead, 100 points", "mae", lambda worse: partial(forecasts, horizon=4, worse=worse), 0.25),
    ]


def true_difference(metric: str, draw: Draw, draws: int = 4000) -> float:
    """The difference in the population: the mean over samples that are no part of the runs, oriented."""
    higher = find_metric(metric).higher_is_better  # type: ignore[union-attr]
    found = []
    for generator in generators(draws, 3):
        result = measure(draw(generator), metric, StatisticsSettings(resamples=2)).result
        assert result.champion is not None
        assert result.challenger is not None
        found.append(result.challenger - result.champion)
    return float(np.mean(found)) * (1 if higher else -1)


def promised_power(metric: str, draw: Draw, difference: float, draws: int = 60) -> float:
    """What the formula of the minimum detectable effect promises: T(difference / SE − t), T being Student's t."""
    errors, df = [], math.inf
    for generator in generators(draws, 4):
        delta = measure(draw(generator), metric, StatisticsSettings(resamples=400)).delta
        assert delta is not None
        errors.append(delta.se)
        df = delta.df
    return float(student.cdf(difference / np.median(errors) - student.ppf(1 - ALPHA, df), df))


def main() -> None:
    parts = {"gates": of_gates, "metrics": of_metrics, "margin": of_margin, "power": of_power}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--part", choices=parts)
    arguments = parser.parse_args()
    started = time.perf_counter()
    for name, part in parts.items():
        if arguments.part in (None, name):
            part(arguments.runs)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
