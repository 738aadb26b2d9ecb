"""What a command that writes the registry did, or why it did not."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class ChangeState(StrEnum):
    """How the command ended."""

    WRITTEN = "written"
    PLANNED = "planned"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class RuleRefusal(NamedTuple):
    """A rule that stands against the change, the value seen, and what would satisfy it."""

    rule: str
    observed: str
    requirement: str


class RegistryChange(NamedTuple):
    """The result. `tags` are those written (or planned, or already there); `summary` is one line.

    `warnings` are lines about what made the decision doubtful.
    """

    state: ChangeState
    artifact: str
    summary: str
    version: str | None = None
    stage: str | None = None
    commit: str = ""
    tags: tuple[str, ...] = ()
    pushed: bool = False
    refusals: tuple[RuleRefusal, ...] = ()
    warnings: tuple[str, ...] = ()


class TagDraft(NamedTuple):
    """A tag to be written."""

    tag: str
    commit: str
    message: str


class RegistryDecision(NamedTuple):
    """What follows from one state of the registry.

    `drafts` are written, in their order, when the change says WRITTEN. With --push they are sent together with
    `also`, tags that are here already; those alone when the change says UNCHANGED.
    """

    change: RegistryChange
    drafts: tuple[TagDraft, ...] = ()
    also: tuple[str, ...] = ()
