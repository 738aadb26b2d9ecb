"""Pull requests and their reviews."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from gitops_mlops.adapters.forge.answers import login, optional, text, truth, whole, words
from gitops_mlops.adapters.forge.labels import LabelEndpoints
from gitops_mlops.adapters.forge.refusals import EndpointSubject
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.registry.approvals import PullRequest, PullRequestReview
from gitops_mlops.domain.review.forge import OpenPullRequest, PullRequestText

_GITEA_STATES = {"REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
_READ, _WRITE = "pull-requests: read", "pull-requests: write"


class PullRequestEndpoints(LabelEndpoints):
    """The pull requests of a repository."""

    def pull_request(self, number: int) -> PullRequest:
        """A pull request of the repository."""
        return self._read(f"/pulls/{number}", _pull_request, EndpointSubject(f"pull request #{number}", _READ))

    def reviews(self, number: int) -> list[PullRequestReview]:
        """Every review of a pull request, the oldest first."""
        what = EndpointSubject(f"the reviews of #{number}", _READ)
        parse = _gitea_review if self._gitea else _review
        return self._list(f"/pulls/{number}/reviews?per_page=100", parse, what)

    def merged_as(self, commit: str) -> list[int]:
        """The pull requests whose merge made this commit, or whose head it was."""
        what = EndpointSubject(f"the pull requests of {short_sha(commit)}", _READ)
        if self._gitea:
            # It knows the one that was merged, and calls none "not found".
            answer = self._transport.get(self._path(f"/commits/{commit}/pull"))
            if answer.status == 404:
                return []
            self._require(answer, what)
            listed = [self._parsed(_merged, answer, what)]
        else:
            listed = self._list(f"/commits/{commit}/pulls?per_page=100", _merged, what)
        return [number for number, commits in listed if commit in commits]

    def open_pull_requests(self, owner: str, branch: str) -> list[OpenPullRequest]:
        """The open ones whose head is this branch of any repository of this owner."""
        query = urlencode({"state": "open", "head": f"{owner}:{branch}", "per_page": 100})
        listed = self._list(f"/pulls?{query}", _owned, EndpointSubject("the pull requests", _READ))
        # Gitea does not know the filter.
        return [one for whose, one in listed if whose.lower() == owner.lower() and one.head_branch == branch]

    def open_pull_request(self, text: PullRequestText, labels: Sequence[str] = ()) -> int:
        """Open one; its number."""
        body = {"title": text.title, "body": text.body, "head": text.head_branch, "base": text.base_branch}
        what = EndpointSubject(f"a pull request from {text.head_branch}", _WRITE)
        number = self._create("/pulls", body, _number, what, lambda: self._opened(text))
        if labels:
            self._label(number, labels)
        return number

    def edit_pull_request(self, number: int, text: PullRequestText) -> None:
        """Give it another title and body."""
        body = {"title": text.title, "body": text.body}
        self._write("PATCH", f"/pulls/{number}", body, EndpointSubject(f"pull request #{number}", _WRITE))

    def _opened(self, text: PullRequestText) -> int | None:
        """The open one from that branch to that one: GitHub allows no second."""
        for one in self.open_pull_requests(self.repository.partition("/")[0], text.head_branch):
            if one.base_branch == text.base_branch and one.head_repository == one.base_repository:
                return one.number
        return None

    def _label(self, number: int, labels: Sequence[str]) -> None:
        what = EndpointSubject(f"the labels of #{number}", _WRITE)
        self._write("POST", f"/issues/{number}/labels", {"labels": self._labels(labels, what)}, what)


def _number(data: Any) -> int:
    return whole(data["number"])


def _pull_request(data: Any) -> PullRequest:
    merged = data["merged"] is True
    author = optional(data["user"], lambda user: whole(user["id"]))
    return PullRequest(
        _number(data), author, text(data["head"]["sha"]), text(data["merge_commit_sha"]) if merged else ""
    )


def _merged(data: Any) -> tuple[int, tuple[str, ...]]:
    """Its number, and its head and what its merge made; nothing of one that is not merged."""
    if data["merged_at"] is None:
        return _number(data), ()
    return _number(data), (text(data["head"]["sha"]), words(data["merge_commit_sha"]))


def _review(data: Any) -> PullRequestReview:
    user = data["user"]
    return PullRequestReview(
        whole(user["id"]) if user is not None else None,
        login(user),
        user is not None and user["type"] == "User",
        text(data["author_association"]),
        text(data["state"]),
        optional(data["commit_id"], text) or "",
    )


def _gitea_review(data: Any) -> PullRequestReview:
    """Gitea and Forgejo tell by `official` whether the reviewer may write, and have other names for states."""
    user = data["user"]
    state = "DISMISSED" if truth(data["dismissed"]) else text(data["state"])
    return PullRequestReview(
        whole(user["id"]) if user is not None else None,
        login(user),
        user is not None,
        "MEMBER" if truth(data["official"]) else "NONE",
        _GITEA_STATES.get(state, state),
        words(data["commit_id"]),
    )


def _owned(data: Any) -> tuple[str, OpenPullRequest]:
    """The owner of the head, "" of an account that is gone, and the pull request."""
    head, base = data["head"], data["base"]
    owner = head["user"] if "user" in head else head["repo"] and head["repo"]["owner"]
    return login(owner), OpenPullRequest(
        _number(data),
        text(head["sha"]),
        text(head["ref"]),
        optional(head["repo"], lambda repository: whole(repository["id"])),
        text(base["ref"]),
        text(base["sha"]),
        whole(base["repo"]["id"]),
        text(data["title"]),
        words(data["body"]),
    )
