"""What the rules of gates ask of the difference between challenger and champion."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gitops_mlops.domain.config.sections import GateConfig
from gitops_mlops.domain.config.values import RuleName


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
