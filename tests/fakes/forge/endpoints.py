"""GitHub's endpoints, one function each, with the permission that each takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests.fakes.forge.described import example
from tests.fakes.forge.shown import user
from tests.fakes.forge.state import Deployment, Issue, Pull, Refused, Repository, Status, Token
from tests.fakes.forge.world import LONGEST_BODY, Forge

_COMMIT = re.compile(r"[0-9a-f]{40}\Z")


class Reply(NamedTuple):
    status: int
    data: Any
    headers: Mapping[str, str] = MappingProxyType({})


@dataclass
class Call:
    """One request: who asks, of which repository, with what."""

    forge: Forge
    token: Token | None
    repository: Repository
    path: str
    parts: dict[str, str]
    query: dict[str, str]
    body: Any

    @property
    def by(self) -> str:
        assert self.token is not None
        return self.token.login

    @property
    def starts(self) -> bool:
        """What the token of a workflow does starts no workflow."""
        return self.token is None or self.token.kind != "workflow"

    def number(self, name: str) -> int:
        return int(self.parts[name])

    def issue(self, name: str = "issue_number") -> Issue:
        found = self.repository.issues.get(self.number(name))
        if found is None:
            raise Refused(404, "Not Found")
        if not isinstance(found, Pull) and not self.repository.issues_on:
            raise Refused(410, "Issues has been disabled in this repository.")
        return found

    def pull(self) -> Pull:
        found = self.repository.issues.get(self.number("pull_number"))
        if not isinstance(found, Pull):
            raise Refused(404, "Not Found")
        self.forge.refresh(self.repository, found)
        return found

    def page(self, listed: list[Any]) -> Reply:
        """One page, and where the next one is."""
        found, headers = self.cut(listed)
        return Reply(200, found, headers)

    def cut(self, listed: list[Any]) -> tuple[list[Any], dict[str, str]]:
        page, size = int(self.query.get("page", 1)), min(int(self.query.get("per_page", 30)), 100)
        headers = {}
        if len(listed) > page * size:
            place = f"{self.forge.address}{self.path}"
            words = [f'<{place}?{urlencode({**self.query, "page": 1})}>; rel="first"'] if page > 1 else []
            words.append(f'<{place}?{urlencode({**self.query, "page": page + 1})}>; rel="next"')
            headers = {"Link": ", ".join(words)}
        return listed[(page - 1) * size : page * size], headers


class Route(NamedTuple):
    """An endpoint, and the permission that it takes; of several, told apart by `|`, one is enough."""

    method: str
    template: str
    pattern: re.Pattern[str]
    permission: str
    answer: Callable[[Call], Reply]


ROUTES: list[Route] = []
_IN = "/repos/{owner}/{repo}"


def _route(
    method: str, template: str, permission: str
) -> Callable[[Callable[[Call], Reply]], Callable[[Call], Reply]]:
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template) + r"\Z")

    def add(answer: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
        ROUTES.append(Route(method, template, pattern, permission, answer))
        return answer

    return add


@_route("GET", "/user", "")
def _user(call: Call) -> Reply:
    if call.token is None:
        raise Refused(401, "Requires authentication")
    if call.token.kind != "user":
        raise Refused(403, "Resource not accessible by integration")
    made = example("private-user-response-with-public-and-private-profile-information")
    who = {name: user(call.by)[name] for name in ("login", "id", "type")}
    return Reply(200, made | who | {"user_view_type": "private"})


@_route("GET", _IN, "metadata: read")
def _repository(call: Call) -> Reply:
    return Reply(200, call.forge.shown.repository(call.repository, full=True))


@_route("GET", f"{_IN}/pulls", "pull-requests: read")
def _pulls(call: Call) -> Reply:
    state, head, base = call.query.get("state", "open"), call.query.get("head"), call.query.get("base")
    found = []
    for pull in reversed(list(call.repository.pulls.values())):
        if state not in ("all", pull.state) or (base and base != pull.base_branch):
            continue
        if head is None or head == f"{pull.head_owner}:{pull.head_branch}":
            call.forge.refresh(call.repository, pull)
            found.append(call.forge.shown.pull(pull, call.repository, simple=True))
    return call.page(found)


@_route("POST", f"{_IN}/pulls", "pull-requests: write")
def _open_pull(call: Call) -> Reply:
    if (
        call.token is not None
        and call.token.kind == "workflow"
        and not call.repository.actions_may_open_pull_requests
    ):
        raise Refused(403, "GitHub Actions is not permitted to create or approve pull requests.")
    owner, _, branch = call.body["head"].rpartition(":")
    source = f"{owner}/{call.repository.name.partition('/')[2]}" if owner else call.repository.name
    if source not in call.forge.repositories:
        raise Refused(422, "Validation Failed", [{"resource": "PullRequest", "field": "head", "code": "invalid"}])
    number = call.forge.open_pull(
        branch,
        base=call.body["base"],
        by=call.by,
        title=call.body["title"],
        body=call.body.get("body"),
        head_repository=source,
        repository=call.repository.name,
        starts=call.starts,
    )
    return Reply(201, call.forge.shown.pull(call.forge.pull(number, call.repository.name), call.repository))


@_route("GET", f"{_IN}/pulls/{{pull_number}}", "pull-requests: read")
def _pull(call: Call) -> Reply:
    return Reply(200, call.forge.shown.pull(call.pull(), call.repository))


@_route("PATCH", f"{_IN}/pulls/{{pull_number}}", "pull-requests: write")
def _edit_pull(call: Call) -> Reply:
    pull = call.pull()
    pull.title, pull.body = call.body.get("title", pull.title), call.body.get("body", pull.body)
    if call.body.get("state") == "closed":
        call.forge.close(pull.number, call.by, repository=call.repository.name, starts=call.starts)
    return Reply(200, call.forge.shown.pull(pull, call.repository))


@_route("PUT", f"{_IN}/pulls/{{pull_number}}/merge", "contents: write")
def _merge(call: Call) -> Reply:
    pull = call.pull()
    if call.body and call.body.get("sha", pull.head) != pull.head:
        raise Refused(409, "Head branch was modified. Review and try the merge again.")
    method = (call.body or {}).get("merge_method", "merge")
    commit = call.forge.merge(
        pull.number, call.by, method=method, repository=call.repository.name, starts=call.starts
    )
    return Reply(200, {"sha": commit, "merged": True, "message": "Pull Request successfully merged"})


@_route("GET", f"{_IN}/pulls/{{pull_number}}/reviews", "pull-requests: read")
def _reviews(call: Call) -> Reply:
    shape = example("pull-request-review-items")[0]
    return call.page([shape | review for review in call.pull().reviews])


@_route("GET", f"{_IN}/commits/{{commit_sha}}/pulls", "pull-requests: read")
def _pulls_of_a_commit(call: Call) -> Reply:
    commit, found = call.parts["commit_sha"], []
    for pull in call.repository.pulls.values():
        call.forge.refresh(call.repository, pull)
        if commit in (pull.head, pull.merged_as):
            found.append(call.forge.shown.pull(pull, call.repository, simple=True))
    return call.page(found)


@_route("GET", f"{_IN}/issues", "issues: read")
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


@_route("POST", f"{_IN}/issues", "issues: write")
def _open_issue(call: Call) -> Reply:
    labels = [one if isinstance(one, str) else one["name"] for one in call.body.get("labels", [])]
    body = call.body.get("body")
    if len(body or "") > LONGEST_BODY:
        words = f"body is too long (maximum is {LONGEST_BODY} characters)"
        raise Refused(422, "Validation Failed", [{"resource": "Issue", "field": "body", "message": words}])
    name = call.repository.name
    number = call.forge.open_issue(call.body["title"], body, labels, by=call.by, repository=name, starts=call.starts)
    return Reply(201, call.forge.shown.issue(call.repository.issues[number], call.repository))


@_route("GET", f"{_IN}/issues/{{issue_number}}", "issues: read|pull-requests: read")
def _issue(call: Call) -> Reply:
    return Reply(200, call.forge.shown.issue(call.issue(), call.repository))


@_route("PATCH", f"{_IN}/issues/{{issue_number}}", "issues: write")
def _edit_issue(call: Call) -> Reply:
    issue = call.issue()
    issue.title, issue.body = call.body.get("title", issue.title), call.body.get("body", issue.body)
    if call.body.get("state") == "closed" and issue.state == "open":
        call.forge.close(issue.number, call.by, repository=call.repository.name, starts=call.starts)
        issue.reason = call.body.get("state_reason", issue.reason)
    if call.body.get("state") == "open":
        issue.state, issue.reason = "open", "reopened"
    return Reply(200, call.forge.shown.issue(issue, call.repository))


@_route("GET", f"{_IN}/issues/{{issue_number}}/comments", "issues: read|pull-requests: read")
def _comments(call: Call) -> Reply:
    issue = call.issue()
    return call.page([call.forge.shown.comment(one, issue.number, call.repository) for one in issue.comments])


@_route("POST", f"{_IN}/issues/{{issue_number}}/comments", "issues: write|pull-requests: write")
def _comment(call: Call) -> Reply:
    issue = call.issue()
    name = call.repository.name
    made = call.forge.comment(issue.number, call.body["body"], by=call.by, repository=name, starts=call.starts)
    return Reply(201, call.forge.shown.comment(made, issue.number, call.repository))


@_route("POST", f"{_IN}/issues/{{issue_number}}/labels", "issues: write|pull-requests: write")
def _label(call: Call) -> Reply:
    issue = call.issue()
    call.forge.label(issue.number, call.body["labels"], repository=call.repository.name)
    return Reply(200, [call.forge.shown.label(one, call.repository) for one in issue.labels])


@_route("PATCH", f"{_IN}/issues/comments/{{comment_id}}", "issues: write|pull-requests: write")
def _edit_comment(call: Call) -> Reply:
    for issue in call.repository.issues.values():
        for comment in issue.comments:
            if comment.id == call.number("comment_id"):
                comment.body, comment.at = call.body["body"], comment.at
                return Reply(200, call.forge.shown.comment(comment, issue.number, call.repository))
    raise Refused(404, "Not Found")


@_route("POST", f"{_IN}/statuses/{{sha}}", "statuses: write")
def _status(call: Call) -> Reply:
    commit = call.parts["sha"]
    if not _COMMIT.match(commit) or call.repository.git.commit(commit) is None:
        raise Refused(422, f"No commit found for SHA: {commit}")
    if len(call.body.get("description") or "") > 140:
        raise Refused(422, "Validation Failed", ["Description is too long (maximum is 140 characters)"])
    context = call.body.get("context", "default")
    name = call.repository.name
    made = call.forge.set_status(commit, context, call.body["state"], by=call.by, repository=name)
    made.description, made.address = call.body.get("description"), call.body.get("target_url")
    return Reply(201, call.forge.shown.status(made, call.repository))


@_route("GET", f"{_IN}/deployments", "deployments: read")
def _deployments(call: Call) -> Reply:
    wanted = {name: value for name, value in call.query.items() if name in ("environment", "sha", "ref")}
    found = []
    for one in reversed(call.repository.deployments):
        values = {"environment": one.environment, "sha": one.commit, "ref": one.ref}
        if all(values[name] == value for name, value in wanted.items()):
            found.append(call.forge.shown.deployment(one, call.repository))
    return call.page(found)


@_route("POST", f"{_IN}/deployments", "deployments: write")
def _deploy(call: Call) -> Reply:
    ref = call.body["ref"]
    commit = call.repository.git.commit(ref)
    if commit is None:
        raise Refused(422, f"No ref found for: {ref}")
    environment, at = call.body.get("environment", "production"), call.forge.now()
    production = call.body.get("production_environment", environment == "production")
    made = Deployment(
        call.forge.number(),
        commit,
        ref,
        environment,
        call.body.get("description"),
        production,
        call.body.get("payload", {}),
        call.by,
        at,
    )
    call.repository.deployments.append(made)
    return Reply(201, call.forge.shown.deployment(made, call.repository))


def _deployment(call: Call) -> Deployment:
    for one in call.repository.deployments:
        if one.id == call.number("deployment_id"):
            return one
    raise Refused(404, "Not Found")


@_route("GET", f"{_IN}/deployments/{{deployment_id}}/statuses", "deployments: read")
def _deployment_states(call: Call) -> Reply:
    one = _deployment(call)
    shown = [call.forge.shown.deployment_status(state, one, call.repository) for state in reversed(one.states)]
    return call.page(shown)


@_route("POST", f"{_IN}/deployments/{{deployment_id}}/statuses", "deployments: write")
def _deployment_state(call: Call) -> Reply:
    one = _deployment(call)
    if len(call.body.get("description", "")) > 140:
        raise Refused(422, "Validation Failed", ["Description is too long (maximum is 140 characters)"])
    words, address = call.body.get("description"), call.body.get("log_url")
    state = Status(call.forge.number(), one.commit, "", call.body["state"], words, address, call.by, call.forge.now())
    one.states.append(state)
    return Reply(201, call.forge.shown.deployment_status(state, one, call.repository))


@_route("POST", f"{_IN}/dispatches", "contents: write")
def _dispatch(call: Call) -> Reply:
    payload = call.body.get("client_payload", {})
    if len(payload) > 10:
        raise Refused(422, "No more than 10 properties are allowed; 11 were supplied.")
    # The one event that a workflow's own token may start workflows with.
    call.forge.dispatch(call.body["event_type"], payload, by=call.by, repository=call.repository.name)
    return Reply(204, None)


@_route("GET", f"{_IN}/actions/runs/{{run_id}}", "actions: read")
def _run(call: Call) -> Reply:
    run = call.repository.runs.get(call.number("run_id"))
    if run is None:
        raise Refused(404, "Not Found")
    return Reply(200, call.forge.shown.run(run, call.repository))


@_route("GET", f"{_IN}/actions/runs/{{run_id}}/artifacts", "actions: read")
def _artifacts(call: Call) -> Reply:
    run = call.number("run_id")
    if run not in call.repository.runs:
        raise Refused(404, "Not Found")
    listed = [
        call.forge.shown.artifact(
            number, name, file.stat().st_size, number in call.forge.expired, run, call.repository
        )
        for number, name, file in call.forge.uploaded(run)
    ]
    found, headers = call.cut(listed)
    return Reply(200, {"total_count": len(listed), "artifacts": found}, headers)


@_route("GET", f"{_IN}/actions/artifacts/{{artifact_id}}/{{archive_format}}", "actions: read")
def _artifact(call: Call) -> Reply:
    for run in call.repository.runs:
        for number, _, file in call.forge.uploaded(run):
            if number == call.number("artifact_id"):
                if number in call.forge.expired:
                    raise Refused(410, "Artifact has expired")
                key = f"{number}-{call.forge.number()}"
                call.forge.blobs[key] = file
                return Reply(302, None, {"Location": f"{call.forge.blob_address}/{key}?sig=signed"})
    raise Refused(404, "Not Found")
