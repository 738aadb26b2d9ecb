"""Leaks that were planted are found, and honest data is left alone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.metrics import roc_auc_score

from gitops_mlops.domain.comparison.leakage import identifiers, labels_of, single_feature_auc
from gitops_mlops.domain.config.metrics import ModelTask

SEEDS = range(20)


def noisy(seed: int, rows: int = 600) -> tuple[pl.DataFrame, np.ndarray[Any, Any]]:
    """Columns of every kind that know nothing, and labels of which a tenth are positive."""
    generator = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "float": generator.normal(size=rows),
            "gaps": pl.Series(generator.normal(size=rows)).set(pl.Series(generator.random(rows) < 0.4), None),
            "few": generator.integers(0, 4, rows),
            "text": [f"v{n}" for n in generator.integers(0, 50, rows)],
            "many": [f"v{n}" for n in generator.integers(0, 10_000, rows)],
            "flag": generator.random(rows) < 0.02,
        }
    )
    return frame, (generator.random(rows) < 0.1).astype(np.int64)


@pytest.mark.parametrize("seed", SEEDS)
def test_columns_that_know_nothing_stay_far_from_suspicion(seed: int) -> None:
    frame, truth = noisy(seed)
    assert max(one.strength for one in single_feature_auc(frame, frame.columns, truth, ModelTask.BINARY)) < 0.75
    numbers = np.random.default_rng(1000 + seed).normal(size=frame.height)
    assert max(one.strength for one in single_feature_auc(frame, frame.columns, numbers, ModelTask.REGRESSION)) < 0.35
    classes = np.random.default_rng(1000 + seed).integers(0, 5, frame.height)
    assert max(one.strength for one in single_feature_auc(frame, frame.columns, classes, ModelTask.MULTICLASS)) < 0.75


def test_the_strength_of_a_number_is_its_area_and_its_rank_correlation() -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 2, 900)
    x = -1.5 * truth + generator.normal(size=900)
    (found,) = single_feature_auc(pl.DataFrame({"x": x}), ["x"], truth, ModelTask.BINARY)
    assert found.strength == pytest.approx(1 - roc_auc_score(truth, x))
    y = generator.normal(size=900) + x
    (found,) = single_feature_auc(pl.DataFrame({"x": x}), ["x"], y, ModelTask.REGRESSION)
    assert found.strength == pytest.approx(spearmanr(x, y).statistic)


@pytest.mark.parametrize(
    "leak",
    [
        pytest.param(lambda y, _: np.where(y == 1, "yes", "no"), id="renamed"),
        pytest.param(lambda y, _: [None if one else 3.5 for one in y], id="missing when positive"),
        pytest.param(
            lambda y, g: np.abs(g.normal(size=len(y))) * (2 * (g.random(len(y)) < 0.5) - 1) * (5 * y + 0.1), id="far"
        ),
        pytest.param(lambda y, g: [f"{'pn'[one]}{g.integers(0, 9)}" for one in y], id="in a code"),
        pytest.param(lambda y, g: y + g.normal(0, 0.2, len(y)), id="noisy"),
    ],
)
def test_a_leak_of_any_shape_is_found(leak: Any) -> None:
    generator = np.random.default_rng(1)
    frame, truth = noisy(1, 2000)
    planted = frame.with_columns(leak=pl.Series(leak(truth, generator), strict=False))
    first, second, *_ = single_feature_auc(planted, planted.columns, truth, ModelTask.BINARY)
    assert first.column == "leak"
    assert first.strength >= 0.95 > 0.75 > second.strength


def test_copies_are_named_as_what_they_are() -> None:
    frame, truth = noisy(2)
    copies = frame.with_columns(
        same=pl.Series(truth),
        no=pl.Series(1 - truth),
        word=pl.Series(np.where(truth == 1, "🙂", "|")),
        gap=pl.Series([1 if t else None for t in truth]),
    )
    found = {one.column: one.copy for one in single_feature_auc(copies, copies.columns, truth, ModelTask.BINARY)}
    assert found["no"] == "the label, negated"
    assert found["same"] == found["word"] == found["gap"] == "the label itself, with renamed values"
    assert not any(found[name] for name in frame.columns)
    y = np.random.default_rng(0).normal(size=600)
    numbers = frame.with_columns(
        scaled=pl.Series(2 * y + 3), negated=pl.Series(-y), near=pl.Series(y + 0.01 * frame["float"])
    )
    found = {one.column: one.copy for one in single_feature_auc(numbers, numbers.columns, y, ModelTask.REGRESSION)}
    assert (found["scaled"], found["negated"], found["near"]) == ("the label, scaled", "the label, negated", "")


@pytest.mark.parametrize(
    ("load", "task", "most"),
    [
        (load_breast_cancer, ModelTask.BINARY, 0.98),
        (load_wine, ModelTask.MULTICLASS, 0.95),
        (load_diabetes, ModelTask.REGRESSION, 0.7),
        (load_iris, ModelTask.MULTICLASS, 0.995),
    ],
)
def test_real_data_without_a_leak(load: Any, task: ModelTask, most: float) -> None:
    """Only iris, which one petal's width all but decides, reaches what blocks by default."""
    data = load(as_frame=True)
    frame = pl.DataFrame({name: data.data[name].to_numpy() for name in data.data})
    found = single_feature_auc(frame, frame.columns, data.target.to_numpy(), task)
    assert len(found) == frame.width
    assert 0.5 < found[0].strength < most
    assert not any(one.copy for one in found)


@pytest.mark.parametrize("rows", [0, 1, 99])
def test_too_few_rows_say_nothing(rows: int) -> None:
    frame, truth = noisy(3)
    assert single_feature_auc(frame.head(rows), frame.columns, truth[:rows], ModelTask.BINARY) == []


def test_what_has_no_order_and_no_categories_says_nothing() -> None:
    rows = 200
    frame = pl.DataFrame(
        {
            "constant": [1.5] * rows,
            "null": [None] * rows,
            "nan": [float("nan")] * rows,
            "list": [[1]] * rows,
            "bytes": [b"x"] * rows,
            "date": [date(2026, 1, 1) + timedelta(days=i) for i in range(rows)],
            "infinite": [float("inf") if i % 2 else -float("inf") for i in range(rows)],
        }
    )
    truth = np.arange(rows) % 2
    assert [one.column for one in single_feature_auc(frame, frame.columns, truth, ModelTask.BINARY)] == ["infinite"]
    assert single_feature_auc(frame, frame.columns, np.zeros(rows, dtype=np.int64), ModelTask.BINARY) == []
    assert single_feature_auc(frame, frame.columns, np.ones(rows), ModelTask.REGRESSION) == []


def test_a_class_for_every_row_says_nothing() -> None:
    frame, _ = noisy(4)
    assert single_feature_auc(frame, frame.columns, np.arange(frame.height), ModelTask.MULTICLASS) == []


def test_many_rows_are_sampled_and_give_nearly_the_same() -> None:
    generator = np.random.default_rng(5)
    truth = generator.integers(0, 2, 300_000)
    x = truth + generator.normal(size=len(truth))
    (found,) = single_feature_auc(pl.DataFrame({"x": x}), ["x"], truth, ModelTask.BINARY)
    assert found.strength == pytest.approx(roc_auc_score(truth, x), abs=0.005)


def test_identifiers_are_told_from_measurements() -> None:
    generator = np.random.default_rng(6)
    rows = 500
    frame = pl.DataFrame(
        {
            "row": np.arange(rows),
            "user_id": generator.integers(0, 2**60, rows),
            "code": [f"K-{n:x}" for n in generator.integers(0, 2**60, rows)],
            "price_in_cents": generator.choice(10**7, rows, replace=False),
            "speed": generator.normal(size=rows),
            "review": [f"a fine thing number {n}" for n in range(rows)],
            "when": [date(2020, 1, 1) + timedelta(days=i) for i in range(rows)],
            "site": [f"s{n}" for n in generator.integers(0, 300, rows)],
            "null": [None] * rows,
        }
    )
    assert identifiers(frame, frame.columns) == ["row", "user_id", "code"]
    assert identifiers(frame.head(99), frame.columns) == []


def test_labels_become_codes_or_numbers() -> None:
    assert labels_of(pl.Series(["b", "a", None, "b"]), ModelTask.BINARY).tolist() == [2, 1, 0, 2]
    assert labels_of(pl.Series([True, False]), ModelTask.BINARY).tolist() == [2, 1]
    assert labels_of(pl.Series([1, 3]), ModelTask.REGRESSION).tolist() == [1.0, 3.0]
