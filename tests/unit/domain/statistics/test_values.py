"""The value of each metric is scikit-learn's where it has the metric, and its definition spelt out where not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.config.metrics import METRICS, ModelTask, find_metric, metrics_of
from gitops_mlops.domain.statistics.class_counts import ClassCounts, class_gradient, class_metric
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.measure import measure
from gitops_mlops.domain.statistics.sample import ModelScores, ScoredSample
from tests.unit.domain.statistics.oracles import ORACLES
from tests.unit.domain.statistics.samples import binary, binary_scores, forecasts, multiclass, ranking, regression

FEW = StatisticsSettings(resamples=200)
SAMPLES: dict[ModelTask, Callable[[int], ScoredSample]] = {
    ModelTask.BINARY: binary,
    ModelTask.MULTICLASS: multiclass,
    ModelTask.REGRESSION: regression,
    ModelTask.RANKING: ranking,
    ModelTask.FORECASTING: forecasts,
}
CASES = [
    (name, task)
    for name in ORACLES
    for task in ModelTask
    if (metric := find_metric(name)) is not None and task in metric.tasks
]


def test_every_metric_has_an_oracle() -> None:
    assert {name.partition("@")[0] for name in ORACLES} == set(METRICS)


@pytest.mark.parametrize(("name", "task"), CASES)
@pytest.mark.parametrize("ties", [False, True])
def test_values_are_scikit_learns(name: str, task: ModelTask, ties: bool) -> None:
    sample = _tied(SAMPLES[task](3)) if ties else SAMPLES[task](3)
    assert sample.champion is not None
    result = measure(sample, name, FEW).result
    champion, challenger = (ORACLES[name](sample, one) for one in (sample.champion, sample.challenger))
    assert (result.champion, result.challenger) == pytest.approx((champion, challenger))
    assert result.higher_is_better == METRICS[name.partition("@")[0]].higher_is_better
    better = challenger - champion if result.higher_is_better else champion - challenger
    assert result.delta == pytest.approx(better)
    assert result.ci is not None
    assert result.ci.low < better < result.ci.high
    assert result.challenger_ci is not None
    assert result.challenger_ci.low < challenger < result.challenger_ci.high
    assert result.method


def _tied(sample: ScoredSample) -> ScoredSample:
    """The same with few different scores."""
    assert sample.champion is not None
    champion, challenger = (_rounded(sample.task, one) for one in (sample.champion, sample.challenger))
    return replace(sample, champion=champion, challenger=challenger)


def _rounded(task: ModelTask, scores: ModelScores) -> ModelScores:
    if scores.probabilities is None:
        return ModelScores(np.round(scores.predicted))
    if task is ModelTask.BINARY:
        return binary_scores((np.floor(scores.probabilities * 7.99) + 0.5) / 8)
    coarse = np.floor(scores.probabilities * 7.99) + 0.5
    coarse /= coarse.sum(axis=1, keepdims=True)
    return ModelScores(coarse.argmax(axis=1), coarse)


labels = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40)
COUNTED = ["accuracy", "mcc", *(name for name in ORACLES if name.endswith(("_macro", "_weighted")))]


@given(labels, st.sampled_from(COUNTED))
def test_any_labels_and_answers_count_as_in_scikit_learn(pairs: list[tuple[int, int]], name: str) -> None:
    truth, predicted = np.array(pairs).T
    counts = ClassCounts.of(truth, predicted, 5)
    sample = ScoredSample(ModelTask.MULTICLASS, truth, ModelScores(predicted))
    if name == "mcc" and len({*truth, *predicted}) == 1:
        assert float(class_metric(name, counts)) == 0
        return
    assert float(class_metric(name, counts)) == pytest.approx(ORACLES[name](sample, sample.challenger))


@given(labels, st.sampled_from([*COUNTED, "balanced_accuracy"]), st.integers(0, 39))
def test_influence_is_the_slope_in_a_rows_weight(pairs: list[tuple[int, int]], name: str, index: int) -> None:
    truth, predicted = np.array(pairs).T
    row = index % len(truth)

    def value(weight: float) -> float:
        weights = np.ones(len(truth))
        weights[row] = weight
        hits = np.bincount(truth, weights=weights * (truth == predicted), minlength=5)
        rows, called = (np.bincount(codes, weights=weights, minlength=5) for codes in (truth, predicted))
        return float(class_metric(name, ClassCounts(hits.astype(float), rows.astype(float), called.astype(float))))

    if name == "mcc" and min(len(set(truth)), len(set(predicted))) == 1:
        # 0/0, and 0 only by convention.
        return
    influence = class_gradient(name, ClassCounts.of(truth, predicted, 5)).influence(truth, predicted)
    slope = (value(1 + 1e-5) - value(1 - 1e-5)) / 2e-5
    assert influence[row] == pytest.approx(slope, abs=1e-4)
    assert influence.sum() == pytest.approx(0, abs=1e-9)


scores_of_a_query = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=2, max_size=8)


@given(
    st.lists(scores_of_a_query, min_size=1, max_size=6), st.sampled_from(["ndcg", "ndcg@3", "mrr", "mrr@2", "map"])
)
def test_any_ranking_is_as_by_query(queries: list[list[tuple[int, int]]], name: str) -> None:
    relevance, scores = np.array([pair for one in queries for pair in one], dtype=float).T
    codes = np.repeat(np.arange(len(queries)), [len(one) for one in queries]).astype(np.int64)
    order = np.random.default_rng(len(codes)).permutation(len(codes))
    sample = ScoredSample(
        ModelTask.RANKING, relevance[order], ModelScores(scores[order]), None, codes[order], queries=codes[order]
    )
    result = measure(sample, name, FEW).result
    if not relevance.any():
        assert (result.challenger, result.note) == (None, "no row is relevant")
        return
    assert result.challenger == pytest.approx(ORACLES[name](sample, sample.challenger))


@pytest.mark.parametrize("name", ["ndcg@5", "mrr", "mrr@3", "map"])
def test_noise_that_breaks_ties_gains_nothing(name: str) -> None:
    draws = np.random.default_rng(3)
    queries = np.repeat(np.arange(400), 10)
    relevance = (draws.random(4000) < 0.2).astype(float)
    constant, noise = ModelScores(np.zeros(4000)), ModelScores(draws.random(4000))
    result = measure(
        ScoredSample(ModelTask.RANKING, relevance, noise, constant, queries, queries=queries), name, FEW
    ).result
    assert result.verdict == "inconclusive"
    assert abs(result.delta or 0) < 3 * (result.se or 0)
    assert (
        result.note
        == "100% of the champion's rows share their score within a query; ties count by their expected value"
    )


weights = st.lists(st.tuples(st.floats(-1e3, 1e3), st.integers(0, 4)), min_size=1, max_size=30)


@given(weights)
def test_a_weighted_median_is_the_median_of_repeated_values(pairs: list[tuple[float, int]]) -> None:
    from gitops_mlops.domain.statistics.resampled import _median

    values, counts = np.array([v for v, _ in pairs]), np.array([float(c) for _, c in pairs])
    if counts.sum():
        assert _median(values)(counts) == np.median(np.repeat(values, counts.astype(int)))
    else:
        assert np.isnan(_median(values)(counts))


def extreme(draw: Callable[[st.SearchStrategy[Any]], Any], task: ModelTask, name: str) -> ScoredSample:
    """A few rows of anything that passes `scoring`: huge numbers, one label, ties, certainty."""
    rows = draw(st.integers(1, 25))
    several = st.lists(st.integers(0, 2), min_size=rows, max_size=rows)
    codes = np.array(draw(several), dtype=np.int64)
    clusters = np.unique(codes, return_inverse=True)[1] if draw(st.booleans()) else None
    if task.classifies:
        classes = 2 if task is ModelTask.BINARY else 3
        truth, *answers = (np.array(draw(several), dtype=np.int64) % classes for _ in range(3))
        sure = np.array(draw(st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=rows, max_size=rows)))
        challenger, champion = (
            ModelScores(
                one, sure if task is ModelTask.BINARY else np.eye(3)[one] * sure[:, None] + (1 - sure[:, None]) / 3
            )
            for one in answers
        )
        return ScoredSample(task, truth, challenger, champion, clusters, classes=tuple(range(classes)))
    numbers = st.lists(st.sampled_from([0.0, -1.5, 2.0, 1e-300, 1e200, -1e308]), min_size=rows, max_size=rows)
    truth, *answers = (np.array(draw(numbers)) for _ in range(3))
    challenger, champion = (ModelScores(one) for one in answers)
    if task is ModelTask.RANKING:
        units = np.unique(codes, return_inverse=True)[1]
        return ScoredSample(task, np.abs(truth), challenger, champion, units, queries=units)
    if task is ModelTask.FORECASTING:
        units = np.unique(codes, return_inverse=True)[1]
        return ScoredSample(
            task, truth, challenger, champion, units, horizon=draw(st.integers(1, 30)), scale=np.abs(truth)
        )
    return ScoredSample(task, truth, challenger, champion, clusters)


@given(st.data(), st.sampled_from(CASES))
def test_nothing_makes_a_metric_raise_or_report_what_is_no_number(
    data: st.DataObject, case: tuple[str, ModelTask]
) -> None:
    name, task = case
    sample = extreme(data.draw, task, name)
    for part in (sample, sample.only(np.zeros(sample.rows, dtype=np.bool_)), replace(sample, champion=None)):
        # The report's own model refuses NaN and infinity, and warnings are errors here.
        result = measure(part, name, FEW).result
        assert result.challenger is not None or result.note
        assert result.verdict in ("undefined", "cannot_be_judged") or part.units >= 20


@pytest.mark.parametrize("task", [ModelTask.BINARY, ModelTask.MULTICLASS])
def test_whatever_rests_upon_a_label_needs_rows_of_it(task: ModelTask) -> None:
    of_rows = {"accuracy", "log_loss", "brier", "ece"}
    truth = np.repeat([0, 1], [191, 9]) if task is ModelTask.BINARY else np.repeat([0, 1, 2], [100, 91, 9])
    chances = np.full((200, 3), 0.3) + np.eye(3)[truth] * 0.1
    scores = ModelScores(truth, chances[:, 1] if task is ModelTask.BINARY else chances)
    sample = ScoredSample(task, truth, scores, classes=("a", "b", "c")[: truth.max() + 1])
    few = {name for name in metrics_of(task) if measure(sample, name, StatisticsSettings()).few}
    assert few == {*metrics_of(task)} - of_rows - ({"specificity"} if task is ModelTask.BINARY else set())
    if task is ModelTask.BINARY:
        flipped = ModelScores(1 - truth, 1 - chances[:, 1])
        rare_negatives = ScoredSample(task, 1 - truth, flipped, classes=("a", "b"))
        few = {name for name in metrics_of(task) if measure(rare_negatives, name, StatisticsSettings()).few}
        assert few == {*metrics_of(task)} - of_rows - {"precision", "recall", "f1", "average_precision"}
