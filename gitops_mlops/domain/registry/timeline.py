"""The timeline of one artifact: its tag events played from the beginning, and the stays that follow from them.

This is the only replay of tag events. What a stage holds, how long it held it and what it held before are read from
here, so that a soak time, the lineage, a retirement and the state agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from gitops_mlops.domain.registry.events import RegistryEvent
from gitops_mlops.domain.registry.tags import TagAction


class StageStay(NamedTuple):
    """One uninterrupted time of a commit's version in a stage; `left` is None while it is there.

    `tag` is of the event that assigned it: its own assignment, or what ended the stay of another. `ended` is the tag
    that ended it: of another version's assignment, its own unassignment, its deregistration or its artifact's
    deprecation.
    """

    stage: str
    commit: str
    entered: datetime
    by: str
    tag: str
    left: datetime | None = None
    left_by: str = ""
    ended: str = ""

    def seconds(self, now: datetime) -> float:
        """How long it has lasted at a moment; nothing of it lies in the future of `now`."""
        end = now if self.left is None else min(self.left, now)
        return max(0.0, (end - self.entered).total_seconds())


class Timeline:
    """What holds after the last event. `events` are those of one artifact, in the order in which they count.

    `last` is the last event of each version and `registered` its last registration; `names` are by commit the
    versions that were ever registered there; `live` are by stage and commit the assignments that were not taken back,
    the latest last, also of what is out of use.
    """

    def __init__(self, events: Iterable[RegistryEvent]) -> None:
        self.deprecated = False
        self.last: dict[str, RegistryEvent] = {}
        self.registered: dict[str, RegistryEvent] = {}
        self.names: defaultdict[str, list[str]] = defaultdict(list)
        self.live: defaultdict[str, dict[str, RegistryEvent]] = defaultdict(dict)
        # By stage, the commits to go back to: a return to one of them undoes what came after it.
        self._path: defaultdict[str, list[str]] = defaultdict(list)
        # By stage, the commit that it holds and the event that assigned it; then what was held, with what ended it.
        self._open: dict[str, tuple[str, RegistryEvent]] = {}
        self._closed: list[tuple[str, str, RegistryEvent, RegistryEvent]] = []
        for event in events:
            self._take(event)

    @property
    def stays(self) -> list[StageStay]:
        """Every stay, by the time it began."""
        found = [
            _stay(stage, commit, event)._replace(left=end.created, left_by=end.author, ended=end.tag)
            for stage, commit, event, end in self._closed
        ]
        found += [_stay(stage, commit, event) for stage, (commit, event) in self._open.items()]
        return sorted(found, key=lambda stay: (stay.entered, stay.stage, stay.left is None))

    def stays_in(self, stage: str, commit: str | None = None) -> list[StageStay]:
        """The stays in one stage, of one commit where it is given."""
        return [stay for stay in self.stays if stay.stage == stage and commit in (None, stay.commit)]

    def seconds_in(self, stage: str, commit: str, now: datetime) -> float:
        """How long a stage held a commit until now: the sum of its stays."""
        return sum(stay.seconds(now) for stay in self.stays_in(stage, commit))

    def stay(self, stage: str) -> StageStay | None:
        """The stay that lasts."""
        held = self._open.get(stage)
        return None if held is None else _stay(stage, *held)

    def is_active(self, version: str) -> bool:
        """Whether the version's last event is a registration, and the artifact is not deprecated."""
        return not self.deprecated and self._is_registered(version)

    def holder(self, stage: str) -> RegistryEvent | None:
        """The assignment that counts: the latest that was not taken back, among those of commits in use."""
        if self.deprecated or stage not in self.live:
            return None
        return next((event for event in reversed(self.live[stage].values()) if self._usable(event.commit)), None)

    def before(self, stage: str) -> list[str]:
        """The commits that a stage can go back to, the last first, from what it was assigned last on."""
        return self._path.get(stage, [])[::-1]

    def _take(self, event: RegistryEvent) -> None:
        changed = self._touched(event)
        self.deprecated = event.action is TagAction.DEPRECATE
        if event.version is not None:
            self.last[event.version] = event
            if event.action is TagAction.REGISTER:
                self.registered[event.version] = event
                self.names[event.commit].append(event.version)
        elif event.stage is not None:
            self._place(event, event.stage)
        for stage in changed:
            self._settle(stage, event)

    def _touched(self, event: RegistryEvent) -> Collection[str]:
        """The stages that an event may change: a registry of thousands of tags has no time to look at all of them."""
        if self.deprecated or event.action is TagAction.DEPRECATE or event.version in self.last:
            return self.live if event.stage is None else {*self.live, event.stage}
        if event.stage is not None:
            return (event.stage,)
        # A version that was never heard of before speaks of its commit alone.
        return [stage for stage, live in self.live.items() if event.commit in live]

    def _place(self, event: RegistryEvent, stage: str) -> None:
        live, path, commit = self.live[stage], self._path[stage], event.commit
        live.pop(commit, None)
        if event.action is TagAction.ASSIGN:
            live[commit] = event
            if commit in path:
                del path[path.index(commit) + 1 :]
            else:
                path.append(commit)
        elif commit in path:
            path.remove(commit)

    def _settle(self, stage: str, event: RegistryEvent) -> None:
        holder, held = self.holder(stage), self._open.get(stage)
        if holder is not None and held is not None and holder.commit == held[0]:
            return
        if held is not None:
            del self._open[stage]
            self._closed.append((stage, *held, event))
        if holder is not None:
            self._open[stage] = holder.commit, event

    def _is_registered(self, version: str) -> bool:
        last = self.last.get(version)
        return last is not None and last.action is TagAction.REGISTER

    def _usable(self, commit: str) -> bool:
        names = self.names.get(commit)
        return not names or any(self._is_registered(name) for name in names)


def _stay(stage: str, commit: str, event: RegistryEvent) -> StageStay:
    return StageStay(stage, commit, event.created, event.author, event.tag)
