"""What the forge is told of a rollout: deployments, and an issue for what was taken back."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Answer, Cli, Repo
from tests.fakes.forge import TOKEN, Forge, lost, running
from tests.integration.deploy_project import trained
from tests.integration.rollout_project import RolloutProject, only, unsteady

pytestmark = pytest.mark.usefixtures("preloaded")

Run = Callable[..., Answer]
RUN = "https://ci.example/octo/demo/actions/runs/7"


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forge]:
    with running("octo/demo", tmp_path / "forge") as made:
        monkeypatch.setenv("GITHUB_REPOSITORY", "octo/demo")
        monkeypatch.setenv("GITHUB_API_URL", made.address)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        yield made


@pytest.fixture
def project(repo: Repo, forge: Forge) -> Iterator[RolloutProject]:
    made = RolloutProject(repo, forge.folder())
    yield made
    made.clean_up()


@pytest.fixture
def rollout(project: RolloutProject, cli: Cli) -> Run:
    def call(*words: str, code: int = 0) -> Answer:
        answer = cli("rollout", *words, "--push", "--json", folder=project.root)
        assert answer.code == code, (answer.out, answer.err)
        return answer

    return call


def states(forge: Forge, environment: str = "") -> list[tuple[str, list[str]]]:
    """Every deployment's commit and states, the oldest first."""
    return [(one.commit, [state.state for state in one.states]) for one in forge.deployments(environment)]


def open_issues(forge: Forge) -> dict[int, str]:
    return {one.number: one.title for one in forge.repository().issues.values() if one.state == "open"}


def writes(forge: Forge) -> list[str]:
    return [request for request in forge.requests if not request.startswith(("GET", "POST /graphql"))]


def test_a_deployment_is_told_once(project: RolloutProject, rollout: Run, forge: Forge) -> None:
    commit = project.version("v0.0.1", trained(1))
    # Nothing may enter yet, which is nothing to tell or to warn of.
    assert "warning" not in rollout("production").err
    assert writes(forge) == []
    rollout("staging", "--run", RUN, "--web", "https://staging.example/")
    (one,) = forge.deployments("staging")
    assert (one.commit, one.description, one.production) == (commit, "credit v0.0.1", False)
    assert [state.state for state in one.states] == ["in_progress", "success"]
    forge.requests.clear()
    rollout("staging", "--run", RUN)
    assert writes(forge) == []
    rollout("production", "--run", RUN)
    (one,) = forge.deployments("production")
    assert (one.production, [state.state for state in one.states]) == (True, ["in_progress", "success"])
    assert open_issues(forge) == {}


def test_what_was_taken_back_is_told_until_another_version_entered(
    project: RolloutProject, rollout: Run, forge: Forge
) -> None:
    first = project.version("v0.0.1", trained(1))
    rollout("staging")
    second = project.version("v0.0.2", unsteady())
    rollout("staging", "--run", RUN, code=1)
    assert states(forge, "staging") == [
        (first, ["in_progress", "success"]),
        (second, ["in_progress", "failure"]),
    ]
    ((number, title),) = open_issues(forge).items()
    assert title == "credit v0.0.2 was rolled back in staging"
    issue = forge.repository().issues[number]
    assert issue.labels == ["gitops-mlops"]
    body = str(issue.body)
    assert body.startswith("<!-- gitops-mlops:finding:rollback/staging/credit/v0.0.2 -->\n")
    for words in ("golden", f"[this run]({RUN})", "promote credit@v0.0.2 staging --push", "credit#staging#"):
        assert words in body

    # Another run, from another job: nothing is told twice.
    forge.requests.clear()
    rollout("staging", "--run", "https://ci.example/octo/demo/actions/runs/8")
    assert writes(forge) == []
    project.version("v0.0.3", trained(3))
    rollout("staging")
    assert open_issues(forge) == {}
    assert (issue.state, issue.reason) == ("closed", "completed")


def test_what_a_rollout_that_was_cut_off_did_not_tell_is_told_by_the_next(
    project: RolloutProject, rollout: Run, forge: Forge
) -> None:
    project.version("v0.0.1", trained(1))
    rollout("staging")
    second = project.version("v0.0.2", unsteady())
    # The token may not tell anything.
    forge.add_token("github-actions[bot]", {"deployments": "read"}, kind="workflow", secret=TOKEN)
    answer = rollout("staging", code=1)
    assert "deployments: write" in answer.err
    assert only(answer)["current"] == "v0.0.1"
    assert open_issues(forge) == {}
    forge.add_token("github-actions[bot]", {"deployments": "write", "issues": "write"}, kind="workflow", secret=TOKEN)
    rollout("staging")
    assert list(open_issues(forge).values()) == ["credit v0.0.2 was rolled back in staging"]
    # A deployment that nobody began is not told afterwards.
    assert second not in [commit for commit, _ in states(forge)]


def test_a_deployment_that_was_begun_is_ended_by_the_next_run(
    project: RolloutProject, rollout: Run, forge: Forge
) -> None:
    commit = project.version("v0.0.1", trained(1))
    # An answer that gets lost leads to no second deployment.
    forge.faults.append(lost("POST /repos/octo/demo/deployments"))
    rollout("staging")
    assert states(forge, "staging") == [(commit, ["in_progress", "success"])]
    # As a run that was killed before the end leaves it.
    del forge.deployments("staging")[0].states[1]
    rollout("staging")
    assert states(forge, "staging") == [(commit, ["in_progress", "success"])]


def test_what_does_not_run_is_told_until_it_does(project: RolloutProject, rollout: Run, forge: Forge) -> None:
    project.version("v0.0.1", unsteady())
    rollout("staging", code=1)
    assert list(open_issues(forge).values()) == ["credit does not run as it should in staging"]
    project.version("v0.0.2", trained(1))
    rollout("staging")
    assert open_issues(forge) == {}


def test_issues_of_other_environments_and_people_stay(project: RolloutProject, rollout: Run, forge: Forge) -> None:
    body = "<!-- gitops-mlops:finding:rollback/{}/credit/v9.9.9 -->\nx"
    theirs = forge.open_issue("theirs", body.format("staging"), by="mallory", labels=["gitops-mlops"])
    other = forge.open_issue("ours", body.format("production"), by="github-actions[bot]", labels=["gitops-mlops"])
    stale = forge.open_issue("stale", body.format("staging"), by="github-actions[bot]", labels=["gitops-mlops"])
    project.version("v0.0.1", trained(1))
    rollout("staging")
    assert set(open_issues(forge)) == {theirs, other}
    assert forge.repository().issues[stale].state == "closed"


def test_nothing_is_told_without_a_push(project: RolloutProject, cli: Cli, forge: Forge) -> None:
    project.version("v0.0.1", trained(1))
    assert cli("rollout", "staging", folder=project.root).code == 0
    assert (forge.requests, forge.deployments("staging")) == ([], [])


def test_reviews_hold_a_version_back(project: RolloutProject, rollout: Run, forge: Forge) -> None:
    project.repo.write(
        "mlops.yaml",
        (project.root / "mlops.yaml")
        .read_text()
        .replace("after: staging", "after: staging, promotion: {approvals: {reviews: 1}}"),
    )
    commit = project.version("v0.0.1", trained(1), pull_request="12")
    forge.pull_request(12, "ada", "b" * 40, commit)
    rollout("staging")
    model = only(rollout("production"))
    assert (model["waiting"], model["refusals"][0]["rule"]) == ("v0.0.1", "1 approving review")
    forge.review(12, "bob", "APPROVED", commit="b" * 40)
    assert only(rollout("production"))["current"] == "v0.0.1"


def test_status_and_doctor_keep_issues(project: RolloutProject, rollout: Run, cli: Cli, forge: Forge) -> None:
    project.version("v0.0.1", trained(1))
    rollout("staging")
    for pid in project.servers():
        os.kill(pid, signal.SIGKILL)
    for _ in range(2):
        answer = cli("status", "staging", "--issues", folder=project.root)
        assert answer.code == 0, "the issue tells it"
        ((number, title),) = open_issues(forge).items()
        assert title == "credit does not run as it should in staging"
    assert "Degraded" in str(forge.repository().issues[number].body)
    # A rollout speaks of the same thing.
    rollout("staging")
    assert open_issues(forge) == {}
    assert cli("status", "staging", "--issues", folder=project.root).code == 0

    project.repo.tag("credit@v0.0.9", message="never registered by anybody")
    assert cli("doctor", folder=project.root).code == 1
    assert cli("doctor", "--issues", folder=project.root).code == 0, "the issue tells it"
    found = sorted(open_issues(forge).values())
    assert any("credit@v0.0.9" in title for title in found), found
    project.repo.git("tag", "-d", "credit@v0.0.9")
    cli("doctor", "--issues", folder=project.root)
    assert not any("credit@v0.0.9" in title for title in open_issues(forge).values())


def test_issues_need_a_forge(project: RolloutProject, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    project.version("v0.0.1", trained(1))
    monkeypatch.delenv("GITHUB_REPOSITORY")
    answer = cli("doctor", "--issues", folder=project.root)
    assert (answer.code, "GITHUB_REPOSITORY" in answer.err) == (2, True)
