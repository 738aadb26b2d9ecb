"""Each metric against scikit-learn's, and each interval against another way to the same number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from gitops_mlops.domain.config.metrics import METRICS, ModelTask
from gitops_mlops.domain.config.sections import Margin
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.linear import row_losses
from gitops_mlops.domain.statistics.measure import measure
from gitops_mlops.domain.statistics.sample import ModelScores, ScoredSample
from gitops_mlops.domain.statistics.spread import ValueSpread
from tests.unit.domain.statistics.oracles import ORACLES
from tests.unit.domain.statistics.samples import binary, binary_scores, multiclass, regression
from tests.unit.domain.statistics.test_values import CASES, SAMPLES

FEW = StatisticsSettings(resamples=300)


def test_calibration_error_by_hand() -> None:
    # Ten rows at 0.25, four positive: |0.4 - 0.25|; ten at 0.85, five positive: |0.5 - 0.85|. Their mean is 0.25.
    probabilities = np.repeat([0.25, 0.85], 10)
    truth = np.array([1] * 4 + [0] * 6 + [1] * 5 + [0] * 5)
    perfect = np.where(truth == 1, 1.0, 0.0)
    result = measure(
        ScoredSample(ModelTask.BINARY, truth, binary_scores(probabilities), binary_scores(perfect)), "ece", FEW
    ).result
    assert result.challenger == pytest.approx(0.25)
    assert result.champion == 0.0


def test_paired_t_is_scipys() -> None:
    sample = binary(11, rows=200)
    assert sample.champion is not None
    losses = [row_losses(METRICS["log_loss"], sample, one) for one in sample.sides]
    theirs = stats.ttest_rel(*losses)
    interval = theirs.confidence_interval(0.9)
    result = measure(sample, "log_loss", StatisticsSettings()).result
    assert result.p_value == pytest.approx(theirs.pvalue)
    assert result.ci is not None
    assert (result.ci.low, result.ci.high) == pytest.approx((interval.low, interval.high))


def test_cluster_robust_error_in_closed_form() -> None:
    # Equal clusters: the mean of all rows is the mean of cluster means, and its SE that of 25 independent numbers.
    sample = regression(7, rows=250)
    codes = np.repeat(np.arange(25), 10).astype(np.int64)
    sample = replace(sample, clusters=codes)
    assert sample.champion is not None
    losses = [row_losses(METRICS["mae"], sample, one) for one in sample.sides]
    means = (losses[0] - losses[1]).reshape(25, 10).mean(axis=1)
    theirs = stats.ttest_1samp(means, 0.0)
    result = measure(sample, "mae", StatisticsSettings()).result
    assert result.se == pytest.approx(means.std(ddof=1) / 5)
    assert result.p_value == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize("metric", ["rmse", "r2"])
@pytest.mark.parametrize("clusters", [0, 40])
def test_delta_method_agrees_with_the_jackknife(metric: str, clusters: int) -> None:
    sample = regression(13, rows=400, clusters=clusters)
    units = np.arange(400) if sample.clusters is None else sample.clusters
    assert sample.champion is not None
    left_out = []
    for unit in np.unique(units):
        keep = units != unit
        part = sample.only(keep)
        values = [ORACLES[metric](part, one) for one in part.sides]
        left_out.append(values[1] - values[0])
    count = len(left_out)
    jackknife = np.sqrt((count - 1) / count * np.square(np.array(left_out) - np.mean(left_out)).sum())
    assert measure(sample, metric, StatisticsSettings()).result.se == pytest.approx(jackknife, rel=0.03)


@pytest.mark.parametrize("unequal", [0.0, 1.0])
def test_the_error_of_a_clustered_area_is_the_jackknifes(unequal: float) -> None:
    sample = binary(17, rows=1500, clusters=40)
    assert sample.champion is not None
    assert sample.clusters is not None
    if unequal:
        sizes = np.random.default_rng(5).lognormal(0, unequal, 40)
        drawn = np.random.default_rng(6).choice(40, size=sample.rows, p=sizes / sizes.sum())
        sample = replace(sample, clusters=np.unique(drawn, return_inverse=True)[1].astype(np.int64))
    assert sample.clusters is not None
    left_out = []
    for unit in range(sample.units):
        part = sample.only(sample.clusters != unit)
        values = [roc_auc_score(part.truth, one.probabilities) for one in part.sides]
        left_out.append(values[1] - values[0])
    result = measure(sample, "roc_auc", StatisticsSettings()).result
    count = len(left_out)
    jackknife = np.sqrt((count - 1) / count * np.square(np.array(left_out) - result.delta).sum())
    assert result.se == pytest.approx(jackknife, rel=0.03)
    assert result.method == "DeLong, jackknife of clusters"


@pytest.mark.parametrize(("disagreements", "verdict"), [(0, "inconclusive"), (3, "inconclusive"), (6, "improved")])
def test_few_disagreements_are_not_certainty(disagreements: int, verdict: str) -> None:
    # All for the challenger: chance alone does that to 3 of 3 in one case of 8, to 6 of 6 in one of 64.
    truth = np.tile([0, 1], 100)
    champion = truth.copy()
    champion[:disagreements] = 1 - truth[:disagreements]
    sample = ScoredSample(ModelTask.BINARY, truth, ModelScores(truth), ModelScores(champion))
    result = measure(sample, "accuracy", StatisticsSettings()).result
    assert result.verdict == verdict
    assert result.ci is not None
    assert result.ci.low < result.ci.high
    within = measure(sample, "accuracy", StatisticsSettings(), Margin.model_validate(0.05)).result
    assert within.verdict in ("non_inferior", "improved")


def test_percentiles_of_few_clusters_are_widened_as_students_t() -> None:
    draws = np.random.default_rng(1).normal(0, 1, 200_000)
    for units in (20, 1_000_000):
        spread = ValueSpread.from_draws(0.0, draws, units)
        wanted = stats.t.ppf(0.05, units - 1) * np.sqrt(units / (units - 1))
        assert spread.low(0.05) == pytest.approx(wanted, rel=0.02)
        assert spread.high(0.05) == pytest.approx(-wanted, rel=0.02)
        assert spread.p_at_most(wanted) == pytest.approx(0.05, abs=0.005)
        assert spread.p_at_least(wanted) == pytest.approx(0.95, abs=0.005)


def test_clusters_matter() -> None:
    sample = binary(23, rows=3000, clusters=30, cluster_sd=1.0)
    alone = replace(sample, clusters=None)
    for metric in ("log_loss", "accuracy", "ece"):
        clustered, independent = (measure(one, metric, FEW).result.se for one in (sample, alone))
        assert clustered is not None
        assert independent is not None
        assert clustered > 1.3 * independent, metric


@pytest.mark.parametrize("metric", ["f1", "mcc", "roc_auc", "average_precision", "brier", "ece"])
@pytest.mark.parametrize("clusters", [0, 25])
def test_the_bootstrap_agrees_with_one_that_resamples_rows(metric: str, clusters: int) -> None:
    sample = binary(29, rows=500, clusters=clusters, champion_noise=1.0)
    units = np.arange(500) if sample.clusters is None else sample.clusters
    members = [np.flatnonzero(units == unit) for unit in np.unique(units)]
    generator = np.random.default_rng(1)
    drawn = []
    for _ in range(150):
        rows = np.concatenate([members[unit] for unit in generator.integers(len(members), size=len(members))])
        part = _take(sample, rows)
        champion, challenger = (ORACLES[metric](part, one) for one in part.sides)
        drawn.append(challenger - champion)
    assert measure(sample, metric, StatisticsSettings()).result.se == pytest.approx(np.std(drawn, ddof=1), rel=0.25)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), case=st.sampled_from(CASES), clusters=st.sampled_from([0, 22]))
def test_exchanging_the_models_negates_the_difference(seed: int, case: tuple[str, ModelTask], clusters: int) -> None:
    metric, task = case
    if task in (ModelTask.RANKING, ModelTask.FORECASTING):
        sample = SAMPLES[task](seed)
    else:
        draw: Callable[[int, int, int], ScoredSample] = (
            binary if task is ModelTask.BINARY else multiclass if task is ModelTask.MULTICLASS else regression
        )
        sample = draw(seed, 120, clusters)
    assert sample.champion is not None
    swapped = replace(sample, champion=sample.challenger, challenger=sample.champion)
    one, other = (measure(each, metric, FEW) for each in (sample, swapped))
    assert (one.result.champion, one.result.challenger) == (other.result.challenger, other.result.champion)
    if one.delta is None or other.delta is None:
        assert one.delta == other.delta
    else:
        assert one.result.delta == -other.delta.value
        assert one.delta.se == pytest.approx(other.delta.se, rel=0.25, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    truth=st.lists(st.integers(0, 1), min_size=1, max_size=40),
    data=st.data(),
    metric=st.sampled_from([name for name, task in CASES if task is ModelTask.BINARY]),
)
def test_any_few_rows_give_a_finite_report_or_none(truth: list[int], data: st.DataObject, metric: str) -> None:
    probability = st.floats(0, 1, allow_nan=False)
    sides = [np.array(data.draw(st.lists(probability, min_size=len(truth), max_size=len(truth)))) for _ in range(2)]
    sample = ScoredSample(ModelTask.BINARY, np.array(truth), binary_scores(sides[0]), binary_scores(sides[1]))
    result = measure(sample, metric, FEW, Margin.model_validate(0.01)).result
    # The report's own model refuses NaN and infinity; fewer than 20 rows decide nothing.
    if len(truth) < 20:
        assert result.verdict in ("cannot_be_judged", "undefined")
        assert (result.ci, result.challenger_ci) == (None, None)
        assert result.note


def _rounded(scores: ModelScores | None) -> ModelScores:
    assert scores is not None
    assert scores.probabilities is not None
    return binary_scores((np.floor(scores.probabilities * 7.99) + 0.5) / 8)


def _take(sample: ScoredSample, rows: np.ndarray) -> ScoredSample:
    """Some rows, some of them several times."""
    assert sample.champion is not None
    champion, challenger = (
        ModelScores(one.predicted[rows], None if one.probabilities is None else one.probabilities[rows])
        for one in (sample.champion, sample.challenger)
    )
    return ScoredSample(sample.task, sample.truth[rows], challenger, champion)


@pytest.mark.parametrize("metric", ["f1", "mcc", "f1_macro", "balanced_accuracy"])
def test_leaving_out_clusters_one_by_one(metric: str) -> None:
    sample = multiclass(31, 500, clusters=24) if metric != "f1" else binary(31, 500, clusters=24)
    left_out = []
    assert sample.clusters is not None
    for cluster in range(24):
        part = sample.only(np.not_equal(sample.clusters, cluster))
        champion, challenger = (ORACLES[metric](part, one) for one in part.sides)
        left_out.append(challenger - champion)
    error = np.sqrt(23 / 24 * np.square(np.array(left_out) - np.mean(left_out)).sum())
    result = measure(sample, metric, FEW).result
    assert result.method == "jackknife of clusters"
    # A little more, for one disagreement that was not seen.
    assert error < result.se < 1.1 * error
