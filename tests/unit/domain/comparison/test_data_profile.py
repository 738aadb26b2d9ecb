"""How far columns moved, held against other people's numbers and against chance."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.comparison.data_profile import debiased, shifts, stability

counts = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=30)


def test_worked_examples() -> None:
    """What two other packages print of their own data.

    `psi` of the R package KAscore (its manual's example: the counts are what set.seed(123) draws there), and the test
    of PSI in the Python package strappy 0.0.3.
    """
    assert round(stability([248, 247, 260, 245], [13, 43, 63, 81]), 7) == 0.3404592
    assert round(stability([6, 5], [5, 4]), 5) == 0.00041
    assert debiased([248, 247, 260, 245], [13, 43, 63, 81]) == pytest.approx(0.3404592 - 3 * (1 / 1000 + 1 / 200))


def test_an_empty_bin_counts_as_half_a_row() -> None:
    assert stability([10, 0], [0, 10]) == pytest.approx(2 * 0.95 * np.log(20))
    assert stability([10, 0, 3], [4, 0, 9]) == stability([10, 3], [4, 9]), "a bin that nobody fills is none"
    assert stability([0, 0], [4, 5]) == debiased([0, 0], [4, 5]) == 0.0


@given(counts)
def test_the_plain_index_is_a_symmetric_distance(pairs: list[tuple[int, int]]) -> None:
    then, now = ([pair[side] for pair in pairs] for side in (0, 1))
    found = stability(then, now)
    assert found >= 0
    assert found == pytest.approx(stability(now, then))
    assert found == pytest.approx(stability(then[::-1], now[::-1]))
    assert stability(then, then) == 0
    assert debiased(then, now) <= found


@given(counts, st.integers(2, 50))
def test_more_rows_with_the_same_shares_change_the_correction_alone(pairs: list[tuple[int, int]], times: int) -> None:
    then, now = (np.array([pair[side] + 1 for pair in pairs]) for side in (0, 1))
    assert stability(then * times, now * times) == pytest.approx(stability(then, now))
    assert debiased(then * times, now * times) >= debiased(then, now) - 1e-12


@pytest.mark.parametrize(("rows", "others"), [(200, 5000), (1000, 1000), (20_000, 300)])
def test_without_a_shift_the_index_is_nothing_on_average(rows: int, others: int) -> None:
    """Yurdakul and Naranjo 2020: the plain index is (1/n + 1/m) times χ² with B − 1 degrees of freedom."""
    generator = np.random.default_rng(0)
    then, now = (generator.multinomial(size, [0.1] * 10, 4000) for size in (rows, others))
    found = np.array([debiased(*pair) for pair in zip(then, now, strict=True)])
    scale = 1 / rows + 1 / others
    error = scale * np.sqrt(18 / 4000)
    assert abs(found.mean()) < 4 * error + 0.05 * 9 * scale
    assert found.std() == pytest.approx(scale * np.sqrt(18), rel=0.2)


@pytest.mark.slow
def test_no_column_of_stable_data_looks_shifted() -> None:
    """Thirty columns, 60 pairs of data sets of 2,000 rows: none reaches what is shown as a shift."""
    for seed in range(60):
        generator = np.random.default_rng(seed)
        then, now = (
            pl.DataFrame(generator.normal(size=(2000, 30))).with_columns(
                c=pl.Series(generator.integers(0, 500, 2000)).cast(pl.String)
            )
            for _ in range(2)
        )
        assert max(one.psi or 0 for one in shifts(then, now, then.columns)) < 0.1


def test_what_moved_comes_first_and_says_how() -> None:
    generator = np.random.default_rng(1)
    then = pl.DataFrame(
        {
            "same": generator.normal(size=3000),
            "moved": generator.normal(size=3000),
            "gaps": generator.normal(size=3000),
            "site": generator.choice(["a", "b", "c"], 3000),
            "type": generator.integers(0, 9, 3000),
        }
    )
    now = then.with_columns(
        moved=pl.col("moved") + 1,
        gaps=pl.when(pl.int_range(pl.len()) % 2 == 0).then("gaps"),
        site=pl.col("site").replace("c", "d"),
        type=pl.col("type").cast(pl.String),
    )
    found = {one.column: one for one in shifts(then, now, then.columns)}
    assert next(iter(found)) == "type"
    assert list(found)[-1] == "same"
    assert found["type"].note == "numbers became text"
    assert (found["moved"].psi or 0) > 0.5
    assert (found["gaps"].missing_then, found["gaps"].missing_now) == (0.0, 0.5)
    assert (found["site"].came, found["site"].went) == (("d",), ("c",))
    assert abs(found["same"].psi or 0) < 0.05


def test_an_integer_that_became_a_float_is_the_same_number() -> None:
    then = pl.DataFrame({"x": list(range(1000))})
    (found,) = shifts(then, then.cast(pl.Float64), ["x"])
    assert found.note == ""
    assert found.psi == pytest.approx(-10 * 2 / 1000, abs=0.003)


def test_tables_that_are_hardly_any() -> None:
    odd = pl.DataFrame(
        {
            "constant": [1.0, 1.0],
            "null": [None, None],
            "nan": [float("nan"), 1.0],
            "infinite": [float("inf"), -float("inf")],
            "date": [date(2026, 1, 1)] * 2,
            "\u202e|@x`": ["<b>", None],
        },
        strict=False,
    )
    for then, now in ((odd, odd), (odd.head(1), odd), (odd, odd.clear()), (odd.clear(), odd)):
        found = {one.column: one for one in shifts(then, now, odd.columns)}
        assert set(found) == set(odd.columns)
        assert found["date"].psi is None
        assert all(np.isfinite(one.psi) for one in found.values() if one.psi is not None)
    emptied = {one.column: one for one in shifts(odd, odd.with_columns(constant=None), odd.columns)}
    assert emptied["constant"].missing_now == 1.0


def test_ten_thousand_categories_are_counted_by_the_most_frequent() -> None:
    generator = np.random.default_rng(2)
    then, now = (
        pl.DataFrame({"c": [f"v{n}" for n in generator.integers(low, low + 10_000, 50_000)]}) for low in (0, 5000)
    )
    (found,) = shifts(then, now, ["c"])
    assert len(found.came) == pytest.approx(5000, abs=100)
    assert found.psi is not None


def test_a_million_rows_are_sampled() -> None:
    generator = np.random.default_rng(3)
    then, now = (pl.DataFrame({"x": generator.normal(shift, 1, 1_000_000)}) for shift in (0.0, 0.3))
    (found,) = shifts(then, now, ["x"])
    # Two normals that lie d apart have an index of d² (Jeffreys' divergence); ten bins see most of it.
    assert found.psi == pytest.approx(0.09, rel=0.12)


@pytest.mark.parametrize("kind", [pl.Int64, pl.UInt64])
def test_large_integers_are_told_apart(kind: type[pl.DataType]) -> None:
    then = pl.DataFrame({"x": pl.Series([2**53, 2**53 + 2] * 50, dtype=kind)})
    now = pl.DataFrame({"x": pl.Series([2**53 + 1, 2**53 + 2] * 50, dtype=pl.Int64)})
    (found,) = shifts(then, now, ["x"])
    assert (found.came, found.went) == ((str(2**53 + 1),), (str(2**53),))
    assert found.note == ""
    assert found.moved
