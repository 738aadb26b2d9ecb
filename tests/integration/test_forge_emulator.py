"""The emulator of the forge: git is behind it, permissions hold, and events are told as GitHub tells them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_mlops.domain.errors import OutsideError
from gitops_mlops.domain.forge import PullRequestText
from tests.conftest import Repo
from tests.fakes.forge import Forge, Refused, named, running
from tests.integration.forge_client import client


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with running("octo/demo", tmp_path / "forge") as forge:
        yield forge


@pytest.fixture
def clone(forge: Forge, repo: Repo) -> Repo:
    """A clone whose main is pushed."""
    repo.git("remote", "add", "origin", str(forge.folder()))
    repo.commit("first", **{"a.txt": "1\n"})
    repo.git("push", "--quiet", "origin", "main")
    forge.sync()
    forge.events.clear()
    return repo


def branch(clone: Repo, name: str, remote: str = "origin", **files: str) -> str:
    clone.git("checkout", "--quiet", "-B", name)
    commit = clone.commit(name, **(files or {"b.txt": "2\n"}))
    clone.git("push", "--quiet", "--force", remote, name)
    return commit


def test_a_pull_request_is_what_its_branch_is(forge: Forge, clone: Repo) -> None:
    head = branch(clone, "change")
    number = forge.open_pull("change", by="ada")
    assert client(forge).pull_request(number).head == head
    newer = branch(clone, "change", **{"b.txt": "3\n"})
    assert client(forge).pull_request(number).head == newer
    assert clone.git("ls-remote", "origin", f"refs/pull/{number}/head").split()[0] == newer
    merged = clone.git("ls-remote", "origin", f"refs/pull/{number}/merge").split()[0]
    clone.git("fetch", "--quiet", "origin", f"refs/pull/{number}/merge")
    assert clone.git("show", "-s", "--format=%H %P", "FETCH_HEAD").split() == [
        merged,
        clone.git("rev-parse", "main").strip(),
        newer,
    ]
    assert named(forge.sync()) == ["push", "pull_request.synchronize"]
    assert forge.sync() == []


def test_a_fork_is_another_repository(forge: Forge, clone: Repo) -> None:
    forge.fork("mallory")
    clone.git("remote", "add", "fork", str(forge.folder("mallory/demo")))
    head = branch(clone, "change", "fork")
    number = forge.open_pull("change", head_repository="mallory/demo", by="mallory")
    [found] = client(forge).open_pull_requests("mallory", "change")
    assert (found.number, found.head, found.head_repository) == (number, head, forge.repository("mallory/demo").id)
    assert client(forge).open_pull_requests("octo", "change") == []
    assert clone.git("ls-remote", "origin", f"refs/pull/{number}/head").split()[0] == head
    forge.delete("mallory/demo")
    assert client(forge).pull_request(number).head == head


def test_a_merge_is_git_s(forge: Forge, clone: Repo) -> None:
    branch(clone, "change")
    number = forge.open_pull("change")
    forge.sync()
    forge.events.clear()
    commit = forge.merge(number, "bob")
    assert clone.git("ls-remote", "origin", "main").split()[0] == commit
    clone.git("fetch", "--quiet", "origin", "main")
    assert clone.git("show", f"{commit}:b.txt") == "2\n"
    assert clone.git("show", "-s", "--format=%s", commit).strip() == f"Merge pull request #{number} from octo/change"
    assert client(forge).pull_request(number).result == commit
    assert named(forge.events) == ["pull_request.closed", "push"]
    assert forge.events[0].payload["pull_request"]["merged"] is True
    assert forge.events[1].payload["head_commit"]["added"] == ["b.txt"]


def test_what_conflicts_is_not_merged(forge: Forge, clone: Repo) -> None:
    branch(clone, "change", **{"a.txt": "2\n"})
    number = forge.open_pull("change")
    clone.git("checkout", "--quiet", "main")
    clone.commit("other", **{"a.txt": "3\n"})
    clone.git("push", "--quiet", "origin", "main")
    assert forge.pull(number).mergeable is False
    assert clone.git("ls-remote", "origin", f"refs/pull/{number}/merge") == ""
    with pytest.raises(Refused, match="not mergeable"):
        forge.merge(number)


def test_a_deleted_branch_closes_its_pull_request(forge: Forge, clone: Repo) -> None:
    branch(clone, "change")
    number = forge.open_pull("change")
    forge.sync()
    clone.git("push", "--quiet", "--delete", "origin", "change")
    assert named(forge.sync("bob")) == ["push", "pull_request.closed"]
    assert forge.pull(number).state == "closed"


def test_a_push_tells_what_it_brought(forge: Forge, clone: Repo) -> None:
    before = clone.git("rev-parse", "HEAD").strip()
    clone.commit("second", **{"a.txt": "2\n"})
    after = clone.commit("third", **{"c.txt": "2\n"})
    clone.tag("v1")
    clone.git("push", "--quiet", "origin", "main", "v1")
    moved, tagged = forge.sync("ada")
    assert (moved.payload["ref"], moved.payload["before"], moved.payload["after"]) == (
        "refs/heads/main",
        before,
        after,
    )
    assert [one["message"] for one in moved.payload["commits"]] == ["second", "third"]
    assert (tagged.payload["ref"], tagged.payload["created"]) == ("refs/tags/v1", True)
    clone.git("reset", "--quiet", "--hard", before)
    clone.git("push", "--quiet", "--force", "origin", "main")
    assert [one.payload["forced"] for one in forge.sync()] == [True]


def test_what_a_workflow_s_token_does_starts_nothing_but_a_dispatch(forge: Forge, clone: Repo) -> None:
    branch(clone, "change")
    forge.sync()
    forge.events.clear()
    github = client(forge)
    number = github.open_pull_request(PullRequestText("change", "main", "T", "B"), ["model"])
    github.comment(number, "hello")
    github.dispatch("retrain", {"model": "delay"})
    assert [(event.name, event.starts) for event in forge.events] == [
        ("pull_request", False),
        ("issue_comment", False),
        ("repository_dispatch", True),
    ]
    app = client(forge, forge.add_token("mlops[bot]", kind="app"))
    assert app.login() == "mlops[bot]"
    app.comment(number, "hello")
    assert forge.events[-1].starts


def test_files_of_a_run(forge: Forge, clone: Repo) -> None:
    run = forge.add_run("pull_request", ".github/workflows/pr.yml", "a" * 40, "change", conclusion="success")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("review.json", "{}")
    forge.upload(run, "review", buffer.getvalue())
    github = client(forge)
    assert github.run(run)[:6] == (run, "pull_request", ".github/workflows/pr.yml", "success", "a" * 40, "change")
    [artifact] = github.artifacts(run)
    assert (artifact.name, artifact.size, artifact.expired) == ("review", len(buffer.getvalue()), False)
    assert github.download(artifact.id, 10_000) == buffer.getvalue()
    forge.expired.add(artifact.id)
    with pytest.raises(OutsideError, match="it has expired: run the workflow again"):
        github.download(artifact.id, 10_000)
