"""Gates over every declared slice.

Rows are few there, so a slice fails only when it falls short significantly: one-sided p-values with Holm over the
slices, and twice the margin. A slice that cannot be judged is named, and a gate over all slices has not held then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gitops_mlops.domain.comparison.gate_reasons import apart, cannot_be_judged, difference, parts, plain, probability
from gitops_mlops.domain.comparison.report_parts import GateStatus
from gitops_mlops.domain.config.sections import EvaluationConfig, GateConfig
from gitops_mlops.domain.shortening import first_of
from gitops_mlops.domain.statistics.measure import MetricEstimate
from gitops_mlops.domain.statistics.multiplicity import holm

SLICE_MARGINS = 2
RANK: dict[GateStatus, int] = {"pass": 0, "warn": 1, "block": 2}

Found = tuple[GateStatus, str]


@dataclass(frozen=True, eq=False)
class SliceEstimate:
    """A declared slice and what was measured on it, by metric; `values` are more than 1 where several are pooled."""

    column: str
    value: str
    rows: int
    metrics: Mapping[str, MetricEstimate] = field(default_factory=dict)
    values: int = 1

    @property
    def name(self) -> str:
        """For instance `carrier = AA`."""
        return f"{self.column} = {self.value}"


@dataclass(frozen=True, eq=False)
class _Slices:
    """The slices that a gate can judge, and the others with the reason."""

    judged: Sequence[tuple[SliceEstimate, MetricEstimate]]
    others: Sequence[tuple[SliceEstimate, str]]
    required: bool

    def concluded(self, status: GateStatus, reason: str, evaluation: EvaluationConfig) -> Found:
        """What is said of the slices that were judged, with those that were not."""
        number = sum(one.values for one, _ in self.others)
        unjudged = cannot_be_judged(number, "slice", [f"{one.name} ({why})" for one, why in self.others])
        if not self.judged:
            status = "block" if self.required else evaluation.when_not_judged
            return status, unjudged or "there is no slice"
        if not number:
            return status, f"{reason} ({parts(len(self.judged), 'slice')})" if status == "pass" else reason
        of = f" in {len(self.judged):,} of {parts(len(self.judged) + number, 'slice')}" if status == "pass" else ""
        return max(status, evaluation.when_not_judged, key=RANK.__getitem__), f"{reason}{of}; {unjudged}"


def rule_in_slices(
    gate: GateConfig, slices: Sequence[SliceEstimate], evaluation: EvaluationConfig, required: bool = True
) -> Found:
    """Whether any slice regressed by more than twice the margin.

    Where no slice can be judged, a gate that somebody `required` blocks: there is no evidence.
    """
    found = _split(gate, slices, True, required)
    p_values, values = [], []
    for _, measured in found.judged:
        assert measured.delta is not None
        assert measured.result.champion is not None
        p_values.append(measured.delta.p_at_least(-SLICE_MARGINS * gate.margin.of(measured.result.champion)))
        values.append(measured.delta.value)
    worse = [
        (one, value, p)
        for (one, _), value, p in zip(found.judged, values, holm(p_values), strict=True)
        if p <= evaluation.alpha
    ]
    if worse:
        named = first_of([f"{one.name} {difference(value)} ({probability(p)})" for one, value, p in worse], 5)
        words = f"worse in {len(worse)} of {parts(len(found.judged), 'slice')}: {named}"
        return found.concluded("block", words, evaluation)
    return found.concluded("pass", "no slice is clearly worse", evaluation)


def bounds_in_slices(gate: GateConfig, slices: Sequence[SliceEstimate], evaluation: EvaluationConfig) -> Found:
    """Whether the challenger's value lies within the bounds in every slice."""
    found = _split(gate, slices, False, True)
    p_values, values = [], []
    for _, measured in found.judged:
        assert measured.own is not None
        below = measured.own.p_at_least(gate.min) if gate.min is not None else 1.0
        above = measured.own.p_at_most(gate.max) if gate.max is not None else 1.0
        p_values.append(min(below, above))
        values.append(measured.own.value)
    misses = [
        (one, value, p)
        for (one, _), value, p in zip(found.judged, values, holm(p_values), strict=True)
        if _outside(gate, value)
    ]
    clear = [miss for miss in misses if miss[2] <= evaluation.alpha]
    named = first_of([f"{one.name} {_beside(gate, value)}" for one, value, _ in clear or misses], 5)
    of = parts(len(found.judged), "slice")
    if clear:
        return found.concluded("block", f"missed significantly in {len(clear)} of {of}: {named}", evaluation)
    if misses:
        words = f"missed in {len(misses)} of {of}, perhaps by chance: {named}"
        return found.concluded(evaluation.inconclusive, words, evaluation)
    return found.concluded("pass", "held", evaluation)


def _beside(gate: GateConfig, value: float) -> str:
    """A value that misses a bound, in as many digits as it takes to see that."""
    bound = gate.min if gate.min is not None and value < gate.min else gate.max
    return plain(value) if bound is None else apart(value, bound)[0]


def _split(gate: GateConfig, slices: Sequence[SliceEstimate], against_champion: bool, required: bool) -> _Slices:
    judged: list[tuple[SliceEstimate, MetricEstimate]] = []
    others: list[tuple[SliceEstimate, str]] = []
    for one in slices:
        measured = one.metrics.get(gate.metric)
        if measured is None:
            others.append((one, "it was not measured"))
        elif measured.few or (measured.delta if against_champion else measured.own) is None:
            others.append((one, measured.few or measured.result.note or f"{gate.metric} is not defined there"))
        else:
            judged.append((one, measured))
    return _Slices(judged, others, required)


def _outside(gate: GateConfig, value: float) -> bool:
    return (gate.min is not None and value < gate.min) or (gate.max is not None and value > gate.max)
