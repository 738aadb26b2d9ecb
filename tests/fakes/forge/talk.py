"""Issues and comments."""

from __future__ import annotations

from tests.fakes.forge.pulls import Pulls
from tests.fakes.forge.state import (
    Comment,
    Issue,
    Refused,
)

LONGEST_BODY = 65_536


class Talk(Pulls):
    """What people say."""

    def open_issue(
        self,
        title: str,
        body: str | None = None,
        labels: list[str] | None = None,
        *,
        by: str = "ada",
        repository: str = "",
        starts: bool = True,
    ) -> int:
        """Open an issue; its number. Labels that do not exist are made."""
        target = self.repository(repository)
        if not target.issues_on:
            raise Refused(410, "Issues has been disabled in this repository.")
        number = self._next(target)
        target.issues[number] = Issue(number, self.number(), by, title, body, self.now())
        self.label(number, labels or [], repository=target.name)
        self.tell("issues", "opened", target, by, starts, {"issue": self.shown.issue(target.issues[number], target)})
        return number

    def label(self, number: int, labels: list[str], *, repository: str = "") -> None:
        """Add labels to an issue or a pull request."""
        target = self.repository(repository)
        target.labels |= set(labels)
        issue = target.issues[number]
        issue.labels += [one for one in dict.fromkeys(labels) if one not in issue.labels]

    def comment(
        self, number: int, body: str, *, by: str | None = "ada", repository: str = "", starts: bool = True
    ) -> Comment:
        """Say something below an issue or a pull request; `by` is None for an account that is gone."""
        target = self.repository(repository)
        if len(body) > LONGEST_BODY:
            words = f"body is too long (maximum is {LONGEST_BODY} characters)"
            raise Refused(422, "Validation Failed", [{"resource": "IssueComment", "field": "body", "message": words}])
        if not body.strip():
            raise Refused(
                422, "Validation Failed", [{"resource": "IssueComment", "field": "body", "code": "missing"}]
            )
        made = Comment(self.number(), by, body, self.now())
        issue = target.issues[number]
        issue.comments.append(made)
        shown = {"issue": self.shown.issue(issue, target), "comment": self.shown.comment(made, number, target)}
        self.tell("issue_comment", "created", target, by or "ghost", starts, shown)
        return made

    def comments(self, number: int, repository: str = "") -> list[Comment]:
        return self.repository(repository).issues[number].comments
