"""What a deploy leaves in the ledger, with real servers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from gitops_mlops.adapters.git.ledger import GitLedger
from gitops_mlops.domain.registry.ledger import LedgerEvent
from gitops_mlops.usecases.lineage.ledger import read_ledger
from tests.conftest import Cli, Repo
from tests.integration.deploy_project import DeployProject

pytestmark = pytest.mark.usefixtures("preloaded")


def deployments(project: DeployProject) -> list[LedgerEvent]:
    events, warnings = read_ledger(GitLedger(project.root), "credit", "staging")
    assert warnings == []
    return [event for event in events if event.kind == "deployment"]


def test_what_a_deploy_does_is_told(deploy_project: DeployProject, cli: Cli) -> None:
    first = deploy_project.release("v1.0.0", 1, "staging")
    assert cli("deploy", "staging", "--dry-run", folder=deploy_project.root).code == 0
    assert deployments(deploy_project) == []
    assert cli("deploy", "staging", folder=deploy_project.root).code == 0
    assert cli("deploy", "staging", folder=deploy_project.root).code == 0
    second = deploy_project.release("v1.1.0", 2, "staging")
    assert cli("deploy", "staging", folder=deploy_project.root).code == 0
    # Not let in: it has no time to get ready.
    third = deploy_project.release("v1.2.0", 3, "staging")
    deploy_project.configure({"timeout: 20s": "timeout: 0s"})
    assert cli("deploy", "staging", folder=deploy_project.root).code == 1
    assert cli("deploy", "staging", "--stop", folder=deploy_project.root).code == 0
    assert cli("deploy", "staging", "--stop", folder=deploy_project.root).code == 0

    told = deployments(deploy_project)
    assert [(event.result, event.version, event.commit, event.replaces) for event in told] == [
        ("deployed", "v1.0.0", first, ""),
        ("deployed", "v1.1.0", second, "v1.0.0"),
        ("refused", "v1.2.0", third, ""),
        ("stopped", "v1.1.0", second, ""),
    ]
    assert "was not ready" in told[2].reason
    assert {event.address for event in told} == {deploy_project.place().address}
    assert [event.bundle[:7] for event in told] == ["sha256:"] * 4
    assert told[1].bundle == told[3].bundle
    answer = cli("ledger", "verify", folder=deploy_project.root)
    assert answer.code == 0, answer.out


def test_what_was_cut_off_behind_the_switch_is_told_by_the_next_deploy(
    deploy_project: DeployProject, cli: Cli
) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    assert cli("deploy", "staging", folder=deploy_project.root).code == 0
    (told,) = deployments(deploy_project)
    deploy_project.repo.git("branch", "--quiet", "-D", "mlops-ledger")
    assert cli("deploy", "staging", folder=deploy_project.root).code == 0
    assert deployments(deploy_project) == [told]
    # A server that is gone and started again is another deployment.
    for pid in deploy_project.servers():
        os.kill(pid, signal.SIGKILL)
    assert cli("deploy", "staging", folder=deploy_project.root).code == 0
    assert [event.version for event in deployments(deploy_project)] == ["v1.0.0", "v1.0.0"]


def test_a_deploy_pushes_what_it_tells(deploy_project: DeployProject, cli: Cli, tmp_path: Path) -> None:
    deploy_project.repo.git("init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    deploy_project.repo.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    deploy_project.release("v1.0.0", 1, "staging")
    assert cli("deploy", "staging", "--push", folder=deploy_project.root).code == 0
    there = Repo(tmp_path / "origin.git").git("rev-parse", "mlops-ledger")
    assert there == deploy_project.repo.git("rev-parse", "mlops-ledger")
    # What stands in the way of the ledger stands in the way of nothing else.
    (tmp_path / "origin.git").rename(tmp_path / "gone.git")
    answer = cli("deploy", "staging", "--stop", "--push", folder=deploy_project.root)
    assert (answer.code, answer.out) == (0, "credit in staging: stopped\n")
    (warning,) = [line for line in answer.err.splitlines() if line.startswith("warning:")]
    assert "the deployment is done" in warning
    assert [event.result for event in deployments(deploy_project)] == ["deployed", "stopped"]
