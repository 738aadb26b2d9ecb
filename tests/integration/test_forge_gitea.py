"""What Gitea and Forgejo answer otherwise than GitHub, after the types in their own sources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from gitops_mlops.adapters.forge import ForgeTransport, GitHub
from gitops_mlops.domain.errors import ExternalError, UnsupportedByForge
from gitops_mlops.domain.registry.approvals import review_refusals
from gitops_mlops.domain.review.forge import PullRequestText
from tests.fakes.forge import TOKEN
from tests.integration.forge_client import Pauses

ADA = {"id": 3, "login": "ada", "login_name": "", "full_name": "", "email": "", "active": False}
HEAD, MERGED = "a" * 40, "b" * 40


def pull(number: int, branch: str, owner: str | None) -> dict[str, Any]:
    repository = {"id": 7, "name": "demo", "owner": {**ADA, "login": owner}} if owner else None
    head = {"label": branch, "ref": branch, "sha": HEAD, "repo_id": 7 if owner else -1, "repo": repository}
    base = {"label": "main", "ref": "main", "sha": MERGED, "repo_id": 7, "repo": {"id": 7, "name": "demo"}}
    return {"number": number, "title": "T", "body": "", "user": ADA, "head": head, "base": base, "merged": False}


def review(login: int, state: str, *, official: bool = True, dismissed: bool = False) -> dict[str, Any]:
    who = {**ADA, "id": login, "login": f"user{login}"}
    return {"id": 1, "user": who, "state": state, "commit_id": HEAD, "official": official, "dismissed": dismissed}


class Gitea(BaseHTTPRequestHandler):
    """Answers from a table; labels are numbers here, as in CreateIssueOption and IssueLabelsOption."""

    protocol_version = "HTTP/1.1"
    table: dict[str, Any]
    sent: list[tuple[str, Any]]

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.removeprefix("/api/v1")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if body:
            self.sent.append((f"{self.command} {path}", json.loads(body)))
        found = self.table.get(f"{self.command} {path.partition('?')[0]}")
        status, data = (404, {"message": "not found"}) if found is None else (200, found)
        answer = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PATCH = do_GET  # noqa: N815 - http.server's names


AT = "/repos/octo/demo"
ISSUE = {"number": 9, "user": ADA, "title": "Drift", "body": "", "labels": [{"id": 11, "name": "mlops"}]}
TABLE: dict[str, Any] = {
    "GET /user": ADA,
    f"GET {AT}/labels": [{"id": 11, "name": "mlops", "color": "ededed"}],
    f"POST {AT}/labels": {"id": 12, "name": "delay", "color": "ededed"},
    f"POST {AT}/issues": ISSUE,
    f"GET {AT}/issues": [{**ISSUE, "pull_request": None}, {**ISSUE, "number": 4, "labels": []}],
    f"PATCH {AT}/issues/9": ISSUE,
    f"GET {AT}/pulls": [
        pull(1, "change", "octo"),
        pull(2, "change", "mallory"),
        pull(3, "other", "octo"),
        pull(4, "change", None),
    ],
    f"POST {AT}/pulls": pull(5, "retrain", "octo"),
    f"POST {AT}/issues/5/labels": [],
    f"GET {AT}/pulls/1": {**pull(1, "change", "octo"), "merged": True, "merge_commit_sha": MERGED},
    f"GET {AT}/pulls/1/reviews": [review(4, "APPROVED"), review(5, "APPROVED", official=False), review(6, "COMMENT")],
    f"GET {AT}/issues/1/comments": [{"id": 8, "user": ADA, "body": "Good."}],
}


@pytest.fixture
def sent() -> list[tuple[str, Any]]:
    return []


@pytest.fixture
def table() -> dict[str, Any]:
    return dict(TABLE)


@pytest.fixture
def gitea(sent: list[tuple[str, Any]], table: dict[str, Any]) -> Iterator[GitHub]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Gitea,), {"sent": sent, "table": table}))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield GitHub(ForgeTransport(f"http://127.0.0.1:{server.server_port}/api/v1", TOKEN, Pauses()), "octo/demo")
    server.shutdown()
    server.server_close()
    thread.join()


def test_labels_are_numbers(gitea: GitHub, sent: list[tuple[str, Any]]) -> None:
    assert gitea.open_issue("Drift", "", ["mlops", "delay"]) == 9
    assert gitea.open_pull_request(PullRequestText("retrain", "main", "T", "B"), ["mlops"]) == 5
    assert [body.get("labels") for _, body in sent] == [None, [11, 12], None, [11]]
    assert sent[0] == (f"POST {AT}/labels", {"name": "delay", "color": "#ededed"})


def test_issues_with_a_label(gitea: GitHub) -> None:
    assert [one.number for one in gitea.issues("mlops")] == [9]
    gitea.close_issue(9)


def test_pull_requests_are_picked_here(gitea: GitHub) -> None:
    """The filter for the head is not known there."""
    assert [one.number for one in gitea.open_pull_requests("octo", "change")] == [1]
    assert gitea.login() == "ada"
    assert gitea.comments(1) == [(8, "ada", "Good.")]


def test_the_pull_request_of_a_commit(gitea: GitHub, table: dict[str, Any]) -> None:
    assert gitea.merged_as(MERGED) == []
    table[f"GET {AT}/commits/{MERGED}/pull"] = pull(1, "change", "octo") | {
        "merged": True,
        "merged_at": "2026-01-01T00:00:00Z",
        "merge_commit_sha": MERGED,
    }
    assert gitea.merged_as(MERGED) == [1]


def test_reviews_say_whether_they_count(gitea: GitHub, table: dict[str, Any]) -> None:
    found = gitea.reviews(1)
    assert [(one.association, one.state) for one in found] == [
        ("MEMBER", "APPROVED"),
        ("NONE", "APPROVED"),
        ("MEMBER", "COMMENTED"),
    ]
    assert review_refusals(1, gitea.pull_request(1), found, MERGED) == ()
    table[f"GET {AT}/pulls/1/reviews"] = [review(4, "APPROVED", dismissed=True), review(6, "REQUEST_CHANGES")]
    [refused] = review_refusals(1, gitea.pull_request(1), gitea.reviews(1), MERGED)
    assert refused.observed == "user6 requested changes in #1"


@pytest.mark.parametrize(
    "ask",
    [
        lambda forge: forge.deployments("staging"),
        lambda forge: forge.create_deployment(HEAD, "staging", "", production=False),
        lambda forge: forge.set_deployment_state(1, "success", ""),
        lambda forge: forge.run(1),
        lambda forge: forge.artifacts(1),
        lambda forge: forge.download(1, 10),
    ],
)
def test_what_is_not_there_at_all(gitea: GitHub, sent: list[tuple[str, Any]], ask: Any) -> None:
    with pytest.raises(UnsupportedByForge, match=r"^octo/demo: Gitea and Forgejo have no .* that could be used$"):
        ask(gitea)
    assert sent == []
    assert issubclass(UnsupportedByForge, ExternalError)
