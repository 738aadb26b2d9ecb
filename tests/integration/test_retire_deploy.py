"""What is retired stops serving; what only seems to be missing serves on. Real servers on the loopback interface."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gitops_mlops import bootstrap
from tests.conftest import Answer
from tests.integration.deploy_project import DeployProject
from tests.ports import free_ports

pytestmark = pytest.mark.usefixtures("preloaded")

Run = Callable[..., Answer]


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def states(run: Run, *words: str, code: int = 0) -> dict[str, Any]:
    return {place["environment"]: place for place in run("status", "--json", *words, code=code).json}


def bundles(project: DeployProject) -> set[str]:
    return {path.name for path in (project.root / ".gitops-mlops/bundles").iterdir()}


def test_a_retired_model_ends_in_nothing_serving(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging", "production")
    run_deploy("deploy")
    assert (listens(deploy_project.staging), listens(deploy_project.production)) == (True, True)
    run_deploy("retire", "credit", "--reason", "no longer sold", "--by", "ada")

    before = states(run_deploy, code=1)["production"]
    assert (before["sync"], before["health"], before["running"]["version"]) == ("OutOfSync", "Healthy", "v1.0.0")
    assert "still runs; emptied by ada on " in before["note"]
    planned = run_deploy("deploy", "--dry-run")
    assert f"credit in production: would stop v1.0.0 at http://127.0.0.1:{deploy_project.production}" in planned.out
    assert listens(deploy_project.production)

    answer = run_deploy("deploy")
    assert "credit in production: v1.0.0 is stopped; emptied by ada on " in answer.out
    assert ": no longer sold\n" in answer.out
    assert (listens(deploy_project.staging), listens(deploy_project.production), deploy_project.servers()) == (
        False,
        False,
        set(),
    )
    for place in states(run_deploy).values():
        assert (place["desired"], place["running"]) == (None, None)
        assert (place["sync"], place["health"]) == ("Synced", "Suspended")
        assert "empty on purpose by ada on " in place["note"]
        assert place["unassigned"]["reason"] == "no longer sold"
    assert "Suspended" in run_deploy("status").out

    tags = deploy_project.repo.git("tag", "--list")
    assert "already" in run_deploy("retire", "credit", "--reason", "no longer sold").out
    again = run_deploy("deploy")
    assert "nothing to do" in again.out
    assert [place["result"] for place in run_deploy("deploy", "--json").json] == ["unchanged", "unchanged"]
    assert (deploy_project.repo.git("tag", "--list"), deploy_project.servers()) == (tags, set())


def test_an_emptied_stage_stops_and_the_others_serve_on(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging", "production")
    deploy_project.release("v1.1.0", 2, "staging", "production")
    run_deploy("deploy")
    run_deploy("retire", "credit#production", "--reason", "recall fell")
    results = {place["environment"]: place["result"] for place in run_deploy("deploy", "--json").json}
    assert results == {"staging": "unchanged", "production": "stopped"}
    assert (listens(deploy_project.staging), listens(deploy_project.production)) == (True, False)
    assert run_deploy("deploy", "production", "--json").json[0]["result"] == "unchanged"
    # Emptied before it was ever deployed, in a clone that knows nothing of it: in sync too.
    shutil.rmtree(deploy_project.root / ".gitops-mlops/processes/production")
    assert states(run_deploy)["production"]["health"] == "Suspended"
    deploy_project.repo.tag("credit#production#90", "credit@v1.0.0^{}", when=datetime(2030, 1, 1, tzinfo=UTC))
    assert "v1.0.0 serves" in run_deploy("deploy", "production").out
    assert listens(deploy_project.production)


def test_what_is_missing_by_accident_serves_on(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    deploy_project.release("v1.1.0", 2, "production")
    run_deploy("deploy")
    stage = next(tag for tag in deploy_project.repo.git("tag", "--list").split() if "#staging" in tag)
    deploy_project.repo.git("tag", "--delete", stage)
    assert "credit in staging: nothing is assigned, v1.0.0 keeps serving" in run_deploy("deploy").out
    assert states(run_deploy, code=1)["staging"]["note"] == "nothing is assigned, yet it runs"
    # Out of use by GTO's hand while a stage holds it: nobody said that the stage should be empty.
    deploy_project.repo.tag("credit@v1.1.0!", "credit@v1.1.0^{}")
    deploy_project.repo.tag("credit#other#77", "credit@v1.0.0^{}")
    assert run_deploy("deploy", code=3).err.startswith("error: no version is assigned to production, staging")
    deploy_project.repo.git("tag", "--delete", *deploy_project.repo.git("tag", "--list").split())
    run_deploy("deploy", code=3)
    assert (listens(deploy_project.staging), listens(deploy_project.production)) == (True, True)


def test_what_mlops_yaml_no_longer_names_is_told_and_stopped_when_retired(
    deploy_project: DeployProject, run_deploy: Run
) -> None:
    commit = deploy_project.release("v1.0.0", 1, "staging", "production")
    run_deploy("deploy")
    text = (deploy_project.root / "mlops.yaml").read_text()
    (deploy_project.root / "mlops.yaml").write_text("".join(text.splitlines(keepends=True)[:-1]))
    place = states(run_deploy, code=1)["production"]
    assert (place["configured"], place["sync"], place["health"]) == (False, "OutOfSync", "Healthy")
    assert place["running"]["commit"] == commit
    assert "mlops.yaml gives it no port" in place["note"]
    assert "gitops-mlops deploy production --model credit --stop" in place["note"]
    answer = run_deploy("deploy")
    assert "credit in production: v1.0.0 runs, and mlops.yaml gives it no port" in answer.out
    assert listens(deploy_project.production)
    assert set(states(run_deploy, "production", code=1)) == {"production"}
    assert set(states(run_deploy, "staging")) == {"staging"}
    assert "no such environment" in run_deploy("status", "prod", code=2).err

    run_deploy("retire", "credit#production", "--reason", "moved")
    assert "v1.0.0 is stopped; emptied by" in run_deploy("deploy").out
    assert (listens(deploy_project.staging), listens(deploy_project.production)) == (True, False)
    assert set(states(run_deploy)) == {"staging"}


def test_what_is_left_over_can_be_stopped_by_hand(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging", "production")
    run_deploy("deploy")
    deploy_project.configure({"  credit:": "  other:"})
    assert "also credit in production, credit in staging, which mlops.yaml" in run_deploy("status", code=3).err
    run_deploy("deploy", "staging", "--model", "credit", "--stop")
    assert (listens(deploy_project.staging), listens(deploy_project.production)) == (False, True)
    assert "also credit in production, which mlops.yaml" in run_deploy("status", code=3).err
    assert set(states(run_deploy, "--model", "credit", code=1)) == {"production"}


def test_a_stop_that_was_cut_off_is_finished(deploy_project: DeployProject, run_deploy: Run) -> None:
    """The servers are gone and nobody wrote it down, or one of two places was done."""
    deploy_project.release("v1.0.0", 1, "staging", "production")
    run_deploy("deploy")
    run_deploy("retire", "credit", "--reason", "x")
    bootstrap.process_target(deploy_project.root).stop(deploy_project.place("staging"))
    record = deploy_project.root / ".gitops-mlops/processes/staging/credit.json"
    record.write_bytes((deploy_project.root / ".gitops-mlops/processes/production/credit.json").read_bytes())
    run_deploy("deploy")
    assert deploy_project.servers() == set()
    assert {place["health"] for place in states(run_deploy).values()} == {"Suspended"}


def test_bundles_that_nothing_needs_are_dropped(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging", "production")
    run_deploy("deploy")
    (first,) = bundles(deploy_project)
    for number in (1, 2, 3):
        deploy_project.release(f"v1.{number}.0", number + 1, "staging")
        run_deploy("deploy", "staging")
    kept = bundles(deploy_project)
    current, before = deploy_project.record()["current"]["digest"], deploy_project.record()["previous"]
    # What production runs, what staging runs, and what it ran before.
    assert kept == {first, *(digest.removeprefix("sha256:") for digest in (current, before))}
    assert len(kept) == 3


def test_a_bundle_in_use_is_never_dropped(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    run_deploy("deploy")
    (first,) = bundles(deploy_project)
    folder = deploy_project.root / ".gitops-mlops/bundles"
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
            deploy_project.release(f"v1.{number}.0", number + 1, "staging")
            run_deploy("deploy")
        assert first in bundles(deploy_project)
        foreground.terminate()
    deploy_project.release("v1.3.0", 4, "staging")
    answer = run_deploy("deploy")
    assert "dropped 2 bundles that nothing needs" in answer.err
    # What was put there by hand stays.
    assert {"mine", "0" * 64} < bundles(deploy_project)
    assert first not in bundles(deploy_project)
