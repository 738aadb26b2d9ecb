"""The endpoints of runs, of their files, and of what starts them."""

from __future__ import annotations

from tests.fakes.forge.routes import IN, Call, Reply, Route, into
from tests.fakes.forge.state import Refused

ROUTES: list[Route] = []
route = into(ROUTES)


@route("POST", f"{IN}/dispatches", "contents: write")
def _dispatch(call: Call) -> Reply:
    payload = call.body.get("client_payload", {})
    if len(payload) > 10:
        raise Refused(422, "No more than 10 properties are allowed; 11 were supplied.")
    # The one event that a workflow's own token may start workflows with.
    call.forge.dispatch(call.body["event_type"], payload, by=call.by, repository=call.repository.name)
    return Reply(204, None)


@route("GET", f"{IN}/actions/runs/{{run_id}}", "actions: read")
def _run(call: Call) -> Reply:
    run = call.repository.runs.get(call.number("run_id"))
    if run is None:
        raise Refused(404, "Not Found")
    return Reply(200, call.forge.shown.run(run, call.repository))


@route("GET", f"{IN}/actions/runs/{{run_id}}/artifacts", "actions: read")
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


@route("GET", f"{IN}/actions/artifacts/{{artifact_id}}/{{archive_format}}", "actions: read")
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
