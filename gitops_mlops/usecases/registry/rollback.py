"""Roll back a stage: assign the version again that was there before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gitops_mlops.domain.config.gto import GTO_FILE, parse_gto_config
from gitops_mlops.domain.digests import version_name
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.registry import evidence
from gitops_mlops.domain.registry.change import ChangeState, RegistryChange, RegistryDecision, RuleRefusal, TagDraft
from gitops_mlops.domain.registry.evidence import Trailer, write_message
from gitops_mlops.domain.registry.registry import RegisteredVersion, Registry, StageAssignment
from gitops_mlops.domain.registry.tags import assignment_tag, parse_reference
from gitops_mlops.usecases.clone_state import complete_registry
from gitops_mlops.usecases.config.committed_rules import committed_environment
from gitops_mlops.usecases.registry.mainline import merge_refusals
from gitops_mlops.usecases.registry.registrar import Registrar


@dataclass(frozen=True)
class RollbackRequest:
    """What was asked for; `reason` is recorded. Of the commits that `served`, the last one is to come back."""

    artifact: str
    stage: str
    reason: str = ""
    notes: tuple[Trailer, ...] = ()
    dry_run: bool = False
    push: bool = False
    served: frozenset[str] = frozenset()


def rollback(wanted: RollbackRequest, registrar: Registrar) -> RegistryChange:
    """Assign what the stage held before; a second rollback goes one version further back.

    When another writer changes the stage between the user's look at it and the rollback, nothing is written: what
    the user wanted to leave is left already. No comparison is asked for: the version was accepted once. One that is
    not on main is refused, as `deploy` would refuse it. Raises UsageError, ConfigError, EvidenceMissing when there is
    nothing to go back to, OutsideError.
    """
    if parse_reference(wanted.artifact) != (wanted.artifact, None, None):
        raise UsageError("a model is rolled back", where=wanted.artifact, hint="write MODEL STAGE")
    parse_gto_config(registrar.repository.read("HEAD", GTO_FILE)).require_stage(wanted.stage)
    seen = complete_registry(registrar.repository).assignment(wanted.artifact, wanted.stage)
    environment = committed_environment(registrar.repository, wanted.stage)
    push = wanted.push and not wanted.dry_run

    def against(version: RegisteredVersion) -> tuple[RuleRefusal, ...]:
        return (
            merge_refusals(registrar.repository, environment, version.version, version.commit) if environment else ()
        )

    def decide(registry: Registry) -> RegistryDecision:
        return _decide(wanted, seen, registry, against)

    return registrar.settle(wanted.artifact, wanted, decide, push=push)


def _decide(
    wanted: RollbackRequest,
    seen: StageAssignment | None,
    registry: Registry,
    against: Callable[[RegisteredVersion], tuple[RuleRefusal, ...]],
) -> RegistryDecision:
    now = registry.find_assignment(wanted.artifact, wanted.stage)
    if seen and seen.commit != now.commit:
        return _overtaken(wanted, seen, now)
    before = registry.previous(wanted.artifact, wanted.stage, wanted.served)
    if before is None:
        where = f"{wanted.artifact}#{wanted.stage}"
        hint = f"gitops-mlops history {wanted.artifact}, then promote the version that should be there"
        raise MissingEvidence("held no other version before that is still active", where=where, hint=hint)
    if refusals := against(before):
        return _refused(wanted, before.version, before.commit, refusals)
    tag = assignment_tag(wanted.artifact, wanted.stage, registry.counter(wanted.artifact))
    words = f"{wanted.artifact} from {_name(now)} to {before.version}"
    message = write_message(f"Roll {wanted.stage} back: {words}", _trailers(wanted, now, before))
    change = RegistryChange(
        ChangeState.PLANNED if wanted.dry_run else ChangeState.WRITTEN,
        wanted.artifact,
        f"{wanted.stage} {'would be' if wanted.dry_run else 'is'} rolled back: {words}",
        before.version,
        wanted.stage,
        before.commit,
        (tag,),
        wanted.push and not wanted.dry_run,
    )
    return RegistryDecision(change, (TagDraft(tag, before.commit, message),), also=(before.tag,))


def _overtaken(wanted: RollbackRequest, seen: StageAssignment, now: StageAssignment) -> RegistryDecision:
    refusal = RuleRefusal(
        "a rollback leaves what was seen here",
        f"{wanted.stage} held {_name(seen)} in this clone, and holds {_name(now)} on the remote ({now.tag})",
        f"gitops-mlops history {wanted.artifact}, then roll back again if {_name(now)} should go too",
    )
    return _refused(wanted, now.version, now.commit, (refusal,))


def _refused(
    wanted: RollbackRequest, version: str | None, commit: str, refusals: tuple[RuleRefusal, ...]
) -> RegistryDecision:
    summary = f"{wanted.stage} is not rolled back"
    return RegistryDecision(
        RegistryChange(
            ChangeState.REFUSED, wanted.artifact, summary, version, wanted.stage, commit, refusals=refusals
        )
    )


def _name(held: StageAssignment) -> str:
    return version_name(held.version, held.commit)


def _trailers(wanted: RollbackRequest, now: StageAssignment, before: RegisteredVersion) -> Iterator[Trailer]:
    yield evidence.VERSION, before.version
    yield evidence.MODEL_SHA256, before.evidence.model_sha256
    yield evidence.REPLACES, now.version or now.commit
    yield evidence.REASON, wanted.reason
    yield from wanted.notes
