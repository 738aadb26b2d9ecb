"""One comment of ours below a pull request, kept up to date."""

from __future__ import annotations

from typing import Literal, NamedTuple

from gitops_mlops.domain.ports import Forge
from gitops_mlops.domain.review.forge import ForgeComment
from gitops_mlops.reports.review.comments import timeless

_SUPERSEDED = "*Written twice by accident: the comment of ours above is the one that is kept up to date.*"


class CommentResult(NamedTuple):
    """What became of a comment."""

    pull_request: int
    comment: int
    done: Literal["created", "updated", "unchanged"]


def keep_comment(forge: Forge, number: int, body: str) -> CommentResult:
    """Let our comment that begins with the same line (its marker) say `body`; nothing is written where it does,
    but for the seconds that it took.

    Where two jobs wrote one in the same moment, the oldest is kept and the others lose their marker.
    """
    ours = _ours(forge, number, body)
    for extra in ours[1:]:
        forge.edit_comment(extra.id, _SUPERSEDED)
    if not ours:
        return CommentResult(number, forge.comment(number, body), "created")
    if timeless(ours[0].body) == timeless(body):
        return CommentResult(number, ours[0].id, "unchanged")
    forge.edit_comment(ours[0].id, body)
    return CommentResult(number, ours[0].id, "updated")


def _ours(forge: Forge, number: int, body: str) -> list[ForgeComment]:
    marked = [one for one in forge.comments(number) if _marker(one.body) == _marker(body)]
    # Anybody may copy the marker. Who we are is asked only where somebody wrote it.
    login = forge.login() if marked else ""
    return [one for one in marked if one.author == login]


def _marker(body: str) -> str:
    return _plain(body).partition("\n")[0].rstrip()


def _plain(body: str) -> str:
    """The text as forges keep it: they may change the line ends."""
    return body.replace("\r\n", "\n").strip()
