"""Who may be the best of several models."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gitops_mlops.domain.comparison.leaderboard import (
    Leaderboard,
    LeaderboardEntry,
    LeaderboardRow,
    may_be_best,
    rank,
    verdict,
)


def p_values(values: np.ndarray, se: float) -> list[list[float]]:
    """One-sided p-values of 'j is not better than i' for independent estimates with a known error."""
    z = (values[:, None] - values[None, :]) / (se * np.sqrt(2))
    return [[float(stats.norm.sf(z[j, i])) for i in range(len(values))] for j in range(len(values))]


def chosen(values: np.ndarray, se: float, alpha: float = 0.05) -> list[bool]:
    p = p_values(values, se)
    return may_be_best(len(values), lambda j, i: p[j][i], alpha)


def test_a_clear_winner_is_alone() -> None:
    assert chosen(np.array([0.0, 5.0, 1.0]), 0.1) == [False, True, False]


def test_what_cannot_be_told_apart_stays() -> None:
    assert chosen(np.array([0.0, 0.1, -5.0]), 0.5) == [True, True, False]


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_to_lose_to(count: int) -> None:
    assert may_be_best(count, lambda j, i: 0.0, 0.05) == [True] * count


@pytest.mark.slow
def test_the_truly_best_is_left_out_at_most_as_often_as_said() -> None:
    """4,000 boards of eight equal models: each is 'the best', so the first must stay in 95 % of them at least."""
    generator = np.random.default_rng(7)
    runs = 4000
    lost = sum(not chosen(generator.normal(size=8), 1.0)[0] for _ in range(runs))
    assert lost / runs < 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
    assert lost / runs > 0.01, "and the rule is not empty"


def board(*standings: LeaderboardRow) -> Leaderboard:
    return Leaderboard("m", "log_loss", False, 100, None, 0.05, standings)


def entry(name: str, value: float | None = None, best: bool = False) -> LeaderboardRow:
    return LeaderboardRow(LeaderboardEntry(name, "c" * 40, "experiment", {}), value, may_be_best=best)


@pytest.mark.parametrize(
    ("standings", "says"),
    [
        ((), "no model could be scored"),
        ((entry("a"),), "no model could be scored"),
        ((entry("a", 0.1, True), entry("b")), "only one model could be scored"),
        ((entry("a", 0.1, True), entry("b", 0.2)), "the first is significantly the best of 2"),
        ((entry("a", 0.1, True), entry("b", 0.2, True)), "none of the 2 differs significantly from the best"),
        ((entry("a", 0.1, True), entry("b", 0.2, True), entry("c", 1)), "2 of 3 may be the best"),
    ],
)
def test_the_verdict_says_what_the_order_is_worth(standings: tuple[LeaderboardRow, ...], says: str) -> None:
    assert verdict(board(*standings)).startswith(says)


def test_the_best_value_comes_first_and_the_unscored_last() -> None:
    three = [entry("none"), entry("high", 0.9), entry("low", 0.1)]
    assert [one.candidate.name for one in sorted(three, key=lambda one: rank(one, False))] == ["low", "high", "none"]
    assert [one.candidate.name for one in sorted(three, key=lambda one: rank(one, True))] == ["high", "low", "none"]
