"""The leaderboard of experiments as aligned text and as JSON-ready data."""

from __future__ import annotations

from typing import Any

from gitops_mlops.domain.comparison.leaderboard import Leaderboard, LeaderboardRow, verdict
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.statistics.results import Interval
from gitops_mlops.reports.comparison.words import known_name
from gitops_mlops.reports.rendering.numbers import (
    NOTHING,
    between,
    counted,
    fixed,
    level,
    percent,
    signed,
    value_text,
)
from gitops_mlops.reports.rendering.terminal import fit, table

_DECIMALS = 4
_WIDEST_NAME = 28
_WIDEST_CHANGES = 60


def board_text(board: Leaderboard) -> str:
    """Everyone on the rows, the leader first, and what the order is worth."""
    units = "" if board.clusters is None else f" in {counted(board.clusters, 'independent group')}"
    direction = "more" if board.higher_is_better else "less"
    metric = known_name(board.metric) or board.metric
    lines = [
        f"{board.model}: {metric} on {counted(board.rows, 'row')}{units}, {direction} is better",
        f"With {percent(1 - board.alpha)} confidence: {verdict(board)}.",
        "",
    ]
    levels = sorted({level(one.difference_interval) for one in board.ranking if one.difference_interval})
    behind = f"BEHIND ({levels[0]} CI)" if len(levels) == 1 else "BEHIND"
    headers = ["", "MODEL", "KIND", "COMMIT", metric.upper(), behind, "BEST?", "DIFFERS FROM HEAD"]
    rows = [_row(place, one) for place, one in enumerate(board.ranking, 1)]
    missing = [f"{one.candidate.name}: {one.candidate.reason}" for one in board.ranking if one.value is None]
    return "\n".join(
        [*map(_plain, lines), table(headers, rows, right=[0]), *(["", *map(_plain, missing)] if missing else [])]
    )


def _plain(line: str) -> str:
    return fit(line, 400)


def _row(place: int, one: LeaderboardRow) -> list[str]:
    candidate = one.candidate
    changes = ", ".join(
        f"{key.rpartition(':')[2]}={value_text(value)}" for key, value in candidate.parameters.items()
    )
    best = NOTHING if one.value is None else "may be" if one.may_be_best else "no"
    return [
        str(place) if one.value is not None else NOTHING,
        fit(candidate.name, _WIDEST_NAME),
        candidate.kind,
        short_sha(candidate.commit),
        fixed(one.value, _DECIMALS),
        _behind(one),
        best,
        fit(changes, _WIDEST_CHANGES),
    ]


def _behind(one: LeaderboardRow) -> str:
    if one.difference is None:
        return NOTHING
    interval = f" ({between(one.difference_interval, _DECIMALS)})" if one.difference_interval else ""
    return f"{signed(one.difference, _DECIMALS)}{interval}"


def board_data(board: Leaderboard) -> dict[str, Any]:
    """The board as plain data."""
    return {
        "model": board.model,
        "metric": board.metric,
        "higher_is_better": board.higher_is_better,
        "rows": board.rows,
        "clusters": board.clusters,
        "alpha": board.alpha,
        "verdict": verdict(board),
        "may_be_best": [one.candidate.name for one in board.candidates],
        "ranking": [_standing_data(one) for one in board.ranking],
        "warnings": list(board.warnings),
    }


def _standing_data(one: LeaderboardRow) -> dict[str, Any]:
    candidate = one.candidate
    return {
        "name": candidate.name,
        "kind": candidate.kind,
        "commit": candidate.commit,
        "value": one.value,
        "interval": _interval(one.interval),
        "difference": one.difference,
        "difference_interval": _interval(one.difference_interval),
        "may_be_best": one.may_be_best,
        "parameters": dict(candidate.parameters),
        "reason": candidate.reason,
    }


def _interval(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else interval.model_dump()
