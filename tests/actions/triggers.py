"""Which events start a workflow: the filters below `on:`, as GitHub documents them.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.actions.workflow import Workflow, WorkflowError

# What counts when a workflow names no types.
DEFAULT_TYPES: Mapping[str, tuple[str, ...]] = {"pull_request": ("opened", "synchronize", "reopened")}
FILTERS: Mapping[str, frozenset[str]] = {
    "push": frozenset({"branches", "branches-ignore", "tags", "tags-ignore", "paths", "paths-ignore"}),
    "pull_request": frozenset({"types", "branches", "branches-ignore", "paths", "paths-ignore"}),
    "workflow_run": frozenset({"types", "workflows", "branches", "branches-ignore"}),
    "merge_group": frozenset({"types", "branches", "branches-ignore"}),
    "workflow_dispatch": frozenset({"inputs"}),
    "workflow_call": frozenset({"inputs", "outputs", "secrets"}),
    "schedule": frozenset({"cron"}),
}


@dataclass(frozen=True)
class Occasion:
    """What the filters look at. `branch` is the branch pushed to, merged into, or that ran; `tag` one pushed.

    `paths` are the files that changed, None when GitHub does not compare (a tag, a new branch of no commits).
    """

    event: str
    action: str = ""
    branch: str = ""
    tag: str = ""
    paths: Sequence[str] | None = None
    workflow: str = ""
    cron: str = ""


@cache
def expression(pattern: str) -> re.Pattern[str]:
    """A filter pattern as a regular expression over the whole name.

    `*` is any run without a slash, `**` any run, `?` none or one of the character before it, `+` one or more of it,
    `[]` one of a set; a backslash makes the next character plain. `**/` at a beginning also matches nothing.
    """
    made, at = "", 0
    while at < len(pattern):
        one = pattern[at]
        if pattern.startswith("**/", at) and (at == 0 or pattern[at - 1] == "/"):
            made, at = made + "(?:.*/)?", at + 3
        elif pattern.startswith("**", at):
            made, at = made + ".*", at + 2
        elif one == "[" and (end := pattern.find("]", at)) > 0:
            made, at = made + "[" + re.escape(pattern[at + 1 : end]).replace(r"\-", "-") + "]", end + 1
        elif one == "\\" and at + 1 < len(pattern):
            made, at = made + re.escape(pattern[at + 1]), at + 2
        else:
            made, at = made + {"*": "[^/]*", "?": "?", "+": "+"}.get(one, re.escape(one)), at + 1
    return re.compile(made, re.DOTALL)


def chosen(name: str, patterns: Sequence[str]) -> bool:
    """Whether the last pattern that matches a name is one without `!`."""
    result = False
    for pattern in patterns:
        if expression(pattern.removeprefix("!")).fullmatch(name):
            result = not pattern.startswith("!")
    return result


def _names(filters: Mapping[str, Any], key: str) -> list[str] | None:
    found = filters.get(key)
    return [found] if isinstance(found, str) else None if found is None else [str(one) for one in found]


def _let(name: str, filters: Mapping[str, Any], key: str) -> bool:
    wanted, unwanted = _names(filters, key), _names(filters, f"{key}-ignore")
    if wanted is not None and unwanted is not None:
        raise WorkflowError(f"{key} and {key}-ignore cannot stand beside each other")
    if wanted is not None and all(one.startswith("!") for one in wanted):
        raise WorkflowError(f"{key} of only `!` patterns matches nothing")
    if wanted is not None:
        return chosen(name, wanted)
    return unwanted is None or not chosen(name, unwanted)


def _let_paths(paths: Sequence[str] | None, filters: Mapping[str, Any]) -> bool:
    if paths is None or not {"paths", "paths-ignore"} & set(filters):
        return True
    return any(_let(path, filters, "paths") for path in paths)


def _let_ref(occasion: Occasion, filters: Mapping[str, Any]) -> bool:
    by_branch, by_tag = ({key, f"{key}-ignore"} & set(filters) for key in ("branches", "tags"))
    if occasion.tag:
        return _let(occasion.tag, filters, "tags") if by_tag else not by_branch
    return _let(occasion.branch, filters, "branches") if by_branch else not by_tag


def starts(workflow: Workflow, occasion: Occasion) -> bool:
    """Whether a workflow runs on this occasion; a filter that its event does not have raises WorkflowError."""
    filters = workflow.triggers.get(occasion.event)
    if filters is None:
        return False
    known = FILTERS.get(occasion.event, frozenset({"types"}))
    if strange := set(filters) - known:
        raise WorkflowError(f"{workflow.path}: {occasion.event} has no filter {', '.join(sorted(strange))}")
    if occasion.event == "schedule":
        return occasion.cron in [one["cron"] for one in filters["cron"]]
    if occasion.event == "workflow_run" and occasion.workflow not in (_names(filters, "workflows") or []):
        return False
    types = _names(filters, "types") or DEFAULT_TYPES.get(occasion.event)
    if types is not None and occasion.action not in types:
        return False
    if occasion.event == "push":
        return _let_ref(occasion, filters) and (bool(occasion.tag) or _let_paths(occasion.paths, filters))
    return _let(occasion.branch, filters, "branches") and _let_paths(occasion.paths, filters)


def dispatch_inputs(workflow: Workflow, given: Mapping[str, str]) -> dict[str, str]:
    """The inputs of a `workflow_dispatch`, defaults filled in; what GitHub answers with 422 raises WorkflowError."""
    declared: Mapping[str, Mapping[str, Any]] = workflow.triggers["workflow_dispatch"].get("inputs") or {}
    if strange := set(given) - set(declared):
        raise WorkflowError(f"Unexpected inputs provided: {sorted(strange)}")
    values = {}
    for name, one in declared.items():
        value = given.get(name, one.get("default", ""))
        value = str(value).lower() if isinstance(value, bool) else str(value)
        if one.get("required") and not value:
            raise WorkflowError(f"Required input '{name}' not provided")
        if one.get("type") == "choice" and value and value not in [str(option) for option in one["options"]]:
            raise WorkflowError(f"Provided value '{value}' for input '{name}' not in the list of allowed values")
        if one.get("type") == "boolean" and value not in ("true", "false", ""):
            raise WorkflowError(f"Provided value '{value}' for input '{name}' is not a boolean")
        values[name] = value
    return values
