"""Nothing is written twice, whatever the forge and the network do; and nothing that could be written is lost."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import NamedTuple

import pytest

from gitops_mlops.adapters.forge import GitHub, pools
from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.domain.review.forge import PullRequestText
from tests.conftest import Repo
from tests.fakes.forge import Fault, Forge, lost
from tests.integration.forge_client import Pauses, client, refusal, with_branch


class Created(NamedTuple):
    """Something that is created: what does it, its path, and what the forge then has."""

    make: Callable[[GitHub, str], object]
    path: str
    made: Callable[[Forge], list[object]]


def _deployment(github: GitHub, commit: str) -> int:
    return github.create_deployment(commit, "staging", "v1.0.0", production=False)


TEXT = PullRequestText("change", "main", "Retrain", "Because of drift.\r\n")
CREATED = {
    "comment": Created(
        lambda github, _: github.comment(7, "A report.\r\n\r\nGood.\n"),
        "POST /repos/octo/demo/issues/7/comments",
        lambda forge: list(forge.comments(7)),
    ),
    "issue": Created(
        lambda github, _: github.open_issue("Drift", "In delay.", ["mlops"]),
        "POST /repos/octo/demo/issues",
        lambda forge: [one.number for one in forge.repository().issues.values() if one.title == "Drift"],
    ),
    "pull request": Created(
        lambda github, _: github.open_pull_request(TEXT),
        "POST /repos/octo/demo/pulls",
        lambda forge: [one.number for one in forge.repository().pulls.values() if one.title == "Retrain"],
    ),
    "deployment": Created(_deployment, "POST /repos/octo/demo/deployments", lambda forge: list(forge.deployments())),
    "deployment's state": Created(
        lambda github, _: github.set_deployment_state(900, "success", "It serves."),
        "POST /repos/octo/demo/deployments/900/statuses",
        lambda forge: [state.state for state in forge.deployments("production")[0].states],
    ),
}
EVERYTHING = pytest.mark.parametrize("created", [pytest.param(one, id=name) for name, one in CREATED.items()])


@pytest.fixture
def commit(forge: Forge, repo: Repo, request: pytest.FixtureRequest) -> str:
    """A commit of a branch that nobody proposed yet; pull request 7 and a deployment to production are there."""
    made = with_branch(forge, repo)
    forge.pull_request(7, "ada", made, None)
    if "deployment's state" in request.node.name:
        client(forge).create_deployment(made, "production", "", production=True)
        forge.deployments()[0].id = 900
    forge.requests.clear()
    return made


def posts(forge: Forge, created: Created) -> int:
    return forge.requests.count(created.path)


@EVERYTHING
def test_a_lost_answer_is_looked_for(forge: Forge, commit: str, pauses: Pauses, created: Created) -> None:
    forge.faults.append(lost())
    found = created.make(client(forge, pauses=pauses), commit)
    assert len(created.made(forge)) == 1
    assert posts(forge, created) == 1
    assert pauses.made == [0.5]
    if created.path.endswith(("issues", "pulls")):
        assert created.made(forge) == [found]


@EVERYTHING
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(201, b'{"id": 7, "numb', cut=9, only="POST", after=True), id="cut-in-the-answer"),
        pytest.param(Fault(502, b"<html>", only="POST", after=True), id="bad-gateway-after-all"),
        pytest.param(Fault(504, only="POST", after=True), id="gateway-timeout-after-all"),
    ],
)
def test_a_bad_answer_to_what_was_done_is_looked_for(
    forge: Forge, commit: str, pauses: Pauses, created: Created, fault: Fault
) -> None:
    forge.faults.append(fault)
    created.make(client(forge, pauses=pauses), commit)
    assert len(created.made(forge)) == 1
    assert posts(forge, created) == 1


@EVERYTHING
@pytest.mark.parametrize("fault", [Fault(502, only="POST"), Fault(200, b"{}", cut=0, only="POST")])
def test_what_never_arrived_is_sent_again(
    forge: Forge, commit: str, pauses: Pauses, created: Created, fault: Fault
) -> None:
    """Only once longer has passed than a request can take."""
    forge.faults.append(fault)
    created.make(client(forge, pauses=pauses), commit)
    assert len(created.made(forge)) == 1
    assert posts(forge, created) == 2
    assert sum(pauses.made) > 10


@EVERYTHING
@pytest.mark.parametrize("status", [403, 429])
def test_what_was_refused_for_now_is_sent_again_without_looking(
    forge: Forge, commit: str, pauses: Pauses, created: Created, status: int
) -> None:
    forge.faults.append(Fault(status, b"{}", {"Retry-After": "17"}, only="POST"))
    created.make(client(forge, pauses=pauses), commit)
    assert len(created.made(forge)) == 1
    assert len(pauses.made) == 1
    assert 16.5 <= pauses.made[0] <= 17.5
    assert forge.requests == [created.path] * 2


def test_what_appears_late_is_found(forge: Forge, commit: str, pauses: Pauses) -> None:
    forge.faults += [lost(), Fault(200, b"[]", only="GET"), Fault(200, b"[]", only="GET")]
    client(forge, pauses=pauses).comment(7, "A report.")
    assert len(forge.comments(7)) == 1
    assert len(pauses.made) == 3


def test_a_slow_answer_is_looked_for(
    forge: Forge, commit: str, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "_READ", 0.3)
    slow = Event()
    forge.faults.append(Fault(only="POST", after=True, hold=slow))
    number = client(forge, pauses=pauses, login="github-actions[bot]").comment(7, "A report.")
    slow.set()
    assert [one.id for one in forge.comments(7)] == [number]


def test_where_nobody_can_look_nothing_is_sent_again(forge: Forge, commit: str) -> None:
    forge.faults += [lost(), Fault(403, b"{}", only="GET /repos")]
    with pytest.raises(ExternalError) as found:
        client(forge).comment(7, "A report.")
    text = refusal(found)
    assert "lost the answer; whether it was written is unknown: the token may not read it" in text
    assert "give GITHUB_TOKEN the permission pull-requests: read" in text
    assert len(forge.comments(7)) == 1


def test_one_that_stays_away_is_given_up(forge: Forge, commit: str, pauses: Pauses) -> None:
    forge.faults += [Fault(502, only="POST")] * 4
    with pytest.raises(ExternalError, match="answered 502, 4 times in a row → try again later"):
        client(forge, pauses=pauses).comment(7, "A report.")
    assert forge.comments(7) == []


def test_the_same_words_of_others_are_not_ours(forge: Forge, commit: str) -> None:
    theirs = forge.comment(7, "A report.", by="mallory").id
    forge.comment(7, "A report, too.", by="github-actions[bot]")
    forge.faults.append(Fault(502, only="POST"))
    ours = client(forge).comment(7, "A report.")
    assert ours != theirs
    assert [one.author for one in forge.comments(7) if one.body == "A report."] == ["mallory", "github-actions[bot]"]


def test_a_comment_is_looked_for_on_every_page(forge: Forge, commit: str) -> None:
    for number in range(150):
        forge.comment(7, f"Comment {number}.")
    forge.faults.append(lost())
    assert client(forge).comment(7, "A report.") == forge.comments(7)[-1].id
    assert len(forge.comments(7)) == 151
    assert [one.body for one in client(forge).comments(7)][148:] == ["Comment 148.", "Comment 149.", "A report."]


def test_an_earlier_deployment_of_the_same_is_not_this_one(forge: Forge, commit: str) -> None:
    github = client(forge)
    first = _deployment(github, commit)
    forge.faults.append(lost())
    second = _deployment(github, commit)
    assert [one.id for one in forge.deployments("staging")] == [first, second]
    assert [one.id for one in github.deployments("staging")] == [second, first]
    forge.faults.append(Fault(502, only="POST"))
    assert _deployment(github, commit) not in (first, second)


def test_a_closed_issue_of_the_same_words_is_not_this_one(forge: Forge, commit: str) -> None:
    github = client(forge)
    first = github.open_issue("Drift", "In delay.", ["mlops"])
    github.close_issue(first)
    forge.faults.append(Fault(502, only="POST"))
    second = github.open_issue("Drift", "In delay.", ["mlops"])
    assert [one.number for one in github.issues("mlops")] == [second]


def test_changes_are_sent_until_they_arrive(forge: Forge, commit: str, pauses: Pauses) -> None:
    github = client(forge, pauses=pauses)
    comment, issue = github.comment(7, "Old."), github.open_issue("Old", "Old.", ["mlops"])
    forge.faults += [lost("PATCH"), Fault(502, only="PATCH")]
    github.edit_comment(comment, "New.")
    assert forge.comments(7)[0].body == "New."
    forge.faults += [Fault(503, only="PATCH"), lost("PATCH")]
    github.edit_issue(issue, "New", "New.")
    assert github.issues("mlops") == [(issue, "github-actions[bot]", "New", "New.", ("mlops",))]
    forge.faults.append(lost("PATCH"))
    github.close_issue(issue)
    assert github.issues("mlops") == []
    assert forge.repository().issues[issue].reason == "completed"
    forge.faults += [lost("POST")]
    github.set_status(commit, "gitops-mlops", "success", "It is better.", "https://ci.example/1")
    assert {one.state for one in forge.repository().statuses} == {"success"}


def test_a_pull_request_from_beginning_to_end(forge: Forge, commit: str) -> None:
    github = client(forge)
    number = github.open_pull_request(TEXT, ["retrain", "delay"])
    assert forge.pull(number).labels == ["retrain", "delay"]
    [found] = github.open_pull_requests("octo", "change")
    assert (found.number, found.head, found.title, found.head_repository) == (
        number,
        commit,
        "Retrain",
        found.base_repository,
    )
    github.edit_pull_request(number, TEXT._replace(title="Retrain again"))
    assert forge.pull(number).title == "Retrain again"
    with pytest.raises(ExternalError) as again:
        github.open_pull_request(TEXT)
    assert "answered 422: Validation Failed; A pull request already exists for octo:change." in refusal(again)


def test_a_deployment_from_beginning_to_end(forge: Forge, commit: str) -> None:
    github = client(forge)
    number = github.create_deployment(commit, "production", "v1 " + "x" * 200, production=True)
    assert github.deployments("production", commit)[0][:3] == (number, commit, "production")
    assert github.deployments("production")[0].state == ""
    github.set_deployment_state(number, "in_progress", "It starts.")
    github.set_deployment_state(number, "success", "y" * 200, "https://ci.example/1")
    assert github.deployments("production")[0].state == "success"
    assert github.deployments("staging") == []
    [kept] = forge.deployments("production")
    assert (kept.production, len(kept.description or "")) == (True, 140)
    assert [len(state.description or "") for state in kept.states] == [10, 140]
