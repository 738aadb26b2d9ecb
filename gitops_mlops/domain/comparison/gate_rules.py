"""The rules of gates, and what each says of a measured difference between challenger and champion."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from gitops_mlops.domain.comparison.gate_reasons import about, difference, plain
from gitops_mlops.domain.comparison.slice_gates import Found
from gitops_mlops.domain.config.sections import EvaluationConfig, GateConfig
from gitops_mlops.domain.config.values import RuleName
from gitops_mlops.domain.statistics.measure import MetricEstimate


class GateRule(NamedTuple):
    """A rule: in words; what the difference must be above, given the champion's value; and where it surely fails.

    Differences are oriented, above 0 being better. A difference that is surely below the floor fails; with `strict`
    one that is surely not above it does.
    """

    requirement: Callable[[GateConfig], str]
    floor: Callable[[GateConfig, float], float]
    strict: bool


def _not_worse(gate: GateConfig) -> str:
    amount = f"{gate.margin.amount * 100:.4g}%" if gate.margin.relative else f"{gate.margin.amount:.4g}"
    return f"not worse than the champion by {amount} or more"


RULES: dict[RuleName, GateRule] = {
    "superior": GateRule(lambda _: "better than the champion", lambda _, __: 0.0, strict=True),
    "non-inferior": GateRule(_not_worse, lambda gate, champion: -gate.margin.of(champion), strict=False),
}


def judge_rule(gate: GateConfig, measured: MetricEstimate | None, evaluation: EvaluationConfig) -> Found:
    """What the gate's rule says of the measured difference, by its one-sided bounds, and why."""
    if measured is None or measured.delta is None or measured.result.champion is None:
        return "block", f"undefined: {missing_reason(measured)}"
    alpha, delta = evaluation.alpha, measured.delta
    low, high = delta.low(alpha), delta.high(alpha)
    if not (math.isfinite(low) and math.isfinite(high)):
        return "block", f"{difference(delta.value)}, but its uncertainty is unknown: {missing_reason(measured)}"
    sure = f"with {1 - alpha:.0%} confidence"
    if measured.few:
        return evaluation.when_not_judged, f"cannot be judged ({measured.few}): {difference(delta.value)}"
    assert gate.rule is not None
    rule = RULES[gate.rule]
    floor = rule.floor(gate, measured.result.champion)
    if low > floor:
        return "pass", f"{difference(delta.value)}, at least {difference(low)} {sure}"
    if high < floor or (rule.strict and high == floor):
        return "block", f"{difference(delta.value)}, at most {difference(high)} {sure}"
    return (
        evaluation.inconclusive,
        f"inconclusive: {difference(delta.value)}, between {difference(low)} and {difference(high)}"
        f"{_enough(measured, evaluation.power)}",
    )


def _enough(measured: MetricEstimate, power: float) -> str:
    needed, mde, margin = measured.result.required_sample_size, measured.result.mde, measured.result.margin
    if mde is None or not measured.units or (margin and needed is None):
        return ""
    unseen = f"; a difference under {plain(mde, 2)} cannot be seen with {measured.units}"
    if needed is None or margin is None:
        return unseen
    return f"{unseen}, about {about(needed)} would be enough for a margin of {plain(margin, 3)} at {power:.0%} power"


def missing_reason(measured: MetricEstimate | None) -> str:
    """Why there is no value to judge by."""
    return measured.result.note or "it was not measured" if measured is not None else "it was not measured"
