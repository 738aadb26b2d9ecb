"""The git adapter against real repositories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gitops_mlops.adapters.git.repository import GitRepository
from gitops_mlops.domain.errors import ExternalError, MissingEvidence, UsageError
from tests.conftest import Repo


def test_outside_of_a_repository_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="git init"):
        GitRepository.around(tmp_path)
    with pytest.raises(UsageError, match="no such folder"):
        GitRepository.around(tmp_path / "absent")


def test_a_bare_repository_has_no_working_tree(tmp_path: Path, repo: Repo) -> None:
    repo.git("init", "--quiet", "--bare", str(tmp_path / "bare"))
    with pytest.raises((UsageError, ExternalError)):
        GitRepository.around(tmp_path / "bare")


def test_without_commits_head_is_missing_evidence(repo: Repo) -> None:
    with pytest.raises(MissingEvidence, match="no commits"):
        GitRepository.around(repo.root).head()


def test_finds_the_root_from_below(repo: Repo) -> None:
    (repo.root / "a b" / "é").mkdir(parents=True)
    assert GitRepository.around(repo.root / "a b" / "é").root.resolve() == repo.root.resolve()


def test_detached_head_and_branch(repo: Repo) -> None:
    sha = repo.commit()
    git = GitRepository(repo.root)
    assert (git.branch(), git.head()) == ("main", sha)
    repo.git("checkout", "--quiet", sha)
    assert (git.branch(), git.head()) == (None, sha)


def test_reads_files_of_another_revision(repo: Repo) -> None:
    old = repo.commit("one", **{"a é.txt": "old", "b\nc": "newline"})
    repo.commit("two", **{"a é.txt": "new"})
    git = GitRepository(repo.root)
    assert git.read(old, "a é.txt") == b"old"
    assert git.read("HEAD", "a é.txt") == b"new"
    assert git.read("HEAD", "absent") is None
    assert set(git.files(old)) == {"a é.txt", "b\nc"}
    assert git.changed_files(old, "HEAD") == ["a é.txt"]
    repo.write("b\nc", "changed")
    assert git.changed_files("HEAD") == ["b\nc"]


@pytest.mark.parametrize("revision", ["absent", "--output=x", "-x", "$(touch x)", "a;b", "HEAD:file", "", "a\nb"])
def test_a_revision_that_is_none_is_refused(repo: Repo, revision: str) -> None:
    repo.commit("one", file="x")
    with pytest.raises(MissingEvidence):
        GitRepository(repo.root).resolve(revision)
    assert not (repo.root / "x").exists()
    with pytest.raises(UsageError, match="NUL"):
        GitRepository(repo.root).resolve("a\0b")


def test_tags_carry_what_they_are(repo: Repo) -> None:
    first = repo.commit("one")
    repo.tag("m@v1.0.0", message="subject\n\nKey: value\nOther: a: b")
    second = repo.commit("two")
    repo.git("tag", "light")
    repo.git("tag", "--annotate", "--message", "", "empty")
    tags = {tag.name: tag for tag in GitRepository(repo.root).tags()}
    assert set(tags) == {"m@v1.0.0", "light", "empty"}
    assert (tags["m@v1.0.0"].commit, tags["m@v1.0.0"].annotated) == (first, True)
    assert tags["m@v1.0.0"].message.strip() == "subject\n\nKey: value\nOther: a: b"
    assert tags["m@v1.0.0"].tagger == "Ada Tester"
    assert (tags["light"].commit, tags["light"].annotated, tags["light"].seconds) == (second, False, None)


def test_no_tags_is_an_empty_list(repo: Repo) -> None:
    repo.commit()
    assert list(GitRepository(repo.root).tags()) == []


def test_a_tag_is_annotated_whole_and_never_moved(repo: Repo) -> None:
    sha = repo.commit()
    git = GitRepository(repo.root)
    git.create_tag("m@v1.0.0", sha, "subject\n\n# not a comment\nKey: value\n")
    (tag,) = git.tags()
    assert tag.annotated
    assert "# not a comment" in tag.message
    with pytest.raises(ExternalError, match="already exists"):
        git.create_tag("m@v1.0.0", repo.commit(), "again")


def test_a_push_is_all_or_nothing(repo: Repo, tmp_path: Path) -> None:
    sha = repo.commit()
    repo.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    git = GitRepository(repo.root)
    git.create_tag("one", sha, "x")
    git.push(["refs/tags/one"])
    git.create_tag("two", sha, "x")
    hook = tmp_path / "remote.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(ExternalError, match="git push"):
        git.push(["refs/tags/two", "refs/heads/main"])
    assert repo.git("ls-remote", "origin").split()[1::2] == ["refs/tags/one", "refs/tags/one^{}"]


def test_a_shallow_clone_knows_that_it_is(repo: Repo, tmp_path: Path) -> None:
    repo.commit("one")
    repo.commit("two")
    assert not GitRepository(repo.root).is_shallow()
    repo.git("clone", "--quiet", "--depth", "1", f"file://{repo.root}", str(tmp_path / "shallow"))
    assert GitRepository(tmp_path / "shallow").is_shallow()


def test_git_variables_of_a_hook_do_not_lead_elsewhere(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit("here", file="x")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert GitRepository.around(repo.root).files() == ["file"]


def test_without_git_the_line_says_so(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(ExternalError, match="install git"):
        GitRepository(repo.root).head()
