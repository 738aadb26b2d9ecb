"""Which tags take a model, a version or what a stage holds out of use."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from gitops_mlops.domain.digests import version_name
from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.names import suggest
from gitops_mlops.domain.registry.change import RuleRefusal
from gitops_mlops.domain.registry.registry import Registry, RetirementRecord
from gitops_mlops.domain.registry.tags import (
    ModelReference,
    TagAction,
    deprecation_tag,
    deregistration_tag,
    unassignment_tag,
)
from gitops_mlops.domain.registry.view import unknown


class RetirementTag(NamedTuple):
    """A tag to be written. `subject` is the first line of its message, `version` what it takes out (a model: "")."""

    tag: str
    commit: str
    subject: str
    version: str = ""


class RetirementPlan(NamedTuple):
    """The way out of use. `what` is `end` once the stones are written; `standing` are tags that say so already.

    `because` is set when nothing is to be done, `refusals` when nothing may be.
    """

    what: str
    end: str
    stones: tuple[RetirementTag, ...] = ()
    standing: tuple[str, ...] = ()
    because: RetirementRecord | None = None
    refusals: tuple[RuleRefusal, ...] = ()
    detail: str = ""
    version: str | None = None
    commit: str = ""


def plan(registry: Registry, reference: ModelReference) -> RetirementPlan:
    """What takes a reference out of use. Raises EvidenceMissing for one that the registry does not know.

    Stages are emptied before their model is retired: who revives it must not serve anything by accident. And a
    stage gives up every version that was not taken back, the one it holds last: else it would fall back to another.
    """
    if not registry.events(reference.artifact):
        raise unknown(registry, reference.artifact)
    if reference.stage is None and reference.version is None:
        return _model(registry, reference.artifact)
    if retired := registry.retired(reference.artifact):
        # A later event of a retired artifact would revive it.
        return RetirementPlan(reference.artifact, "retired", standing=(retired.tag,), because=retired)
    if reference.stage:
        return _stage(registry, reference.artifact, reference.stage)
    return _version(registry, reference)


def _model(registry: Registry, artifact: str) -> RetirementPlan:
    stones = tuple(_unassignments(registry, artifact, *registry.live(artifact)))
    standing = tuple(tag for stage in registry.stages for tag in _standing(registry, artifact, stage))
    if (retired := registry.retired(artifact)) and not stones:
        return RetirementPlan(artifact, "retired", standing=(*standing, retired.tag), because=retired)
    newest = registry.events(artifact)[0]
    name = _free(registry, artifact, deprecation_tag(artifact), len(stones))
    stones = (*stones, RetirementTag(name, newest.commit, f"Retire {artifact}"))
    held = registry.assignments(artifact).items()
    detail = ", ".join(f"{stage} held {version_name(each.version, each.commit)}" for stage, each in held)
    return RetirementPlan(artifact, "retired", stones, standing, detail=detail, commit=newest.commit)


def _stage(registry: Registry, artifact: str, stage: str) -> RetirementPlan:
    what = f"{artifact}#{stage}"
    stones = tuple(_unassignments(registry, artifact, stage))
    standing = tuple(_standing(registry, artifact, stage))
    if not stones:
        emptied = registry.emptied(artifact, stage)
        if emptied is None:
            raise MissingEvidence("never held a version", where=what, hint=suggest(stage, registry.live(artifact)))
        return RetirementPlan(what, "emptied", standing=standing, because=emptied)
    held = registry.assignment(artifact, stage)
    detail = f"it held {version_name(held.version, held.commit)}" if held else "what it held is out of use"
    return RetirementPlan(
        what,
        "emptied",
        stones,
        standing,
        detail=detail,
        version=held.version if held else None,
        commit=stones[-1].commit,
    )


def _version(registry: Registry, reference: ModelReference) -> RetirementPlan:
    artifact, name = reference.artifact, str(reference.version)
    if out := registry.deregistered(artifact, name):
        return RetirementPlan(
            f"{artifact} {name}", "taken out of use", standing=(out.tag,), because=out, version=name
        )
    version = registry.find_version(artifact, name)
    what = f"{artifact} {version.version}"
    refusals = tuple(
        RuleRefusal(
            "a version in use stays in use",
            f"{stage} holds {version.version}",
            f"gitops-mlops retire {artifact}#{stage}, or promote another version to {stage}",
        )
        for stage, held in registry.assignments(artifact).items()
        if held.commit == version.commit
    )
    tag = _free(registry, artifact, deregistration_tag(artifact, version.version))
    stone = RetirementTag(tag, version.commit, f"Take {what} out of use", version.version)
    return RetirementPlan(
        what,
        "taken out of use",
        () if refusals else (stone,),
        refusals=refusals,
        version=version.version,
        commit=version.commit,
    )


def _unassignments(registry: Registry, artifact: str, *stages: str) -> Iterator[RetirementTag]:
    """The unassignment of every commit that these stages hold or would fall back to."""
    counter, live = registry.counter(artifact), registry.live(artifact)
    versions = {event.tag: event.version for event in registry.events(artifact)}
    for stage in stages:
        for event in live.get(stage, ()):
            version = version_name(versions[event.tag], event.commit)
            subject = f"Take {artifact} {version} out of {stage}"
            yield RetirementTag(unassignment_tag(artifact, stage, counter), event.commit, subject, version)
            counter += 1


def _standing(registry: Registry, artifact: str, stage: str) -> Iterator[str]:
    """The unassignments that emptied a stage, or began to."""
    newest_first = (event for event in registry.events(artifact) if event.stage == stage)
    return (event.tag for event in takewhile(lambda event: event.action is TagAction.UNASSIGN, newest_first))


def _free(registry: Registry, artifact: str, tag: str, before: int = 0) -> str:
    """The simple form; where an earlier event has the name, numbered after `before` other new tags."""
    return f"{tag}#{registry.counter(artifact) + before}" if tag in registry.tag_names(artifact) else tag
