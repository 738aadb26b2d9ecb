"""A token that may too little, or a repository that lacks something: each ends with a line that says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from gitops_mlops.adapters.forge import GitHub
from gitops_mlops.domain import ports
from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.domain.review.forge import PullRequestText
from tests.conftest import Repo
from tests.fakes.forge import WRITE_ALL, Fault, Forge, running
from tests.integration.forge_client import client, refusal, with_branch


class Asked(NamedTuple):
    """One method of the port, and the permission that it takes."""

    call: Callable[[GitHub, Any], object]
    permission: str


TEXT = PullRequestText("change", "main", "Retrain", "Because of drift.")
ASKED = {
    "pull_request": Asked(lambda github, _: github.pull_request(7), "pull-requests: read"),
    "reviews": Asked(lambda github, _: github.reviews(7), "pull-requests: read"),
    "merged_as": Asked(lambda github, made: github.merged_as(made.commit), "pull-requests: read"),
    "open_pull_requests": Asked(lambda github, _: github.open_pull_requests("octo", "change"), "pull-requests: read"),
    "open_pull_request": Asked(lambda github, _: github.open_pull_request(TEXT, ["mlops"]), "pull-requests: write"),
    "edit_pull_request": Asked(lambda github, _: github.edit_pull_request(7, TEXT), "pull-requests: write"),
    "comments": Asked(lambda github, _: github.comments(7), "pull-requests: read"),
    "comment": Asked(lambda github, _: github.comment(7, "Better."), "pull-requests: write"),
    "edit_comment": Asked(lambda github, made: github.edit_comment(made.comment, "Worse."), "pull-requests: write"),
    "issues": Asked(lambda github, _: github.issues("mlops"), "issues: read"),
    "open_issue": Asked(lambda github, _: github.open_issue("Drift", "", ["mlops"]), "issues: write"),
    "edit_issue": Asked(lambda github, made: github.edit_issue(made.issue, "Drift", ""), "issues: write"),
    "close_issue": Asked(lambda github, made: github.close_issue(made.issue), "issues: write"),
    "set_status": Asked(lambda github, made: github.set_status(made.commit, "c", "success", ""), "statuses: write"),
    "deployments": Asked(lambda github, _: github.deployments("staging"), "deployments: read"),
    "create_deployment": Asked(
        lambda github, made: github.create_deployment(made.commit, "staging", "", production=False),
        "deployments: write",
    ),
    "set_deployment_state": Asked(
        lambda github, made: github.set_deployment_state(made.deployment, "success", ""), "deployments: write"
    ),
    "run": Asked(lambda github, made: github.run(made.run), "actions: read"),
    "artifacts": Asked(lambda github, made: github.artifacts(made.run), "actions: read"),
    "download": Asked(lambda github, made: github.download(made.artifact, 1000), "actions: read"),
}
SENT = ("edit_pull_request", "edit_comment", "edit_issue", "close_issue", "set_status")
GARBAGE = (b"[1]", b'{"id": "7"}', b'{"artifacts": 3}', b"null", b'[{"user": 3}]', b"<html>")
EVERY_METHOD = pytest.mark.parametrize("asked", [pytest.param(one, id=name) for name, one in ASKED.items()])


class Made(NamedTuple):
    """What is there to ask for."""

    commit: str
    comment: int
    issue: int
    deployment: int
    run: int
    artifact: int


@pytest.fixture(scope="module")
def shared_forge() -> Iterator[Forge]:
    with running() as forge:
        yield forge


@pytest.fixture(scope="module")
def forge_objects(shared_forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> Made:
    repo = Repo(tmp_path_factory.mktemp("clone"))
    repo.git("init", "--quiet", "--initial-branch", "main")
    commit = with_branch(shared_forge, repo)
    shared_forge.pull_request(7, "ada", commit, None)
    github = client(shared_forge)
    issue, comment = shared_forge.open_issue("Drift", "", ["mlops"]), shared_forge.comment(7, "Good.").id
    deployment = github.create_deployment(commit, "staging", "", production=False)
    github.set_deployment_state(deployment, "queued", "")
    run = shared_forge.add_run("pull_request", ".github/workflows/pr.yml", commit, "change", conclusion="success")
    shared_forge.upload(run, "review", b"zip")
    return Made(commit, comment, issue, deployment, run, github.artifacts(run)[0].id)


def test_every_method_of_the_port_is_here() -> None:
    methods = {name for one in ports.Forge.__mro__ for name in vars(one) if not name.startswith("_")}
    assert methods - {"repository", "login"} == ASKED.keys()


def without(permission: str) -> dict[str, str]:
    """Every permission, but this one a level lower than it takes."""
    name, _, level = permission.partition(": ")
    granted = {**WRITE_ALL, name: "none" if level == "read" else "read"}
    # Below pull requests, the one for issues would do as well.
    return {**granted, "issues": granted[name]} if name == "pull-requests" else granted


@pytest.fixture(autouse=True)
def as_it_was(shared_forge: Forge) -> Iterator[None]:
    """Tests switch things off, and ask for what others asked for."""
    yield
    repository = shared_forge.repository()
    repository.private = repository.archived = False
    repository.issues_on = repository.actions_may_open_pull_requests = True
    shared_forge.faults.clear()
    shared_forge.requests.clear()
    for pull in list(repository.pulls.values()):
        if pull.number != 7 and pull.state == "open":
            shared_forge.close(pull.number)


@EVERY_METHOD
@pytest.mark.parametrize("kind", ["workflow", "user"])
def test_the_missing_permission_is_named(shared_forge: Forge, forge_objects: Made, asked: Asked, kind: str) -> None:
    token = shared_forge.add_token("ada", without(asked.permission), kind=kind)
    with pytest.raises(ExternalError) as found:
        asked.call(client(shared_forge, token), forge_objects)
    text = refusal(found)
    verb = asked.permission.rpartition(" ")[2]
    assert f"octo/demo: the token may not {verb} it → give GITHUB_TOKEN the permission {asked.permission}" in text
    assert token not in text


@EVERY_METHOD
def test_that_permission_is_all_it_takes(shared_forge: Forge, forge_objects: Made, asked: Asked) -> None:
    name, _, level = asked.permission.partition(": ")
    asked.call(client(shared_forge, shared_forge.add_token("github-actions[bot]", {name: level})), forge_objects)


@EVERY_METHOD
def test_what_is_not_there_may_be_hidden(shared_forge: Forge, forge_objects: Made, asked: Asked) -> None:
    """GitHub answers so to a token of another repository, and to a name that was mistyped."""
    shared_forge.repository().private = True
    token = shared_forge.add_token("github-actions[bot]", repository="octo/other")
    with pytest.raises(ExternalError) as found:
        asked.call(client(shared_forge, token), forge_objects)
    text = refusal(found)
    assert "does not exist, or the token may not see it → check it, or give GITHUB_TOKEN the permission" in text
    assert text.count(asked.permission) == 1


@EVERY_METHOD
def test_a_token_that_is_unknown_or_missing(shared_forge: Forge, forge_objects: Made, asked: Asked) -> None:
    with pytest.raises(ExternalError, match="the forge does not accept the token → renew GITHUB_TOKEN"):
        asked.call(client(shared_forge, "ghs_unknown"), forge_objects)
    if asked.permission.endswith("write"):
        with pytest.raises(ExternalError, match=f"requires a token → set GITHUB_TOKEN, with .*{asked.permission}"):
            asked.call(client(shared_forge, ""), forge_objects)


@EVERY_METHOD
def test_garbage_is_told_as_such(shared_forge: Forge, forge_objects: Made, asked: Asked) -> None:
    """What is only sent needs nothing of the answer."""
    for body in GARBAGE:
        shared_forge.faults.append(Fault(200, body))
        told = ""
        try:
            asked.call(client(shared_forge), forge_objects)
        except ExternalError as error:
            told = str(error)
        ours = any(words in told for words in ("what GitHub's API describes", "with JSON", "without the address"))
        assert ours or (not told and asked in [ASKED[name] for name in SENT])


@EVERY_METHOD
def test_what_the_forge_says_about_a_refusal_is_told_in_one_short_line(
    shared_forge: Forge, forge_objects: Made, asked: Asked
) -> None:
    words = b'{"message": "Validation\\u0007 Failed\\n::error::x", "errors": ["' + b"too long " * 100 + b'", 3, {}]}'
    shared_forge.faults.append(Fault(422, words))
    with pytest.raises(ExternalError) as found:
        asked.call(client(shared_forge), forge_objects)
    assert "octo/demo: the forge answered 422: Validation‹U+0007› Failed⏎::error::x; too long " in refusal(found)


def test_issues_take_the_permission_for_issues(shared_forge: Forge, forge_objects: Made) -> None:
    token = shared_forge.add_token("github-actions[bot]", {"pull-requests": "write"})
    with pytest.raises(ExternalError, match=r"permission pull-requests: write \(issues: write for an issue\)"):
        client(shared_forge, token).comment(forge_objects.issue, "Cured.")
    client(shared_forge, shared_forge.add_token("github-actions[bot]", {"issues": "write"})).comment(
        forge_objects.issue, "Cured."
    )


@pytest.mark.parametrize("name", ["issues", "open_issue", "edit_issue", "close_issue"])
def test_issues_that_are_switched_off(shared_forge: Forge, forge_objects: Made, name: str) -> None:
    shared_forge.repository().issues_on = False
    with pytest.raises(ExternalError) as found:
        ASKED[name].call(client(shared_forge), forge_objects)
    assert refusal(found).endswith(
        "is gone or switched off: Issues has been disabled in this repository. "
        "→ switch issues on in the repository's settings"
    )


def test_actions_may_be_forbidden_to_open_pull_requests(shared_forge: Forge, forge_objects: Made) -> None:
    shared_forge.repository().actions_may_open_pull_requests = False
    with pytest.raises(ExternalError) as found:
        client(shared_forge).open_pull_request(TEXT)
    assert "allow it in the repository's settings (Actions, General), or use the token of an app" in refusal(found)
    client(shared_forge, shared_forge.add_token("mlops[bot]", kind="app")).open_pull_request(TEXT)


def test_other_reasons_of_a_403_are_told(shared_forge: Forge, forge_objects: Made) -> None:
    shared_forge.repository().archived = True
    with pytest.raises(ExternalError, match="may not write it: Repository was archived so is read-only"):
        client(shared_forge).comment(7, "Better.")
    shared_forge.faults.append(Fault(403, b'{"message": "Unable to create comment because issue is locked."}'))
    with pytest.raises(ExternalError, match="because issue is locked"):
        client(shared_forge).comment(7, "Better.")


@pytest.mark.parametrize(
    ("kind", "login"), [("workflow", "github-actions[bot]"), ("app", "mlops[bot]"), ("user", "ada")]
)
def test_whose_token_it_is(shared_forge: Forge, kind: str, login: str) -> None:
    github = client(shared_forge, shared_forge.add_token(login, {}, kind=kind))
    assert (github.login(), github.login()) == (login, login)
    assert shared_forge.requests == ["GET /user"] + ["POST /graphql"] * (kind != "user")


def test_nobody_s_login(shared_forge: Forge) -> None:
    with pytest.raises(
        ExternalError, match="the owner of the token of octo/demo: the forge requires a token → set GITHUB_T"
    ):
        client(shared_forge, "").login()
    assert shared_forge.requests == []


def test_whose_token_it_is_can_be_said(shared_forge: Forge) -> None:
    assert client(shared_forge, login="mlops[bot]").login() == "mlops[bot]"
    assert shared_forge.requests == []


@pytest.mark.parametrize(
    "body", [b'{"errors": [{"message": "no"}], "data": null}', b"[]", b'{"data": {"viewer": 1}}']
)
def test_a_forge_that_does_not_tell_whose_token_it_is(shared_forge: Forge, body: bytes) -> None:
    shared_forge.faults.append(Fault(200, body, only="/graphql"))
    with pytest.raises(ExternalError) as found:
        client(shared_forge).login()
    assert "the owner of the token of octo/demo: " in refusal(found)
    shared_forge.faults.append(Fault(404, b"{}", only="/graphql"))
    with pytest.raises(ExternalError, match=r"→ set GITOPS_MLOPS_LOGIN: for an app, its name followed by \[bot\]"):
        client(shared_forge).login()
