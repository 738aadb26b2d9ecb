"""Out of what the forge tells: which workflows are asked, at which commit, and what their filters look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.actions.triggers import Occasion
from tests.fakes.forge.git import NOBODY, Bare

BOT = "dependabot[bot]"


@dataclass(frozen=True)
class Start:
    """A commit whose workflow files count, and what a run of them is told.

    `commit` and `ref` are GITHUB_SHA and GITHUB_REF; `head` is the commit that shows the checks.
    """

    occasion: Occasion
    commit: str
    ref: str
    head: str
    head_branch: str
    head_repository: str
    trusted: bool = True
    only: str = ""


def start(git: Bare, repository: str, name: str, action: str, payload: Mapping[str, Any], actor: str) -> Start | None:
    """What an event starts, None when there is nothing to run it on. `git` is the repository's."""
    if name == "push":
        return _push(git, repository, payload, actor)
    if name == "pull_request":
        return _pull_request(git, repository, action, payload, actor)
    if name == "merge_group":
        group = payload["merge_group"]
        base = group["base_ref"].removeprefix("refs/heads/")
        branch = group["head_ref"].removeprefix("refs/heads/")
        occasion = Occasion(name, action, branch=base)
        return Start(occasion, group["head_sha"], group["head_ref"], group["head_sha"], branch, repository)
    if name == "workflow_dispatch":
        ref = payload["ref"]
        commit = git.commit(ref)
        branch = ref.removeprefix("refs/heads/")
        only = payload["workflow"]
        return Start(Occasion(name), commit, ref, commit, branch, repository, only=only) if commit else None
    return _on_default_branch(git, repository, name, action, payload)


def _on_default_branch(
    git: Bare, repository: str, name: str, action: str, payload: Mapping[str, Any]
) -> Start | None:
    branch = payload["repository"]["default_branch"]
    commit = git.commit(f"refs/heads/{branch}")
    if commit is None:
        return None
    occasion = Occasion(name, action, cron=payload.get("schedule", ""))
    if name == "workflow_run":
        ran = payload["workflow_run"]
        occasion = Occasion(name, action, branch=ran["head_branch"], workflow=ran["name"])
    return Start(occasion, commit, f"refs/heads/{branch}", commit, branch, repository)


def _push(git: Bare, repository: str, payload: Mapping[str, Any], actor: str) -> Start | None:
    ref, before, after = payload["ref"], payload["before"], payload["after"]
    commit = git.commit(after)
    if after == NOBODY or commit is None:
        return None
    trusted = actor != BOT
    if ref.startswith("refs/tags/"):
        tag = ref.removeprefix("refs/tags/")
        return Start(Occasion("push", tag=tag), commit, ref, commit, tag, repository, trusted)
    branch = ref.removeprefix("refs/heads/")
    if before == NOBODY and payload["commits"]:
        before = git.commit(f"{payload['commits'][0]['id']}^") or NOBODY
    paths = None
    if before != NOBODY and git.commit(before):
        paths = git("diff", "--name-only", "--no-renames", before, commit).splitlines()
    return Start(Occasion("push", branch=branch, paths=paths), commit, ref, commit, branch, repository, trusted)


def _pull_request(git: Bare, repository: str, action: str, payload: Mapping[str, Any], actor: str) -> Start | None:
    """The merge commit's files; a pull request that conflicts starts nothing."""
    pull = payload["pull_request"]
    base, head, merge = pull["base"], pull["head"], f"refs/pull/{pull['number']}/merge"
    commit = git.commit(merge) if pull["state"] == "open" else git.commit(pull["merge_commit_sha"] or merge)
    if commit is None:
        return None
    common = git("merge-base", f"refs/heads/{base['ref']}", head["sha"])
    paths = git("diff", "--name-only", "--no-renames", common, head["sha"]).splitlines()
    origin = head["repo"]["full_name"] if head["repo"] else ""
    trusted = origin == repository and actor != BOT
    ref = f"refs/heads/{base['ref']}" if pull["state"] == "closed" else merge
    occasion = Occasion("pull_request", action, branch=base["ref"], paths=paths)
    return Start(occasion, commit, ref, head["sha"], head["ref"], origin, trusted)
