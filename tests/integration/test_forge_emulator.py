"""The emulator of the forge: git is behind it, permissions hold, and events are told as GitHub tells them."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
import urllib3

from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.domain.review.forge import PullRequestText
from tests.conftest import Repo
from tests.fakes.forge import TOKEN, Forge, Refused, named, running
from tests.integration.forge_client import client


@pytest.fixture
def pushed_clone(forge: Forge, repo: Repo) -> Repo:
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


def test_a_pull_request_is_what_its_branch_is(forge: Forge, pushed_clone: Repo) -> None:
    head = branch(pushed_clone, "change")
    number = forge.open_pull("change", by="ada")
    assert client(forge).pull_request(number).head == head
    newer = branch(pushed_clone, "change", **{"b.txt": "3\n"})
    assert client(forge).pull_request(number).head == newer
    assert pushed_clone.git("ls-remote", "origin", f"refs/pull/{number}/head").split()[0] == newer
    merged = pushed_clone.git("ls-remote", "origin", f"refs/pull/{number}/merge").split()[0]
    pushed_clone.git("fetch", "--quiet", "origin", f"refs/pull/{number}/merge")
    assert pushed_clone.git("show", "-s", "--format=%H %P", "FETCH_HEAD").split() == [
        merged,
        pushed_clone.git("rev-parse", "main").strip(),
        newer,
    ]
    assert named(forge.sync()) == ["push", "pull_request.synchronize"]
    assert forge.sync() == []


def test_a_fork_is_another_repository(forge: Forge, pushed_clone: Repo) -> None:
    forge.fork("mallory")
    pushed_clone.git("remote", "add", "fork", str(forge.folder("mallory/demo")))
    head = branch(pushed_clone, "change", "fork")
    number = forge.open_pull("change", head_repository="mallory/demo", by="mallory")
    [found] = client(forge).open_pull_requests("mallory", "change")
    assert (found.number, found.head, found.head_repository) == (number, head, forge.repository("mallory/demo").id)
    assert client(forge).open_pull_requests("octo", "change") == []
    assert pushed_clone.git("ls-remote", "origin", f"refs/pull/{number}/head").split()[0] == head
    forge.delete("mallory/demo")
    assert client(forge).pull_request(number).head == head


def test_a_merge_is_git_s(forge: Forge, pushed_clone: Repo) -> None:
    branch(pushed_clone, "change")
    number = forge.open_pull("change")
    forge.sync()
    forge.events.clear()
    commit = forge.merge(number, "bob")
    assert pushed_clone.git("ls-remote", "origin", "main").split()[0] == commit
    pushed_clone.git("fetch", "--quiet", "origin", "main")
    assert pushed_clone.git("show", f"{commit}:b.txt") == "2\n"
    assert (
        pushed_clone.git("show", "-s", "--format=%s", commit).strip()
        == f"Merge pull request #{number} from octo/change"
    )
    assert client(forge).pull_request(number).result == commit
    assert named(forge.events) == ["pull_request.closed", "push"]
    assert forge.events[0].payload["pull_request"]["merged"] is True
    assert forge.events[1].payload["head_commit"]["added"] == ["b.txt"]


def test_what_conflicts_is_not_merged(forge: Forge, pushed_clone: Repo) -> None:
    branch(pushed_clone, "change", **{"a.txt": "2\n"})
    number = forge.open_pull("change")
    pushed_clone.git("checkout", "--quiet", "main")
    pushed_clone.commit("other", **{"a.txt": "3\n"})
    pushed_clone.git("push", "--quiet", "origin", "main")
    assert forge.pull(number).mergeable is False
    assert pushed_clone.git("ls-remote", "origin", f"refs/pull/{number}/merge") == ""
    with pytest.raises(Refused, match="not mergeable"):
        forge.merge(number)


def test_a_deleted_branch_closes_its_pull_request(forge: Forge, pushed_clone: Repo) -> None:
    branch(pushed_clone, "change")
    number = forge.open_pull("change")
    forge.sync()
    pushed_clone.git("push", "--quiet", "--delete", "origin", "change")
    assert named(forge.sync("bob")) == ["push", "pull_request.closed"]
    assert forge.pull(number).state == "closed"


def test_a_push_tells_what_it_brought(forge: Forge, pushed_clone: Repo) -> None:
    before = pushed_clone.git("rev-parse", "HEAD").strip()
    pushed_clone.commit("second", **{"a.txt": "2\n"})
    after = pushed_clone.commit("third", **{"c.txt": "2\n"})
    pushed_clone.tag("v1")
    pushed_clone.git("push", "--quiet", "origin", "main", "v1")
    moved, tagged = forge.sync("ada")
    assert (moved.payload["ref"], moved.payload["before"], moved.payload["after"]) == (
        "refs/heads/main",
        before,
        after,
    )
    assert [one["message"] for one in moved.payload["commits"]] == ["second", "third"]
    assert (tagged.payload["ref"], tagged.payload["created"]) == ("refs/tags/v1", True)
    pushed_clone.git("reset", "--quiet", "--hard", before)
    pushed_clone.git("push", "--quiet", "--force", "origin", "main")
    assert [one.payload["forced"] for one in forge.sync()] == [True]


def test_what_a_workflow_s_token_does_starts_nothing(forge: Forge, pushed_clone: Repo) -> None:
    branch(pushed_clone, "change")
    forge.sync()
    forge.events.clear()
    github = client(forge)
    number = github.open_pull_request(PullRequestText("change", "main", "T", "B"), ["model"])
    github.comment(number, "hello")
    assert [(event.name, event.starts) for event in forge.events] == [
        ("pull_request", False),
        ("issue_comment", False),
    ]
    app = client(forge, forge.add_token("mlops[bot]", kind="app"))
    assert app.login() == "mlops[bot]"
    app.comment(number, "hello")
    assert forge.events[-1].starts


def test_files_of_a_run(forge: Forge, pushed_clone: Repo) -> None:
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
    with pytest.raises(ExternalError, match="it has expired: run the workflow again"):
        github.download(artifact.id, 10_000)


def test_a_squash_is_one_commit(forge: Forge, pushed_clone: Repo) -> None:
    branch(pushed_clone, "change")
    before = pushed_clone.git("rev-parse", "main").strip()
    commit = forge.merge(forge.open_pull("change"), method="squash")
    pushed_clone.git("fetch", "--quiet", "origin", "main")
    assert pushed_clone.git("show", "-s", "--format=%P %s", commit).strip() == f"{before} A change (#1)"


def ask(forge: Forge, method: str, path: str, token: str = TOKEN, **body: object) -> tuple[int, Any, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = urllib3.request(method, f"{forge.address}{path}", headers=headers, json=body or None)
    return answer.status, answer.json(), answer.headers.get("Link", "")


def test_merging_through_the_api(forge: Forge, pushed_clone: Repo) -> None:
    head = branch(pushed_clone, "change")
    number = forge.open_pull("change")
    path = f"/repos/octo/demo/pulls/{number}/merge"
    assert ask(forge, "PUT", path, sha="0" * 40)[0] == 409
    assert ask(forge, "PUT", path, forge.add_token("bob", {"contents": "read"}, kind="user"), sha=head)[0] == 403
    status, data, _ = ask(forge, "PUT", path, sha=head)
    assert (status, data["sha"]) == (200, pushed_clone.git("ls-remote", "origin", "main").split()[0])
    assert ask(forge, "PUT", path, sha=head)[0] == 405


def test_lists_have_pages_of_30_unless_asked(forge: Forge, pushed_clone: Repo) -> None:
    number = forge.open_issue("Drift")
    for at in range(205):
        forge.comment(number, f"Comment {at}.")
    path = f"/repos/octo/demo/issues/{number}/comments"
    assert [len(ask(forge, "GET", f"{path}{query}")[1]) for query in ("", "?per_page=100", "?per_page=1000")] == [
        30,
        100,
        100,
    ]
    _, last, link = ask(forge, "GET", f"{path}?per_page=100&page=3")
    assert [one["body"] for one in last] == [f"Comment {at}." for at in range(200, 205)]
    assert 'rel="next"' not in link
    assert f'<{forge.address}{path}?page=2>; rel="next"' in ask(forge, "GET", path)[2]


def test_who_may_see_a_private_repository(forge: Forge, pushed_clone: Repo) -> None:
    forge.repository().private = True
    assert ask(forge, "GET", "/repos/octo/demo", token="")[0] == 404
    assert ask(forge, "GET", "/repos/octo/demo", forge.add_token("x[bot]", {}, repository="octo/other"))[0] == 404
    assert ask(forge, "GET", "/repos/octo/demo")[1]["visibility"] == "private"
    assert ask(forge, "GET", "/repos/octo/demo/issues", forge.add_token("x[bot]", {}))[0] == 403
    forge.repository().private = False
    assert ask(forge, "GET", "/repos/octo/demo/issues", token="")[0] == 200
    assert ask(forge, "POST", "/repos/octo/demo/issues", token="", title="Spam")[0] == 401
    assert ask(forge, "POST", "/repos/octo/demo/issues", "ghs_of_nobody", title="Spam")[0] == 401


def test_events_are_heard_and_may_come_twice(forge: Forge, pushed_clone: Repo) -> None:
    heard: list[str] = []
    forge.listeners.append(lambda event: heard.append(event.id))
    forge.open_issue("Drift")
    forge.redeliver(forge.events[-1])
    assert heard == [forge.events[-1].id] * 2


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("GET", "/repos/octo/demo/branches", {}, "is not an endpoint of this emulator"),
        ("GET", "/repos/octo/demo/issues?label=x", {}, "the query label is unknown"),
        ("GET", "/repos/octo/demo/issues?state=any", {}, "state"),
        ("POST", "/repos/octo/demo/issues", {"title": "Drift", "text": "x"}, "the member text is unknown"),
        ("POST", "/repos/octo/demo/issues", {"body": "x"}, "'title' is a required property"),
        ("POST", "/repos/octo/demo/dispatches", {"event_type": 3}, "InvalidRequestBody"),
    ],
)
def test_what_github_does_not_describe_fails_the_test(
    method: str, path: str, body: dict[str, Any], told: str
) -> None:
    with pytest.raises(AssertionError, match=told), running() as forge:
        assert ask(forge, method, path, **body)[0] in (404, 500)


def test_a_body_that_is_no_json_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="JSONDecodeError"), running() as forge:
        urllib3.request("POST", f"{forge.address}/repos/octo/demo/issues", body=b"{")


def test_the_token_at_another_host_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="the token went to the host of files"), running() as forge:
        urllib3.request("GET", f"{forge.blob_address}/1-2", headers={"Authorization": f"Bearer {TOKEN}"})
