"""Every rule that a gate may have is a row, and is documented."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from gitops_mlops.domain.comparison.gate_rules import RULES
from gitops_mlops.domain.config.sections import GateConfig
from gitops_mlops.domain.config.values import RuleName

DOCS = Path(__file__).parents[4] / "docs"
NAMES = get_args(RuleName)


def test_every_rule_is_a_row() -> None:
    assert set(RULES) == set(NAMES), "RULES of domain/comparison/gate_rules.py"


def test_every_rule_is_documented() -> None:
    for name in NAMES:
        assert f"| `rule: {name}` |" in (DOCS / "comparison.md").read_text("utf-8"), f"{name} in docs/comparison.md"
        (line,) = [
            line
            for line in (DOCS / "configuration.md").read_text("utf-8").splitlines()
            if line.startswith("| `rule` |")
        ]
        assert f"`{name}`" in line, f"{name} in docs/configuration.md"


def test_a_rule_says_what_it_asks_for() -> None:
    gate = GateConfig.model_validate({"metric": "roc_auc", "rule": "superior", "margin": "1%"})
    superior, other = RULES["superior"], RULES["non-inferior"]
    assert (superior.requirement(gate), superior.floor(gate, 0.5)) == ("better than the champion", 0.0)
    assert other.requirement(gate) == "not worse than the champion by 1% or more"
    assert other.floor(gate, 0.5) == -0.005
