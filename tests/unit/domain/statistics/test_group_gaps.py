"""Gaps between groups are Fairlearn's, and a gate on them errs as rarely as it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from gitops_mlops.domain.comparison.fairness import UndersizedGroups, judge_gap, reported
from gitops_mlops.domain.comparison.report_parts import FairnessGap
from gitops_mlops.domain.config.fairness import FairnessConfig
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.config.sections import EvaluationConfig
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.group_gaps import GroupGap, MeasuredRates, group_counts, measure_gaps
from gitops_mlops.domain.statistics.results import Interval
from gitops_mlops.domain.statistics.sample import Ints, ModelScores, ScoredSample

EVERY = np.ones(3, dtype=np.bool_)
SETTINGS = StatisticsSettings(resamples=400)
ASKED = FairnessConfig.model_validate({"sensitive": ["sex"]})
EVALUATION = EvaluationConfig.model_validate({"dataset": "d", "target": "y"})


def sample(truth: object, challenger: object, champion: object = None, clusters: Ints | None = None) -> ScoredSample:
    old = None if champion is None else ModelScores(np.asarray(champion))
    return ScoredSample(ModelTask.BINARY, np.asarray(truth), ModelScores(np.asarray(challenger)), old, clusters)


def test_the_example_of_fairlearns_user_guide() -> None:
    # Source: Fairlearn, user guide, 'Performing a fairness assessment' (MetricFrame.by_group) and 'Common fairness
    # metrics', whose doctests print a demographic parity difference of 0.25 and an equalized odds difference of 1.0.
    truth = [0, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    answers = [0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0]
    codes = np.array(["abc".index(letter) for letter in "bbabbcccaacabccbcc"])
    counts = group_counts(sample(truth, answers), codes, 3)
    rates = counts.challenger()
    assert rates.true_positive == pytest.approx([0.5, 0.6, 0.4])
    assert rates.false_positive == pytest.approx([1, 0, 2 / 3])
    assert rates.selected == pytest.approx([0.75, 0.5, 0.5])
    assert counts.rows.tolist() == [4, 6, 8]
    assert float(rates.demographic_parity(EVERY)) == 0.25
    assert float(rates.equalized_odds(EVERY)) == 1.0


def two_groups(seed: int, rows: int = 4000, bias: float = 0.0, clusters: int = 0) -> tuple[ScoredSample, Ints]:
    """Champion and challenger err alike, but that the challenger selects fewer of the second group by `bias`."""
    generator = np.random.default_rng(seed)
    codes = (generator.random(rows) < 0.4).astype(np.int64)
    truth = (generator.random(rows) < 0.5).astype(np.int64)
    champion, challenger = (np.where(generator.random(rows) < 0.25, 1 - truth, truth) for _ in range(2))
    challenger = np.where((codes == 1) & (generator.random(rows) < bias), 0, challenger)
    days = generator.integers(clusters, size=rows) if clusters else None
    return sample(truth, challenger, champion, days), codes


def gaps(one: ScoredSample, codes: Ints, groups: int = 2) -> tuple[GroupGap, GroupGap]:
    return measure_gaps(group_counts(one, codes, groups), one.champion is not None, SETTINGS, "fairness sex")


@pytest.mark.parametrize("clusters", [0, 50])
def test_a_bias_is_found_with_the_interval_that_linear_theory_gives(clusters: int) -> None:
    one, codes = two_groups(1, bias=0.3, clusters=clusters)
    parity, odds = gaps(one, codes)
    assert one.champion is not None
    rows = [(one.challenger.predicted - one.champion.predicted)[codes == group].astype(float) for group in (0, 1)]
    rates = [[scores.predicted[codes == group].mean() for group in (0, 1)] for scores in one.sides]
    assert parity.champion == pytest.approx(abs(rates[0][0] - rates[0][1]))
    assert parity.challenger.value == pytest.approx(abs(rates[1][0] - rates[1][1]))
    assert parity.worsening is not None
    assert odds.worsening is not None
    # The challenger's gap is far from 0 and so linear; the champion's is near 0, which only folds it.
    expected = np.sqrt(sum(part.var(ddof=1) / len(part) for part in rows))
    assert parity.worsening.se == pytest.approx(expected, rel=0.25)
    assert parity.worsening.low(0.05) > 0.05
    for name, gap in (("demographic_parity", parity), ("equalized_odds", odds)):
        found = reported(name, gap, 0.05)  # type: ignore[arg-type]
        assert judge_gap("sex", found, UndersizedGroups(), ASKED, EVALUATION).result.status == "block"


def test_models_that_err_alike_are_seldom_told_apart() -> None:
    blocked = np.zeros(2)
    for run in range(200):
        one, codes = two_groups(run, rows=2000)
        for index, gap in enumerate(gaps(one, codes)):
            assert gap.worsening is not None
            blocked[index] += gap.worsening.value > 0.02 and gap.worsening.low(0.05) > 0
    assert blocked.max() <= binom.ppf(0.9999, 200, 0.05), blocked


def test_many_clusters_are_drawn_in_heaps() -> None:
    one, codes = two_groups(2, rows=9000, bias=0.2)
    alone = gaps(one, codes)[0].challenger.se
    each = gaps(sample(one.truth, one.challenger.predicted, one.sides[0].predicted, np.arange(9000)), codes)
    assert each[0].challenger.se == pytest.approx(alone, rel=0.15)


@given(st.data())
def test_gaps_are_shares_and_do_not_depend_on_order_or_names(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 40))
    bits = st.lists(st.integers(0, 1), min_size=rows, max_size=rows).map(np.array)
    truth, challenger, champion = data.draw(bits), data.draw(bits), data.draw(bits)
    codes = np.array(data.draw(st.lists(st.integers(0, 2), min_size=rows, max_size=rows)))
    order = np.array(data.draw(st.permutations(range(rows))))
    renamed = np.array(data.draw(st.permutations(range(3))))

    def found(one: ScoredSample, groups: Ints) -> list[float]:
        counts = group_counts(one, groups, 3)
        judged = counts.rows > 0
        sides: list[MeasuredRates] = [counts.champion(), counts.challenger()]
        return [float(g) for side in sides for g in (side.demographic_parity(judged), side.equalized_odds(judged))]

    here = found(sample(truth, challenger, champion), codes)
    assert all(0 <= gap <= 1 or np.isnan(gap) for gap in here)
    there = found(sample(truth[order], challenger[order], champion[order]), renamed[codes[order]])
    assert here == pytest.approx(there, nan_ok=True)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [((199, 5000), (False, False)), ((200, 5000), (True, True)), ((400, 5000), (True, True))],
)
def test_groups_of_few_rows_are_not_judged(rows: tuple[int, int], expected: tuple[bool, bool]) -> None:
    codes = np.repeat([0, 1], rows)
    truth = np.arange(len(codes)) % 2
    parity, odds = gaps(sample(truth, truth, truth), codes)
    assert (bool(np.isfinite(parity.challenger.value)), bool(np.isfinite(odds.challenger.value))) == expected


def test_equalised_odds_need_both_labels_in_a_group() -> None:
    codes = np.repeat([0, 1], [500, 500])
    truth = np.where(codes == 0, np.arange(1000) % 2, 0)
    parity, odds = gaps(sample(truth, truth, truth), codes)
    assert parity.challenger.value == 0.5
    found = reported("equalized_odds", odds, 0.05)
    assert found == FairnessGap(
        name="equalized_odds", note="fewer than two groups have 200 rows and 50 of either label"
    )
    judged = judge_gap("sex", found, UndersizedGroups(), ASKED, EVALUATION).result
    assert (judged.status, judged.reason) == ("warn", f"cannot be judged: {found.note}")


@pytest.mark.parametrize(
    ("worsening", "low", "challenger", "few", "expected"),
    [
        (0.021, 0.001, 0.05, "", "block"),
        (0.021, -0.001, 0.05, "", "warn"),
        (0.02, 0.001, 0.05, "", "pass"),
        (0.02, 0.001, 0.11, "", "warn"),
        (-0.3, -0.4, 0.1, "", "pass"),
        (None, None, 0.1, "", "pass"),
        (None, None, 0.11, "", "warn"),
        (0.5, 0.4, 0.6, "only 3 clusters", "warn"),
    ],
)
def test_what_of_a_gap_is_too_much(
    worsening: float | None, low: float | None, challenger: float, few: str, expected: str
) -> None:
    interval = None if low is None else Interval(low=low, high=1, level=0.9)
    found = FairnessGap(name="demographic_parity", challenger=challenger, worsening=worsening, ci=interval)
    assert judge_gap("sex", found, UndersizedGroups(few), ASKED, EVALUATION).result.status == expected


def test_what_cannot_be_told_blocks_where_the_configuration_says_so() -> None:
    strict = EVALUATION.model_copy(update={"inconclusive": "block"})
    nothing = reported("demographic_parity", None, 0.05)
    assert judge_gap("sex", nothing, UndersizedGroups(), ASKED, strict).result.status == "block"
