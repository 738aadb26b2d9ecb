"""Gates: what a challenger must show. Whatever is missing or undefined fails the gate.

Against the champion a gate looks at the one-sided bounds of the difference. `superior` passes when the difference
is significantly better than 0 and fails when it significantly is not; `non-inferior` passes when it is not worse
than the margin and fails when it is; between those the data are inconclusive, and the configuration's
`inconclusive` decides whether that blocks or warns. `min` and `max` bound the challenger's measured value itself.

`per-slice` asks the same of each declared slice (`slice_gates`). What has too few rows cannot be judged: the
configuration's `cannot-be-judged` decides whether that blocks or warns.
All gates must pass, so no correction over gates is needed (intersection-union).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gitops_mlops.domain.comparison.gate_reasons import apart, plain
from gitops_mlops.domain.comparison.gate_rules import RULES, judge_rule, missing_reason
from gitops_mlops.domain.comparison.report_parts import GateBasis, GateResult, GateStatus, ReportChange, Verdict
from gitops_mlops.domain.comparison.slice_gates import RANK, Found, SliceEstimate, bounds_in_slices, rule_in_slices
from gitops_mlops.domain.config.sections import EvaluationConfig, GateConfig, ModelConfig
from gitops_mlops.domain.config.values import Action
from gitops_mlops.domain.statistics.measure import MetricEstimate

Champion = Literal["compared", "first", "incomparable"]


@dataclass(frozen=True, eq=False)
class GateEvidence:
    """All that gates look at. `why` says why the champion could not be compared."""

    metrics: Mapping[str, MetricEstimate]
    slices: Sequence[SliceEstimate]
    champion: Champion
    why: str = ""


@dataclass(frozen=True)
class JudgedGate:
    """A gate's result; `incomparable` when it failed only because there was nothing to compare with."""

    result: GateResult
    incomparable: bool = False


def primary_metric(model: ModelConfig) -> str:
    """What slices are judged by: the metric of the first gate with a rule, or of the first gate."""
    return next((gate.metric for gate in model.gates if gate.rule), model.gates[0].metric)


def judge(model: ModelConfig, evidence: GateEvidence) -> list[JudgedGate]:
    """Every gate of the configuration, then the one that every declared slice has."""
    judged = [
        _judge(gate, name, model.evaluation, evidence)
        for gate, name in zip(model.gates, model.gate_names(), strict=True)
    ]
    primary = primary_metric(model)
    if model.evaluation.slices and evidence.champion == "compared" and not _covers_slices(model.gates, primary):
        judged.append(_declared_slices(model, primary, evidence))
    return judged


def long_term_gate(
    gate: GateConfig, measured: MetricEstimate, evaluation: EvaluationConfig, version: str
) -> JudgedGate:
    """Whether the challenger has lost significantly more than the gate's margin against a version of a while ago."""
    status, reason = judge_rule(gate.model_copy(update={"rule": "non-inferior"}), measured, evaluation)
    if measured.few:
        status = "warn" if gate.action == "warn" else status
    elif status != "block":
        status, reason = "pass", f"not clearly worse than {version}"
    elif gate.action == "warn":
        status = "warn"
    words = f"{requirement(gate)}, and no slow decline since {version}"
    name = f"{gate.name} since {version}"
    return JudgedGate(GateResult(id=name, metric=gate.metric, requirement=words, status=status, reason=reason))


def overall(
    judged: Sequence[JudgedGate], blocked: Sequence[str], evidence: GateEvidence, incomparable: Action = "block"
) -> Verdict:
    """Block before incomparable before warn before pass; `blocked` are reasons that no gate speaks of.

    Where the configuration takes a challenger that could not be compared on its own values, it gets a warning.
    """
    if blocked or any(one.result.status == "block" and not one.incomparable for one in judged):
        return "block"
    if evidence.champion == "incomparable":
        return "incomparable" if incomparable == "block" else "warn"
    return "warn" if any(one.result.status == "warn" for one in judged) else "pass"


def requirement(gate: GateConfig) -> str:
    """What a gate asks for, in words."""
    asked = []
    if gate.rule:
        asked.append(RULES[gate.rule].requirement(gate))
    if gate.min is not None:
        asked.append(f"at least {plain(gate.min)}")
    if gate.max is not None:
        asked.append(f"at most {plain(gate.max)}")
    where = ", in every slice" if gate.per_slice else ""
    return f"{gate.metric} {' and '.join(asked)}{where}"


def gate_changes(base: ModelConfig, head: ModelConfig) -> list[ReportChange]:
    """How the gates and the evaluation of `head` differ from those of `base`, which count."""
    changes = []
    if base.task != head.task:
        changes.append(ReportChange(name="task", old=str(base.task), new=str(head.task)))
    old, new = _demands(base), _demands(head)
    changes += [
        ReportChange(name=f"gate {name}", old=old.get(name), new=new.get(name))
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]
    changes += [
        ReportChange(name=key, old=getattr(base, key), new=getattr(head, key))
        for key in ("predictions", "loader")
        if getattr(base, key) != getattr(head, key)
    ]
    before, after = (model.evaluation.model_dump(mode="json", by_alias=True) for model in (base, head))
    changes += [
        ReportChange(name=f"evaluation.{key}", old=before[key], new=after[key])
        for key in before
        if before[key] != after[key]
    ]
    return changes


def _demands(model: ModelConfig) -> dict[str, str]:
    return {
        name: requirement(gate) + (" (only warns)" if gate.action == "warn" else "")
        for gate, name in zip(model.gates, model.gate_names(), strict=True)
    }


def _judge(gate: GateConfig, identity: str, evaluation: EvaluationConfig, evidence: GateEvidence) -> JudgedGate:
    found: list[Found] = []
    incomparable = False
    measured = evidence.metrics.get(gate.metric)
    if gate.rule and evidence.champion == "first":
        found.append(("pass", "first version: there is no champion to compare with"))
    elif gate.rule and evidence.champion == "incomparable":
        found.append((evaluation.incomparable, evidence.why))
        incomparable = evaluation.incomparable == "block"
    elif gate.rule:
        found.append(
            rule_in_slices(gate, evidence.slices, evaluation)
            if gate.per_slice
            else judge_rule(gate, measured, evaluation)
        )
    if gate.min is not None or gate.max is not None:
        bounded = (
            bounds_in_slices(gate, evidence.slices, evaluation)
            if gate.per_slice
            else _bounds(gate, measured, evaluation)
        )
        incomparable = incomparable and bounded[0] != "block"
        found.append(bounded)
    status = max((one for one, _ in found), key=RANK.__getitem__)
    basis = _basis(gate, found, status, evidence)
    if gate.action == "warn" and status == "block":
        status, incomparable = "warn", False
    reason = "; ".join(text for _, text in found)
    result = GateResult(id=identity, metric=gate.metric, requirement=requirement(gate), status=status, reason=reason)
    return JudgedGate(result.model_copy(update={"basis": basis}), incomparable)


def _basis(gate: GateConfig, found: Sequence[Found], status: GateStatus, evidence: GateEvidence) -> GateBasis | None:
    """What the worst of a gate's findings rests on, of a rule and bounds in this order."""
    if gate.per_slice:
        return None
    by_rule = gate.rule is not None and found[0][0] == status
    if by_rule:
        return "difference" if evidence.champion == "compared" else None
    return "value"


def _bounds(gate: GateConfig, measured: MetricEstimate | None, evaluation: EvaluationConfig) -> Found:
    if measured is None or measured.own is None or not math.isfinite(measured.own.value):
        return "block", f"undefined: {missing_reason(measured)}"
    value = measured.own.value
    for bound, misses in ((gate.min, -1), (gate.max, 1)):
        if bound is not None and (value - bound) * misses > 0:
            seen, wanted = apart(value, bound)
            return "block", f"{seen} is {'below' if misses < 0 else 'above'} {wanted}"
    if measured.few:
        return evaluation.when_not_judged, f"cannot be judged ({measured.few}): {plain(value)}"
    return "pass", f"{plain(value)}"


def _covers_slices(gates: Sequence[GateConfig], metric: str) -> bool:
    return any(gate.per_slice and gate.rule and gate.metric == metric for gate in gates)


def _declared_slices(model: ModelConfig, metric: str, evidence: GateEvidence) -> JudgedGate:
    """Declared slices may not regress by more than twice the primary metric's margin, asked for or not."""
    rules = [gate for gate in model.gates if gate.metric == metric and gate.rule]
    gate = GateConfig.model_validate({"metric": metric, "rule": "superior", "per-slice": True})
    if rules:
        gate = gate.model_copy(update={"margin": rules[0].margin})
    status, reason = rule_in_slices(gate, evidence.slices, model.evaluation, required=False)
    words = f"{metric} no declared slice clearly worse than the champion"
    return JudgedGate(
        GateResult(id="declared slices", metric=metric, requirement=words, status=status, reason=reason)
    )
