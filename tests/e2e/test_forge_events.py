"""The events that the emulator of the forge tells, beside GitHub's own deliveries: `@octokit/webhooks-examples`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Repo
from tests.fakes.forge import Event, named, running

# What only an organisation, an app's installation, or the newest deliveries have.
NOT_EVERYWHERE = {"organization", "installation", "custom_properties", "draft"}
TOLD = [
    "push",
    "pull_request.opened",
    "issue_comment.created",
    "issues.opened",
    "pull_request.synchronize",
    "pull_request.closed",
    "issues.closed",
    "repository_dispatch.retrain",
    "workflow_run.requested",
    "workflow_run.completed",
]


@pytest.fixture(scope="module")
def example_events(node_modules: Path) -> dict[str, list[dict[str, Any]]]:
    file = node_modules / "@octokit" / "webhooks-examples" / "api.github.com" / "index.json"
    return {one["name"]: one["examples"] for one in json.loads(file.read_bytes())}


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Event]:
    """One event of each kind, out of the life of a repository."""
    repo = Repo(tmp_path_factory.mktemp("clone"))
    repo.git("init", "--quiet", "--initial-branch", "main")
    with running() as forge:
        repo.git("remote", "add", "origin", str(forge.folder()))
        repo.commit("first", **{"a.txt": "1"})
        repo.git("push", "--quiet", "origin", "main", "main:refs/heads/change")
        repo.git("checkout", "--quiet", "-b", "change")
        repo.commit("second", **{"a.txt": "2"})
        repo.git("push", "--quiet", "origin", "change")
        forge.sync()
        number, issue = forge.open_pull("change"), forge.open_issue("Drift", "In delay.", ["mlops"])
        forge.comment(number, "A report.")
        head = repo.commit("third", **{"a.txt": "3"})
        repo.git("push", "--quiet", "origin", "change")
        forge.sync()
        forge.merge(number)
        forge.close(issue)
        forge.dispatch("retrain", {"model": "delay"})
        run = forge.add_run("pull_request", ".github/workflows/pr.yml", head, "change")
        forge.end_run(run, "success")
        return dict(zip(named(forge.events), forge.events, strict=True))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every place of a document, and what is there."""
    yield path, value
    if isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, f"{path}.{name}")
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one, f"{path}[]")


def kinds(documents: list[Any]) -> dict[str, set[type]]:
    found: dict[str, set[type]] = {}
    for document in documents:
        for path, value in leaves(document):
            found.setdefault(path, set()).add(type(value))
    return found


@pytest.mark.parametrize("name", TOLD)
def test_what_github_always_delivers_is_there(
    events: dict[str, Event], example_events: dict[str, list[dict[str, Any]]], name: str
) -> None:
    event = events[name]
    same = [one for one in example_events[event.name] if one.get("action", "") == event.action] or example_events[
        event.name
    ]
    always = set.intersection(*({path for path, _ in leaves(one)} for one in same))
    ours = dict(leaves(event.payload))
    expected = {path for path in always if isinstance(ours.get(path.rpartition(".")[0]), dict)}
    lacking = {path for path in expected - ours.keys() if path.rpartition(".")[2] not in NOT_EVERYWHERE}
    # A list may be empty.
    assert [path for path in lacking if not path.endswith("[]")] == []


@pytest.mark.parametrize("name", TOLD)
def test_what_is_there_is_of_github_s_kind(
    events: dict[str, Event], example_events: dict[str, list[dict[str, Any]]], name: str
) -> None:
    event = events[name]
    github = kinds(example_events[event.name])
    for path, value in leaves(event.payload):
        allowed = github.get(path, {type(None)})
        # A push tells times as numbers, and the examples of what may be null often are.
        told = allowed == {type(None)} or value is None or type(value) in allowed or path.endswith("ed_at")
        assert told, (path, value, allowed)
