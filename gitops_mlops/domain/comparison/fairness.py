"""What of a gap between groups is too much.

A gap that worsens by more than the configuration allows, with the interval of the worsening above 0, blocks. Parity
itself is not required: how large a gap may be is no question of statistics, so a large one only warns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from gitops_mlops.domain.comparison.gate_reasons import cannot_be_judged
from gitops_mlops.domain.comparison.gates import JudgedGate
from gitops_mlops.domain.comparison.report_parts import FairnessGap, GateResult, GateStatus
from gitops_mlops.domain.comparison.slice_gates import RANK
from gitops_mlops.domain.config.fairness import GAP_WORDS, FairnessConfig, GapName
from gitops_mlops.domain.config.sections import EvaluationConfig
from gitops_mlops.domain.statistics.group_gaps import FEWEST_OF_A_LABEL, FEWEST_ROWS, GroupGap
from gitops_mlops.domain.statistics.results import Interval
from gitops_mlops.domain.statistics.spread import ValueSpread

_NEEDED: dict[GapName, str] = {
    "demographic_parity": f"fewer than two groups have {FEWEST_ROWS} rows",
    "equalized_odds": f"fewer than two groups have {FEWEST_ROWS} rows and {FEWEST_OF_A_LABEL} of either label",
}


def reported(name: GapName, gap: GroupGap | None, alpha: float) -> FairnessGap:
    """The gap as the report shows it; `gap` is None when the column has a single group."""
    if gap is None or not math.isfinite(gap.challenger.value):
        return FairnessGap(name=name, note=_NEEDED[name])
    return FairnessGap(
        name=name,
        champion=gap.champion,
        challenger=gap.challenger.value,
        challenger_ci=_interval(gap.challenger, alpha),
        worsening=None if gap.worsening is None else gap.worsening.value,
        ci=None if gap.worsening is None else _interval(gap.worsening, alpha),
    )


@dataclass(frozen=True)
class UndersizedGroups:
    """What too little is known of: `all` says why nothing can be judged, `number` groups are too small by name."""

    all: str = ""
    number: int = 0
    named: tuple[str, ...] = ()


def judge_gap(
    column: str, found: FairnessGap, unjudged: UndersizedGroups, asked: FairnessConfig, evaluation: EvaluationConfig
) -> JudgedGate:
    """Whether a gap is too much, between the groups that can be judged; the others are named."""
    status, reason = _judge(found, unjudged.all, asked, evaluation)
    small = cannot_be_judged(unjudged.number, "group", unjudged.named)
    if small:
        status, reason = max(status, evaluation.when_not_judged, key=RANK.__getitem__), f"{reason}; {small}"
    words = f"{GAP_WORDS[found.name]} gap over {column} worse by at most {asked.max_worsening:g}"
    return JudgedGate(
        GateResult(
            id=f"fairness {column} {GAP_WORDS[found.name]}",
            metric=found.name,
            requirement=f"{words}, and at most {asked.warn_abs:g} without a warning",
            status=status,
            reason=reason,
        )
    )


def _judge(
    found: FairnessGap, few: str, asked: FairnessConfig, evaluation: EvaluationConfig
) -> tuple[GateStatus, str]:
    if few or found.note or found.challenger is None:
        why = few or found.note or "the gap is undefined"
        return evaluation.when_not_judged, f"cannot be judged: {why}"
    seen = f"the gap is {_plain(found.challenger)}"
    if found.worsening is not None:
        between = f", between {_signed(found.ci.low)} and {_signed(found.ci.high)}" if found.ci else ""
        seen += f", {_signed(found.worsening)} against the champion's{between}"
        if found.worsening > asked.max_worsening:
            if found.ci is None or found.ci.low <= 0:
                return evaluation.inconclusive, f"inconclusive: {seen}"
            return "block", seen
    if found.challenger > asked.warn_abs:
        return "warn", f"{seen}; more than {asked.warn_abs:g}"
    return "pass", seen


def _interval(spread: ValueSpread, alpha: float) -> Interval | None:
    low, high = spread.low(alpha), spread.high(alpha)
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    return Interval(low=low, high=high, level=1 - 2 * alpha)


def _plain(value: float) -> str:
    return f"{value:z.3f}".replace("-", "−")


def _signed(value: float) -> str:
    text = _plain(value)
    return text if text.startswith("−") else f"+{text}"
