"""The endpoints of issues, comments and labels."""

from __future__ import annotations

from tests.fakes.forge.routes import IN, Call, Reply, Route, into
from tests.fakes.forge.state import Refused
from tests.fakes.forge.world import LONGEST_BODY

ROUTES: list[Route] = []
route = into(ROUTES)


@route("GET", f"{IN}/issues", "issues: read")
def _issues(call: Call) -> Reply:
    if not call.repository.issues_on:
        raise Refused(410, "Issues has been disabled in this repository.")
    state, labels = call.query.get("state", "open"), [one for one in call.query.get("labels", "").split(",") if one]
    found = [
        call.forge.shown.issue(one, call.repository)
        for one in reversed(list(call.repository.issues.values()))
        if state in ("all", one.state) and set(labels) <= set(one.labels)
    ]
    return call.page(found)


@route("POST", f"{IN}/issues", "issues: write")
def _open_issue(call: Call) -> Reply:
    labels = [one if isinstance(one, str) else one["name"] for one in call.body.get("labels", [])]
    body = call.body.get("body")
    if len(body or "") > LONGEST_BODY:
        words = f"body is too long (maximum is {LONGEST_BODY} characters)"
        raise Refused(422, "Validation Failed", [{"resource": "Issue", "field": "body", "message": words}])
    name = call.repository.name
    number = call.forge.open_issue(call.body["title"], body, labels, by=call.by, repository=name, starts=call.starts)
    return Reply(201, call.forge.shown.issue(call.repository.issues[number], call.repository))


@route("GET", f"{IN}/issues/{{issue_number}}", "issues: read|pull-requests: read")
def _issue(call: Call) -> Reply:
    return Reply(200, call.forge.shown.issue(call.issue(), call.repository))


@route("PATCH", f"{IN}/issues/{{issue_number}}", "issues: write")
def _edit_issue(call: Call) -> Reply:
    issue = call.issue()
    issue.title, issue.body = call.body.get("title", issue.title), call.body.get("body", issue.body)
    if call.body.get("state") == "closed" and issue.state == "open":
        call.forge.close(issue.number, call.by, repository=call.repository.name, starts=call.starts)
        issue.reason = call.body.get("state_reason", issue.reason)
    if call.body.get("state") == "open":
        issue.state, issue.reason = "open", "reopened"
    return Reply(200, call.forge.shown.issue(issue, call.repository))


@route("GET", f"{IN}/issues/{{issue_number}}/comments", "issues: read|pull-requests: read")
def _comments(call: Call) -> Reply:
    issue = call.issue()
    return call.page([call.forge.shown.comment(one, issue.number, call.repository) for one in issue.comments])


@route("POST", f"{IN}/issues/{{issue_number}}/comments", "issues: write|pull-requests: write")
def _comment(call: Call) -> Reply:
    issue = call.issue()
    name = call.repository.name
    made = call.forge.comment(issue.number, call.body["body"], by=call.by, repository=name, starts=call.starts)
    return Reply(201, call.forge.shown.comment(made, issue.number, call.repository))


@route("POST", f"{IN}/issues/{{issue_number}}/labels", "issues: write|pull-requests: write")
def _label(call: Call) -> Reply:
    issue = call.issue()
    call.forge.label(issue.number, call.body["labels"], repository=call.repository.name)
    return Reply(200, [call.forge.shown.label(one, call.repository) for one in issue.labels])


@route("PATCH", f"{IN}/issues/comments/{{comment_id}}", "issues: write|pull-requests: write")
def _edit_comment(call: Call) -> Reply:
    for issue in call.repository.issues.values():
        for comment in issue.comments:
            if comment.id == call.number("comment_id"):
                comment.body = call.body["body"]
                return Reply(200, call.forge.shown.comment(comment, issue.number, call.repository))
    raise Refused(404, "Not Found")
