"""What the forge keeps, as GitHub shows it: its own examples, filled in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tests.fakes.forge.described import example
from tests.fakes.forge.state import Comment, Deployment, Event, Issue, Pull, Repository, Run, Status

_REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
_PLACES = ("octocat/Hello-World", "octocat/example", "octo-org/octo-repo", "octo-org/octo-docs")


def user(login: str) -> dict[str, Any]:
    """An account; its number is made of its login."""
    kind = "Bot" if login.endswith("[bot]") else "User"
    number = sum(login.encode()) * 1000 + len(login)
    return {**example("pull-request")["user"], "login": login, "id": number, "type": kind}


def somebody(login: str | None) -> dict[str, Any] | None:
    return None if login is None else user(login)


class Shown:
    """What one forge at an address shows."""

    def __init__(self, repositories: dict[str, Repository]) -> None:
        self.address = ""
        self._repositories = repositories

    def repository(self, one: Repository, full: bool = False) -> dict[str, Any]:
        made = example("full-repository-default-response") if full else example("pull-request")["base"]["repo"]
        for name in ("template_repository", "source", "parent", "organization"):
            made.pop(name, None)
        # Required, and not in the example.
        made.setdefault("language", None)
        owner, _, name = one.name.partition("/")
        return self._placed(made, one.name) | {
            "id": one.id,
            "name": name,
            "full_name": one.name,
            "owner": user(owner),
            "private": one.private,
            "fork": bool(one.parent),
            "default_branch": "main",
            "has_issues": one.issues_on,
            "archived": one.archived,
            "visibility": "private" if one.private else "public",
            "is_template": False,
            "web_commit_signoff_required": False,
        }

    def of_an_event(self, one: Repository, name: str) -> dict[str, Any]:
        """A repository as deliveries show it, which is not as the API does."""
        made = self.repository(one) | {"custom_properties": {}}
        for lacking in ("permissions", "temp_clone_token"):
            del made[lacking]
        if name == "push":
            made |= {"master_branch": made["default_branch"], "stargazers": 0}
            made["owner"] |= {"name": made["owner"]["login"], "email": "noreply@forge.invalid"}
        return made

    def workflow(self, run: Run, repository: Repository) -> dict[str, Any]:
        """The workflow of a run."""
        number, place = sum(run.path.encode()), f"https://github.com/{repository.name}"
        return {
            "id": number,
            "node_id": f"W_{number}",
            "name": run.name,
            "path": run.path,
            "state": "active",
            "created_at": run.at,
            "updated_at": run.at,
            "url": f"{self.address}/repos/{repository.name}/actions/workflows/{number}",
            "html_url": f"{place}/blob/main/{run.path}",
            "badge_url": f"{place}/actions/workflows/{run.path.rpartition('/')[2]}/badge.svg",
        }

    def issue(self, one: Issue, repository: Repository) -> dict[str, Any]:
        made = self._placed(example("issue"), repository.name, "1347", one.number)
        made |= dict.fromkeys(("assignee", "milestone", "active_lock_reason", "closed_by"))
        made |= {"assignees": [], "locked": False, "comments": len(one.comments), **self._common(one, repository)}
        made["closed_at"] = None if one.state == "open" else one.at
        made["state_reason"] = one.reason
        made["reactions"] = {"url": f"{made['url']}/reactions", "total_count": 0, **dict.fromkeys(_REACTIONS, 0)}
        if not isinstance(one, Pull):
            del made["pull_request"]
        return made

    def pull(self, one: Pull, repository: Repository, *, simple: bool = False) -> dict[str, Any]:
        made = self._placed(example("pull-request"), repository.name, "1347", one.number)
        made |= dict.fromkeys(("assignee", "milestone", "active_lock_reason", "auto_merge"))
        made |= {"assignees": [], "requested_reviewers": [], "requested_teams": [], "locked": False, "draft": False}
        made |= self._common(one, repository)
        made |= {
            "merge_commit_sha": one.merged_as or one.test_merge,
            "merged": one.merged_as is not None,
            "merged_at": one.at if one.merged_as else None,
            "merged_by": somebody(one.merged_by),
            "mergeable": one.mergeable,
            "closed_at": None if one.state == "open" else one.at,
            "comments": len(one.comments),
        }
        head = self._repositories.get(one.head_repository or "")
        made["head"] = {
            "label": f"{one.head_owner}:{one.head_branch}",
            "ref": one.head_branch,
            "sha": one.head,
            "user": user(one.head_owner),
            "repo": self.repository(head) if head else None,
        }
        base = one.base or repository.git.commit(f"refs/heads/{one.base_branch}") or "0" * 40
        made["base"] |= {
            "label": f"{repository.name.partition('/')[0]}:{one.base_branch}",
            "ref": one.base_branch,
            "sha": base,
            "user": user(repository.name.partition("/")[0]),
            "repo": self.repository(repository),
        }
        if simple:
            kept = example("pull-request-simple-items")[0].keys()
            return {name: value for name, value in made.items() if name in kept}
        return made

    def comment(self, one: Comment, number: int, repository: Repository) -> dict[str, Any]:
        made = self._placed(example("issue-comment"), repository.name, "1347", number)
        made |= {"id": one.id, "body": one.body, "user": somebody(one.author)}
        made |= {"created_at": one.at, "updated_at": one.at}
        made["html_url"] = f"https://github.com/{repository.name}/issues/{number}#issuecomment-{one.id}"
        return made

    def label(self, name: str, repository: Repository) -> dict[str, Any]:
        made = self._placed(example("label-items")[0], repository.name)
        return made | {"id": sum(name.encode()), "name": name, "default": name == "bug", "color": "ededed"}

    def status(self, one: Status, repository: Repository) -> dict[str, Any]:
        made = self._placed(example("status"), repository.name) | self._state(one)
        return made | {"context": one.context, "target_url": one.address}

    def deployment(self, one: Deployment, repository: Repository) -> dict[str, Any]:
        made = self._placed(example("deployment-simple-example"), repository.name)
        return made | {
            "id": one.id,
            "sha": one.commit,
            "ref": one.ref,
            "environment": one.environment,
            "original_environment": one.environment,
            "description": one.description,
            "payload": one.payload,
            "production_environment": one.production,
            "creator": user(one.creator),
            "created_at": one.at,
            "updated_at": one.at,
        }

    def deployment_status(self, one: Status, deployment: Deployment, repository: Repository) -> dict[str, Any]:
        made = self._placed(example("deployment-status"), repository.name) | self._state(one)
        made["description"] = one.description or ""
        return made | {"environment": deployment.environment, "log_url": one.address or "", "target_url": ""}

    def run(self, one: Run, repository: Repository) -> dict[str, Any]:
        made = self._placed(example("workflow-run"), repository.name, "30433642", one.id)
        head = self._repositories.get(one.head_repository or "")
        made |= {"id": one.id, "event": one.event, "path": one.path, "name": one.name, "head_sha": one.head}
        made |= {"head_branch": one.head_branch, "status": one.status, "conclusion": one.conclusion}
        # Of a fork's pull request GitHub names none.
        made |= {"pull_requests": [], "referenced_workflows": [], "created_at": one.at, "updated_at": one.at}
        made |= {
            "actor": user(one.actor),
            "triggering_actor": user(one.actor),
            "repository": self.repository(repository),
        }
        made |= {"head_repository": self.repository(head) if head else None}
        made["head_commit"] = made["head_commit"] | {"id": one.head}
        return made

    def artifact(self, number: int, name: str, size: int, expired: bool, run: int, repository: Repository) -> Any:
        made = self._placed(example("artifact-paginated")["artifacts"][0], repository.name, "11", number)
        made |= {"id": number, "name": name, "size_in_bytes": size, "expired": expired}
        made["workflow_run"] = {**made["workflow_run"], "id": run}
        return made

    def _common(self, one: Issue, repository: Repository) -> dict[str, Any]:
        found = {"id": one.id, "number": one.number, "title": one.title, "body": one.body, "state": one.state}
        found |= {"user": somebody(one.author), "created_at": one.at, "updated_at": one.at}
        return found | {"labels": [self.label(label, repository) for label in one.labels]}

    def _state(self, one: Status) -> dict[str, Any]:
        found = {"id": one.id, "state": one.state, "description": one.description, "creator": user(one.creator)}
        return found | {"created_at": one.at, "updated_at": one.at}

    def _placed(self, made: Any, repository: str, number: str = "", real: int = 0) -> dict[str, Any]:
        """An example whose addresses are those of this forge and repository."""
        text = json.dumps(made)
        for place in _PLACES:
            text = text.replace(place, repository)
        if number:
            text = text.replace(f"/{number}", f"/{real}")
        placed: dict[str, Any] = json.loads(text.replace("https://api.github.com", self.address))
        return placed


def push(repository: Repository, ref: str, before: str, after: str, by: str) -> dict[str, Any]:
    """What GitHub delivers for a ref that moved."""
    git, gone = repository.git, "0" * 40
    deleted, created = after == gone, before == gone
    commits = (
        [] if deleted or not git.commit(after) else [_pushed(repository, one) for one in git.between(before, after)]
    )
    forced = not deleted and not created and not git.is_ancestor(before, after)
    last = None if deleted or not git.commit(after) else _pushed(repository, git.commit(after) or after)
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "created": created,
        "deleted": deleted,
        "forced": forced,
        "base_ref": None,
        "compare": f"https://github.com/{repository.name}/compare/{before[:12]}...{after[:12]}",
        # GitHub lists at most 20.
        "commits": commits[:20],
        "head_commit": last,
        "pusher": {"name": by, "email": "noreply@forge.invalid"},
    }


def _pushed(repository: Repository, commit: str) -> dict[str, Any]:
    git = repository.git
    shape = git("show", "-s", "--format=%T%x00%an%x00%ae%x00%cn%x00%ce%x00%cI%x00%B", commit).split("\0", 6)
    tree, author, author_mail, committer, committer_mail, at, message = shape
    return {
        "id": commit,
        "tree_id": tree,
        "distinct": True,
        "message": message.strip(),
        "timestamp": at,
        "url": f"https://github.com/{repository.name}/commit/{commit}",
        "author": {"name": author, "email": author_mail},
        "committer": {"name": committer, "email": committer_mail},
        **git.changed(commit),
    }


def named(events: Iterable[Event]) -> list[str]:
    """`pull_request.opened`, `push`, ..."""
    return [f"{one.name}.{one.action}" if one.action else one.name for one in events]
