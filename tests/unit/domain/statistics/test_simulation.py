"""A smaller run of benchmarks/simulation.py: gates err no more often than alpha, and find what they promise.

The bounds are what so many runs at the nominal rate exceed once in ten thousand times.
"""

from __future__ import annotations

import pytest
from scipy.stats import binom

from benchmarks.simulation import (
    GATES,
    NULLS,
    effects,
    promised_power,
    true_difference,
    verdicts,
    words,
)
from gitops_mlops.domain.config.metrics import ModelTask

RUNS = 300


def most_by_chance(rate: float, runs: int = RUNS) -> int:
    return int(binom.ppf(0.9999, runs, rate))


@pytest.mark.parametrize("name", NULLS)
def test_without_a_difference_few_pull_requests_are_blocked(name: str) -> None:
    task, draw = NULLS[name]
    runs = RUNS if task is not ModelTask.RANKING else 120
    # `superior` blocks at the nominal rate exactly; a margin makes it rarer.
    gates = [{"metric": GATES[task][0]["metric"], "rule": "superior"}]
    found = verdicts(draw, task, gates, runs, resamples=200)
    assert found["block"] <= most_by_chance(0.05, runs), found
    assert found["pass"] <= most_by_chance(0.05, runs), found


@pytest.mark.parametrize(("name", "metric", "draw", "worse"), [one for one in effects() if one[1] != "ndcg@10"])
def test_a_true_difference_is_found_as_often_as_promised(name: str, metric: str, draw, worse: float) -> None:  # type: ignore[no-untyped-def]
    degraded = draw(worse)
    lost = -true_difference(metric, degraded, draws=200)
    promised = promised_power(metric, degraded, lost, draws=30)
    found = words(degraded, metric, 150)["regressed"]
    # The promise itself is estimated, from few draws here.
    assert binom.ppf(0.0001, 150, promised - 0.06) <= found <= binom.ppf(0.9999, 150, min(promised + 0.06, 0.999))
    passed = words(degraded, metric, 150, lost)
    assert passed["improved"] + passed["non_inferior"] <= most_by_chance(0.06, 150), passed
