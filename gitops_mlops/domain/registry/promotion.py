"""Whether a version may enter a stage: every rule that stands against it, with what would satisfy the rule.

Evidence that a rule needs and that is not recorded stands against the version like evidence that is bad.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from gitops_mlops.domain.config.metrics import find_metric
from gitops_mlops.domain.config.promotion import MetricRequirement, PromotionPolicy
from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.config.sections import ModelConfig
from gitops_mlops.domain.digests import short_sha, version_name
from gitops_mlops.domain.durations import span
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.names import suggest
from gitops_mlops.domain.registry.change import RuleRefusal
from gitops_mlops.domain.registry.evidence import GATE, MetricEvidence, VersionEvidence
from gitops_mlops.domain.registry.registry import RegisteredVersion, Registry


class PromotionProposal(NamedTuple):
    """A version that asks to enter a stage at a moment; `recorded` is the evidence that speaks for it."""

    registry: Registry
    version: RegisteredVersion
    stage: str
    recorded: VersionEvidence
    now: datetime


def require_stage(config: Config, stage: str) -> None:
    """Raises UsageError for a stage that no environment has."""
    if stage not in config.environments:
        hint = suggest(stage, config.environments) or "add it under environments: in mlops.yaml"
        raise UsageError(f"no environment is called {stage!r}", where="mlops.yaml", hint=hint)


def refusals(proposal: PromotionProposal, config: Config) -> tuple[RuleRefusal, ...]:
    """Why the order of stages and the stage's policy stand against a promotion.

    Not told here are the comparison's verdict and the approvals of people.
    """
    environment = config.environments[proposal.stage]
    policy, before = environment.promotion, environment.after
    model = config.models.get(proposal.version.artifact)
    found = [
        *_order(proposal, before),
        *_gates(proposal.recorded, policy, model),
        *_metrics(proposal.recorded, policy, model),
        *_unchanged(proposal, policy),
        *_cooldown(proposal, policy),
    ]
    if before is not None:
        found += _soak(proposal, before, policy)
    return tuple(found)


def _order(proposal: PromotionProposal, before: str | None) -> Iterator[RuleRefusal]:
    registry, version, stage = proposal.registry, proposal.version, proposal.stage
    if before is None or registry.timeline(version.artifact).stays_in(before, version.commit):
        return
    now = registry.assignment(version.artifact, before)
    seen = f"{before} holds {version_name(now.version, now.commit) if now else 'no version'}"
    yield RuleRefusal(f"{stage} comes after {before}", seen, _promotion(version, before))


def _gates(recorded: VersionEvidence, policy: PromotionPolicy, model: ModelConfig | None) -> Iterator[RuleRefusal]:
    statuses: dict[str, set[str]] = {}
    for value in recorded.all(GATE):
        name, _, status = value.rpartition("=")
        statuses.setdefault(name, set()).add(status)
    for gate in policy.gates:
        # Another model's gate is not asked for; of a model that mlops.yaml does not know, all are.
        if model is not None and gate not in model.gate_names():
            continue
        if statuses.get(gate) != {"pass"}:
            seen = " and ".join(sorted(statuses.get(gate, ()))) or "not evaluated"
            yield RuleRefusal(f"gate {gate}", seen, "a version whose comparison passes it")


def _metrics(recorded: VersionEvidence, policy: PromotionPolicy, model: ModelConfig | None) -> Iterator[RuleRefusal]:
    for demand in policy.metrics:
        # One of another task's metrics is not asked for; the project's own are any model's.
        known = find_metric(demand.metric)
        if model is None or known is None or model.task in known.tasks:
            yield from _metric(demand, [each for each in recorded.metrics if each.name == demand.metric])


def _metric(demand: MetricRequirement, found: list[MetricEvidence]) -> Iterator[RuleRefusal]:
    for end, bound, words in (("lower", demand.min, "at least"), ("upper", demand.max, "at most")):
        if bound is None:
            continue
        rule = f"{demand.metric} {words} {bound:.6g}"
        wanted = f"{words} {bound:.6g} at the {end} end of its interval"
        if len(set(found)) != 1:
            yield RuleRefusal(rule, "recorded twice" if found else "not recorded", wanted)
            continue
        value = found[0].low if end == "lower" else found[0].high
        if value is None or not math.isfinite(value):
            yield RuleRefusal(rule, f"{found[0].value:.6g} without an interval", wanted)
        elif value < bound if end == "lower" else value > bound:
            yield RuleRefusal(rule, f"{found[0].value:.6g} [{found[0].low:.6g}, {found[0].high:.6g}]", wanted)


def _unchanged(proposal: PromotionProposal, policy: PromotionPolicy) -> Iterator[RuleRefusal]:
    version, held = proposal.version, proposal.registry.assignment(proposal.version.artifact, proposal.stage)
    if not policy.only_if_changed or held is None:
        return
    name = version_name(held.version, held.commit)
    registered = proposal.registry.version(held.artifact, held.version) if held.version else None
    here = {held.evidence.model_sha256, registered.evidence.model_sha256 if registered else ""} - {""}
    own = version.evidence.model_sha256
    rule = "only if the model file changed"
    if not own or not here:
        unknown = version.version if not own else f"{name} in {proposal.stage}"
        yield RuleRefusal(rule, f"{unknown} has no Model-SHA256", "gitops-mlops register, which records it")
    elif own in here:
        seen = f"{proposal.stage} holds the same file as {name} (SHA-256 {short_sha(own)})"
        yield RuleRefusal(rule, seen, "a version with another model file")


def _cooldown(proposal: PromotionProposal, policy: PromotionPolicy) -> Iterator[RuleRefusal]:
    stays = proposal.registry.timeline(proposal.version.artifact).stays_in(proposal.stage)
    if not policy.cooldown or not stays:
        return
    changed, tag = (stays[-1].left, stays[-1].ended) if stays[-1].left else (stays[-1].entered, stays[-1].tag)
    elapsed = (proposal.now - changed).total_seconds()
    if elapsed < policy.cooldown:
        # Events that follow each other within a second are dated a second apart.
        ago = f"{span(max(0.0, elapsed))} ago" if elapsed > -60 else "in the future of this machine's clock"
        rule = f"cooldown of {span(policy.cooldown)}"
        seen = f"{proposal.stage} changed {ago} ({tag})"
        yield RuleRefusal(
            rule, seen, f"wait {span(policy.cooldown - elapsed, up=True)}, or roll back, which need not wait"
        )


def _soak(proposal: PromotionProposal, before: str, policy: PromotionPolicy) -> Iterator[RuleRefusal]:
    version = proposal.version
    spent = proposal.registry.timeline(version.artifact).seconds_in(before, version.commit, proposal.now)
    if spent >= policy.soak:
        return
    held = proposal.registry.assignment(version.artifact, before)
    first = "" if held and held.commit == version.commit else f"{_promotion(version, before)}, then "
    seen = f"{version.version} was in {before} for {span(spent)}"
    yield RuleRefusal(f"{span(policy.soak)} in {before}", seen, f"{first}wait {span(policy.soak - spent, up=True)}")


def _promotion(version: RegisteredVersion, stage: str) -> str:
    return f"gitops-mlops promote {version.artifact}@{version.version} {stage}"
