"""What starts a CML workflow, and the same with pull requests: our comparison needs one."""

from __future__ import annotations

import yaml

from gitops_mlops.domain.doctor.workflows import TYPES
from gitops_mlops.domain.migration.workflow_text import WorkflowEntry, WorkflowText, entries_of


def events(text: WorkflowText) -> list[str]:
    """The names of the events."""
    entry = text.entries.get("on")
    if entry is None:
        return []
    if isinstance(entry.value, yaml.ScalarNode):
        return [entry.text]
    if isinstance(entry.value, yaml.SequenceNode):
        return [str(node.value) for node in entry.value.value]
    return [str(key.value) for key, _ in entry.value.value] if isinstance(entry.value, yaml.MappingNode) else []


def start_on_pull_requests(text: WorkflowText, branch: str) -> str:
    """Start on pull requests what started on every push; a push then only on the default branch.

    The answer says what to know about it. Raises NotEditable.
    """
    entry = text.entries["on"]
    pad = " " * entry.column
    pulls = ["pull_request:", f"  types: [{', '.join(TYPES)}]"]
    narrow = ["push:", f"  branches: [{branch}]"]
    if not isinstance(entry.value, yaml.MappingNode):
        others = [name for name in events(text) if name not in ("push", "pull_request")]
        keys = [*pulls, *narrow, *(f"{name}:" for name in others)]
        text.replace(entry.first, entry.last, [f"{pad}on:", *(f"{pad}  {key}" for key in keys)])
        return f"starts on pull requests now, and on a push to {branch}"
    keys_there = entries_of(entry.value, text.lines, entry.last)
    push = keys_there["push"]
    inside = " " * push.column
    if isinstance(push.value, yaml.ScalarNode):
        text.replace(push.first, push.last, [f"{inside}{key}" for key in (*pulls, *narrow)])
        return f"starts on pull requests now, and on a push to {branch}"
    text.replace(push.first, push.first, [f"{inside}{key}" for key in pulls])
    return _told(push)


def _told(push: WorkflowEntry) -> str:
    return "starts on pull requests too" if push.value else "starts on pull requests"
