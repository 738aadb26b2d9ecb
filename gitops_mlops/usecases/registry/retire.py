"""Retire a model, take a version out of use, or empty a stage: tags that say why, and nothing deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.lineage.drift_record import drift_record
from gitops_mlops.domain.ports import Clock, Ledger, Repository
from gitops_mlops.domain.registry import evidence
from gitops_mlops.domain.registry.change import Change, Decision, Draft, State
from gitops_mlops.domain.registry.evidence import Trailer, write_message
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.domain.registry.retirement import Review, review
from gitops_mlops.domain.registry.retirement_plan import Plan, Stone, plan
from gitops_mlops.domain.registry.tags import Reference, parse_reference
from gitops_mlops.usecases.clone_state import complete_registry
from gitops_mlops.usecases.lineage.ledger import read_runs
from gitops_mlops.usecases.registry.registrar import Registrar


@dataclass(frozen=True)
class Retirement:
    """What was asked for: `target` is MODEL, MODEL@VERSION or MODEL#STAGE; the reason is recorded."""

    target: str
    reason: str
    notes: tuple[Trailer, ...] = ()
    dry_run: bool = False
    push: bool = False


def retire(wanted: Retirement, registrar: Registrar) -> Change:
    """Take a model, a version or what a stage holds out of use; what is out of use already changes nothing.

    A version that a stage holds is refused. Raises UsageError, EvidenceMissing for what the registry does not
    know, OutsideError.
    """
    reference = parse_reference(wanted.target)
    if not wanted.reason.strip():
        raise UsageError("say why, the registry keeps it", where=wanted.target, hint="--reason 'no longer sold'")
    push = wanted.push and not wanted.dry_run
    return registrar.settle(
        reference.artifact, wanted, lambda registry: _decide(wanted, reference, registry), push=push
    )


def proposed(config: Config, repository: Repository, ledger: Ledger, clock: Clock) -> Review:
    """What the retirement policy of `mlops.yaml` proposes to take out of use, and what it could not judge.

    The ledger is read when a policy asks for drift. Raises EvidenceMissing for a clone that may lack tags.
    """
    registry = complete_registry(repository)
    watched = any(model.retirement and model.retirement.drift for model in config.models.values())
    runs, warnings = read_runs(ledger) if watched else ([], [])
    found = review(config, registry, clock.now(), drift_record(runs))
    return found._replace(unjudged=(*found.unjudged, *warnings))


def _decide(wanted: Retirement, reference: Reference, registry: Registry) -> Decision:
    way = plan(registry, reference)
    if way.refusals:
        return Decision(_change(wanted, reference, way, State.REFUSED, f"{way.what} is not {way.end}"))
    if way.because:
        summary = f"{way.what} was {way.end} already, {way.because}"
        return Decision(_change(wanted, reference, way, State.UNCHANGED, summary), also=way.standing)
    state, be = (State.PLANNED, "would be") if wanted.dry_run else (State.WRITTEN, "is")
    summary = f"{way.what} {be} {way.end}{f': {way.detail}' if way.detail else ''}"
    drafts = tuple(Draft(stone.tag, stone.commit, _message(wanted, stone)) for stone in way.stones)
    return Decision(_change(wanted, reference, way, state, summary), drafts, way.standing)


def _message(wanted: Retirement, stone: Stone) -> str:
    def trailers() -> Iterator[Trailer]:
        yield evidence.VERSION, stone.version
        yield evidence.REASON, wanted.reason
        yield from wanted.notes

    return write_message(stone.subject, trailers())


def _change(wanted: Retirement, reference: Reference, way: Plan, state: State, summary: str) -> Change:
    return Change(
        state,
        reference.artifact,
        summary,
        way.version,
        reference.stage,
        way.commit,
        tuple(stone.tag for stone in way.stones) or way.standing,
        wanted.push and state is State.WRITTEN,
        way.refusals,
    )
