"""What is retired stops serving; what only seems to be missing serves on. Real servers on the loopback interface."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from gitops_mlops import bootstrap
from tests.conftest import Answer, Cli, Repo
from tests.integration.deploy_project import DeployProject
from tests.ports import free_ports

pytestmark = pytest.mark.usefixtures("preloaded")

Run = Callable[..., Answer]


@pytest.fixture
def project(repo: Repo) -> Iterator[DeployProject]:
    made = DeployProject(repo)
    yield made
    made.clean_up()


@pytest.fixture
def run(project: DeployProject, cli: Cli) -> Run:
    """Run a command in the project; its exit code must be `code`, an error one line."""

    def call(*words: str, code: int = 0) -> Answer:
        answer = cli(*words, folder=project.root)
        assert answer.code == code, (answer.out, answer.err)
        errors = [line for line in answer.err.splitlines() if line.startswith("error:")]
        assert len(errors) == (code > 1)
        return answer

    return call


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def states(run: Run, *words: str, code: int = 0) -> dict[str, Any]:
    return {place["environment"]: place for place in run("status", "--json", *words, code=code).json}


def bundles(project: DeployProject) -> set[str]:
    return {path.name for path in (project.root / ".gitops-mlops/bundles").iterdir()}


def test_a_retired_model_ends_in_nothing_serving(project: DeployProject, run: Run) -> None:
    project.release("v1.0.0", 1, "staging", "production")
    run("deploy")
    assert (listens(project.staging), listens(project.production)) == (True, True)
    run("retire", "credit", "--reason", "no longer sold", "--by", "ada")

    before = states(run, code=1)["production"]
    assert (before["sync"], before["health"], before["running"]["version"]) == ("OutOfSync", "Healthy", "v1.0.0")
    assert "still runs; emptied by ada on " in before["note"]
    planned = run("deploy", "--dry-run")
    assert f"credit in production: would stop v1.0.0 at http://127.0.0.1:{project.production}" in planned.out
    assert listens(project.production)

    answer = run("deploy")
    assert "credit in production: v1.0.0 is stopped; emptied by ada on " in answer.out
    assert ": no longer sold\n" in answer.out
    assert (listens(project.staging), listens(project.production), project.servers()) == (False, False, set())
    for place in states(run).values():
        assert (place["desired"], place["running"]) == (None, None)
        assert (place["sync"], place["health"]) == ("Synced", "Suspended")
        assert "empty on purpose by ada on " in place["note"]
        assert place["unassigned"]["reason"] == "no longer sold"
    assert "Suspended" in run("status").out

    tags = project.repo.git("tag", "--list")
    assert "already" in run("retire", "credit", "--reason", "no longer sold").out
    again = run("deploy")
    assert "nothing to do" in again.out
    assert [place["result"] for place in run("deploy", "--json").json] == ["unchanged", "unchanged"]
    assert (project.repo.git("tag", "--list"), project.servers()) == (tags, set())


def test_an_emptied_stage_stops_and_the_others_serve_on(project: DeployProject, run: Run) -> None:
    project.release("v1.0.0", 1, "staging", "production")
    project.release("v1.1.0", 2, "staging", "production")
    run("deploy")
    run("retire", "credit#production", "--reason", "recall fell")
    results = {place["environment"]: place["result"] for place in run("deploy", "--json").json}
    assert results == {"staging": "unchanged", "production": "stopped"}
    assert (listens(project.staging), listens(project.production)) == (True, False)
    assert run("deploy", "production", "--json").json[0]["result"] == "unchanged"
    # Emptied before it was ever deployed, in a clone that knows nothing of it: in sync too.
    shutil.rmtree(project.root / ".gitops-mlops/processes/production")
    assert states(run)["production"]["health"] == "Suspended"
    project.repo.tag("credit#production#90", "credit@v1.0.0^{}", when=datetime(2030, 1, 1, tzinfo=UTC))
    assert "v1.0.0 serves" in run("deploy", "production").out
    assert listens(project.production)


def test_what_is_missing_by_accident_serves_on(project: DeployProject, run: Run) -> None:
    project.release("v1.0.0", 1, "staging")
    project.release("v1.1.0", 2, "production")
    run("deploy")
    stage = next(tag for tag in project.repo.git("tag", "--list").split() if "#staging" in tag)
    project.repo.git("tag", "--delete", stage)
    assert "credit in staging: nothing is assigned, v1.0.0 keeps serving" in run("deploy").out
    assert states(run, code=1)["staging"]["note"] == "nothing is assigned, yet it runs"
    # Out of use by GTO's hand while a stage holds it: nobody said that the stage should be empty.
    project.repo.tag("credit@v1.1.0!", "credit@v1.1.0^{}")
    project.repo.tag("credit#other#77", "credit@v1.0.0^{}")
    assert run("deploy", code=3).err.startswith("error: no version is assigned to production, staging")
    project.repo.git("tag", "--delete", *project.repo.git("tag", "--list").split())
    run("deploy", code=3)
    assert (listens(project.staging), listens(project.production)) == (True, True)


def test_what_mlops_yaml_no_longer_names_is_told_and_stopped_when_retired(project: DeployProject, run: Run) -> None:
    commit = project.release("v1.0.0", 1, "staging", "production")
    run("deploy")
    text = (project.root / "mlops.yaml").read_text()
    (project.root / "mlops.yaml").write_text("".join(text.splitlines(keepends=True)[:-1]))
    place = states(run, code=1)["production"]
    assert (place["configured"], place["sync"], place["health"]) == (False, "OutOfSync", "Healthy")
    assert place["running"]["commit"] == commit
    assert "mlops.yaml gives it no port" in place["note"]
    assert "gitops-mlops deploy production --model credit --stop" in place["note"]
    answer = run("deploy")
    assert "credit in production: v1.0.0 runs, and mlops.yaml gives it no port" in answer.out
    assert listens(project.production)
    assert set(states(run, "production", code=1)) == {"production"}
    assert set(states(run, "staging")) == {"staging"}
    assert "no such environment" in run("status", "prod", code=2).err

    run("retire", "credit#production", "--reason", "moved")
    assert "v1.0.0 is stopped; emptied by" in run("deploy").out
    assert (listens(project.staging), listens(project.production)) == (True, False)
    assert set(states(run)) == {"staging"}


def test_what_is_left_over_can_be_stopped_by_hand(project: DeployProject, run: Run) -> None:
    project.release("v1.0.0", 1, "staging", "production")
    run("deploy")
    project.configure(**{"  credit:": "  other:"})
    assert "also credit in production, credit in staging, which mlops.yaml" in run("status", code=3).err
    run("deploy", "staging", "--model", "credit", "--stop")
    assert (listens(project.staging), listens(project.production)) == (False, True)
    assert "also credit in production, which mlops.yaml" in run("status", code=3).err
    assert set(states(run, "--model", "credit", code=1)) == {"production"}


def test_a_stop_that_was_cut_off_is_finished(project: DeployProject, run: Run) -> None:
    """The servers are gone and nobody wrote it down, or one of two places was done."""
    project.release("v1.0.0", 1, "staging", "production")
    run("deploy")
    run("retire", "credit", "--reason", "x")
    bootstrap.process_target(project.root).stop(project.place("staging"))
    record = project.root / ".gitops-mlops/processes/staging/credit.json"
    record.write_bytes((project.root / ".gitops-mlops/processes/production/credit.json").read_bytes())
    run("deploy")
    assert project.servers() == set()
    assert {place["health"] for place in states(run).values()} == {"Suspended"}


def test_bundles_that_nothing_needs_are_dropped(project: DeployProject, run: Run) -> None:
    project.release("v1.0.0", 1, "staging", "production")
    run("deploy")
    (first,) = bundles(project)
    for number in (1, 2, 3):
        project.release(f"v1.{number}.0", number + 1, "staging")
        run("deploy", "staging")
    kept = bundles(project)
    current, before = project.record()["current"]["digest"], project.record()["previous"]
    # What production runs, what staging runs, and what it ran before.
    assert kept == {first, *(digest.removeprefix("sha256:") for digest in (current, before))}
    assert len(kept) == 3


def test_a_bundle_in_use_is_never_dropped(project: DeployProject, run: Run) -> None:
    project.release("v1.0.0", 1, "staging")
    run("deploy")
    (first,) = bundles(project)
    folder = project.root / ".gitops-mlops/bundles"
    (folder / "mine").mkdir()
    (folder / ("0" * 64)).mkdir()
    (port,) = free_ports(1)
    with subprocess.Popen(
        [sys.executable, "-m", "gitops_mlops.serving", "--bundle", folder / first, "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
    ) as foreground:
        assert foreground.stdout is not None
        assert "serving credit v1.0.0" in foreground.stdout.readline()
        for number in (1, 2):
            project.release(f"v1.{number}.0", number + 1, "staging")
            run("deploy")
        assert first in bundles(project)
        foreground.terminate()
    project.release("v1.3.0", 4, "staging")
    answer = run("deploy")
    assert "dropped 2 bundles that nothing needs" in answer.err
    # What was put there by hand stays.
    assert {"mine", "0" * 64} < bundles(project)
    assert first not in bundles(project)
