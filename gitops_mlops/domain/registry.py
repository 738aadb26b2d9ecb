"""The registry of models: what the tags say, as a value.

The rules are GTO's. Order is the tagger's time; in one second, `!` events come last and a deprecation first,
then the greater counter. A version is active when its last event is a registration. A stage holds the version
that was assigned to it last among those that are active and were not unassigned since. A deprecated artifact
has no active version and no assignment, until a later event revives it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from gitops_mlops.domain.errors import EvidenceMissing
from gitops_mlops.domain.evidence import Evidence
from gitops_mlops.domain.names import perhaps
from gitops_mlops.domain.ports import TagRecord
from gitops_mlops.domain.semver import Precedence, precedence
from gitops_mlops.domain.tags import Action, parse_reference, parse_tag_name

# Plain tuples throughout: `show` is started often, and each frozen dataclass would cost it half a millisecond.

# GTO's order of events in one second.
_RANK = {action: rank for rank, action in enumerate(Action)}


class Version(NamedTuple):
    """A registered version of an artifact; inactive once it is deregistered or its artifact deprecated."""

    artifact: str
    version: str
    commit: str
    tag: str
    created: datetime
    author: str
    active: bool
    evidence: Evidence


class Assignment(NamedTuple):
    """What a stage holds. `version` is None when no version is registered at the commit."""

    artifact: str
    stage: str
    version: str | None
    commit: str
    tag: str
    created: datetime
    author: str
    evidence: Evidence


class Event(NamedTuple):
    """One annotated tag of the registry; events sort in the order in which they count.

    `rank` orders the actions of one second. `version` and `stage` are None where the action has none.
    """

    created: datetime
    rank: int
    counter: int
    tag: str
    action: Action
    artifact: str
    version: str | None
    stage: str | None
    commit: str
    author: str
    message: str

    @property
    def evidence(self) -> Evidence:
        """The trailers of the tag's message."""
        return Evidence(self.message)


class TagProblem(NamedTuple):
    """A tag that does not count, or that does not say what it seems to say."""

    tag: str
    message: str
    hint: str


class Registry:
    """Every artifact, version and stage that the tags of a repository tell of.

    `strays` are the tags that look like the registry's and do not count; they are a part of `problems`.
    """

    def __init__(self, events: Iterable[Event], problems: Iterable[TagProblem] = ()) -> None:
        self.strays = tuple(sorted(problems))
        self._artifacts: defaultdict[str, list[Event]] = defaultdict(list)
        for event in events:
            self._artifacts[event.artifact].append(event)
        self._histories: dict[str, _History] = {}

    @classmethod
    def from_tags(cls, tags: Iterable[TagRecord]) -> Registry:
        """Read every tag; a stray one becomes a problem and hides nothing."""
        events, problems = [], []
        for tag in tags:
            found = _event(tag)
            if isinstance(found, Event):
                events.append(found)
            elif found is not None:
                problems.append(found)
        return cls(events, problems)

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
        first: dict[str, datetime] = {}
        for events in self._artifacts.values():
            for event in events:
                if event.stage and (event.stage not in first or event.created < first[event.stage]):
                    first[event.stage] = event.created
        return tuple(sorted(first, key=lambda stage: (first[stage], stage)))

    def deprecated(self, artifact: str) -> bool:
        """Whether the artifact's last event is its deprecation."""
        return artifact in self._artifacts and self._history(artifact).deprecated

    def versions(self, artifact: str) -> list[Version]:
        """Every version that was ever registered, the greatest first."""
        return self._history(artifact).versions if artifact in self._artifacts else []

    def version(self, artifact: str, version: str) -> Version | None:
        """An active version by its name."""
        return self._history(artifact).active(version) if artifact in self._artifacts else None

    def latest(self, artifact: str) -> Version | None:
        """The greatest active version, prereleases included."""
        return self._history(artifact).latest if artifact in self._artifacts else None

    def assignments(self, artifact: str) -> dict[str, Assignment]:
        """What each stage of an artifact holds, by stage."""
        return self._history(artifact).assignments if artifact in self._artifacts else {}

    def assignment(self, artifact: str, stage: str) -> Assignment | None:
        """What a stage of an artifact holds now."""
        return self.assignments(artifact).get(stage)

    def previous(self, artifact: str, stage: str) -> Version | None:
        """The active version that a stage held before the one that it holds now.

        Going back is undone, not repeated: after v1, v2, v3 and a rollback to v2, the one before is v1.
        """
        return self._history(artifact).previous(stage) if artifact in self._artifacts else None

    def events(self, artifact: str | None = None) -> list[Event]:
        """Every event, newest first. A stage's event carries the version registered at its commit."""
        names = list(self._artifacts) if artifact is None else [artifact] if artifact in self._artifacts else []
        merged = [event for name in names for event in self._history(name).told]
        return sorted(merged, reverse=True)

    def counter(self, artifact: str) -> int:
        """The next free number for a stage's tag."""
        return 1 + max((event.counter for event in self._artifacts.get(artifact, ())), default=0)

    def find(self, reference: str) -> Version | Assignment:
        """`m@v1.2.3`, `m@latest`, `m@greatest` or `m` for a version, `m#stage` for what the stage holds.

        Raises UsageError when the reference is none, EvidenceMissing when nothing answers to it.
        """
        artifact, version, stage = parse_reference(reference)
        if artifact not in self._artifacts:
            raise EvidenceMissing(
                "no such model", where=artifact, hint=perhaps(artifact, self.artifacts()) or _NO_TAGS
            )
        if self.deprecated(artifact):
            raise EvidenceMissing("is retired", where=artifact, hint=f"gitops-mlops history {artifact}")
        if stage:
            stages = self.assignments(artifact)
            if stage not in stages:
                raise EvidenceMissing("holds no version", where=f"{artifact}#{stage}", hint=perhaps(stage, stages))
            return stages[stage]
        found = self.latest(artifact) if version in (None, "latest") else self.version(artifact, str(version))
        if found is None:
            active = [each.version for each in self.versions(artifact) if each.active]
            hint = perhaps(str(version), active) or f"gitops-mlops register {artifact}"
            raise EvidenceMissing("no such active version", where=reference, hint=hint)
        return found

    def _history(self, artifact: str) -> _History:
        if artifact not in self._histories:
            self._histories[artifact] = _History(self._artifacts[artifact])
        return self._histories[artifact]


_NO_TAGS = "git fetch --tags, or gitops-mlops register"


class _History:
    """The events of one artifact in their order, and what follows from them.

    Nothing is built for versions that nobody asks about: a registry holds many more of them than stages.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self.events = sorted(events)
        self.deprecated = self.events[-1].action is Action.DEPRECATE
        self._last: dict[str, Event] = {}
        self._registered: dict[str, Event] = {}
        # By commit, the names of the versions that were ever registered there.
        self._names: defaultdict[str, list[str]] = defaultdict(list)
        for event in self.events:
            if event.version is None:
                continue
            self._last[event.version] = event
            if event.action is Action.REGISTER:
                self._registered[event.version] = event
                self._names[event.commit].append(event.version)

    def is_active(self, version: str) -> bool:
        last = self._last.get(version)
        return last is not None and last.action is Action.REGISTER and not self.deprecated

    def active(self, version: str) -> Version | None:
        return self._version(version) if self.is_active(version) else None

    @property
    def latest(self) -> Version | None:
        names = [name for name in self._registered if self.is_active(name)]
        return self._version(max(names, key=self._greatness)) if names else None

    @cached_property
    def versions(self) -> list[Version]:
        return [self._version(name) for name in sorted(self._registered, key=self._greatness, reverse=True)]

    def version_at(self, commit: str) -> str | None:
        """The version that was registered at a commit: of several an active one, then the greatest."""
        names = self._names.get(commit)
        if not names:
            return None
        if len(names) == 1:
            return names[0]
        return max(names, key=lambda name: (self.is_active(name), *self._greatness(name)))

    def _greatness(self, version: str) -> tuple[Precedence, Event]:
        # Of versions that differ in build metadata alone, the one registered later is the greater.
        return precedence(version), self._registered[version]

    def _version(self, name: str) -> Version:
        event = self._registered[name]
        return Version(
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
    def assignments(self) -> dict[str, Assignment]:
        if self.deprecated:
            return {}
        # By stage, the commits assigned and not unassigned since, the latest last.
        live: defaultdict[str, dict[str, Event]] = defaultdict(dict)
        for event in self.events:
            if event.action in (Action.ASSIGN, Action.UNASSIGN):
                live[str(event.stage)].pop(event.commit, None)
            if event.action is Action.ASSIGN:
                live[str(event.stage)][event.commit] = event
        held = {stage: self._holder(events.values()) for stage, events in sorted(live.items())}
        return {stage: assignment for stage, assignment in held.items() if assignment}

    def _holder(self, events: Iterable[Event]) -> Assignment | None:
        for event in reversed(list(events)):
            version = self.version_at(event.commit)
            if version is None or self.is_active(version):
                return Assignment(
                    event.artifact,
                    str(event.stage),
                    version,
                    event.commit,
                    event.tag,
                    event.created,
                    event.author,
                    event.evidence,
                )
        return None

    def previous(self, stage: str) -> Version | None:
        now = self.assignments.get(stage)
        if now is None:
            return None
        held: list[str] = []
        for event in self.events:
            if event.stage != stage:
                continue
            if event.action is Action.UNASSIGN:
                held = [commit for commit in held if commit != event.commit]
            elif event.commit in held:
                del held[held.index(event.commit) + 1 :]
            else:
                held.append(event.commit)
        for commit in reversed(held):
            version = self.version_at(commit)
            if commit != now.commit and version and self.is_active(version):
                return self._version(version)
        return None

    @property
    def told(self) -> list[Event]:
        """The events, each stage's with the version at its commit."""
        return [
            event if event.stage is None else event._replace(version=self.version_at(event.commit))
            for event in self.events
        ]

    def problems(self) -> list[TagProblem]:
        """What the artifact's tags leave ambiguous."""
        found = []
        commits: dict[str, Event] = {}
        names: dict[str, Event] = {}
        moments: dict[tuple[str, datetime], Event] = {}
        for event in self.events:
            if event.action is Action.REGISTER:
                here = commits.setdefault(event.commit, event)
                if here.version != event.version:
                    found.append(
                        _problem(event, f"{here.tag} is registered at the same commit", "one version a commit")
                    )
                before = names.setdefault(str(event.version), event)
                if before.commit != event.commit:
                    found.append(_problem(event, f"{before.tag} names another commit", "never move a version"))
            elif event.action is Action.ASSIGN:
                same = moments.setdefault((str(event.stage), event.created), event)
                if same.commit != event.commit:
                    message = f"was assigned in the same second as {same.tag}; the greater number counts"
                    found.append(_problem(event, message, "assign again what should be there"))
        return found


def _problem(event: Event, message: str, hint: str) -> TagProblem:
    return TagProblem(event.tag, message, hint)


def _event(tag: TagRecord) -> Event | TagProblem | None:
    """An event, a problem for what nearly is one, None for a tag that has nothing to do with the registry."""
    name = parse_tag_name(tag.name)
    if name is None:
        if "@" not in tag.name and "#" not in tag.name:
            return None
        return TagProblem(tag.name, "is nearly a registry tag, but not in the grammar; ignored", _GRAMMAR)
    if not tag.annotated:
        return TagProblem(tag.name, "is lightweight: nothing says who made it and when; ignored", _LIGHTWEIGHT)
    if tag.tagged_at is None:
        return TagProblem(tag.name, "has no date of a tagger; ignored", "delete it, and register or promote again")
    if not tag.commit:
        return TagProblem(tag.name, "does not point at a commit; ignored", "delete it, and register or promote again")
    action, artifact, version, stage, counter = name
    created, rank = tag.tagged_at, _RANK[action]
    return Event(
        created, rank, counter, tag.name, action, artifact, version, stage, tag.commit, tag.tagger, tag.message
    )


_GRAMMAR = "registry tags look like model@v1.2.3 and model#stage#1"
_LIGHTWEIGHT = (
    "git fetch --tags --force when the remote has it annotated (actions/checkout turned tags lightweight before 2026)"
)
