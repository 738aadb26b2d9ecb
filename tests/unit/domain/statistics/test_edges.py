"""Bounds of one model's own value, where it makes few errors or none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.statistics.edges import LogitSpread, effective_trials, share_spread
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.measure import measure
from gitops_mlops.domain.statistics.sample import Floats, ModelScores, ScoredSample
from gitops_mlops.domain.statistics.spread import ValueSpread

FEW = StatisticsSettings(resamples=300)


def own_interval(sample: ScoredSample, metric: str) -> tuple[Any, Any]:
    """Numbers, which a test may hold against some that are near."""
    interval = measure(sample, metric, FEW).result.challenger_ci
    assert interval is not None
    return interval.low, interval.high


def binary(truth: list[int], answers: list[int], clusters: list[int] | None = None) -> ScoredSample:
    codes = None if clusters is None else np.array(clusters)
    return ScoredSample(ModelTask.BINARY, np.array(truth), ModelScores(np.array(answers)), None, codes)


@pytest.mark.parametrize(("successes", "trials"), [(30, 30), (0, 30), (29, 30), (98, 100), (500, 1000)])
@pytest.mark.parametrize("alpha", [0.025, 0.05])
def test_shares_have_the_exact_bounds_of_scipy(successes: int, trials: int, alpha: float) -> None:
    spread = share_spread(successes, trials)
    theirs = stats.binomtest(successes, trials).proportion_ci(1 - 2 * alpha, "exact")
    assert (spread.low(alpha), spread.high(alpha)) == pytest.approx((theirs.low, theirs.high))
    for threshold in (0.4, 0.9, 0.97):
        greater, less = (stats.binomtest(successes, trials, threshold, side).pvalue for side in ("greater", "less"))
        assert spread.p_at_most(threshold) == pytest.approx(greater, abs=1e-12)
        assert spread.p_at_least(threshold) == pytest.approx(less, abs=1e-12)


@pytest.mark.parametrize("rows", [30, 100, 1000])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999])
def test_intervals_of_shares_cover_what_they_promise(rows: int, share: float) -> None:
    # Exactly, over every count that can be seen; Wilson's interval covers 84 % just beside the edge.
    seen = np.arange(rows + 1)
    chances = stats.binom.pmf(seen, rows, share)
    likely = seen[chances > 1e-9]
    held = [
        one for one in likely if share_spread(one, rows).low(0.025) <= share <= share_spread(one, rows).high(0.025)
    ]
    assert chances[held].sum() >= 0.95 - 1e-6


def test_thirty_right_of_thirty_are_no_certainty() -> None:
    sample = binary([0, 1] * 15, [0, 1] * 15)
    assert own_interval(sample, "accuracy") == (pytest.approx(0.05 ** (1 / 30)), 1.0)
    for metric in ("precision", "recall", "specificity"):
        assert own_interval(sample, metric) == (pytest.approx(0.05 ** (1 / 15)), 1.0)
    # F1 = 2 J / (1 + J) of the share J of hits among the 15 rows that are positive or called so.
    share = 0.05 ** (1 / 15)
    assert own_interval(sample, "f1") == (pytest.approx(2 * share / (1 + share)), 1.0)
    for metric in ("balanced_accuracy", "mcc"):
        low, high = own_interval(sample, metric)
        assert (0.7 < low < 0.97, high) == (True, 1.0)


def test_several_classes_without_an_error_are_no_certainty() -> None:
    truth = np.arange(90) % 3
    sample = ScoredSample(ModelTask.MULTICLASS, truth, ModelScores(truth), None, classes=(0, 1, 2))
    assert own_interval(sample, "accuracy") == (pytest.approx(0.05 ** (1 / 90)), 1.0)
    for metric in ("f1_macro", "balanced_accuracy", "mcc"):
        assert own_interval(sample, metric)[0] < 0.99


def test_clusters_count_as_what_they_are_worth() -> None:
    # Thirty people with ten rows each, all right: thirty trials and not three hundred.
    people = np.repeat(np.arange(30), 10).tolist()
    truth = ([0, 1] * 5) * 30
    assert own_interval(binary(truth, truth, people), "accuracy") == (pytest.approx(0.05 ** (1 / 30)), 1.0)
    # One person all wrong: as with rows that are independent of one another, were each person one.
    answers = [1 - one if index < 10 else one for index, one in enumerate(truth)]
    low, high = own_interval(binary(truth, answers, people), "accuracy")
    alone = share_spread(29, 30)
    assert low == pytest.approx(alone.low(0.05), abs=0.02)
    assert high == pytest.approx(alone.high(0.05), abs=0.01)


def test_effective_trials_are_the_rows_when_they_are_independent() -> None:
    assert effective_trials(0.9, math.sqrt(0.09 / 400), 400, 400, 40) == pytest.approx(400)
    # A design effect of 4 among many clusters leaves a quarter.
    assert effective_trials(0.9, math.sqrt(4 * 0.09 / 40_000), 40_000, 10_000, 900) == pytest.approx(10_000, rel=1e-3)
    # No error, and one in one cluster only, tell nothing of how clusters differ.
    assert effective_trials(1.0, 0.0, 300, 30, 0) == effective_trials(0.997, 0.003, 300, 30, 1) == 30


@pytest.mark.parametrize(("clusters", "share"), [(20, 0.8), (30, 0.95), (100, 0.99)])
@pytest.mark.parametrize("correlation", [0.05, 0.5])
def test_intervals_of_clustered_shares_cover_what_they_promise(
    clusters: int, share: float, correlation: float
) -> None:
    draws, more = np.random.default_rng(7), 1 / correlation - 1
    people = np.repeat(np.arange(clusters), 10)
    truth = np.arange(len(people)) % 2
    held = 0
    for _ in range(400):
        right = draws.random(len(people)) < draws.beta(share * more, (1 - share) * more, clusters)[people]
        sample = binary(truth.tolist(), np.where(right, truth, 1 - truth).tolist(), people.tolist())
        own = measure(sample, "accuracy", FEW).own
        assert own is not None
        held += own.low(0.025) <= share <= own.high(0.025)
    # 93 % within the error of 400 draws.
    assert held / 400 >= 0.93 - 2 * math.sqrt(0.93 * 0.07 / 400)


def area(positives: Floats, negatives: Floats) -> ScoredSample:
    truth = np.repeat([1, 0], [len(positives), len(negatives)])
    scores = stats.norm.cdf(np.concatenate([positives, negatives]))
    return ScoredSample(ModelTask.BINARY, truth, ModelScores((scores > 0.5).astype(np.int64), scores))


def test_classes_that_separate_are_no_certainty() -> None:
    # Thirty disjoint pairs in the right order: as likely as 5 % when one in ten of such pairs is not.
    sample = area(np.linspace(1, 2, 30), np.linspace(-2, -1, 300))
    assert own_interval(sample, "roc_auc") == (pytest.approx(0.05 ** (1 / 30)), 1.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("truth", "rows"), [(0.7, (30, 30)), (0.9, (30, 300)), (0.98, (30, 300)), (0.99, (100, 100))]
)
@pytest.mark.parametrize("spread", [1.0, 2.0])
def test_intervals_of_an_area_cover_what_they_promise(truth: float, rows: tuple[int, int], spread: float) -> None:
    draws = np.random.default_rng(5)
    distance = stats.norm.ppf(truth) * math.sqrt(1 + spread**2)
    held = 0
    for _ in range(400):
        sample = area(draws.normal(distance, spread, rows[0]), draws.normal(0, 1, rows[1]))
        own = measure(sample, "roc_auc", FEW).own
        assert own is not None
        held += own.low(0.025) <= truth <= own.high(0.025)
    # 92 % within the error of 400 draws.
    assert held / 400 >= 0.92 - 2 * math.sqrt(0.92 * 0.08 / 400)


@given(st.integers(0, 60), st.integers(1, 60), st.floats(0.001, 0.5))
def test_a_bound_is_where_its_p_value_is_alpha(successes: int, failures: int, alpha: float) -> None:
    spread = share_spread(successes, successes + failures)
    assert spread.low(alpha) <= spread.value <= spread.high(alpha) or alpha > 0.3
    if successes:
        assert spread.p_at_most(spread.low(alpha)) == pytest.approx(alpha, rel=1e-6)
    assert spread.p_at_least(spread.high(alpha)) == pytest.approx(alpha, rel=1e-6)


@given(st.floats(0.01, 0.99), st.floats(0.001, 0.2), st.floats(0.001, 0.4))
def test_a_logit_bound_is_where_its_p_value_is_alpha(value: float, se: float, alpha: float) -> None:
    spread = LogitSpread(value, se, 24)
    assert 0 <= spread.low(alpha) <= value <= spread.high(alpha) <= 1
    for bound, p_value in ((spread.low(alpha), spread.p_at_most), (spread.high(alpha), spread.p_at_least)):
        if 1e-9 < bound < 1 - 1e-9:
            assert p_value(bound) == pytest.approx(alpha, rel=1e-4)


@pytest.mark.parametrize("spread", [share_spread(29, 30), LogitSpread(0.9, 0.02)])
def test_what_has_a_direction_is_not_flipped(spread: ValueSpread) -> None:
    with pytest.raises(TypeError, match="flipped"):
        spread.flipped()
