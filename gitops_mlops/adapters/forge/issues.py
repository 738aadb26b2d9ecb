"""Issues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from gitops_mlops.adapters.forge.answers import login, plain, sequence, text, whole, words
from gitops_mlops.adapters.forge.labels import LabelEndpoints
from gitops_mlops.adapters.forge.refusals import EndpointSubject
from gitops_mlops.domain.review.forge import ForgeIssue

_READ, _WRITE = "issues: read", "issues: write"
_DISABLED = "switch issues on in the repository's settings"


class IssueEndpoints(LabelEndpoints):
    """The issues of a repository."""

    def issues(self, label: str) -> list[ForgeIssue]:
        """The open issues that carry a label; no pull requests."""
        query = urlencode({"state": "open", "labels": label, "per_page": 100})
        listed = self._list(f"/issues?{query}", _issue, EndpointSubject("the issues", _READ, _DISABLED))
        # Gitea answers with all issues when no issue has ever had the label.
        return [one for one in listed if one is not None and label in one.labels]

    def open_issue(self, title: str, body: str, labels: Sequence[str]) -> int:
        """Open an issue; its number. Labels that do not exist are made by the forge."""
        what = EndpointSubject("an issue", _WRITE, _DISABLED)
        wanted = {"title": title, "body": body, "labels": self._labels(labels, what)}
        return self._create(
            "/issues", wanted, lambda data: whole(data["number"]), what, lambda: self._our_issue(title, body)
        )

    def edit_issue(self, number: int, title: str, body: str) -> None:
        """Give an issue another title and text."""
        self._edit(number, {"title": title, "body": body})

    def close_issue(self, number: int) -> None:
        """Close an issue as completed."""
        self._edit(number, {"state": "closed", "state_reason": "completed"})

    def _edit(self, number: int, body: dict[str, Any]) -> None:
        self._write("PATCH", f"/issues/{number}", body, EndpointSubject(f"issue #{number}", _WRITE, _DISABLED))

    def _our_issue(self, title: str, body: str) -> int | None:
        """The newest open issue of ours that says exactly this."""
        for one in self._first_page("/issues?state=open&per_page=100", _issue, EndpointSubject("the issues", _READ)):
            if one and (one.author, one.title, plain(one.body)) == (self.login(), title, plain(body)):
                return one.number
        return None


def _issue(data: Any) -> ForgeIssue | None:
    """None for a pull request, which the forge lists as an issue."""
    if "pull_request" in data and data["pull_request"] is not None:
        return None
    labels = sequence(data["labels"], _label)
    return ForgeIssue(
        whole(data["number"]), login(data["user"]), text(data["title"]), words(data["body"]), tuple(labels)
    )


def _label(data: Any) -> str:
    return text(data if isinstance(data, str) else data["name"])
