"""A report that holds some of many gates holds those that did not pass."""

from __future__ import annotations

from gitops_mlops.domain.comparison.gates import JudgedGate
from gitops_mlops.domain.comparison.report_parts import GateResult
from gitops_mlops.usecases.comparison.compare import _gates


def gate(at: int, status: str) -> JudgedGate:
    return JudgedGate(GateResult.model_validate({"id": f"gate {at}", "status": status, **FIELDS}))


FIELDS = {"metric": "accuracy", "requirement": "at least 0.9", "reason": ""}


def test_gates_that_did_not_pass_are_kept_first() -> None:
    judged = [gate(at, "block" if at == 119 else "pass") for at in range(120)]
    found = _gates(judged)
    assert len(found) == 100
    assert [one.id for one in found[:3]] == ["gate 119", "gate 0", "gate 1"]
    assert _gates(judged[:3]) == tuple(one.result for one in judged[:3])
