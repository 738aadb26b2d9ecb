from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.comparison.gates import GateEvidence, gate_changes, judge, overall, requirement
from gitops_mlops.domain.comparison.slice_gates import SliceEstimate
from gitops_mlops.domain.config.sections import GateConfig, ModelConfig
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.measure import MetricEstimate, unmeasured
from gitops_mlops.domain.statistics.results import MetricResult
from gitops_mlops.domain.statistics.spread import ValueSpread


def model(*gates: dict[str, Any], **evaluation: Any) -> ModelConfig:
    return ModelConfig.model_validate(
        {
            "task": "binary-classification",
            "evaluation": {"dataset": "test", "target": "y", **evaluation},
            "gates": list(gates),
        }
    )


def measured(delta: float, se: float, value: float = 0.7, few: str = "") -> MetricEstimate:
    result = MetricResult(name="roc_auc", higher_is_better=True, champion=value - delta, challenger=value, note=few)
    return MetricEstimate(result, ValueSpread(delta, se), ValueSpread(value, se), few)


def status(gate: dict[str, Any], found: MetricEstimate, **evaluation: Any) -> tuple[str, str]:
    (judged,) = judge(model(gate, **evaluation), GateEvidence({"roc_auc": found}, (), "compared"))
    return judged.result.status, judged.result.reason


SUPERIOR = {"metric": "roc_auc", "rule": "superior"}
NOT_WORSE = {"metric": "roc_auc", "rule": "non-inferior", "margin": 0.01}


@pytest.mark.parametrize(
    ("gate", "delta", "se", "expected"),
    [
        (SUPERIOR, 0.02, 0.01, "pass"),  # low = 0.02 - 1.645 · 0.01 = 0.0036
        (SUPERIOR, 0.016, 0.01, "warn"),
        (SUPERIOR, -0.016, 0.01, "warn"),
        (SUPERIOR, -0.017, 0.01, "block"),
        (SUPERIOR, 0.0, 0.0, "block"),
        (NOT_WORSE, 0.007, 0.01, "pass"),
        (NOT_WORSE, 0.006, 0.01, "warn"),
        (NOT_WORSE, -0.026, 0.01, "warn"),
        (NOT_WORSE, -0.027, 0.01, "block"),
        ({**NOT_WORSE, "margin": "5%"}, -0.01, 0.01, "pass"),  # 5 % of 0.71 is 0.0355
        ({**NOT_WORSE, "action": "warn"}, -0.2, 0.01, "warn"),
        ({"metric": "roc_auc", "min": 0.7}, 0, 0.1, "pass"),
        ({"metric": "roc_auc", "min": 0.71}, 0, 0.1, "block"),
        ({"metric": "roc_auc", "max": 0.69}, 0, 0.1, "block"),
        ({**SUPERIOR, "min": 0.71}, 0.02, 0.01, "block"),
    ],
)
def test_bounds_decide(gate: dict[str, Any], delta: float, se: float, expected: str) -> None:
    assert status(gate, measured(delta, se))[0] == expected


@pytest.mark.parametrize(
    ("gate", "delta", "basis"),
    [
        (SUPERIOR, 0.02, "difference"),
        (SUPERIOR, 0.0, "difference"),
        ({"metric": "roc_auc", "min": 0.71}, 0.02, "value"),
        ({**SUPERIOR, "min": 0.71}, 0.02, "value"),  # better, and too low
        ({**SUPERIOR, "min": 0.71}, 0.0, "value"),  # inconclusive warns, the bound blocks
        ({**SUPERIOR, "min": 0.71}, -0.1, "difference"),  # both block
        ({**SUPERIOR, "min": 0.71, "action": "warn"}, 0.0, "value"),
        ({**SUPERIOR, "per-slice": True}, 0.02, None),
    ],
)
def test_a_gate_says_what_its_status_rests_on(gate: dict[str, Any], delta: float, basis: str | None) -> None:
    (judged,) = judge(model(gate), GateEvidence({"roc_auc": measured(delta, 0.01)}, (), "compared"))
    assert judged.result.basis == basis
    (first,) = judge(model(gate), GateEvidence({"roc_auc": measured(delta, 0.01)}, (), "first"))
    assert first.result.basis != "difference"


def test_inconclusive_blocks_where_the_configuration_says_so() -> None:
    assert status(SUPERIOR, measured(0.0, 0.01), inconclusive="block")[0] == "block"
    assert status({**SUPERIOR, "action": "warn"}, measured(0.0, 0.01), inconclusive="block")[0] == "warn"
    assert status(SUPERIOR, measured(0.9, 0.01, few="only 3 rows"))[0] == "warn"


@pytest.mark.parametrize("gate", [SUPERIOR, NOT_WORSE, {"metric": "roc_auc", "min": 0.1}])
def test_what_is_missing_or_undefined_blocks(gate: dict[str, Any]) -> None:
    assert status(gate, unmeasured("roc_auc", "no probabilities", StatisticsSettings())) == (
        "block",
        "undefined: no probabilities",
    )
    nan = ValueSpread(math.nan, math.nan)
    assert status(gate, MetricEstimate(measured(0.1, 0.01).result, nan, nan))[0] == "block"
    (judged,) = judge(model(gate), GateEvidence({}, (), "compared"))
    assert (judged.result.status, judged.incomparable) == ("block", False)


@pytest.mark.parametrize("gate", [SUPERIOR, NOT_WORSE])
def test_a_difference_of_unknown_uncertainty_blocks(gate: dict[str, Any]) -> None:
    assert status(gate, measured(0.5, math.nan))[0] == "block"


@given(delta=st.floats(-1, 1), se=st.floats(0, 1), margin=st.floats(0.001, 0.5), alpha=st.floats(0.01, 0.2))
def test_a_better_result_never_ends_worse(delta: float, se: float, margin: float, alpha: float) -> None:
    rank = ["block", "warn", "pass"]
    for gate in (SUPERIOR, {**NOT_WORSE, "margin": margin}):
        one, other = (status(gate, measured(d, se), alpha=alpha)[0] for d in (delta, delta + 0.1))
        assert rank.index(one) <= rank.index(other)


def slices(*deltas: float, se: float = 0.01) -> list[SliceEstimate]:
    return [
        SliceEstimate("carrier", name, 300, {"roc_auc": measured(delta, se)})
        for name, delta in zip("ABCDEFGHIJ", deltas, strict=False)
    ]


def test_slices_are_corrected_for_being_many() -> None:
    # One-sided p of -0.02 - 2 · 0.01 is 2.3 %: enough for one slice, not for the worst of ten.
    gate = model({**NOT_WORSE, "per-slice": True})
    for others, expected in ((0, "block"), (9, "pass")):
        evidence = GateEvidence({"roc_auc": measured(0.1, 0.01)}, slices(-0.04, *[0.0] * others), "compared")
        assert [one.result.status for one in judge(gate, evidence)] == [expected]
    evidence = GateEvidence({"roc_auc": measured(0.1, 0.01)}, slices(-0.06, *[0.0] * 9), "compared")
    (judged,) = judge(gate, evidence)
    assert (judged.result.status, "carrier = A −0.06" in judged.result.reason) == ("block", True)


def test_declared_slices_are_watched_without_being_asked_for() -> None:
    evidence = GateEvidence({"roc_auc": measured(0.1, 0.01)}, slices(-0.2, 0.1), "compared")
    judged = judge(model(NOT_WORSE, slices=["carrier"]), evidence)
    assert [(one.result.id, one.result.status) for one in judged] == [
        ("roc_auc non-inferior", "pass"),
        ("declared slices", "block"),
    ]


@pytest.mark.parametrize("inconclusive", ["warn", "block"])
def test_declared_slices_without_rows_are_not_passed_over(inconclusive: str) -> None:
    evidence = GateEvidence({"roc_auc": measured(0.1, 0.01)}, (), "compared")
    _, judged = judge(model(NOT_WORSE, slices=["carrier"], inconclusive=inconclusive), evidence)
    assert (judged.result.id, judged.result.status) == ("declared slices", inconclusive)
    assert judged.result.reason == "there is no slice"


def test_a_slice_of_a_single_class_is_not_judged_and_said() -> None:
    nothing = SliceEstimate(
        "carrier", "ZZ", 300, {"roc_auc": unmeasured("roc_auc", "one label", StatisticsSettings())}
    )
    evidence = GateEvidence({"roc_auc": measured(0.1, 0.01)}, [*slices(0.1), nothing], "compared")
    _, judged = judge(model(NOT_WORSE, slices=["carrier"]), evidence)
    assert (judged.result.status, judged.result.reason) == (
        "warn",
        "no slice is clearly worse in 1 of 2 slices; 1 slice cannot be judged: carrier = ZZ (one label)",
    )


def test_no_slice_with_rows_enough_is_no_evidence() -> None:
    (judged,) = judge(
        model({**NOT_WORSE, "per-slice": True}), GateEvidence({"roc_auc": measured(0.1, 0.01)}, (), "compared")
    )
    assert judged.result.status == "block"


def test_nothing_to_compare_with() -> None:
    both = model({**SUPERIOR, "min": 0.6}, {"metric": "roc_auc", "min": 0.9, "action": "warn"})
    metrics = {"roc_auc": measured(0.1, 0.01)}
    first = GateEvidence(metrics, (), "first")
    assert [one.result.status for one in judge(both, first)] == ["pass", "warn"]
    assert overall(judge(both, first), (), first) == "warn"
    gone = GateEvidence(metrics, (), "incomparable", "the champion needs the column x")
    assert overall(judge(both, gone), (), gone) == "incomparable"
    assert overall(judge(both, gone), ("rows were seen in training",), gone) == "block"
    real = model({**SUPERIOR, "min": 0.9})
    assert overall(judge(real, gone), (), gone) == "block"
    # Even a gate that only warns cannot turn 'no comparison' into a pass.
    warns = model({**SUPERIOR, "action": "warn"})
    assert overall(judge(warns, gone), (), gone) == "incomparable"


def test_words_and_changes() -> None:
    gate = GateConfig.model_validate(
        {"metric": "mae", "rule": "non-inferior", "margin": "1%", "max": 3, "per-slice": True}
    )
    assert requirement(gate) == "mae not worse than the champion by 1% or more and at most 3, in every slice"
    base = model(NOT_WORSE, NOT_WORSE)
    assert gate_changes(base, base) == []
    changes = gate_changes(base, model({**NOT_WORSE, "action": "warn"}, threshold=0.3))
    assert [(change.name, change.new) for change in changes] == [
        ("gate roc_auc non-inferior", "roc_auc not worse than the champion by 0.01 or more (only warns)"),
        ("gate roc_auc non-inferior #2", None),
        ("evaluation.threshold", 0.3),
    ]


def test_what_cannot_be_seen_is_told_with_how_much_there_is() -> None:
    found = measured(0.004, 0.012)
    seen = dataclasses.replace(
        found,
        units="1,200 rows",
        result=found.result.model_copy(update={"mde": 0.03, "required_sample_size": 43_512, "margin": 0.005}),
    )
    assert status(NOT_WORSE, seen)[1].endswith(
        "; a difference under 0.03 cannot be seen with 1,200 rows, about 44,000 would be enough"
        " for a margin of 0.005 at 80% power"
    )
    # Enough rows for the margin: the difference itself lies at it.
    enough = dataclasses.replace(seen, result=seen.result.model_copy(update={"required_sample_size": None}))
    assert "cannot be seen" not in status(NOT_WORSE, enough)[1]
