"""What contributors see: the workflows that docs/github.md shows, called on pull requests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.actions.attacking import project_on
from tests.actions.github import GitHub, User
from tests.conftest import Repo
from tests.integration.comparison_project import ComparisonProject

pytestmark = pytest.mark.usefixtures("preloaded")

GATE = "mlops / gate"


# As it would be run, were it ever part of a script.
RUNS = "touch${IFS}$HOME/owned"
BRANCH = f"patch-$({RUNS})-`{RUNS}`-\";{RUNS};\"-';{RUNS};'"


def proposed(github: GitHub, project: ComparisonProject, user: User, fork: str, seed: int, *features: str) -> str:
    """A model of these features, pushed to the branch; the commit."""
    project.parameters["train.seed"] = seed
    project.train(*features)
    files = {name: (project.root / name).read_text("utf-8") for name in ("dvc.lock", "params.yaml")}
    return github.push(user, fork, BRANCH, files)


def reviewed(github: GitHub, commit: str) -> str:
    """What a review of a commit and its report came to: the gate."""
    review, report = github.settle()
    assert (review.head, review.event, report.event) == (commit, "pull_request", "workflow_run")
    assert review.conclusion == github.required(commit, GATE), review
    assert report.conclusion == "success", report
    assert not list(review.folder.rglob("owned"))
    return review.conclusion


def test_a_fork_proposes_a_worse_model_and_then_a_better_one(github: GitHub, repo: Repo) -> None:
    """Red, with one comment; then green, with the same one. Nothing that the contributor named is ever run."""
    project = project_on(github, repo, "pull-request", "report")
    mallory = github.user("mallory")
    fork = github.fork(mallory, "octo/demo")

    worse = proposed(github, project, mallory, fork, 2, "age")
    number = github.open_pull_request(mallory, fork, BRANCH, title=BRANCH, body=BRANCH)
    assert reviewed(github, worse) == "failure"
    (first,) = [replace(comment) for comment in github.forge.comments(number)]
    assert first.author == "github-actions[bot]"
    assert "⛔ fault: worse than v0.0.1" in first.body

    better = proposed(github, project, mallory, fork, 3, "speed", "load", "age")
    assert reviewed(github, better) == "success"
    (second,) = [replace(comment) for comment in github.forge.comments(number)]
    assert (second.id, second.author) == (first.id, first.author)
    assert "worse than v0.0.1" not in second.body

    # A re-run takes other seconds, and changes nothing.
    again, report = github.rerun(github.dispatcher.runs[-2])
    assert (again.attempt, again.conclusion, report.conclusion) == (2, "success", "success"), again
    (third,) = github.forge.comments(number)
    assert third.body == second.body
