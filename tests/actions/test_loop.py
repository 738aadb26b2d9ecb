"""The whole loop at the forge: a new user's project, four short callers, and every workflow file of ours for real."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.actions.github import GitHub
from tests.actions.newcomer import REPOSITORY, Newcomer, run, scaffolded, trained
from tests.actions.run import Run

pytestmark = pytest.mark.usefixtures("preloaded")

GATE = "mlops / gate"
BOT = "github-actions[bot]"
SCHEDULE = "17 * * * *"


@pytest.fixture(scope="module")
def scaffold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scaffold")
    scaffolded(folder, "classification")
    trained(folder)
    return folder


@pytest.fixture
def tumours(github: GitHub, scaffold: Path, tmp_path: Path) -> Iterator[Newcomer]:
    with at_the_forge(github, scaffold, tmp_path) as made:
        yield made


@contextmanager
def at_the_forge(github: GitHub, scaffold: Path, folder: Path) -> Iterator[Newcomer]:
    """The project at the forge; its servers end with it."""
    made = Newcomer(github, scaffold, folder)
    try:
        yield made
    finally:
        for environment in made.ports:
            kill_the_server(made, environment)


def ended(runs: list[Run], **expected: str) -> None:
    """The runs, by the end of their file's name, and how each ended."""
    found = {run.workflow.path.rpartition("mlops-")[2].removesuffix(".yml").replace("-", "_"): run for run in runs}
    said = {name: run.conclusion for name, run in found.items()}
    assert said == expected, "\n".join(f"{name}: {run.error}\n{run.log[-4000:]}" for name, run in found.items())
    assert len(found) == len(runs)


def ours(tumours: Newcomer, number: int) -> list[Any]:
    return [one for one in tumours.github.forge.comments(number, REPOSITORY) if one.author == BOT]


def serving(tumours: Newcomer) -> dict[str, str]:
    """The version that answers in each environment."""
    words = ["gitops-mlops", "status", "--state", str(tumours.state), "--json"]
    found = json.loads(run(tumours.github.clone(tumours.owner, REPOSITORY), *words, codes=(0, 1)))
    return {place["environment"]: (place["running"] or {}).get("version", "") for place in found}


def deployed(tumours: Newcomer, environment: str) -> list[tuple[str, str]]:
    """What the forge was told of an environment, the oldest first: what, and how it ended."""
    found = tumours.github.forge.deployments(environment, REPOSITORY)
    return [(one.description or "", one.states[-1].state) for one in sorted(found, key=lambda one: one.id)]


def issues(tumours: Newcomer) -> list[Any]:
    """The issues of ours; mallory's pull request is one of hers."""
    return [one for one in tumours.github.forge.repository(REPOSITORY).issues.values() if one.author == BOT]


def kill_the_server(tumours: Newcomer, environment: str) -> None:
    """What listens at an environment's port ends as if the machine had run out of memory."""
    port = tumours.ports[environment]
    listening = [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    found = [psutil.Process(one.pid) for one in listening if one.laddr and one.laddr.port == port and one.pid]
    for process in found:
        process.kill()
    psutil.wait_procs(found, timeout=10)


def everything(tumours: Newcomer) -> dict[str, Any]:
    """All that the forge keeps, but for the states of runs."""
    repository = tumours.github.forge.repository(REPOSITORY)
    return {
        "refs": repository.git.refs(),
        "issues": {
            number: (one.title, one.body, one.state, [(each.id, each.body) for each in one.comments])
            for number, one in repository.issues.items()
        },
        "deployments": [
            (one.id, [(state.id, state.state) for state in one.states]) for one in repository.deployments
        ],
        "statuses": [(one.commit, one.context, one.state) for one in repository.statuses],
    }


def first_release(tumours: Newcomer) -> list[Run]:
    """What the first merge brings: here a push of the owner's."""
    tumours.github.push(tumours.owner, REPOSITORY, "main", {"NOTES.md": "Go.\n"})
    return tumours.github.settle()


def test_a_worse_model_from_a_fork_is_refused_mended_and_released(tumours: Newcomer) -> None:
    github = tumours.github
    ended(first_release(tumours), release="success")
    assert serving(tumours) == {"staging": "v0.0.1", "production": "v0.0.1"}

    # A stranger's pull request with a worse model: a red check, and one comment.
    mallory = github.user("mallory")
    fork = github.fork(mallory, REPOSITORY)
    head = tumours.change(mallory, fork, "idea", {"params.yaml": ("c: 0.1", "c: 0.0001")})
    number = github.open_pull_request(mallory, fork, "idea", repository=REPOSITORY)
    ended(github.settle(), pull_request="failure", report="success")
    assert github.required(head, GATE) == "failure"
    (comment,) = ours(tumours, number)
    assert comment.body.splitlines()[1].startswith("## ⛔ tumour: worse than v0.0.1")
    first = comment.id

    # The fix: the same comment, and green.
    head = tumours.change(mallory, fork, "idea", {"params.yaml": ("c: 0.0001", "c: 1.0")})
    ended(github.settle(), pull_request="success", report="success")
    assert github.required(head, GATE) == "success"
    (comment,) = ours(tumours, number)
    assert comment.id == first
    assert comment.body.splitlines()[1].startswith("## ✅ tumour: better than v0.0.1")

    # A maintainer merges: a version, staging, production, and the forge knows of it.
    github.merge(tumours.owner, number, repository=REPOSITORY)
    ended(github.settle(), release="success")
    assert serving(tumours) == {"staging": "v0.0.2", "production": "v0.0.2"}
    assert [state for _, state in deployed(tumours, "production")] == ["success", "success"]
    unchanged_by_a_rerun(tumours)


def test_a_broken_version_takes_itself_back_and_a_button_another(tumours: Newcomer) -> None:
    github = tumours.github
    ended(first_release(tumours), release="success")
    tumours.change(tumours.owner, REPOSITORY, "main", {"params.yaml": ("c: 0.1", "c: 1.0")})
    ended(github.settle(), release="success")
    assert serving(tumours) == {"staging": "v0.0.2", "production": "v0.0.2"}

    # A version that does not come up: rolled back by itself, and an issue says so.
    tumours.change(
        tumours.owner,
        REPOSITORY,
        "main",
        {
            "params.yaml": ("c: 1.0", "c: 0.9"),
            "mlops.yaml": ("after: staging}", "after: staging, health: {timeout: 0.01}}"),
        },
    )
    ended(github.settle(), release="failure")
    assert serving(tumours) == {"staging": "v0.0.3", "production": "v0.0.2"}
    assert [state for _, state in deployed(tumours, "production")][-1] == "failure"
    (issue,) = issues(tumours)
    assert "v0.0.3" in issue.title
    assert issue.state == "open"

    # The button.
    tumours.change(tumours.owner, REPOSITORY, "main", {"mlops.yaml": (", health: {timeout: 0.01}", "")}, repro=False)
    github.settle()
    assert serving(tumours)["production"] == "v0.0.2"
    asked = {"model": "tumour", "environment": "production", "reason": "Doctors complain"}
    github.dispatch(tumours.owner, "mlops-operate.yml", asked, repository=REPOSITORY)
    ended(github.settle(), operate="success")
    assert serving(tumours)["production"] == "v0.0.1"

    # The clock: a server that was killed is started again, and nothing else is wrong.
    kill_the_server(tumours, "production")
    assert serving(tumours)["production"] == ""
    github.schedule(SCHEDULE, repository=REPOSITORY)
    ended(github.settle(), operate="success")
    assert serving(tumours)["production"] == "v0.0.1"
    assert [one.state for one in issues(tumours)] == ["closed"], "the button ended what v0.0.3 began"
    unchanged_by_a_rerun(tumours)


@pytest.mark.parametrize(("template", "setting"), [("regression", "blood"), ("forecasting", "air")])
def test_a_newcomer_comes_to_a_second_version(github: GitHub, tmp_path: Path, template: str, setting: str) -> None:
    """What init prints and the project's README go on with: two pull requests, both green, and what they bring."""
    (tmp_path / "scaffold").mkdir()
    scaffolded(tmp_path / "scaffold", template)
    with at_the_forge(github, tmp_path / "scaffold", tmp_path) as project:
        # The first push of a project without a model is no failure.
        ended(first_release(project), release="success")
        for number, (branch, edits) in enumerate(
            [("first-model", {}), ("more", {"params.yaml": (f"{setting}: false", f"{setting}: true")})], start=1
        ):
            head = project.change(project.owner, REPOSITORY, branch, edits)
            opened = github.open_pull_request(project.owner, REPOSITORY, branch, repository=REPOSITORY)
            ended(github.settle(), pull_request="success", report="success")
            assert github.required(head, GATE) == "success"
            (comment,) = ours(project, opened)
            assert comment.body.splitlines()[1].startswith("## ✅")
            github.merge(project.owner, opened, repository=REPOSITORY)
            ended(github.settle(), release="success")
            assert serving(project) == dict.fromkeys(project.ports, f"v0.0.{number}")


def unchanged_by_a_rerun(tumours: Newcomer) -> None:
    """Every job of every run once more."""
    before, served = everything(tumours), serving(tumours)
    for done in list(tumours.github.dispatcher.runs):
        tumours.github.rerun(done)
    assert everything(tumours) == before
    assert serving(tumours) == served
