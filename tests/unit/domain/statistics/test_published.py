"""Worked examples with published numbers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.special import chdtrc
from scipy.stats import bootstrap as scipy_bootstrap
from sklearn.datasets import make_moons
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.svm import SVC

from gitops_mlops.domain.comparison.rows import naive_errors
from gitops_mlops.domain.config.metrics import ModelTask, find_metric
from gitops_mlops.domain.statistics.areas import delong
from gitops_mlops.domain.statistics.cells import mcnemar_exact_p, mcnemar_mid_p
from gitops_mlops.domain.statistics.custom_metrics import CustomMetric
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.linear import estimate_linear
from gitops_mlops.domain.statistics.measure import measure
from gitops_mlops.domain.statistics.multiplicity import holm
from gitops_mlops.domain.statistics.sample import ModelScores, ScoredSample
from gitops_mlops.domain.statistics.serial import diebold_mariano, small_sample
from gitops_mlops.domain.statistics.spread import ValueSpread
from gitops_mlops.domain.statistics.training_noise import corrected_resampled_t, recipe_spread

# DeLong, DeLong and Clarke-Pearson 1988, as printed in 'Example 72.8: Comparing Receiver Operating Characteristic
# Curves' of SAS/STAT's LOGISTIC procedure: albumin, total protein, K-G score, and whether surgery helps.
OVARIAN = """
3.0 5.8 10 0   3.2 6.3  5 1   3.9 6.8  3 1   2.8 4.8  6 0   3.2 5.8  3 1   0.9 4.0  5 0   2.5 5.7  8 0   1.6 5.6  5 1
3.8 5.7  5 1   3.7 6.7  6 1   3.2 5.4  4 1   3.8 6.6  6 1   4.1 6.6  5 1   3.6 5.7  5 1   4.3 7.0  4 1   3.6 6.7  4 0
2.3 4.4  6 1   4.2 7.6  4 0   4.0 6.6  6 0   3.5 5.8  6 1   3.8 6.8  7 1   3.0 4.7  8 0   4.5 7.4  5 1   3.7 7.4  5 1
3.1 6.6  6 1   4.1 8.2  6 1   4.3 7.0  5 1   4.3 6.5  4 1   3.2 5.1  5 1   2.6 4.7  6 1   3.3 6.8  6 0   1.7 4.0  7 0
3.7 6.1  5 1   3.3 6.3  7 1   4.2 7.7  6 1   3.5 6.2  5 1   2.9 5.7  9 0   2.1 4.8  7 1   2.8 6.2  8 0   4.0 7.0  7 1
3.3 5.7  6 1   3.7 6.9  5 1   3.6 6.6  5 1
"""


def test_delong_on_the_ovarian_cancer_data() -> None:
    albumin, protein, score, helps = np.array(OVARIAN.split(), dtype=np.float64).reshape(-1, 4).T
    assert len(helps) == 43
    areas, covariance = delong(helps == 1, [albumin, 10 - score, protein])
    # 'ROC Association Statistics' there.
    assert areas == pytest.approx([0.7366, 0.7258, 0.6478], abs=5e-5)
    assert np.sqrt(np.diag(covariance)) == pytest.approx([0.0927, 0.1028, 0.1000], abs=5e-5)
    # 'ROC Contrast Test Results' there, with the K-G score as reference: 2 degrees of freedom.
    contrast = np.array([[1.0, -1.0, 0.0], [0.0, -1.0, 1.0]])
    difference = contrast @ areas
    statistic = float(difference @ np.linalg.solve(contrast @ covariance @ contrast.T, difference))
    assert statistic == pytest.approx(2.5340, abs=5e-5)
    assert chdtrc(2, statistic) == pytest.approx(0.2817, abs=5e-5)
    # 'ROC Contrast Estimation and Testing Results by Row' there.
    variances = np.diag(contrast @ covariance @ contrast.T)
    assert difference == pytest.approx([0.0108, -0.0780], abs=5e-5)
    assert np.sqrt(variances) == pytest.approx([0.0953, 0.1046], abs=5e-5)
    assert [chdtrc(1, d**2 / v) for d, v in zip(difference, variances, strict=True)] == pytest.approx(
        [0.9102, 0.4561], abs=5e-5
    )


def test_mcnemar_as_in_statsmodels_and_r() -> None:
    # [[101, 121], [59, 33]], with R's numbers as statsmodels' tests of `mcnemar` have them.
    assert mcnemar_exact_p(121, 59) == pytest.approx(4.434e-06, rel=1e-3)


def test_mcnemar_exact_and_mid_p() -> None:
    # Airway hyper-responsiveness before and after stem cell transplantation, 1 against 7 of 21 children:
    # Fagerland, Lydersen and Laake 2013, BMC Medical Research Methodology 13:91, table 5.
    assert mcnemar_exact_p(1, 7) == pytest.approx(0.0703, abs=5e-5)
    assert mcnemar_mid_p(1, 7) == pytest.approx(0.0391, abs=5e-5)
    # Complete tumour response, 1 against 6: 0.125 exactly, 0.070 mid-p, by the same formulas: 2·8/128, less 7/128.
    assert mcnemar_exact_p(1, 6) == 0.125
    assert mcnemar_mid_p(1, 6) == pytest.approx(0.125 - 7 / 128)
    assert mcnemar_mid_p(0, 0) == mcnemar_exact_p(0, 0) == 1.0


def test_holm() -> None:
    # The example of Wikipedia's 'Holm-Bonferroni method', and of R's p.adjust(c(.01, .04, .03, .005), "holm").
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


def test_the_bootstrap_draws_as_rs_boot() -> None:
    # boot.ci(boot(x, mean, 1000000)) of R's library `boot`, as SciPy's test `test_bootstrap_against_R` has it.
    x = np.array([10, 12, 12.5, 12.5, 13.9, 15, 21, 22, 23, 34, 50, 81, 89, 121, 134, 213])
    sample = ScoredSample(ModelTask.REGRESSION, x, ModelScores(x))
    own = CustomMetric("mean", True, False, lambda truth, _, sample_weight: np.average(truth, weights=sample_weight))
    drawn = measure(sample, "mean", StatisticsSettings(resamples=60_000, own={"mean": own})).own
    assert drawn is not None
    assert drawn.draws is not None
    assert np.percentile(drawn.draws, [2.5, 97.5]) == pytest.approx([28.86, 84.21], rel=0.01)
    # What we report is wider, as Student's t with 15 degrees of freedom would be.
    assert drawn.low(0.025) < 28.0
    assert drawn.high(0.025) > 85.0


def test_paired_t_on_students_sleep_data() -> None:
    # Student 1908; R: t.test(sleep$extra[1:10], sleep$extra[11:20], paired = TRUE). Ten patients are too few for a
    # verdict, so the method is asked for itself.
    first = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
    second = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    sample = ScoredSample(ModelTask.REGRESSION, np.full(10, -10.0), ModelScores(first), ModelScores(second))
    metric = find_metric("mae")
    assert metric is not None
    found = estimate_linear(sample, metric)
    assert found.p_value == pytest.approx(0.002833, abs=5e-7)
    assert found.delta is not None
    assert found.delta.value == pytest.approx(-1.58)
    assert (found.delta.low(0.025), found.delta.high(0.025)) == pytest.approx((-2.4598858, -0.7001142))
    assert measure(sample, "mae", StatisticsSettings(alpha=0.025)).result.verdict == "cannot_be_judged"


def test_corrected_t_as_in_scikit_learns_example() -> None:
    # 'Statistical comparison of models using grid search': corrected t 0.750, p 0.227; uncorrected 2.611, 0.005.
    features, labels = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    rbf, linear = (
        cross_val_score(SVC(kernel=kernel, random_state=0), features, labels, scoring="roc_auc", cv=folds)
        for kernel in ("rbf", "linear")
    )
    statistic, p_value = corrected_resampled_t(rbf - linear, train_rows=90, test_rows=10)
    assert (statistic, p_value) == pytest.approx((0.750, 0.227), abs=5e-4)
    statistic, p_value = corrected_resampled_t(rbf - linear, train_rows=1, test_rows=0)
    assert (statistic, p_value) == pytest.approx((2.611, 0.005), abs=5e-4)


def test_noise_of_training() -> None:
    # SE² = 0.3² + (0.4² + 0.2²) / 4, by hand; Welch: 0.14² / (0.09²/99 + 0.04²/3 + 0.01²/3).
    champion, challenger = np.array([-1, 1, -1, 1]) * 0.4, np.array([-1, 1, -1, 1]) * 0.2
    champion, challenger = champion * np.sqrt(3 / 4), challenger * np.sqrt(3 / 4)
    spread = recipe_spread(ValueSpread(1.0, 0.3, 99), list(champion), list(challenger))
    assert spread.value == pytest.approx(0)
    assert spread.se**2 == pytest.approx(0.09 + 0.05)
    assert spread.df == pytest.approx(0.14**2 / (0.09**2 / 99 + 0.04**2 / 3 + 0.01**2 / 3))
    alone = recipe_spread(ValueSpread(1.0, 0.3), [1.0, 1.0], [2.0, 2.0])
    assert (alone.value, alone.se, alone.df) == (1.0, 0.3, np.inf)
    # The claim is on the means: which of the trainings became the artifact does not move it.
    assert recipe_spread(ValueSpread(9.0, 0.3), [1.0, 2.0], [4.0, 5.0]).value == 3.0
    with pytest.raises(ValueError, match="1 and 1 trainings"):
        recipe_spread(ValueSpread(1.0, 0.3), [1.0], [2.0])


def test_diebold_mariano_as_in_the_package_of_that_name() -> None:
    # The README of PyPI's `dieboldmariano` 1.1.0: dm_test(T, F, G, one_sided=True).
    actual, first, second = np.array([[10, 20, 30, 40, 50], [11, 21, 29, 42, 53], [13, 26, 24, 40, 59]])
    statistic, p_value = diebold_mariano((actual - first) ** 2.0 - (actual - second) ** 2.0)
    assert (statistic, p_value / 2) == pytest.approx((-2.2229922805746782, 0.04515565862099125))


@pytest.mark.parametrize(
    ("horizon", "statistic", "corrected"),
    [(1, -1.34, -1.32), (6, -2.89, -2.38), (6, 1.80, 1.48), (6, -3.52, -2.90), (12, 2.78, 1.50), (12, -3.03, -1.64)],
)
def test_small_sample_correction(horizon: int, statistic: float, corrected: float) -> None:
    # Journal of Transportation and Statistics 7(1), paper 3, table 9: DM and DM* for 36 months, of which 37 − h
    # have a forecast h months ahead.
    assert statistic * small_sample(37 - horizon, horizon) == pytest.approx(corrected, abs=0.006)


def test_diebold_mariano_with_autocovariances_by_hand() -> None:
    # d̄ = 1, γ₀ = (4 + 0 + 1 + 1) / 4, γ₁ = (0 + 0 − 1) / 4: V = (1.5 − 0.5) / 4, and HLN (4 + 1 − 4 + 2/4) / 4.
    statistic, _ = diebold_mariano(np.array([3.0, 1.0, 0.0, 2.0]) - 0.5, horizon=2)
    assert statistic == pytest.approx(1.0 / np.sqrt((1.25 + 2 * -0.1875) / 4) * np.sqrt(1.5 / 4))


def values(sample: ScoredSample, *names: str) -> list[float | None]:
    return [measure(sample, name, StatisticsSettings(resamples=200)).result.challenger for name in names]


def test_regression_as_in_scikit_learns_docstrings() -> None:
    sample = ScoredSample(ModelTask.REGRESSION, np.array([3, -0.5, 2, 7]), ModelScores(np.array([2.5, 0.0, 2, 8])))
    found = values(sample, "mae", "rmse", "r2", "median_ae", "mape")
    assert found == pytest.approx([0.5, 0.612, 0.948, 0.5, 0.3273], abs=1e-3)
    over = ScoredSample(ModelTask.REGRESSION, np.array([1.0, 2, 3]), ModelScores(np.array([1.0, 2, 4])))
    assert values(over, "pinball@0.1", "pinball@0.9") == pytest.approx([0.3, 0.0333], abs=5e-5)


def test_forecasts_as_in_sktimes_docstrings() -> None:
    # `mean_absolute_scaled_error` and `mean_absolute_percentage_error(symmetric=True)`.
    history = pl.DataFrame({"y": [5.0, 0.5, 4, 6, 3, 5, 2], "t": range(7)})
    truth, predicted = np.array([3, -0.5, 2, 7, 2]), np.array([2.5, 0.0, 2, 8, 1.25])
    scale = naive_errors(history, pl.DataFrame({"y": truth}), "y", "t", None, season=1)
    sample = ScoredSample(
        ModelTask.FORECASTING, truth, ModelScores(predicted), clusters=np.arange(5), horizon=1, scale=scale
    )
    assert values(sample, "mase", "smape") == pytest.approx([0.18333333333333335, 0.5553379953379953])


def test_classification_as_in_scikit_learns_docstrings() -> None:
    chances = np.array([0.9, 0.1, 0.2, 0.65])
    spam = ScoredSample(ModelTask.BINARY, np.array([1, 0, 0, 1]), ModelScores((chances > 0.5).astype(int), chances))
    assert values(spam, "log_loss") == pytest.approx([0.21616], abs=5e-6)
    chances = np.array([0.1, 0.9, 0.8, 0.3])
    brier = ScoredSample(ModelTask.BINARY, np.array([0, 1, 1, 0]), ModelScores((chances > 0.5).astype(int), chances))
    assert values(brier, "brier") == pytest.approx([0.0375])
    chances = np.array([0.1, 0.4, 0.35, 0.8])
    ranked = ScoredSample(ModelTask.BINARY, np.array([0, 0, 1, 1]), ModelScores((chances > 0.5).astype(int), chances))
    assert values(ranked, "roc_auc", "average_precision") == pytest.approx([0.75, 0.83], abs=5e-3)
    answers = ScoredSample(ModelTask.BINARY, np.array([0, 1, 0, 0, 1, 0]), ModelScores(np.array([0, 1, 0, 0, 0, 1])))
    assert values(answers, "balanced_accuracy") == [0.625]
    matthews = ScoredSample(ModelTask.BINARY, np.array([1, 1, 1, 0]), ModelScores(np.array([1, 0, 1, 1])))
    assert values(matthews, "mcc") == pytest.approx([-0.33], abs=5e-3)
    several = ScoredSample(
        ModelTask.MULTICLASS, np.array([0, 1, 2, 0, 1, 2]), ModelScores(np.array([0, 2, 1, 0, 0, 1]))
    )
    found = values(several, "f1_macro", "f1_weighted", "precision_macro", "recall_macro")
    assert found == pytest.approx([0.267, 0.267, 0.22, 0.33], abs=5e-3)


def test_calibration_error_as_in_torchmetrics() -> None:
    # The docstring of `BinaryCalibrationError(n_bins=2, norm='l1')`; ten bins split none of its differences.
    chances = np.array([0.25, 0.25, 0.55, 0.75, 0.75])
    sample = ScoredSample(
        ModelTask.BINARY, np.array([0, 0, 1, 1, 1]), ModelScores((chances > 0.5).astype(int), chances)
    )
    assert values(sample, "ece") == pytest.approx([0.29])


def ranked(*queries: list[float]) -> ScoredSample:
    """Queries whose rows, of the given relevance, were ranked in this order."""
    relevance = np.array([one for query in queries for one in query])
    codes = np.repeat(np.arange(len(queries)), [len(query) for query in queries])
    return ScoredSample(
        ModelTask.RANKING, relevance, ModelScores(-np.arange(len(relevance), dtype=float)), None, codes, queries=codes
    )


def of_places(*places: int) -> list[float]:
    """Ten rows, relevant at these places."""
    return [float(place in places) for place in range(1, 11)]


def test_ndcg_as_in_wikipedia_and_scikit_learn() -> None:
    # 'Discounted cumulative gain': DCG₆ 6.861; with two more documents of relevance 3 and 2, IDCG₆ 8.740, nDCG 0.785.
    assert values(ranked([3, 2, 3, 0, 1, 2, 3, 2]), "ndcg@6") == pytest.approx([0.785], abs=5e-4)
    # `ndcg_score([[10, 0, 0, 1, 5]], [[.1, .2, .3, 4, 70]])` there is 0.69; with k=4 of other scores 0.35.
    relevance, codes = np.array([10.0, 0, 0, 1, 5]), np.zeros(5, dtype=int)
    for scores, name, value in (([0.1, 0.2, 0.3, 4, 70], "ndcg", 0.69), ([0.05, 1.1, 1.0, 0.5, 0.0], "ndcg@4", 0.35)):
        sample = ScoredSample(ModelTask.RANKING, relevance, ModelScores(np.array(scores)), None, codes, queries=codes)
        assert values(sample, name) == pytest.approx([value], abs=6e-3)


def test_reciprocal_rank_as_in_wikipedia() -> None:
    # 'Mean reciprocal rank': cats at rank 3, tori at 2, viruses at 1, so 11/18.
    assert values(ranked([0, 0, 1], [0, 1, 0], [1, 0, 0]), "mrr") == pytest.approx([11 / 18])


def test_average_precision_of_rankings_as_in_croft() -> None:
    # Croft, Metzler and Strohman, 'Search Engines: Information Retrieval in Practice', figures 8.2 and 8.3.
    assert values(ranked(of_places(1, 3, 4, 5, 6, 10)), "map") == pytest.approx([0.775])
    assert values(ranked(of_places(2, 5, 6, 7, 9, 10)), "map") == pytest.approx([0.52], abs=5e-3)
    both = ranked(of_places(1, 3, 6, 9, 10), of_places(2, 5, 7))
    assert values(both, "map") == pytest.approx([0.53], abs=5e-3)


def test_percentile_bounds_agree_with_scipy() -> None:
    rows = np.random.default_rng(1).normal(5, 2, 400)
    theirs = scipy_bootstrap(
        (rows,), np.mean, n_resamples=4000, confidence_level=0.9, method="percentile", rng=np.random.default_rng(2)
    )
    spread = ValueSpread.from_draws(float(rows.mean()), theirs.bootstrap_distribution, units=len(rows))
    # Ours asks for slightly rarer quantiles, as Student's t would.
    assert spread.low(0.05) == pytest.approx(theirs.confidence_interval.low, abs=0.003)
    assert spread.high(0.05) == pytest.approx(theirs.confidence_interval.high, abs=0.003)
    assert spread.low(0.05) <= theirs.confidence_interval.low
    assert spread.se == pytest.approx(theirs.standard_error, rel=2e-3)
