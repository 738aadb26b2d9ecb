"""A stranger's run says what it likes to the workflow that may write comments."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gitops_mlops.domain.review.review import ModelReview
from tests.actions.attacking import BOT, Stranger, no_token_is_left, told
from tests.actions.github import GitHub
from tests.integration.hostile_uploads import BOMBS, zipped
from tests.unit.reports import github as reading
from tests.unit.reports.corpus import hostile_report

pytestmark = pytest.mark.usefixtures("preloaded")

# One of each kind; test_comment.py has them all.
ZIPS = ("bomb", "parent", "symlink", "many", "checksum")


@pytest.fixture
def stranger(github: GitHub) -> Iterator[Stranger]:
    yield Stranger(github)
    no_token_is_left(github)


def harmless(github: GitHub, comment: str) -> bool:
    """Whether GitHub would mention, link, close, hide or draw nothing that is not ours."""
    problems = reading.problems(comment.replace(f"{github.git.address}/octo/demo", reading.WEB))
    assert problems == []
    return bool(comment)


def test_zips_made_to_harm(github: GitHub, stranger: Stranger) -> None:
    """Row 7: refused in our own words, with the exit code of a verdict."""
    for name in ZIPS:
        make, words = BOMBS[name]
        run = stranger.uploads(make(stranger.review()))
        assert run.conclusion == "failure", run
        assert words in told(run), (name, run)
        assert ": what run" in told(run)
        machine = run.job("report / comment").machine
        assert machine
        assert machine.steps[-1].outputs["code"] == "1", machine.steps
        assert "Traceback" not in run.log
        assert "## ❌ No report" in stranger.comment
        assert harmless(github, stranger.comment)
    assert stranger.says(stranger.review()).conclusion == "success"
    assert "## ✅ Passes" in stranger.comment


def test_no_report_an_empty_one_and_no_number(stranger: Stranger) -> None:
    """Row 6: what is missing or cannot be is told as that, never as a pass."""
    run = stranger.uploads(None, conclusion="failure")
    assert run.conclusion == "success", run
    assert "The run ended (failure) without a report." in stranger.comment
    nan = stranger.review().replace(b'"run":null', b'"run":NaN')
    for content in (b"", nan):
        assert stranger.says(content).conclusion == "failure"
        assert "## ❌ No report" in stranger.comment


def test_hostile_words_in_a_report(github: GitHub, stranger: Stranger) -> None:
    """Row 5: mentions, HTML, links, hidden characters, charts."""
    for numbers in (range(0, 6), range(100, 103)):
        reports = {report.model: report for report in map(hostile_report, numbers)}
        models = tuple(ModelReview(name=name, outcome=one.verdict, report=one) for name, one in reports.items())
        worst = max((model.outcome for model in models), key=["pass", "warn", "incomparable", "block"].index)
        assert stranger.says(stranger.review(verdict=worst, models=models)).conclusion == "success"
        assert harmless(github, stranger.comment)


def test_no_other_pull_request_can_be_reached(github: GitHub, stranger: Stranger) -> None:
    """Row 8: numbers, commits and branches are claims, and what the forge knows counts."""
    victim = github.user("victim")
    fork = github.fork(victim, "octo/demo")
    target = github.push(victim, fork, stranger.branch, {"theirs.md": "1\n"})
    other = github.open_pull_request(victim, fork, stranger.branch)
    ours = github.user("octo")
    github.push(ours, "octo/demo", stranger.branch, {"own.md": "1\n"})
    third = github.open_pull_request(ours, "octo/demo", stranger.branch)

    # In the document: another number, and another commit.
    assert stranger.says(stranger.review(pull_request=other)).conclusion == "success"
    assert stranger.comment == ""
    assert stranger.says(stranger.review()).conclusion == "success"
    assert "## ✅ Passes" in stranger.comment
    assert stranger.says(stranger.review(target, pull_request=other)).conclusion == "failure"
    # Of the run: a commit, or a branch, that is the head of another pull request.
    for claims in ({"head": target}, {"head": target, "head_branch": "main"}, {"head_repository": None}):
        assert stranger.says(stranger.review(claims.get("head") or stranger.head), **claims).conclusion == "success"
    assert github.forge.comments(other) == github.forge.comments(third) == []
    # An old run ends after a newer push, and after the pull request was closed.
    said, old = stranger.comment, stranger.head
    stranger.head = stranger.push({"note.md": "2\n"})
    assert stranger.says(stranger.review(old), head=old).conclusion == "success"
    github.forge.close(stranger.number)
    assert stranger.says(stranger.review()).conclusion == "success"
    assert stranger.comment == said


def test_somebody_elses_comment_is_not_ours(github: GitHub, stranger: Stranger) -> None:
    """Row 8: a stranger who writes our marker owns that comment, and no other."""
    github.forge.comment(stranger.number, "<!-- gitops-mlops:review -->\nmine", by="mallory")
    assert stranger.says(stranger.review()).conclusion == "success"
    theirs, _ = github.forge.comments(stranger.number)
    assert (theirs.author, theirs.body[-4:]) == ("mallory", "mine")
    assert "## ✅ Passes" in stranger.comment


def test_a_run_that_is_called_as_ours_but_is_of_a_push(github: GitHub, stranger: Stranger) -> None:
    """Row 8: the name of a workflow is a claim, too."""
    number = github.forge.add_run(
        "push", "x.yml", stranger.head, "change", head_repository=stranger.fork, name="mlops"
    )
    github.forge.upload(number, "gitops-mlops-review", zipped(stranger.review()))
    github.forge.end_run(number, "success")
    (run,) = github.settle()
    assert run.conclusion == "skipped", run
    assert [one for one in github.forge.comments(stranger.number) if one.author == BOT] == []


def test_a_report_of_one_pull_request_is_not_written_on_another_of_the_same_head(
    github: GitHub, stranger: Stranger
) -> None:
    """Row 25: one branch, two bases; then one is retargeted between the run and the comment, and one is closed."""
    octo = github.user("octo")
    github.push(octo, "octo/demo", "lax", {"mlops.yaml": "no gates\n"})
    github.settle()
    lax = github.open_pull_request(stranger.user, stranger.fork, stranger.branch, base="lax")
    for_lax = stranger.review(base=("lax", github.forge.pull(lax).base), pull_request=lax)
    assert stranger.says(for_lax).conclusion == "success"
    assert stranger.comment == ""
    (comment,) = github.forge.comments(lax)
    # The same number, and what the other pull request is checked against.
    assert stranger.says(stranger.review(base=("lax", github.forge.pull(lax).base))).conclusion == "success"
    github.forge.close(lax)
    assert stranger.says(for_lax).conclusion == "success"
    run = stranger.review()
    github.edit_pull_request(stranger.user, stranger.number, base="lax")
    assert stranger.says(run).conclusion == "success"
    assert stranger.comment == ""
    assert [one.id for one in github.forge.comments(lax)] == [comment.id]
    assert stranger.says(stranger.review()).conclusion == "success"
    assert "## ✅ Passes" in stranger.comment
