"""The registry of models: what the tags say, as a value.

The rules are GTO's. Order is the tagger's time; in one second, `!` events come last and a deprecation first,
then the greater counter. A version is active when its last event is a registration. A stage holds the version
that was assigned to it last among those that are active and were not unassigned since. A deprecated artifact
has no active version and no assignment, until a later event revives it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cached_property

from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.names import suggest
from gitops_mlops.domain.registry.events import RegistryEvent, TagProblem, read_tag
from gitops_mlops.domain.registry.history import ArtifactHistory, RegisteredVersion, StageAssignment
from gitops_mlops.domain.registry.retirement_record import RetirementRecord
from gitops_mlops.domain.registry.tags import TagRecord, parse_tag_name, require_stage_name
from gitops_mlops.domain.registry.timeline import StageStay, Timeline

__all__ = [
    "RegisteredVersion",
    "Registry",
    "RegistryEvent",
    "RetirementRecord",
    "StageAssignment",
    "StageStay",
    "TagProblem",
    "Timeline",
]


class Registry:
    """Every artifact, version and stage that the tags of a repository tell of.

    `strays` are the tags that look like the registry's and do not count; they are a part of `problems`.
    """

    def __init__(
        self, events: Iterable[RegistryEvent], problems: Iterable[TagProblem] = (), recorded: Collection[str] = ()
    ) -> None:
        self.strays = tuple(sorted(problems))
        self._artifacts: defaultdict[str, list[RegistryEvent]] = defaultdict(list)
        for event in events:
            self._artifacts[event.artifact].append(event)
        self._histories: dict[str, ArtifactHistory] = {}
        self._recorded = recorded

    @classmethod
    def from_tags(cls, tags: Iterable[TagRecord], recorded: Collection[str] = ()) -> Registry:
        """Read every tag; a stray one becomes a problem and hides nothing.

        `recorded` are names that the ledger knows: they stay taken when their tags are gone.
        """
        events, problems = [], []
        for tag in tags:
            found = read_tag(tag)
            if isinstance(found, RegistryEvent):
                events.append(found)
            elif found is not None:
                problems.append(found)
        return cls(events, problems, recorded)

    def until(self, when: datetime) -> Registry:
        """The registry as it was at a moment."""
        seconds = when.timestamp()
        return Registry(event for events in self._artifacts.values() for event in events if event.seconds <= seconds)

    def without(self, tag: str) -> Registry:
        """The registry as if one of its tags were not there."""
        return Registry(event for events in self._artifacts.values() for event in events if event.tag != tag)

    @property
    def empty(self) -> bool:
        """Whether no tag is the registry's, or looks like it."""
        return not self._artifacts and not self.strays

    @cached_property
    def problems(self) -> tuple[TagProblem, ...]:
        """Tags that are ignored or ambiguous, sorted by name. Never fatal."""
        found = set(self.strays)
        for artifact in self._artifacts:
            found.update(self._history(artifact).problems())
        return tuple(sorted(found))

    def artifacts(self) -> list[str]:
        """The artifacts that have an event and are not deprecated, sorted."""
        return sorted(name for name in self._artifacts if not self.deprecated(name))

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """Every stage that was ever assigned, in the order of first use: staging tends to come before production."""
        first: dict[str, int] = {}
        for events in self._artifacts.values():
            for event in events:
                if event.stage and (event.stage not in first or event.seconds < first[event.stage]):
                    first[event.stage] = event.seconds
        return tuple(sorted(first, key=lambda stage: (first[stage], stage)))

    def deprecated(self, artifact: str) -> bool:
        """Whether the artifact's last event is its deprecation."""
        return artifact in self._artifacts and self._history(artifact).deprecated

    def versions(self, artifact: str) -> list[RegisteredVersion]:
        """Every version that was ever registered, the greatest first."""
        return self._history(artifact).versions if artifact in self._artifacts else []

    def version(self, artifact: str, version: str) -> RegisteredVersion | None:
        """An active version by its name."""
        return self._history(artifact).active(version) if artifact in self._artifacts else None

    def latest(self, artifact: str) -> RegisteredVersion | None:
        """The greatest active version, prereleases included."""
        return self._history(artifact).latest if artifact in self._artifacts else None

    def assignments(self, artifact: str) -> dict[str, StageAssignment]:
        """What each stage of an artifact holds, by stage."""
        return self._history(artifact).assignments if artifact in self._artifacts else {}

    def assignment(self, artifact: str, stage: str) -> StageAssignment | None:
        """What a stage of an artifact holds now."""
        return self.assignments(artifact).get(stage)

    def live(self, artifact: str) -> dict[str, list[RegistryEvent]]:
        """By stage, the assignments that were not taken back, the latest last: what a stage would fall back to."""
        return self._history(artifact).live if artifact in self._artifacts else {}

    def retired(self, artifact: str) -> RetirementRecord | None:
        """Why an artifact is retired, None when it is not."""
        return self._history(artifact).retired if artifact in self._artifacts else None

    def deregistered(self, artifact: str, version: str) -> RetirementRecord | None:
        """Why a version was taken out of use, None when it was not."""
        return self._history(artifact).deregistered(version) if artifact in self._artifacts else None

    def emptied(self, artifact: str, stage: str) -> RetirementRecord | None:
        """Why a stage is empty on purpose; None when it holds a version, or holds none by no one's decision."""
        return self._history(artifact).emptied(stage) if artifact in self._artifacts else None

    def timeline(self, artifact: str) -> Timeline:
        """What held which stage from when to when: the one replay of the artifact's events."""
        return self._history(artifact).timeline if artifact in self._artifacts else Timeline(())

    def version_at(self, artifact: str, commit: str) -> str | None:
        """The version that a stage holds when it holds a commit; of several an active one, then the greatest."""
        return self._history(artifact).version_at(commit) if artifact in self._artifacts else None

    def previous(self, artifact: str, stage: str, served: Collection[str] = ()) -> RegisteredVersion | None:
        """The active version that a stage held before the one that it holds now.

        Going back is undone, not repeated: after v1, v2, v3 and a rollback to v2, the one before is v1. The last
        one of the commits that `served` comes first, where there is one.
        """
        return self._history(artifact).previous(stage, served) if artifact in self._artifacts else None

    def events(self, artifact: str | None = None) -> list[RegistryEvent]:
        """Every event, newest first. A stage's event carries the version registered at its commit."""
        names = list(self._artifacts) if artifact is None else [artifact] if artifact in self._artifacts else []
        merged = [event for name in names for event in self._history(name).versioned_events]
        return sorted(merged, reverse=True)

    def tag_names(self, artifact: str) -> set[str]:
        """The names of an artifact's tags that are taken: also of tags that do not count, or are gone."""
        others = (*self._recorded, *(stray.tag for stray in self.strays))
        own = {event.tag for event in self._artifacts.get(artifact, ())}
        return own.union(name for name in others if _artifact(name) == artifact)

    def counter(self, artifact: str) -> int:
        """The next free number for a stage's tag: greater than that of any tag, of those that do not count too."""
        names = (parse_tag_name(tag) for tag in self.tag_names(artifact))
        return 1 + max((name.counter for name in names if name), default=0)

    def find_version(self, artifact: str, version: str | None = None) -> RegisteredVersion:
        """An active version; the greatest for None and `latest`. Raises EvidenceMissing when there is none such."""
        self._require_live(artifact)
        where = f"{artifact}@{version}" if version else artifact
        found = self.latest(artifact) if version in (None, "latest") else self.version(artifact, str(version))
        if version and (record := self.deregistered(artifact, version)):
            hint = f"gitops-mlops register {artifact} --version {version} --revive"
            raise MissingEvidence(f"was taken out of use {record}", where=where, hint=hint)
        if found is None:
            active = [each.version for each in self.versions(artifact) if each.active]
            hint = suggest(str(version), active) or f"gitops-mlops register {artifact}"
            raise MissingEvidence("no such active version", where=where, hint=hint)
        return found

    def find_assignment(self, artifact: str, stage: str) -> StageAssignment:
        """What a stage holds. Raises UsageError for what names no stage, EvidenceMissing when it holds nothing."""
        where = f"{artifact}#{require_stage_name(stage)}"
        self._require_live(artifact)
        stages = self.assignments(artifact)
        if record := self.emptied(artifact, stage):
            hint = f"gitops-mlops promote {artifact} {stage}, with the version that should be there"
            raise MissingEvidence(f"was emptied {record}", where=where, hint=hint)
        if stage not in stages:
            raise MissingEvidence("holds no version", where=where, hint=suggest(stage, stages))
        return stages[stage]

    def _require_live(self, artifact: str) -> None:
        if artifact not in self._artifacts:
            hint = suggest(artifact, self.artifacts()) or _NO_TAGS
            raise MissingEvidence("no such model", where=artifact, hint=hint)
        if record := self.retired(artifact):
            hint = f"gitops-mlops register {artifact} --revive"
            raise MissingEvidence(f"was retired {record}", where=artifact, hint=hint)

    def _history(self, artifact: str) -> ArtifactHistory:
        if artifact not in self._histories:
            self._histories[artifact] = ArtifactHistory(self._artifacts[artifact])
        return self._histories[artifact]


def _artifact(tag: str) -> str | None:
    name = parse_tag_name(tag)
    return name.artifact if name else None


_NO_TAGS = "git fetch --tags, or gitops-mlops register"
