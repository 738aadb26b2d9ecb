"""Whether a tag still says what it said when it was made. A tag is never moved; what holds against one is told here.

Tags are cheap to move and to make anew. What they recorded, their commit and the ledger are not all of one piece,
so that whoever changes one of them contradicts another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.lineage.openlineage import tag_event
from gitops_mlops.domain.registry.evidence import MODEL_MD5, VERSION
from gitops_mlops.domain.registry.ledger import DEPLOYMENT, LedgerEvent
from gitops_mlops.domain.registry.registry import RegisteredVersion, Registry, RegistryEvent, StageAssignment
from gitops_mlops.domain.registry.tags import TagAction

RESTORE = "a tag is never moved: restore it, or register a new version"


class TagContradiction(NamedTuple):
    """A tag, and what it contradicts."""

    tag: str
    message: str

    def __str__(self) -> str:
        return f"tag {self.tag} {self.message}"


def version_contradictions(version: RegisteredVersion, md5: str) -> Iterator[TagContradiction]:
    """`md5` is DVC's digest of the model at the version's commit, "" where `dvc.lock` records none."""
    recorded = version.evidence.one(MODEL_MD5)
    if recorded and recorded != md5:
        here = f"has {short_sha(md5)}" if md5 else "records none"
        message = (
            f"records the model {short_sha(recorded)}, and dvc.lock at its commit {short_sha(version.commit)} {here}"
        )
        yield TagContradiction(version.tag, message)


def assignment_contradictions(registry: Registry, assignment: StageAssignment) -> Iterator[TagContradiction]:
    """What a stage's tag recorded of the version that entered, against that version's own tag."""
    named = assignment.evidence.one(VERSION)
    if not named:
        return
    version = next((each for each in registry.versions(assignment.artifact) if each.version == named), None)
    if version is None:
        yield TagContradiction(assignment.tag, f"assigns {named}, and no tag registers it (any more)")
    elif version.commit != assignment.commit:
        message = (
            f"assigns {named} at {short_sha(assignment.commit)}, and {version.tag} is at {short_sha(version.commit)}"
        )
        yield TagContradiction(assignment.tag, message)
    elif (digest := assignment.evidence.model_sha256) and digest != version.evidence.model_sha256:
        other = short_sha(version.evidence.model_sha256) or "none"
        yield TagContradiction(
            assignment.tag, f"assigns the model {short_sha(digest)}, and {version.tag} records {other}"
        )


def ledger_contradictions(
    tags: Iterable[RegistryEvent], recorded: Iterable[LedgerEvent]
) -> Iterator[TagContradiction]:
    """What the ledger recorded of tags when they were made, against what they are now."""
    now = {event.tag: event for event in tags}
    commits = {(tag.artifact, tag.version): tag for tag in reversed(now.values()) if tag.action is TagAction.REGISTER}
    for event in recorded:
        registered = commits.get((event.model, event.version)) if event.kind == DEPLOYMENT else None
        if registered and event.commit != registered.commit:
            message = (
                f"is at {short_sha(registered.commit)}, and {short_sha(event.commit)} was deployed under its name"
            )
            yield TagContradiction(registered.tag, message)
        if (tag := now.get(event.tag)) and (difference := ledger_difference(event, tag)):
            field, before, after = difference
            yield TagContradiction(event.tag, f"has the {field} {after!r}, and the ledger recorded {before!r}")


def ledger_difference(recorded: LedgerEvent, tag: RegistryEvent) -> tuple[str, str, str] | None:
    """The first field in which an event differs from its tag, as it was recorded and as it is; None for none."""
    expected = tag_event(tag)
    if tag.stage is not None:
        # The version of a stage's commit may have been registered later.
        expected = expected._replace(version=recorded.version)
    return None if expected == recorded else event_difference(recorded, expected)


def event_difference(one: LedgerEvent, other: LedgerEvent) -> tuple[str, str, str]:
    """The first field in which two different events differ, and its two values."""
    field = next(name for name in LedgerEvent._fields if getattr(one, name) != getattr(other, name))
    return field, str(getattr(one, field)), str(getattr(other, field))
