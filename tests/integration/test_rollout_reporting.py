"""What the forge is told of a rollout: deployments, and an issue for what was taken back."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Answer, Cli, Repo
from tests.fakes.forge import TOKEN, Forge, lost
from tests.integration.deploy_project import trained
from tests.integration.rollout_project import RolloutProject, only, unsteady

pytestmark = pytest.mark.usefixtures("preloaded")

Run = Callable[..., Answer]
RUN = "https://ci.example/octo/demo/actions/runs/7"


@pytest.fixture
def project_on_forge(repo: Repo, forge_in_environment: Forge) -> Iterator[RolloutProject]:
    """Its origin is the forge's repository; no server of it is left."""
    made = RolloutProject(repo, forge_in_environment.folder())
    yield made
    made.clean_up()


@pytest.fixture
def rollout_json(project_on_forge: RolloutProject, cli: Cli) -> Run:
    def call(*words: str, code: int = 0) -> Answer:
        answer = cli("rollout", *words, "--push", "--json", folder=project_on_forge.root)
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


def test_a_deployment_is_told_once(
    project_on_forge: RolloutProject, rollout_json: Run, forge_in_environment: Forge
) -> None:
    commit = project_on_forge.version("v0.0.1", trained(1))
    # Nothing may enter yet, which is nothing to tell or to warn of.
    assert "warning" not in rollout_json("production").err
    assert writes(forge_in_environment) == []
    rollout_json("staging", "--run", RUN, "--web", "https://staging.example/")
    (one,) = forge_in_environment.deployments("staging")
    assert (one.commit, one.description, one.production) == (commit, "credit v0.0.1", False)
    assert [state.state for state in one.states] == ["in_progress", "success"]
    forge_in_environment.requests.clear()
    rollout_json("staging", "--run", RUN)
    assert writes(forge_in_environment) == []
    rollout_json("production", "--run", RUN)
    (one,) = forge_in_environment.deployments("production")
    assert (one.production, [state.state for state in one.states]) == (True, ["in_progress", "success"])
    assert open_issues(forge_in_environment) == {}


def test_what_was_taken_back_is_told_until_another_version_entered(
    project_on_forge: RolloutProject, rollout_json: Run, forge_in_environment: Forge
) -> None:
    first = project_on_forge.version("v0.0.1", trained(1))
    rollout_json("staging")
    second = project_on_forge.version("v0.0.2", unsteady())
    rollout_json("staging", "--run", RUN, code=1)
    assert states(forge_in_environment, "staging") == [
        (first, ["in_progress", "success"]),
        (second, ["in_progress", "failure"]),
    ]
    ((number, title),) = open_issues(forge_in_environment).items()
    assert title == "credit v0.0.2 was rolled back in staging"
    issue = forge_in_environment.repository().issues[number]
    assert issue.labels == ["gitops-mlops"]
    body = str(issue.body)
    assert body.startswith("<!-- gitops-mlops:finding:rollback/staging/credit/v0.0.2 -->\n")
    for words in ("golden", f"[this run]({RUN})", "promote credit@v0.0.2 staging --push", "credit#staging#"):
        assert words in body

    # Another run, from another job: nothing is told twice.
    forge_in_environment.requests.clear()
    rollout_json("staging", "--run", "https://ci.example/octo/demo/actions/runs/8")
    assert writes(forge_in_environment) == []
    project_on_forge.version("v0.0.3", trained(3))
    rollout_json("staging")
    assert open_issues(forge_in_environment) == {}
    assert (issue.state, issue.reason) == ("closed", "completed")


def test_what_a_rollout_that_was_cut_off_did_not_tell_is_told_by_the_next(
    project_on_forge: RolloutProject, rollout_json: Run, forge_in_environment: Forge
) -> None:
    project_on_forge.version("v0.0.1", trained(1))
    rollout_json("staging")
    second = project_on_forge.version("v0.0.2", unsteady())
    # The token may not tell anything.
    forge_in_environment.add_token("github-actions[bot]", {"deployments": "read"}, kind="workflow", secret=TOKEN)
    answer = rollout_json("staging", code=1)
    assert "deployments: write" in answer.err
    assert only(answer)["current"] == "v0.0.1"
    assert open_issues(forge_in_environment) == {}
    forge_in_environment.add_token(
        "github-actions[bot]", {"deployments": "write", "issues": "write"}, kind="workflow", secret=TOKEN
    )
    rollout_json("staging")
    assert list(open_issues(forge_in_environment).values()) == ["credit v0.0.2 was rolled back in staging"]
    # A deployment that nobody began is not told afterwards.
    assert second not in [commit for commit, _ in states(forge_in_environment)]


def test_a_deployment_that_was_begun_is_ended_by_the_next_run(
    project_on_forge: RolloutProject, rollout_json: Run, forge_in_environment: Forge
) -> None:
    commit = project_on_forge.version("v0.0.1", trained(1))
    # An answer that gets lost leads to no second deployment.
    forge_in_environment.faults.append(lost("POST /repos/octo/demo/deployments"))
    rollout_json("staging")
    assert states(forge_in_environment, "staging") == [(commit, ["in_progress", "success"])]
    # As a run that was killed before the end leaves it.
    del forge_in_environment.deployments("staging")[0].states[1]
    rollout_json("staging")
    assert states(forge_in_environment, "staging") == [(commit, ["in_progress", "success"])]


def test_what_does_not_run_is_told_until_it_does(
    project_on_forge: RolloutProject, rollout_json: Run, forge_in_environment: Forge
) -> None:
    project_on_forge.version("v0.0.1", unsteady())
    rollout_json("staging", code=1)
    assert list(open_issues(forge_in_environment).values()) == ["credit does not run as it should in staging"]
    project_on_forge.version("v0.0.2", trained(1))
    rollout_json("staging")
    assert open_issues(forge_in_environment) == {}


def test_issues_of_other_environments_and_people_stay(
    project_on_forge: RolloutProject, rollout_json: Run, forge_in_environment: Forge
) -> None:
    body = "<!-- gitops-mlops:finding:rollback/{}/credit/v9.9.9 -->\nx"
    theirs = forge_in_environment.open_issue("theirs", body.format("staging"), by="mallory", labels=["gitops-mlops"])
    other = forge_in_environment.open_issue(
        "ours", body.format("production"), by="github-actions[bot]", labels=["gitops-mlops"]
    )
    stale = forge_in_environment.open_issue(
        "stale", body.format("staging"), by="github-actions[bot]", labels=["gitops-mlops"]
    )
    project_on_forge.version("v0.0.1", trained(1))
    rollout_json("staging")
    assert set(open_issues(forge_in_environment)) == {theirs, other}
    assert forge_in_environment.repository().issues[stale].state == "closed"


def test_nothing_is_told_without_a_push(
    project_on_forge: RolloutProject, cli: Cli, forge_in_environment: Forge
) -> None:
    project_on_forge.version("v0.0.1", trained(1))
    assert cli("rollout", "staging", folder=project_on_forge.root).code == 0
    assert (forge_in_environment.requests, forge_in_environment.deployments("staging")) == ([], [])


def test_reviews_hold_a_version_back(
    project_on_forge: RolloutProject, rollout_json: Run, forge_in_environment: Forge
) -> None:
    project_on_forge.repo.write(
        "mlops.yaml",
        (project_on_forge.root / "mlops.yaml")
        .read_text()
        .replace("after: staging", "after: staging, promotion: {approvals: {reviews: 1}}"),
    )
    commit = project_on_forge.version("v0.0.1", trained(1), pull_request="12")
    forge_in_environment.pull_request(12, "ada", "b" * 40, commit)
    rollout_json("staging")
    model = only(rollout_json("production"))
    assert (model["waiting"], model["refusals"][0]["rule"]) == ("v0.0.1", "1 approving review")
    forge_in_environment.review(12, "bob", "APPROVED", commit="b" * 40)
    assert only(rollout_json("production"))["current"] == "v0.0.1"


def test_status_and_doctor_keep_issues(
    project_on_forge: RolloutProject, rollout_json: Run, cli: Cli, forge_in_environment: Forge
) -> None:
    project_on_forge.version("v0.0.1", trained(1))
    rollout_json("staging")
    for pid in project_on_forge.servers():
        os.kill(pid, signal.SIGKILL)
    for _ in range(2):
        answer = cli("status", "staging", "--issues", folder=project_on_forge.root)
        assert answer.code == 0, "the issue tells it"
        ((number, title),) = open_issues(forge_in_environment).items()
        assert title == "credit does not run as it should in staging"
    assert "Degraded" in str(forge_in_environment.repository().issues[number].body)
    # A rollout speaks of the same thing.
    rollout_json("staging")
    assert open_issues(forge_in_environment) == {}
    assert cli("status", "staging", "--issues", folder=project_on_forge.root).code == 0

    project_on_forge.repo.tag("credit@v0.0.9", message="never registered by anybody")
    assert cli("doctor", folder=project_on_forge.root).code == 1
    assert cli("doctor", "--issues", folder=project_on_forge.root).code == 0, "the issue tells it"
    found = sorted(open_issues(forge_in_environment).values())
    assert any("credit@v0.0.9" in title for title in found), found
    project_on_forge.repo.git("tag", "-d", "credit@v0.0.9")
    cli("doctor", "--issues", folder=project_on_forge.root)
    assert not any("credit@v0.0.9" in title for title in open_issues(forge_in_environment).values())


def test_issues_need_a_forge(project_on_forge: RolloutProject, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    project_on_forge.version("v0.0.1", trained(1))
    monkeypatch.delenv("GITHUB_REPOSITORY")
    answer = cli("doctor", "--issues", folder=project_on_forge.root)
    assert (answer.code, "GITHUB_REPOSITORY" in answer.err) == (2, True)
