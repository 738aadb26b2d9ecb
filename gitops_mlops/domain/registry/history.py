"""The history of one artifact: its events in their order, and what follows from them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from gitops_mlops.domain.registry.events import RegistryEvent, TagProblem
from gitops_mlops.domain.registry.evidence import VersionEvidence
from gitops_mlops.domain.registry.retirement_record import RetirementRecord
from gitops_mlops.domain.registry.semver import Precedence, precedence
from gitops_mlops.domain.registry.tags import TagAction
from gitops_mlops.domain.registry.timeline import Timeline


class RegisteredVersion(NamedTuple):
    """A registered version of an artifact; inactive once it is deregistered or its artifact deprecated."""

    artifact: str
    version: str
    commit: str
    tag: str
    created: datetime
    author: str
    active: bool
    evidence: VersionEvidence


class StageAssignment(NamedTuple):
    """What a stage holds. `version` is None when no version is registered at the commit.

    `created` is when its tag was made, `since` when its stay began: later, when the stage fell back to it.
    """

    artifact: str
    stage: str
    version: str | None
    commit: str
    tag: str
    created: datetime
    author: str
    evidence: VersionEvidence
    since: datetime


class ArtifactHistory:
    """The events of one artifact in their order, and what follows from them.

    Nothing is built for versions that nobody asks about: a registry holds many more of them than stages.
    """

    def __init__(self, events: Iterable[RegistryEvent]) -> None:
        self.events = sorted(events)
        self.deprecated = self.events[-1].action is TagAction.DEPRECATE

    @cached_property
    def timeline(self) -> Timeline:
        """The replay of the events."""
        return Timeline(self.events)

    def is_active(self, version: str) -> bool:
        """Whether the version's last event is a registration, and the artifact is not deprecated."""
        return self.timeline.is_active(version)

    def active(self, version: str) -> RegisteredVersion | None:
        """The version, None when it is not active."""
        return self._version(version) if self.is_active(version) else None

    @property
    def latest(self) -> RegisteredVersion | None:
        """The greatest active version."""
        names = [name for name in self.timeline.registered if self.is_active(name)]
        return self._version(max(names, key=self._greatness)) if names else None

    @cached_property
    def versions(self) -> list[RegisteredVersion]:
        """Every version that was ever registered, the greatest first."""
        return [self._version(name) for name in sorted(self.timeline.registered, key=self._greatness, reverse=True)]

    def version_at(self, commit: str) -> str | None:
        """The version that was registered at a commit: of several an active one, then the greatest."""
        names = self.timeline.names.get(commit)
        if not names:
            return None
        if len(names) == 1:
            return names[0]
        return max(names, key=lambda name: (self.is_active(name), *self._greatness(name)))

    def _greatness(self, version: str) -> tuple[Precedence, RegistryEvent]:
        # Of versions that differ in build metadata alone, the one registered later is the greater.
        return precedence(version), self.timeline.registered[version]

    def _version(self, name: str) -> RegisteredVersion:
        event = self.timeline.registered[name]
        return RegisteredVersion(
            event.artifact,
            name,
            event.commit,
            event.tag,
            event.created,
            event.author,
            self.is_active(name),
            event.evidence,
        )

    @cached_property
    def live(self) -> dict[str, list[RegistryEvent]]:
        """By stage, the assignments that were not taken back since, the latest last; also of what is out of use."""
        return {stage: list(events.values()) for stage, events in sorted(self.timeline.live.items())}

    @cached_property
    def assignments(self) -> dict[str, StageAssignment]:
        """What each stage holds, by stage."""
        held = {stage: self._assignment(stage) for stage in sorted(self.timeline.live)}
        return {stage: assignment for stage, assignment in held.items() if assignment}

    @property
    def retired(self) -> RetirementRecord | None:
        """The deprecation that is in force."""
        return RetirementRecord.of(self.events[-1]) if self.deprecated else None

    def deregistered(self, version: str) -> RetirementRecord | None:
        """The deregistration of a version that is in force."""
        last = self.timeline.last.get(version)
        return RetirementRecord.of(last) if last and last.action is TagAction.DEREGISTER else None

    def emptied(self, stage: str) -> RetirementRecord | None:
        """What emptied a stage on purpose: its last event took a version out, or the artifact is retired."""
        if self.deprecated or stage in self.assignments:
            return self.retired
        last = next((event for event in reversed(self.events) if event.stage == stage), None)
        return RetirementRecord.of(last) if last and last.action is TagAction.UNASSIGN else None

    def _assignment(self, stage: str) -> StageAssignment | None:
        event, stay = self.timeline.holder(stage), self.timeline.stay(stage)
        if event is None or stay is None:
            return None
        return StageAssignment(
            event.artifact,
            stage,
            self.version_at(event.commit),
            event.commit,
            event.tag,
            event.created,
            event.author,
            event.evidence,
            stay.entered,
        )

    def previous(self, stage: str, served: Collection[str] = ()) -> RegisteredVersion | None:
        """The active version that a stage held before the one that it holds now; see `Registry.previous`."""
        now = self.assignments.get(stage)
        if now is None:
            return None
        held = [
            (commit, version)
            for commit in self.timeline.before(stage)
            if commit != now.commit and (version := self.version_at(commit)) and self.is_active(version)
        ]
        found = next((version for commit, version in held if commit in served), held[0][1] if held else None)
        return self._version(found) if found else None

    @property
    def versioned_events(self) -> list[RegistryEvent]:
        """The events, each stage's with the version at its commit."""
        return [
            event if event.stage is None else event._replace(version=self.version_at(event.commit))
            for event in self.events
        ]

    def problems(self) -> list[TagProblem]:
        """What the artifact's tags leave ambiguous."""
        found = []
        commits: dict[str, RegistryEvent] = {}
        names: dict[str, RegistryEvent] = {}
        moments: dict[tuple[str, int], RegistryEvent] = {}
        for event in self.events:
            if event.action is TagAction.REGISTER:
                here = commits.setdefault(event.commit, event)
                if here.version != event.version:
                    found.append(
                        _problem(event, f"{here.tag} is registered at the same commit", "one version a commit")
                    )
                before = names.setdefault(str(event.version), event)
                if before.commit != event.commit:
                    found.append(_problem(event, f"{before.tag} names another commit", "never move a version"))
            elif event.action is TagAction.ASSIGN:
                same = moments.setdefault((str(event.stage), event.seconds), event)
                if same.commit != event.commit:
                    message = f"was assigned in the same second as {same.tag}; the greater number counts"
                    found.append(_problem(event, message, "assign again what should be there"))
        return found


def _problem(event: RegistryEvent, message: str, hint: str) -> TagProblem:
    return TagProblem(event.tag, message, hint, ignored=False)
