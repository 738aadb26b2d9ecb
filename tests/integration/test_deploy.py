"""deploy, status and predict with real servers on the loopback interface."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Cli, Repo
from tests.integration.deploy_project import DeployProject


@pytest.fixture
def project(repo: Repo) -> Iterator[DeployProject]:
    made = DeployProject(repo)
    yield made
    made.clean_up()


def test_a_version_is_deployed_once(project: DeployProject, cli: Cli) -> None:
    commit = project.release("v1.0.0", 1, "staging")
    first = cli("deploy", "staging", folder=project.root)
    assert first.code == 0, first.err
    (pid,) = project.servers()
    assert first.out == f"credit in staging: v1.0.0 serves at http://127.0.0.1:{project.staging}\n"

    again = cli("deploy", "staging", folder=project.root)
    assert (again.code, "nothing to do" in again.out, project.servers()) == (0, True, {pid})

    status = cli("status", "staging", "--json", folder=project.root)
    (place,) = status.json
    assert status.code == 0
    assert (place["sync"], place["health"], place["note"]) == ("Synced", "Healthy", "")
    assert place["running"]["commit"] == commit
