"""The report's workflow at a forge with faults: no report is lost, none is written twice, and it says what to do."""

from __future__ import annotations

import re
from threading import Event, Timer

import pytest

from tests.actions.attacking import Stranger, told
from tests.actions.github import GitHub
from tests.actions.run import Run
from tests.fakes.forge import Fault, lost
from tests.integration.hostile_uploads import zipped

pytestmark = pytest.mark.usefixtures("preloaded")

REFUSED = {
    403: b'{"message": "Resource not accessible by integration"}',
    404: b'{"message": "Not Found"}',
    422: b'{"message": "Validation Failed", "errors": ["spammed"]}',
    500: b"<html>Unicorn</html>",
}


def test_what_passes_is_waited_for(github: GitHub) -> None:
    """Too many requests, a bad gateway, a cut before and after the write, a slow answer: one run, one comment."""
    stranger, slow = Stranger(github), Event()
    github.forge.faults += [
        Fault(status=429, headers={"Retry-After": "1"}, only="GET /repos/octo/demo/actions/runs/"),
        Fault(status=502, only="/artifacts"),
        Fault(cut=0, headers={"Content-Length": "9"}, only="GET /repos/octo/demo/pulls"),
        Fault(after=True, hold=slow, only="/zip"),
        Fault(cut=0, headers={"Content-Length": "9"}, only="POST"),
        lost("POST"),
    ]
    Timer(1, slow.set).start()
    run = stranger.says(stranger.review())
    assert run.conclusion == "success", run
    assert "## ✅ Passes" in stranger.comment
    assert not github.forge.faults


def test_what_was_refused_is_done_by_running_it_again(github: GitHub) -> None:
    """Red, with the reason and what to do; running the failed job again does the rest, once."""
    stranger = Stranger(github)
    places = ("/actions/runs/", "POST", "POST", "/pulls")
    stranger.ends(zipped(stranger.review()))
    run: Run | None = None
    for only, (status, body) in zip(places, REFUSED.items(), strict=True):
        github.forge.faults.append(Fault(status=status, body=body, only=only))
        (run,) = github.rerun(run, failed_only=True) if run else github.settle()
        assert run.conclusion == "failure", run
        (line,) = told(run).splitlines()
        assert re.search("^error: .* → .", line), line
        assert str(status) in line or "the permission" in line
        assert stranger.comment == ""
    assert run
    (run,) = github.rerun(run, failed_only=True)
    assert run.conclusion == "success", run
    assert "## ✅ Passes" in stranger.comment


def test_an_event_that_is_delivered_twice(github: GitHub) -> None:
    stranger = Stranger(github)
    stranger.ends(zipped(stranger.review()))
    (ended,) = [one for one in github.forge.events if (one.name, one.action) == ("workflow_run", "completed")]
    github.forge.redeliver(ended)
    first, second = github.settle()
    assert (first.conclusion, second.conclusion) == ("success", "success")
    assert "## ✅ Passes" in stranger.comment
    assert "unchanged comment" in second.log
