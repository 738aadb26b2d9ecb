"""Comments below pull requests and issues."""

from __future__ import annotations

from typing import Any

from gitops_mlops.adapters.forge.answers import login, plain, whole, words
from gitops_mlops.adapters.forge.endpoints import Endpoints
from gitops_mlops.adapters.forge.refusals import EndpointSubject
from gitops_mlops.domain.review.forge import ForgeComment

_READ = "pull-requests: read (issues: read for an issue)"
_WRITE = "pull-requests: write (issues: write for an issue)"


class CommentEndpoints(Endpoints):
    """The comments of a repository. To the forge, a pull request is an issue."""

    def comments(self, number: int) -> list[ForgeComment]:
        """The comments of a pull request or an issue, the oldest first."""
        what = EndpointSubject(f"the comments of #{number}", _READ)
        return self._list(f"/issues/{number}/comments?per_page=100", _comment, what)

    def comment(self, number: int, body: str) -> int:
        """Write a comment; its ID. Never written twice, not even when the answer was lost."""
        what = EndpointSubject(f"a comment on #{number}", _WRITE)
        path = f"/issues/{number}/comments"
        return self._create(
            path, {"body": body}, lambda data: _comment(data).id, what, lambda: self._our_comment(number, body)
        )

    def edit_comment(self, comment: int, body: str) -> None:
        """Give a comment another text."""
        self._write(
            "PATCH", f"/issues/comments/{comment}", {"body": body}, EndpointSubject(f"comment {comment}", _WRITE)
        )

    def _our_comment(self, number: int, body: str) -> int | None:
        """The newest comment of ours with exactly this text."""
        ours = [
            one.id for one in self.comments(number) if one.author == self.login() and plain(one.body) == plain(body)
        ]
        return ours[-1] if ours else None


def _comment(data: Any) -> ForgeComment:
    return ForgeComment(whole(data["id"]), login(data["user"]), words(data["body"]))
