"""The git server of the harness, asked by git itself."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from tests.actions.github import GitHub
from tests.conftest import Repo


def refused(github: GitHub, repo: Repo, *words: str) -> str:
    with pytest.raises(AssertionError) as said:
        repo.git("push", f"{github.git.address}/octo/demo", *words)
    return str(said.value)


def test_a_large_push_comes_in_pieces_and_is_told_once(github: GitHub, repo: Repo) -> None:
    """Above a mebibyte git does not say beforehand how much it will send."""
    content = random.Random(0).randbytes(3 << 20)
    repo.commit("large", **{"large.bin": content})
    repo.git("tag", "v1")
    github.repository("octo/demo", repo.root)
    git = github.forge.repository().git
    assert git("cat-file", "-s", "refs/heads/main:large.bin") == str(len(content))
    assert [event.payload["ref"] for event in github.forge.events if event.name == "push"] == [
        *("refs/heads/main", "refs/tags/v1")
    ]


def test_the_references_of_pull_requests_are_read_and_not_written(github: GitHub, repo: Repo, tmp_path: Path) -> None:
    repo.commit("first", a="1")
    github.repository("octo/demo", repo.root)
    octo = github.user("octo")
    head = github.push(octo, "octo/demo", "patch", {"a": "2"})
    number = github.open_pull_request(octo, "octo/demo", "patch")
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "copy")], check=True)
    fetch = ["fetch", "--quiet", f"{github.git.address}/octo/demo.git", f"refs/pull/{number}/*:refs/pull/{number}/*"]
    subprocess.run(["git", "--git-dir", str(tmp_path / "copy"), *fetch], check=True)
    look = ["git", "--git-dir", str(tmp_path / "copy"), "rev-parse", f"refs/pull/{number}/merge^2"]
    assert subprocess.run(look, capture_output=True, text=True, check=True).stdout.strip() == head
    repo.git("config", f"http.{github.git.address}/.extraheader", f"Authorization: Bearer {octo.token}")
    assert "hidden ref" in refused(github, repo, f"HEAD:refs/pull/{number}/head")


def test_a_push_that_git_refuses_is_not_told(github: GitHub, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "0")
    repo.commit("first", a="1")
    github.repository("octo/demo", repo.root)
    octo = github.user("octo")
    github.push(octo, "octo/demo", "main", {"a": "2"})
    told = len(github.forge.events)
    repo.commit("another", a="3")
    repo.git("config", f"http.{github.git.address}/.extraheader", f"Authorization: Bearer {octo.token}")
    assert "fetch first" in refused(github, repo, "HEAD:refs/heads/main")
    assert "rejected" in refused(github, repo, "--force-with-lease=main:HEAD", "HEAD:refs/heads/main")
    assert len(github.forge.events) == told
    repo.git("config", "--unset", f"http.{github.git.address}/.extraheader")
    assert "terminal prompts disabled" in refused(github, repo, "--force", "HEAD:refs/heads/main")
    assert len(github.forge.events) == told
