"""Tags as events of the registry: what each one says, or why it does not count."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from gitops_mlops.domain.registry.evidence import VersionEvidence
from gitops_mlops.domain.registry.tags import TagAction, TagRecord, parse_tag_name

# Plain tuples throughout: `show` is started often, and each frozen dataclass would cost it half a millisecond.

# Git stores any number as a date; Python's calendar ends with the year 9999.
_LAST_SECOND = 253_402_300_799

# GTO's order of events in one second.
_RANK = {action: rank for rank, action in enumerate(TagAction)}


class RegistryEvent(NamedTuple):
    """One annotated tag of the registry; events sort in the order in which they count.

    `seconds` count from 1970, `rank` orders the actions of one second. `version` and `stage` are None where the
    action has none.
    """

    seconds: int
    rank: int
    counter: int
    tag: str
    action: TagAction
    artifact: str
    version: str | None
    stage: str | None
    commit: str
    author: str
    message: str

    @property
    def created(self) -> datetime:
        """When the tag was made, in UTC."""
        return datetime.fromtimestamp(self.seconds, UTC)

    @property
    def evidence(self) -> VersionEvidence:
        """The trailers of the tag's message."""
        return VersionEvidence(self.message)


class TagProblem(NamedTuple):
    """A tag that is ignored, or one that counts and leaves open what it says."""

    tag: str
    message: str
    hint: str
    ignored: bool = True


def read_tag(tag: TagRecord) -> RegistryEvent | TagProblem | None:
    """An event, a problem for what nearly is one, None for a tag that has nothing to do with the registry."""
    name = parse_tag_name(tag.name)
    if name is None:
        if "@" not in tag.name and "#" not in tag.name:
            return None
        return TagProblem(tag.name, "resembles a registry tag, but does not match the grammar; ignored", _GRAMMAR)
    if not tag.annotated:
        return TagProblem(tag.name, "is lightweight: it does not record who made it and when; ignored", _LIGHTWEIGHT)
    if tag.seconds is None or not 0 <= tag.seconds <= _LAST_SECOND:
        return TagProblem(tag.name, "has no date of a tagger; ignored", "delete it, and register or promote again")
    if not tag.commit:
        return TagProblem(tag.name, "does not point at a commit; ignored", "delete it, and register or promote again")
    action, artifact, version, stage, counter = name
    rank = _RANK[action]
    return RegistryEvent(
        tag.seconds, rank, counter, tag.name, action, artifact, version, stage, tag.commit, tag.tagger, tag.message
    )


_GRAMMAR = "registry tags look like model@v1.2.3 and model#stage#1"
_LIGHTWEIGHT = (
    "git fetch --tags --force when the remote has it annotated (actions/checkout turned tags lightweight before 2026)"
)
