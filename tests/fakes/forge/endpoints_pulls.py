"""The endpoints of users, repositories and pull requests."""

from __future__ import annotations

from tests.fakes.forge.described import example
from tests.fakes.forge.routes import IN, Call, Reply, Route, into
from tests.fakes.forge.shown import user
from tests.fakes.forge.state import Refused

ROUTES: list[Route] = []
route = into(ROUTES)


@route("GET", "/user", "")
def _user(call: Call) -> Reply:
    if call.token is None:
        raise Refused(401, "Requires authentication")
    if call.token.kind != "user":
        raise Refused(403, "Resource not accessible by integration")
    made = example("private-user-response-with-public-and-private-profile-information")
    who = {name: user(call.by)[name] for name in ("login", "id", "type")}
    return Reply(200, made | who | {"user_view_type": "private"})


@route("GET", IN, "metadata: read")
def _repository(call: Call) -> Reply:
    return Reply(200, call.forge.shown.repository(call.repository, full=True))


@route("GET", f"{IN}/pulls", "pull-requests: read")
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


@route("POST", f"{IN}/pulls", "pull-requests: write")
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


@route("GET", f"{IN}/pulls/{{pull_number}}", "pull-requests: read")
def _pull(call: Call) -> Reply:
    return Reply(200, call.forge.shown.pull(call.pull(), call.repository))


@route("PATCH", f"{IN}/pulls/{{pull_number}}", "pull-requests: write")
def _edit_pull(call: Call) -> Reply:
    pull = call.pull()
    given = {name: call.body[name] for name in ("title", "body", "base") if name in call.body}
    call.forge.edit_pull(pull.number, by=call.by, repository=call.repository.name, starts=call.starts, **given)
    if call.body.get("state") == "closed":
        call.forge.close(pull.number, call.by, repository=call.repository.name, starts=call.starts)
    return Reply(200, call.forge.shown.pull(pull, call.repository))


@route("PUT", f"{IN}/pulls/{{pull_number}}/merge", "contents: write")
def _merge(call: Call) -> Reply:
    pull = call.pull()
    if call.body and call.body.get("sha", pull.head) != pull.head:
        raise Refused(409, "Head branch was modified. Review and try the merge again.")
    method = (call.body or {}).get("merge_method", "merge")
    commit = call.forge.merge(
        pull.number, call.by, method=method, repository=call.repository.name, starts=call.starts
    )
    return Reply(200, {"sha": commit, "merged": True, "message": "Pull Request successfully merged"})


@route("GET", f"{IN}/pulls/{{pull_number}}/reviews", "pull-requests: read")
def _reviews(call: Call) -> Reply:
    shape = example("pull-request-review-items")[0]
    return call.page([shape | review for review in call.pull().reviews])


@route("GET", f"{IN}/commits/{{commit_sha}}/pulls", "pull-requests: read")
def _pulls_of_a_commit(call: Call) -> Reply:
    commit, found = call.parts["commit_sha"], []
    for pull in call.repository.pulls.values():
        call.forge.refresh(call.repository, pull)
        if commit in (pull.head, pull.merged_as):
            found.append(call.forge.shown.pull(pull, call.repository, simple=True))
    return call.page(found)
