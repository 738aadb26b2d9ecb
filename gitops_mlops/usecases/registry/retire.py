"""Retire a model, take a version out of use, or empty a stage: tags that say why, and nothing deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.lineage.drift_record import drift_record
from gitops_mlops.domain.ports import Clock, Ledger, Repository
from gitops_mlops.domain.registry import evidence
from gitops_mlops.domain.registry.change import ChangeState, RegistryChange, RegistryDecision, TagDraft
from gitops_mlops.domain.registry.evidence import Trailer, write_message
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.domain.registry.retirement import RetirementReview, review
from gitops_mlops.domain.registry.retirement_plan import RetirementPlan, RetirementTag, plan
from gitops_mlops.domain.registry.tags import ModelReference, parse_reference
from gitops_mlops.usecases.clone_state import complete_registry
from gitops_mlops.usecases.lineage.ledger import read_runs
from gitops_mlops.usecases.registry.registrar import Registrar


@dataclass(frozen=True)
class RetireRequest:
    """What was asked for: `target` is MODEL, MODEL@VERSION or MODEL#STAGE; the reason is recorded."""

    target: str
    reason: str
    notes: tuple[Trailer, ...] = ()
    dry_run: bool = False
    push: bool = False


def retire(wanted: RetireRequest, registrar: Registrar) -> RegistryChange:
    """Take a model, a version or what a stage holds out of use; what is out of use already changes nothing.

    A version that a stage holds is refused. Raises UsageError, EvidenceMissing for what the registry does not
    know, OutsideError.
    """
    reference = parse_reference(wanted.target)
    if not wanted.reason.strip():
        raise UsageError(
            "give a reason; the registry records it", where=wanted.target, hint="--reason 'no longer sold'"
        )
    push = wanted.push and not wanted.dry_run
    return registrar.settle(
        reference.artifact, wanted, lambda registry: _decide(wanted, reference, registry), push=push
    )


def proposed(config: Config, repository: Repository, ledger: Ledger, clock: Clock) -> RetirementReview:
    """What the retirement policy of `mlops.yaml` proposes to take out of use, and what it could not judge.

    The ledger is read when a policy asks for drift. Raises EvidenceMissing for a clone that may lack tags.
    """
    registry = complete_registry(repository)
    watched = any(model.retirement and model.retirement.drift for model in config.models.values())
    runs, warnings = read_runs(ledger) if watched else ([], [])
    found = review(config, registry, clock.now(), drift_record(runs))
    return found._replace(not_judged=(*found.not_judged, *warnings))


def _decide(wanted: RetireRequest, reference: ModelReference, registry: Registry) -> RegistryDecision:
    way = plan(registry, reference)
    if way.refusals:
        return RegistryDecision(_change(wanted, reference, way, ChangeState.REFUSED, f"{way.what} is not {way.end}"))
    if way.because:
        summary = f"{way.what} was {way.end} already, {way.because}"
        return RegistryDecision(_change(wanted, reference, way, ChangeState.UNCHANGED, summary), also=way.standing)
    state, be = (ChangeState.PLANNED, "would be") if wanted.dry_run else (ChangeState.WRITTEN, "is")
    summary = f"{way.what} {be} {way.end}{f': {way.detail}' if way.detail else ''}"
    drafts = tuple(TagDraft(stone.tag, stone.commit, _message(wanted, stone)) for stone in way.stones)
    return RegistryDecision(_change(wanted, reference, way, state, summary), drafts, way.standing)


def _message(wanted: RetireRequest, stone: RetirementTag) -> str:
    def trailers() -> Iterator[Trailer]:
        yield evidence.VERSION, stone.version
        yield evidence.REASON, wanted.reason
        yield from wanted.notes

    return write_message(stone.subject, trailers())


def _change(
    wanted: RetireRequest, reference: ModelReference, way: RetirementPlan, state: ChangeState, summary: str
) -> RegistryChange:
    return RegistryChange(
        state,
        reference.artifact,
        summary,
        way.version,
        reference.stage,
        way.commit,
        tuple(stone.tag for stone in way.stones) or way.standing,
        wanted.push and state is ChangeState.WRITTEN,
        way.refusals,
    )
