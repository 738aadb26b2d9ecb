"""Answers that are the labels, under any name; and honest ones, easy ones and few ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gitops_mlops.domain.comparison.perfect_score import perfect_score
from gitops_mlops.domain.config.leakage import Leaks
from gitops_mlops.domain.config.metrics import Task
from gitops_mlops.domain.statistics.sample import Sample, Scores

LABELS = np.arange(120) % 3
BINARY = np.arange(120) % 2
NUMBERS = np.random.default_rng(0).normal(size=120)
QUERIES = np.arange(120) // 4


def status(
    task: Task, truth: Any, predicted: Any, chance: Any = None, label: str = "block", queries: Any = None
) -> str:
    answers = Scores(np.asarray(predicted), chance)
    sample = Sample(task, np.asarray(truth), answers, clusters=queries, queries=queries)
    return perfect_score(sample, Leaks.model_validate({"label": label})).status


@pytest.mark.parametrize(
    ("task", "truth", "predicted", "expected"),
    [
        (Task.BINARY, BINARY, BINARY, "warn"),
        (Task.BINARY, BINARY, 1 - BINARY, "pass"),
        (Task.BINARY, BINARY[:50], BINARY[:50], "note"),
        (Task.BINARY, BINARY * 0, BINARY * 0, "unknown"),
        (Task.MULTICLASS, LABELS, LABELS, "warn"),
        (Task.MULTICLASS, LABELS, np.where(np.arange(120) == 5, 0, LABELS), "pass"),
        (Task.REGRESSION, NUMBERS, NUMBERS, "block"),
        (Task.REGRESSION, NUMBERS, NUMBERS * (1 + 1e-12), "block"),
        (Task.REGRESSION, NUMBERS, NUMBERS + 1e-6, "pass"),
        (Task.REGRESSION, NUMBERS[:10], NUMBERS[:10], "note"),
        (Task.REGRESSION, LABELS * 1.0, LABELS * 1.0, "note"),
        (Task.FORECASTING, NUMBERS, NUMBERS, "block"),
    ],
)
def test_answers_that_are_the_labels(task: Task, truth: Any, predicted: Any, expected: str) -> None:
    assert status(task, truth, predicted) == expected


def test_probabilities_that_part_the_labels() -> None:
    chance = BINARY * 0.2 + np.linspace(0, 0.1, 120)
    assert status(Task.BINARY, BINARY, BINARY * 0, chance) == "warn"
    assert status(Task.BINARY, BINARY, BINARY * 0, np.where(np.arange(120) == 1, 0.0, chance)) == "pass"


def test_rankings_in_the_best_order() -> None:
    assert status(Task.RANKING, LABELS, LABELS * 2.0, queries=QUERIES) == "warn"
    assert status(Task.RANKING, LABELS, LABELS * 0.0, queries=QUERIES) == "pass", "ties are no order"
    assert status(Task.RANKING, LABELS, LABELS * 2.0, queries=np.arange(120) // 40) == "note"


def test_the_setting_decides() -> None:
    assert status(Task.REGRESSION, NUMBERS, NUMBERS, label="warn") == "warn"
    assert status(Task.REGRESSION, NUMBERS, NUMBERS, label="ignore") == "note"
    assert perfect_score(None, Leaks.model_validate({})).status == "unknown"
