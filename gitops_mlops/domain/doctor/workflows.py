"""What can be told of workflows that call ours by reading them: what GitHub would refuse, or let through unsafely."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gitops_mlops.domain.document.yaml import Path, YamlDocument
from gitops_mlops.domain.errors import FileProblemLine
from gitops_mlops.domain.names import suggest

WORKFLOW_FOLDER = ".github/workflows"

# OWNER/gitops-mlops/.github/workflows/NAME.yml@REF and OWNER/gitops-mlops/actions/NAME@REF
_OURS = re.compile(r"[\w.-]+/gitops-mlops/(?:\.github/workflows/([\w-]+)\.ya?ml|actions/([\w-]+))@(.+)\Z", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")
_DEFAULT_ENVIRONMENTS = ["staging", "production"]
_PAGE = "docs/github.md shows the caller"

# What each reusable workflow needs of the job that calls it; GitHub lets a called workflow lower, never raise.
PERMISSIONS: Mapping[str, Mapping[str, str]] = {
    "pull-request": {"contents": "read"},
    "lock": {"contents": "write"},
    "report": {"actions": "read", "pull-requests": "write"},
    "release": {"contents": "write", "deployments": "write", "issues": "write", "pull-requests": "read"},
    "rollback": {"contents": "write", "deployments": "write", "issues": "write"},
    "scheduled": {"contents": "write", "deployments": "write", "issues": "write", "pull-requests": "read"},
}
# Actions whose answer depends on the base of a pull request, as that of pull-request.yml does.
_OF_THE_BASE = ("review", "compare")
# A check is of a head and a base: these are the events that change one of them.
TYPES = ("opened", "synchronize", "reopened", "edited")
RANKS = {"none": 0, "read": 1, "write": 2}


class WorkflowUse(NamedTuple):
    """Where a workflow uses a workflow or action of ours; `job` is what holds it."""

    workflow: str
    action: str
    reference: str
    job: Mapping[str, Any]
    path: Path


def workflow_problems(workflows: Sequence[YamlDocument], stages: Sequence[str]) -> list[FileProblemLine]:
    """What is wrong with those of a repository's workflows that use ours; `stages` are the environments in order."""
    names = {
        _name(document) for document in workflows if any(use.workflow == "pull-request" for use in _uses(document))
    }
    return [
        document.problem(*wrong)
        for document in workflows
        for wrong in _wrong(document, list(_uses(document)), names, stages)
    ]


def deaf_workflows(workflows: Sequence[YamlDocument]) -> list[FileProblemLine]:
    """Those that answer for a pull request and its base by our actions, and are not run when it gets another base.

    `workflow_problems` tells it of callers of pull-request.yml.
    """
    return [
        document.problem(*wrong)
        for document in workflows
        if any(use.action in _OF_THE_BASE for use in _uses(document))
        for wrong in _types(document.data.get("on"))
    ]


def _wrong(
    document: YamlDocument, uses: Sequence[WorkflowUse], reviews: set[str], stages: Sequence[str]
) -> Iterator[Wrong]:
    yield from _triggers(document, uses, reviews)
    for use in uses:
        yield from _use(document, use, stages)


Wrong = tuple[Path, str, str]


def _uses(document: YamlDocument) -> Iterator[WorkflowUse]:
    jobs = document.data.get("jobs") if isinstance(document.data, dict) else None
    for name, job in (jobs if isinstance(jobs, dict) else {}).items():
        if not isinstance(job, dict):
            continue
        steps = job.get("steps")
        places: list[tuple[Mapping[str, Any], Path]] = [(job, ("jobs", name, "uses"))]
        places += [
            (step, ("jobs", name, "steps", number, "uses"))
            for number, step in enumerate(steps if isinstance(steps, list) else [])
            if isinstance(step, dict)
        ]
        for place, path in places:
            if isinstance(used := place.get("uses"), str) and (match := _OURS.match(used)):
                yield WorkflowUse(match[1] or "", match[2] or "", match[3], job, path)


def _triggers(document: YamlDocument, uses: Sequence[WorkflowUse], reviews: set[str]) -> Iterator[Wrong]:
    on = document.data.get("on") if uses else None
    if on == "pull_request_target" or (isinstance(on, list | dict) and "pull_request_target" in on):
        hint = f"use pull_request, and workflow_run for the comment; {_PAGE}"
        yield (
            ("on", "pull_request_target"),
            "runs untrusted code with the permissions and secrets of this repository",
            hint,
        )
    if any(use.workflow == "pull-request" for use in uses):
        yield from _types(on)
    if not any(use.workflow == "report" for use in uses):
        return
    run = on.get("workflow_run") if isinstance(on, dict) else None
    if not isinstance(run, dict):
        yield ("on",), "a report is written when the review's workflow ended", f"use workflow_run; {_PAGE}"
        return
    listed = run.get("workflows")
    named = [one for one in (listed if isinstance(listed, list) else [listed]) if isinstance(one, str)]
    if reviews and not reviews.intersection(named):
        message = f"names {', '.join(map(repr, named)) or 'no workflow'}, and none of them calls pull-request.yml"
        yield ("on", "workflow_run", "workflows"), message, f"the one that does is called {sorted(reviews)[0]!r}"


def _types(on: Any) -> Iterator[Wrong]:
    """GitHub's own list lacks `edited`, which tells of another base; with `types` the others must be named, too."""
    given = on.get("pull_request") if isinstance(on, dict) else None
    listed = given.get("types") if isinstance(given, dict) else None
    named = listed if isinstance(listed, list) else [listed]
    if on != "pull_request" and not (isinstance(on, list | dict) and "pull_request" in on):
        return
    if missing := [one for one in TYPES if one not in named]:
        path = ("on", "pull_request", "types") if listed is not None else ("on", "pull_request")
        message = f"does not run on {missing[-1]}"
        if missing[-1] == "edited":
            message += ": a pull request that gets another base is not checked against it"
        yield path, message, f"types: [{', '.join(TYPES)}]"


def _use(document: YamlDocument, use: WorkflowUse, stages: Sequence[str]) -> Iterator[Wrong]:
    if not _COMMIT.match(use.reference):
        message = f"@{use.reference} can be moved to other code"
        yield use.path, message, "name a commit, with the version as a comment: @<40 digits> # vX.Y.Z"
    if use.action:
        return
    if use.workflow not in PERMISSIONS:
        yield use.path, f"there is no workflow {use.workflow}.yml", suggest(use.workflow, PERMISSIONS)
        return
    yield from _permissions(document, use)
    if use.workflow in ("release", "scheduled") and stages:
        yield from _environments(use, stages)


def _permissions(document: YamlDocument, use: WorkflowUse) -> Iterator[Wrong]:
    """GitHub refuses to start a workflow whose called jobs need more than the caller has."""
    granted = use.job.get("permissions", document.data.get("permissions"))
    if granted == "write-all":
        return
    needed = PERMISSIONS[use.workflow]
    given = dict.fromkeys(needed, "read") if granted == "read-all" else granted
    have = given if isinstance(given, dict) else {}
    missing = [
        f"{name}: {level}"
        for name, level in needed.items()
        if RANKS.get(str(have.get(name, "none")), 0) < RANKS[level]
    ]
    if missing:
        job = use.path[:2]
        yield (
            (*job, "permissions"),
            f"{use.workflow}.yml needs {', '.join(missing)}",
            "add it to the job's permissions",
        )


def _environments(use: WorkflowUse, stages: Sequence[str]) -> Iterator[Wrong]:
    given = use.job.get("with")
    text = given.get("environments") if isinstance(given, dict) else None
    try:
        listed = json.loads(text) if isinstance(text, str) else _DEFAULT_ENVIRONMENTS
    except (ValueError, RecursionError):
        listed = None
    if isinstance(text, str) and "${{" in text:
        return
    if listed != list(stages):
        wanted = json.dumps(list(stages))
        path = (*use.path[:2], "with", "environments")
        said = "is not a JSON list" if listed is None else f"is {json.dumps(listed)}"
        yield path, f"{said}, and mlops.yaml has {wanted}", f"write environments: '{wanted}'"


def _name(document: YamlDocument) -> str:
    """What `workflow_run` calls a workflow: its name, or its path without one."""
    name = document.data.get("name") if isinstance(document.data, dict) else None
    return name if isinstance(name, str) else document.name
