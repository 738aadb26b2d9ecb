"""A slice that cannot be judged is named, whatever the gate, and a gate over all slices has not held then."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_mlops.domain.comparison.gates import GateEvidence, judge
from gitops_mlops.domain.comparison.slice_gates import SliceEstimate
from gitops_mlops.domain.config.sections import ModelConfig
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.measure import MetricEstimate, too_few, unmeasured
from gitops_mlops.domain.statistics.results import MetricResult
from gitops_mlops.domain.statistics.spread import ValueSpread

GATES: dict[str, dict[str, Any]] = {
    "declared": {"rule": "non-inferior", "margin": 0.01},
    "rule": {"rule": "superior", "per-slice": True},
    "min": {"min": 0.6, "per-slice": True},
    "max": {"max": 0.9, "per-slice": True},
    "warning": {"min": 0.6, "per-slice": True, "action": "warn"},
}


def measured(value: float, delta: float) -> MetricEstimate:
    result = MetricResult(name="accuracy", higher_is_better=True, champion=value - delta, challenger=value)
    return MetricEstimate(result, ValueSpread(delta, 0.005), ValueSpread(value, 0.005))


SMALL = {
    "few rows": (1, too_few(measured(0.55, -0.3), "only 176 rows, at least 200 are needed")),
    "few clusters": (1, too_few(measured(0.55, -0.3), "only 3 clusters, at least 20 are needed")),
    "few of a class": (1, too_few(measured(0.55, -0.3), "only 4 rows of the label 'x', at least 10 are needed")),
    "not defined": (1, unmeasured("accuracy", "every row has the same label", StatisticsSettings())),
    "pooled": (
        12,
        too_few(unmeasured("accuracy", "", StatisticsSettings()), "12 values beyond the 50 most frequent"),
    ),
}


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("kind", SMALL)
@pytest.mark.parametrize("action", ["default", "inconclusive", "warn", "block"])
@pytest.mark.parametrize("good", [0.8, 0.3])
def test_what_cannot_be_judged_is_named(gate: str, kind: str, action: str, good: float) -> None:
    keys = {"default": {}, "inconclusive": {"inconclusive": "block"}}.get(action, {"cannot-be-judged": action})
    evaluation: dict[str, Any] = {"dataset": "test", "target": "y", "slices": ["site"], **keys}
    model = ModelConfig.model_validate(
        {
            "task": "binary-classification",
            "evaluation": evaluation,
            "gates": [{"metric": "accuracy", **GATES[gate]}],
        }
    )
    place = -1 if gate == "declared" else 0
    values, small = SMALL[kind]
    slices = [
        SliceEstimate("site", "north", 1000, {"accuracy": measured(good, good - 0.7)}),
        SliceEstimate("site", "tiny", 176, {"accuracy": small}, values),
    ]
    judged = judge(model, GateEvidence({"accuracy": measured(0.8, 0.1)}, slices, "compared"))[place].result
    word = "1 slice cannot be judged" if values == 1 else "12 slices cannot be judged"
    assert f"{word}: site = tiny (" in judged.reason
    assert "held in every" not in judged.reason
    assert not judged.reason.startswith("held (")
    bad = good == 0.3 and gate != "max"
    status = "block" if bad or action in ("inconclusive", "block") else "warn"
    assert judged.status == ("warn" if gate == "warning" else status)
    alone = judge(model, GateEvidence({"accuracy": measured(0.8, 0.1)}, slices[1:], "compared"))[place].result
    empty = "warn" if gate == "declared" and action in ("default", "warn") else "block"
    assert alone.status == ("warn" if gate == "warning" else empty)
    assert word in alone.reason


def test_what_cannot_be_judged_has_no_interval() -> None:
    result = too_few(measured(0.55, -0.3), "only 176 rows").result
    assert (result.verdict, result.challenger, result.note) == ("cannot_be_judged", 0.55, "only 176 rows")
    assert (result.ci, result.challenger_ci, result.se, result.p_value) == (None, None, None, None)
