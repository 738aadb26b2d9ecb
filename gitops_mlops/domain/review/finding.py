"""What is told to people at the forge, as one issue for as long as it is true."""

from __future__ import annotations

from typing import NamedTuple


class IssueFinding(NamedTuple):
    """Something that somebody should fix. `key` says which it is, run after run; `title` is plain text.

    `body` is finished markdown, in which text from outside is escaped; `labels` come beside our own.
    """

    key: str
    title: str
    body: str
    labels: tuple[str, ...] = ()


class IssueChanges(NamedTuple):
    """What was done about the issues of some findings, by their numbers."""

    opened: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()
