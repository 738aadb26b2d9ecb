"""Several models on the same rows: who leads, and who might be the best as far as these rows can tell.

The model on top of a list was chosen for being on top, so its lead over the others is partly luck. A model may be the
best unless some other is significantly better: for each of k models the k − 1 differences to the others are tested,
each at alpha / (k − 1). The models that remain contain the truly best one with confidence 1 − alpha at least, however
many there are (multiple comparisons with the best, Hsu 1996, chapter 4, with Bonferroni's bound in place of
Dunnett's, which would want equal variances).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from pydantic import JsonValue

from gitops_mlops.domain.statistics.results import Interval


class LeaderboardEntry(NamedTuple):
    """A model that takes part. `name` is what people call it, `reason` why it could not be scored, "" when it was."""

    name: str
    commit: str
    kind: str
    parameters: Mapping[str, JsonValue]
    reason: str = ""


class LeaderboardRow(NamedTuple):
    """One line of the board.

    `difference` is the difference to the leader in the metric's good direction, never above 0, with its interval;
    None for the leader, and where nothing could be measured.
    """

    candidate: LeaderboardEntry
    value: float | None = None
    interval: Interval | None = None
    difference: float | None = None
    difference_interval: Interval | None = None
    may_be_best: bool = False


class Leaderboard(NamedTuple):
    """All standings, the leader first, those without a value last."""

    model: str
    metric: str
    higher_is_better: bool
    rows: int
    clusters: int | None
    alpha: float
    ranking: tuple[LeaderboardRow, ...]
    warnings: tuple[str, ...] = ()

    @property
    def leader(self) -> LeaderboardRow | None:
        """The model on top; None when none could be scored."""
        return next((one for one in self.ranking if one.value is not None), None)

    @property
    def candidates(self) -> list[LeaderboardRow]:
        """Those that may be the best."""
        return [one for one in self.ranking if one.may_be_best]


def may_be_best(count: int, p_better: Callable[[int, int], float], alpha: float) -> list[bool]:
    """Whether each of `count` models may be the best.

    `p_better(j, i)` is the one-sided p-value of "j is not better than i": small when j clearly is.
    """
    if count < 2:
        return [True] * count
    limit = alpha / (count - 1)
    return [all(p_better(j, i) > limit for j in range(count) if j != i) for i in range(count)]


def verdict(board: Leaderboard) -> str:
    """What the board comes to, in one sentence without any name from outside."""
    leader, candidates = board.leader, board.candidates
    if leader is None:
        return "no model could be scored"
    scored = sum(one.value is not None for one in board.ranking)
    if scored == 1:
        return "only one model could be scored"
    if len(candidates) == 1:
        return f"the first is significantly the best of {scored}"
    if len(candidates) == scored:
        return f"none of the {scored} differs significantly from the best: on these rows, which is first is chance"
    return f"{len(candidates)} of {scored} may be the best; which of them is first may be chance"


def rank(standing: LeaderboardRow, higher_is_better: bool) -> tuple[bool, float]:
    """What standings are sorted by: the best value first, those without a value last."""
    value = standing.value or 0.0
    return standing.value is None, -value if higher_is_better else value
