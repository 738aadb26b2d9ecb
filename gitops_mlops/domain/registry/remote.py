"""What git says of a clone and its remote, as far as the registry stands on it."""

from __future__ import annotations

from typing import NamedTuple


class RemoteTag(NamedTuple):
    """A tag as a remote has it: its own object ID, its commit's, and whether it is annotated."""

    object: str
    commit: str
    annotated: bool


class GitLock(NamedTuple):
    """A lock that git left in its folder, below which `path` is, and its age in seconds."""

    path: str
    age: float
