"""A pull request is checked against one branch and merged into another, which has other gates."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.actions.attacking import GATE, callers, change, no_token_is_left, project_on
from tests.actions.github import GitHub, User
from tests.conftest import Repo

pytestmark = pytest.mark.usefixtures("preloaded")

LAX = "[{metric: roc_auc, min: 0.1}]"
AT_LAX = f"{GATE} (refs/heads/lax)"
TYPES = "    types: [opened, synchronize, reopened, edited] # edited: the base may be another one\n"


def proposed(github: GitHub, repo: Repo) -> tuple[User, str, str]:
    """A branch with lax gates beside main, and a stranger's worse model: she, her fork and the commit."""
    project = project_on(github, repo, "pull-request", "report")
    mallory = github.user("mallory")
    fork = github.fork(mallory, "octo/demo")
    project.configure(gates=LAX)
    files = {"mlops.yaml": (repo.root / "mlops.yaml").read_text("utf-8")}
    github.push(github.user("octo"), "octo/demo", "lax", files)
    github.settle()
    return mallory, fork, github.push(mallory, fork, "patch", change(project, "age"))


def test_a_pull_request_that_is_retargeted_is_checked_again(github: GitHub, repo: Repo) -> None:
    """Row 22: green where the gates are lax; then its base is main."""
    mallory, fork, head = proposed(github, repo)
    number = github.open_pull_request(mallory, fork, "patch", base="lax")
    github.settle()
    assert (github.required(head, AT_LAX), github.required(head, GATE)) == ("success", "pending")
    (comment,) = github.forge.comments(number)
    assert "## ⚠️ fault: worse than v0.0.1" in comment.body

    github.edit_pull_request(mallory, number, base="main")
    (review, report) = github.settle()
    assert (review.payload["action"], review.conclusion, report.conclusion) == ("edited", "failure", "success")
    assert github.required(head, GATE) == "failure", review
    (comment,) = github.forge.comments(number)
    assert "## ⛔ fault: worse than v0.0.1" in comment.body

    # Another title makes nothing green, and ends nothing that runs.
    github.edit_pull_request(mallory, number, title="A better title")
    (again, _) = github.settle()
    assert (again.job(GATE).result, github.required(head, GATE)) == ("failure", "failure"), again
    # The run of before she retargeted it, run once more, is still one of the other branch.
    (old, _) = github.rerun(github.dispatcher.runs[0])
    assert (github.required(head, AT_LAX), github.required(head, GATE)) == ("success", "failure"), old
    (comment,) = github.forge.comments(number)
    assert "## ⛔ fault: worse than v0.0.1" in comment.body
    no_token_is_left(github)


def test_a_second_pull_request_of_the_same_head_makes_nothing_green(github: GitHub, repo: Repo) -> None:
    """Row 22: into main it is red; into a lax branch the same commit is green, later."""
    mallory, fork, head = proposed(github, repo)
    github.open_pull_request(mallory, fork, "patch")
    github.settle()
    github.open_pull_request(mallory, fork, "patch", base="lax")
    github.settle()
    assert (github.required(head, AT_LAX), github.required(head, GATE)) == ("success", "failure")
    no_token_is_left(github)


def small(github: GitHub, caller: Callable[[str], str]) -> tuple[User, str, int]:
    """A stranger's pull request into a lax branch, in a repository without a model: every review is red at once."""
    files = {path: caller(text) for path, text in callers(github.toolkit, "pull-request").items()}
    github.repository("octo/demo", files)
    mallory = github.user("mallory")
    github.push(github.user("octo"), "octo/demo", "lax", {"note.md": "lax\n"})
    fork = github.fork(mallory, "octo/demo")
    head = github.push(mallory, fork, "patch", {"other.md": "1\n"})
    github.settle()
    return mallory, head, github.open_pull_request(mallory, fork, "patch", base="lax")


def test_where_the_caller_does_not_run_on_edited_the_gate_never_comes(github: GitHub) -> None:
    """Row 22: the check of the other branch does not count."""
    mallory, head, number = small(github, lambda text: text.replace(TYPES, ""))
    github.settle()
    github.edit_pull_request(mallory, number, base="main")
    assert github.settle() == []
    assert github.checks(head).keys() == {"mlops / review", AT_LAX}
    assert github.required(head, GATE) == "pending"


def test_another_title_does_not_end_a_review_that_runs(github: GitHub) -> None:
    """Row 22: it waits for the one before, and no job of it is skipped; what changes head or base ends it."""
    mallory, head, number = small(github, str)
    github.edit_pull_request(mallory, number, title="A better title")
    first, second = github.settle()
    assert (first.conclusion, second.conclusion) == ("failure", "failure"), (first, second)
    assert second.job(AT_LAX).result == "failure"
    github.edit_pull_request(mallory, number, body="words")
    github.edit_pull_request(mallory, number, base="main")
    github.settle()
    assert [run.conclusion for run in github.dispatcher.runs[-2:]] == ["cancelled", "failure"]
    assert github.required(head, GATE) == "failure"
