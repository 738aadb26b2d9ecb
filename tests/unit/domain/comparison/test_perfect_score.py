"""Answers that are the labels, under any name; and honest ones, easy ones and few ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gitops_mlops.domain.comparison.perfect_score import perfect_score
from gitops_mlops.domain.config.leakage import LeakageConfig
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.statistics.sample import ModelScores, ScoredSample

LABELS = np.arange(120) % 3
BINARY = np.arange(120) % 2
NUMBERS = np.random.default_rng(0).normal(size=120)
QUERIES = np.arange(120) // 4


def status(
    task: ModelTask, truth: Any, predicted: Any, chance: Any = None, label: str = "block", queries: Any = None
) -> str:
    answers = ModelScores(np.asarray(predicted), chance)
    sample = ScoredSample(task, np.asarray(truth), answers, clusters=queries, queries=queries)
    return perfect_score(sample, LeakageConfig.model_validate({"label": label})).status


@pytest.mark.parametrize(
    ("task", "truth", "predicted", "expected"),
    [
        (ModelTask.BINARY, BINARY, BINARY, "warn"),
        (ModelTask.BINARY, BINARY, 1 - BINARY, "pass"),
        (ModelTask.BINARY, BINARY[:50], BINARY[:50], "note"),
        (ModelTask.BINARY, BINARY * 0, BINARY * 0, "unknown"),
        (ModelTask.MULTICLASS, LABELS, LABELS, "warn"),
        (ModelTask.MULTICLASS, LABELS, np.where(np.arange(120) == 5, 0, LABELS), "pass"),
        (ModelTask.REGRESSION, NUMBERS, NUMBERS, "block"),
        (ModelTask.REGRESSION, NUMBERS, NUMBERS * (1 + 1e-12), "block"),
        (ModelTask.REGRESSION, NUMBERS, NUMBERS + 1e-6, "pass"),
        (ModelTask.REGRESSION, NUMBERS[:10], NUMBERS[:10], "note"),
        (ModelTask.REGRESSION, LABELS * 1.0, LABELS * 1.0, "note"),
        (ModelTask.FORECASTING, NUMBERS, NUMBERS, "block"),
    ],
)
def test_answers_that_are_the_labels(task: ModelTask, truth: Any, predicted: Any, expected: str) -> None:
    assert status(task, truth, predicted) == expected


def test_probabilities_that_part_the_labels() -> None:
    chance = BINARY * 0.2 + np.linspace(0, 0.1, 120)
    assert status(ModelTask.BINARY, BINARY, BINARY * 0, chance) == "warn"
    assert status(ModelTask.BINARY, BINARY, BINARY * 0, np.where(np.arange(120) == 1, 0.0, chance)) == "pass"


def test_rankings_in_the_best_order() -> None:
    assert status(ModelTask.RANKING, LABELS, LABELS * 2.0, queries=QUERIES) == "warn"
    assert status(ModelTask.RANKING, LABELS, LABELS * 0.0, queries=QUERIES) == "pass", "ties are no order"
    assert status(ModelTask.RANKING, LABELS, LABELS * 2.0, queries=np.arange(120) // 40) == "note"


def test_the_setting_decides() -> None:
    assert status(ModelTask.REGRESSION, NUMBERS, NUMBERS, label="warn") == "warn"
    assert status(ModelTask.REGRESSION, NUMBERS, NUMBERS, label="ignore") == "note"
    assert perfect_score(None, LeakageConfig.model_validate({})).status == "unknown"
