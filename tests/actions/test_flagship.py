"""This repository is its own first user: its own workflows on its own flagship."""

from __future__ import annotations

import subprocess

import pytest

from tests.actions.github import GitHub
from tests.actions.sources import ROOT

pytestmark = pytest.mark.usefixtures("preloaded")

REPOSITORY = "octo/flagship"
# They would run this very test.
OTHERS = (".github/workflows/ci.yml", ".github/workflows/publish.yml")


def working_tree() -> dict[str, bytes]:
    """What a commit of this working tree would hold."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    paths = [path for path in listed if path and path not in OTHERS and (ROOT / path).is_file()]
    return {path: (ROOT / path).read_bytes() for path in paths}


def test_a_pull_request_is_reviewed_by_our_own_workflows(github: GitHub) -> None:
    """The pipeline runs on the real flights, which come in a package; then one comment."""
    github.repository(REPOSITORY, working_tree())
    owner = github.user("octo")
    head = github.push(owner, REPOSITORY, "notes", {"NOTES.md": "One more.\n"})
    number = github.open_pull_request(owner, REPOSITORY, "notes", repository=REPOSITORY)
    review, report = github.settle()
    assert (review.conclusion, report.conclusion) == ("success", "success"), (review, report)
    assert "python -m pipeline.train" in review.log
    assert github.required(head, "flagship / gate") == "success"
    (comment,) = github.forge.comments(number, REPOSITORY)
    assert "## ✅ Passes: no model and no data changed" in comment.body
