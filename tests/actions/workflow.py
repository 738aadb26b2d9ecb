"""Workflow files as values: read as GitHub reads YAML, and written down again for the engine.

The engine gets one job at a time, as a machine of GitHub does: the job as it stands in the file, and in place of what
it needs a stand-in with the same result and the same outputs. Two things are rewritten, because the engine does not
know them: `uses: $/path` becomes `OWNER/REPO/path@SHA`, and `concurrency`, which the dispatcher applies, is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

STAND_IN = "stand-in: "
# What the engine is not given of a job: the dispatcher applies it, or it has no meaning here (there is no cache).
_APPLIED = frozenset({"concurrency", "environment", "permissions", "cache-mode"})


class WorkflowError(Exception):
    """GitHub would not start this workflow, or the harness cannot; the message says which and why."""


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema: `on`, `yes` and `12:30` are strings."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith(":null")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


class Origin(NamedTuple):
    """Where a file is from: a repository `owner/name` and a commit."""

    repository: str
    commit: str


@dataclass(frozen=True)
class Workflow:
    """One workflow file of one commit."""

    path: str
    origin: Origin
    body: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.body.get("name") or self.path)

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        jobs: dict[str, dict[str, Any]] = self.body["jobs"]
        return jobs

    @property
    def triggers(self) -> dict[str, dict[str, Any]]:
        """`on:` as a mapping, however it was written; a schedule is a list under `cron`."""
        on = self.body["on"]
        if isinstance(on, str):
            return {on: {}}
        if isinstance(on, list):
            return {name: {} for name in on}
        return {name: {"cron": given} if name == "schedule" else given or {} for name, given in on.items()}


def parse(text: str, path: str, origin: Origin) -> Workflow:
    """A workflow file; what GitHub would call invalid raises WorkflowError."""
    try:
        body = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise WorkflowError(f"{path}: {error}") from error
    if not isinstance(body, dict) or not isinstance(body.get("jobs"), dict) or "on" not in body:
        raise WorkflowError(f"{path}: a workflow has `on` and `jobs`")
    return Workflow(path, origin, body)


def needs(job: Mapping[str, Any]) -> list[str]:
    """The jobs that a job names as its needs."""
    named = job.get("needs") or []
    return [named] if isinstance(named, str) else list(named)


def ancestors(workflow: Workflow, job: str) -> list[str]:
    """Every job that this one waits for, near and far."""
    found: list[str] = []
    waiting = needs(workflow.jobs[job])
    while waiting:
        name = waiting.pop()
        if name not in workflow.jobs:
            raise WorkflowError(f"{workflow.path}: job {job} needs {name}, which does not exist")
        if name not in found:
            found.append(name)
            waiting += needs(workflow.jobs[name])
    return found


def in_order(workflow: Workflow) -> list[str]:
    """The jobs, each after what it needs; a circle raises WorkflowError."""
    left, done = list(workflow.jobs), list[str]()
    while left:
        ready = [name for name in left if not set(ancestors(workflow, name)) - set(done)]
        if not ready:
            raise WorkflowError(f"{workflow.path}: {', '.join(left)} need each other")
        done += ready
        left = [name for name in left if name not in ready]
    return done


def in_matrix_order(matrix: Any, combinations: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The combinations of a matrix as GitHub makes them: the last key of the file varies fastest, what only `include`
    adds comes last. The engine gives both keys and combinations in an order of its own, another one each time.
    """
    written = matrix if isinstance(matrix, Mapping) else {}
    lists = {key: given for key, given in written.items() if key not in ("include", "exclude")}
    found = [
        {key: one[key] for key in (*lists, *sorted(set(one) - set(lists))) if key in one} for one in combinations
    ]
    ranks = {}
    for key, given in lists.items():
        # An expression is not known here, but its values were met in their order.
        known = list(given) if isinstance(given, list) else []
        ranks[key] = known + [one[key] for one in found if key in one and one[key] not in known]
    return sorted(found, key=lambda one: [ranks[key].index(one[key]) if key in one else len(found) for key in ranks])


class Done(NamedTuple):
    """How a job ended: `success`, `failure`, `cancelled` or `skipped`, and its outputs."""

    result: str
    outputs: Mapping[str, str]


def literal(value: str) -> str:
    """A text that the engine takes as it is: what begins an expression is written as one."""
    return value.replace("${{", "${{ '${{' }}")


def stand_in(name: str, job: Mapping[str, Any], done: Done) -> dict[str, Any]:
    """A job that ends as this one did, at once."""
    run = {"success": "exit 0", "failure": "exit 1", "cancelled": "exit 1", "skipped": "exit 0"}[done.result]
    return {
        "name": STAND_IN + name,
        "needs": needs(job),
        "if": "${{ false }}" if done.result == "skipped" else "${{ always() }}",
        "runs-on": "ubuntu-latest",
        "outputs": {key: literal(value) for key, value in done.outputs.items()},
        "steps": [{"run": run}],
    }


def resolve(uses: str, origin: Origin) -> str:
    """`$/path` with the repository and the commit that it stands for; anything else as it is."""
    return f"{origin.repository}/{uses[2:]}@{origin.commit}" if uses.startswith("$/") else uses


def for_engine(job: Mapping[str, Any], origin: Origin) -> dict[str, Any]:
    """A job as the engine can read it."""
    made = {key: value for key, value in job.items() if key not in _APPLIED}
    if "steps" in made:
        made["steps"] = [
            {**step, "uses": resolve(step["uses"], origin)} if "uses" in step else step for step in made["steps"]
        ]
    return made


def alone(
    workflow: Workflow, job: str, definition: Mapping[str, Any], ended: Mapping[str, Done], extra: Mapping[str, Any]
) -> dict[str, Any]:
    """The file with one of its jobs, stand-ins for what that needs, and `extra` jobs."""
    kept: dict[str, Any] = {key: workflow.body[key] for key in ("on", "env", "defaults") if key in workflow.body}
    others = {name: stand_in(name, workflow.jobs[name], ended[name]) for name in ancestors(workflow, job)}
    return {**kept, "jobs": {**others, job: for_engine(definition, workflow.origin), **extra}}


def write(body: Mapping[str, Any]) -> str:
    """A workflow as text: JSON is YAML."""
    return json.dumps(body, ensure_ascii=False, indent=1)


def used(steps: Iterable[Mapping[str, Any]], origin: Origin) -> list[str]:
    """The actions of other repositories in a list of steps."""
    named = [resolve(step["uses"], origin) for step in steps if "uses" in step]
    return [name for name in named if not name.startswith(("./", "docker://"))]
