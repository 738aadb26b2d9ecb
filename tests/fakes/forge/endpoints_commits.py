"""The endpoints of states of commits, and of deployments."""

from __future__ import annotations

import re

from tests.fakes.forge.routes import IN, Call, Reply, Route, into
from tests.fakes.forge.state import Deployment, Refused, Status

_COMMIT = re.compile(r"[0-9a-f]{40}\Z")

ROUTES: list[Route] = []
route = into(ROUTES)


@route("POST", f"{IN}/statuses/{{sha}}", "statuses: write")
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


@route("GET", f"{IN}/deployments", "deployments: read")
def _deployments(call: Call) -> Reply:
    wanted = {name: value for name, value in call.query.items() if name in ("environment", "sha", "ref")}
    found = []
    for one in reversed(call.repository.deployments):
        values = {"environment": one.environment, "sha": one.commit, "ref": one.ref}
        if all(values[name] == value for name, value in wanted.items()):
            found.append(call.forge.shown.deployment(one, call.repository))
    return call.page(found)


@route("POST", f"{IN}/deployments", "deployments: write")
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


@route("GET", f"{IN}/deployments/{{deployment_id}}/statuses", "deployments: read")
def _deployment_states(call: Call) -> Reply:
    one = _deployment(call)
    shown = [call.forge.shown.deployment_status(state, one, call.repository) for state in reversed(one.states)]
    return call.page(shown)


@route("POST", f"{IN}/deployments/{{deployment_id}}/statuses", "deployments: write")
def _deployment_state(call: Call) -> Reply:
    one = _deployment(call)
    if len(call.body.get("description", "")) > 140:
        raise Refused(422, "Validation Failed", ["Description is too long (maximum is 140 characters)"])
    words, address = call.body.get("description"), call.body.get("log_url")
    state = Status(call.forge.number(), one.commit, "", call.body["state"], words, address, call.by, call.forge.now())
    one.states.append(state)
    return Reply(201, call.forge.shown.deployment_status(state, one, call.repository))
