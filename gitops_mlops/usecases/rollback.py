"""Roll back a stage: assign the version again that was there before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gitops_mlops.domain import evidence
from gitops_mlops.domain.change import Change, State
from gitops_mlops.domain.errors import EvidenceMissing, UsageError
from gitops_mlops.domain.evidence import Trailer, write_message
from gitops_mlops.domain.ports import Clock, Repository
from gitops_mlops.domain.registry import Assignment, Version
from gitops_mlops.domain.tags import assignment_tag, parse_reference
from gitops_mlops.usecases.tagging import complete_registry, moment, write


@dataclass(frozen=True)
class Rollback:
    """What was asked for; `reason` is recorded."""

    artifact: str
    stage: str
    reason: str = ""
    notes: tuple[Trailer, ...] = ()
    dry_run: bool = False
    push: bool = False


def rollback(wanted: Rollback, repository: Repository, clock: Clock) -> Change:
    """Assign what the stage held before; a second rollback goes one version further back.

    No comparison is asked for: the version was let in once. Raises UsageError, EvidenceMissing when there is
    nothing to go back to, OutsideError.
    """
    if parse_reference(wanted.artifact) != (wanted.artifact, None, None):
        raise UsageError("a model is rolled back", where=wanted.artifact, hint="write MODEL STAGE")
    registry = complete_registry(repository)
    now = registry.find(f"{wanted.artifact}#{wanted.stage}")
    assert isinstance(now, Assignment)
    before = registry.previous(wanted.artifact, wanted.stage)
    if before is None:
        where = f"{wanted.artifact}#{wanted.stage}"
        hint = f"gitops-mlops history {wanted.artifact}, then promote the version that should be there"
        raise EvidenceMissing("held no other version before that is still active", where=where, hint=hint)
    tag = assignment_tag(wanted.artifact, wanted.stage, registry.counter(wanted.artifact))
    words = f"{wanted.artifact} from {now.version or now.commit[:10]} to {before.version}"
    if not wanted.dry_run:
        message = write_message(f"Roll {wanted.stage} back: {words}", _trailers(wanted, now, before))
        push = (before.tag,) if wanted.push else None
        write(repository, [(tag, before.commit, message)], moment(registry, wanted.artifact, clock), push)
    return Change(
        State.PLANNED if wanted.dry_run else State.WRITTEN,
        wanted.artifact,
        f"{wanted.stage} {'would be' if wanted.dry_run else 'is'} rolled back: {words}",
        before.version,
        wanted.stage,
        before.commit,
        (tag,),
        wanted.push and not wanted.dry_run,
    )


def _trailers(wanted: Rollback, now: Assignment, before: Version) -> Iterator[Trailer]:
    yield evidence.VERSION, before.version
    yield evidence.MODEL_SHA256, before.evidence.model_sha256
    yield evidence.REPLACES, now.version or now.commit
    yield evidence.REASON, wanted.reason
    yield from wanted.notes
