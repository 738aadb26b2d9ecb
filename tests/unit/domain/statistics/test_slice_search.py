"""The search finds what was planted, and cries wolf no more often than alpha says."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, ttest_1samp

from gitops_mlops.domain.comparison.slice_columns import slice_columns
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.statistics.multiplicity import holm
from gitops_mlops.domain.statistics.row_loss import loss_of_rows, row_metric
from gitops_mlops.domain.statistics.sample import ModelScores, ScoredSample
from gitops_mlops.domain.statistics.slice_search import EncodedColumn, SearchRows, columns_in_pairs, search
from tests.unit.domain.statistics.samples import binary, ranking

RUNS = 300
Drawn = Callable[[np.random.Generator, int], np.ndarray]


def fifths(generator: np.random.Generator, rows: int, columns: int) -> list[EncodedColumn]:
    values = tuple("abcde")
    return [EncodedColumn(f"x{i}", generator.integers(5, size=rows).astype(np.int64), values) for i in range(columns)]


def rare_gains(generator: np.random.Generator, rows: int) -> np.ndarray:
    """Nearly always a little worse, seldom much better: slices without a gain look calm and clearly worse."""
    gains = np.where(generator.random(rows) < 0.01, 1.0, 0.0)
    return gains - 0.01 + 0.001 * generator.normal(size=rows)


def rare_losses(generator: np.random.Generator, rows: int) -> np.ndarray:
    return -rare_gains(generator, rows)


def disagreements(generator: np.random.Generator, rows: int) -> np.ndarray:
    return generator.choice([-1.0, 0.0, 1.0], p=[0.02, 0.96, 0.02], size=rows)


def by_day(generator: np.random.Generator, rows: int) -> np.ndarray:
    """Rows of one of 40 days share most of their luck."""
    return generator.normal(size=40)[np.arange(rows) % 40] + 0.3 * generator.normal(size=rows)


@pytest.mark.parametrize(
    ("drawn", "clusters"),
    [
        (lambda generator, rows: generator.normal(size=rows), 0),
        (rare_gains, 0),
        (rare_losses, 0),
        (disagreements, 0),
        (by_day, 40),
    ],
)
def test_without_a_difference_a_find_is_as_rare_as_alpha(drawn: Drawn, clusters: int) -> None:
    alarms = 0
    for run in range(RUNS):
        generator = np.random.default_rng(run)
        columns = fifths(generator, 6000, 5)
        codes = (np.arange(6000) % clusters).astype(np.int64) if clusters else None
        found = search(columns, SearchRows(drawn(generator, 6000), codes), 0.05)
        assert found.searched > 250
        alarms += found.worse > 0
    assert alarms <= binom.ppf(0.9999, RUNS, 0.05), alarms


def test_days_taken_for_independent_rows_cry_wolf() -> None:
    # The test above can fail: without the clusters that its rows come in, it would.
    alarms = 0
    for run in range(30):
        generator = np.random.default_rng(run)
        days = (np.arange(6000) % 40).astype(np.int64)
        week = EncodedColumn("weekday", days % 5, tuple("abcde"))
        alarms += search([week], SearchRows(by_day(generator, 6000)), 0.05).worse > 0
    assert alarms > 10


@pytest.mark.parametrize("clusters", [0, 60])
def test_a_planted_slice_of_four_percent_comes_first(clusters: int) -> None:
    generator = np.random.default_rng(7)
    columns = fifths(generator, 20_000, 12)
    differences = generator.normal(0, 0.3, 20_000)
    planted = (columns[3].codes == 1) & (columns[8].codes == 4)
    differences[planted] -= 0.1
    codes = generator.integers(clusters, size=20_000) if clusters else None
    found = search(columns, SearchRows(differences, codes), 0.05)
    assert found.weak[0].where == (("x3", "b"), ("x8", "e"))
    np.testing.assert_array_equal(found.weak[0].rows, planted)
    # The whole of x3 = b is worse too, but only because of these rows.
    assert found.worse >= 1
    assert len(found.weak) == 1


def test_a_slice_inside_another_adds_nothing_and_two_of_them_are_told_apart() -> None:
    generator = np.random.default_rng(1)
    columns = fifths(generator, 20_000, 6)
    differences = generator.normal(0, 0.3, 20_000)
    differences[(columns[0].codes == 0) | (columns[5].codes == 2)] -= 0.1
    found = search(columns, SearchRows(differences), 0.05)
    assert {weak.where for weak in found.weak} == {(("x0", "a"),), (("x5", "c"),)}
    assert found.worse > 20, "each has pairs that are worse too"


def test_p_values_are_those_of_a_t_test_with_holm() -> None:
    generator = np.random.default_rng(2)
    columns = fifths(generator, 3000, 1)
    differences = generator.normal(-0.2, 1 + columns[0].codes, 3000)
    found = search(columns, SearchRows(differences), 0.9999)
    spread = math.sqrt(np.var(differences))
    expected = []
    for code in range(5):
        here = differences[columns[0].codes == code]
        p = ttest_1samp(here, 0, alternative="less").pvalue
        if np.std(here) < spread:
            # Calmer than all rows: judged as if it were not.
            scaled = here.mean() + (here - here.mean()) * spread / np.std(here) * math.sqrt(1 - 1 / len(here))
            p = ttest_1samp(scaled, 0, alternative="less").pvalue
        expected.append(p)
    adjusted = dict(zip("abcde", holm(expected), strict=True))
    assert found.weak
    for weak in found.weak:
        assert weak.p_value == pytest.approx(adjusted[weak.where[0][1]], rel=1e-6)


def test_sparse_and_dense_counting_of_clusters_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(3)
    columns = fifths(generator, 4000, 3)
    rows = SearchRows(generator.normal(-0.3, 1, 4000), generator.integers(900, size=4000))
    dense = search(columns, rows, 0.05)
    monkeypatch.setattr("gitops_mlops.domain.statistics.slice_search._MOST_CELLS_PER_ROW", 0)
    sparse = search(columns, rows, 0.05)
    assert [weak.where for weak in dense.weak] == [weak.where for weak in sparse.weak]
    assert [weak.p_value for weak in dense.weak] == pytest.approx([weak.p_value for weak in sparse.weak])


def test_too_few_rows_or_clusters_are_not_asked() -> None:
    generator = np.random.default_rng(4)
    column = EncodedColumn("x", (np.arange(1000) >= 199).astype(np.int64), ("small", "large"))
    differences = generator.normal(-5, 1, 1000)
    assert search([column], SearchRows(differences), 0.05).searched == 1
    nineteen = (np.arange(1000) % 19).astype(np.int64)
    assert search([column], SearchRows(differences, nineteen), 0.05).searched == 0


@pytest.mark.parametrize("rows", [0, 1, 300])
def test_the_same_answers_are_no_find(rows: int) -> None:
    columns = [EncodedColumn("x", (np.arange(rows) % 2).astype(np.int64), ("a", "b"))]
    assert search(columns, SearchRows(np.zeros(rows)), 0.05).worse == 0
    assert search([], SearchRows(np.zeros(rows)), 0.05).searched == 0


def test_a_difference_without_spread_is_certain() -> None:
    column = EncodedColumn("x", (np.arange(600) % 2).astype(np.int64), ("a", "b"))
    assert search([column], SearchRows(np.full(600, -0.1)), 0.05).worse == 2
    assert search([column], SearchRows(np.full(600, 0.1)), 0.05).worse == 0


def test_the_search_is_bounded_whatever_the_table() -> None:
    assert columns_in_pairs(30, 100_000) == 30
    assert columns_in_pairs(1000, 1000) == 50
    assert columns_in_pairs(30, 50_000_000) == 5
    assert columns_in_pairs(30, 0) == 30


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_split_nothing(rows: int) -> None:
    kinds = (pl.Float64, pl.Int8, pl.String, pl.Boolean, pl.Date, pl.Time, pl.Duration("ms"), pl.Null, pl.Enum(["a"]))
    frame = pl.DataFrame({str(kind): pl.Series([None] * rows, dtype=kind) for kind in kinds})
    assert slice_columns(frame, ()) == []


def test_columns_that_split_the_rows() -> None:
    rows = 2000
    index = np.arange(rows)
    frame = pl.DataFrame(
        {
            "many": [f"id-{i}" for i in index],
            "constant": ["a"] * rows,
            "nothing": [None] * rows,
            "nan": [math.nan] * rows,
            "list": [[1]] * rows,
            "number": [math.nan if i % 4 == 0 else math.inf if i % 4 == 1 else float(i) for i in index],
            "whole": index % 3,
            "day": pl.Series(index).cast(pl.Int32).cast(pl.Date),
            "text": [["north", None, "|<b>", f"rare {i}"][i % 4] for i in index],
            "flag": index % 2 == 0,
            "wait": pl.Series(index % 2 * 1_500_000).cast(pl.Duration("us")),
            "kind": pl.Series([str(i % 2) for i in index]).cast(pl.Categorical),
            "price": pl.Series(index % 2).cast(pl.Decimal(10, 2)),
            "bytes": pl.Series([b"a", b"b"] * (rows // 2)),
            "target": index % 2,
        }
    )
    found = {column.name: column for column in slice_columns(frame, {"target"})}
    assert list(found) == ["number", "whole", "day", "text", "flag", "wait", "kind", "price"]
    assert found["number"].values[-1] == "missing"
    assert found["number"].values[-2].endswith("to inf")
    assert found["whole"].values == ("0", "1", "2")
    assert found["day"].values[0] == "1970-01-01 to 1971-02-05"
    assert len(found["day"].values) == 5
    assert found["text"].values == ("missing", "north", "|<b>", "any other (500 values)")
    assert found["wait"].values == ("0:00:00", "0:00:01.500000")
    for column in found.values():
        assert column.codes.shape == (rows,)
        assert column.codes.min() >= 0
        assert column.codes.max() == len(column.values) - 1


@given(
    st.lists(
        st.none() | st.floats(allow_nan=True) | st.sampled_from([0.0, 1.0, math.inf, -math.inf]),
        min_size=1,
        max_size=60,
    ),
    st.integers(1, 30),
)
def test_every_number_falls_into_one_part(values: list[float | None], times: int) -> None:
    frame = pl.DataFrame({"x": pl.Series(values * times, dtype=pl.Float64)})
    for column in slice_columns(frame, ()):
        assert set(column.codes.tolist()) <= set(range(len(column.values)))
        for code in set(column.codes.tolist()):
            missing = frame["x"].fill_nan(None).is_null().to_numpy()[column.codes == code]
            assert missing.all() or not missing.any()


@pytest.mark.parametrize(
    ("sample", "primary", "expected"),
    [
        (binary(0), "log_loss", "log_loss"),
        (binary(0), "brier", "brier"),
        (binary(0), "roc_auc", "log_loss"),
        (binary(0), "f1", "accuracy"),
        (binary(0), "the_projects_own", "log_loss"),
        (ranking(0), "ndcg", None),
    ],
)
def test_rows_are_judged_by_what_is_nearest_to_the_primary_metric(
    sample: ScoredSample, primary: str, expected: str | None
) -> None:
    metric = row_metric(sample, primary)
    assert (metric and metric.name) == expected


def test_losses_of_rows() -> None:
    answers = ModelScores(np.array([1, 0, 1]))
    sample = ScoredSample(ModelTask.BINARY, np.array([1, 1, 0]), answers, answers)
    accuracy = row_metric(sample, "log_loss")
    assert accuracy is not None
    assert accuracy.name == "accuracy", "there are no probabilities"
    assert loss_of_rows(accuracy, sample, answers).tolist() == [0, 1, 1]
    guesses = ModelScores(np.array([1.0, 3.0]))
    numbers = ScoredSample(ModelTask.REGRESSION, np.array([2.0, 0.0]), guesses, guesses)
    for primary, expected in (("r2", [1.0, 9.0]), ("mae", [1.0, 3.0]), ("median_ae", [1.0, 3.0])):
        metric = row_metric(numbers, primary)
        assert metric is not None
        assert loss_of_rows(metric, numbers, guesses).tolist() == expected
