"""What stands around the steps of a job: its permissions, token, container image and checkout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from gitops_mlops.domain.migration.workflow_text import (
    WorkflowEntry,
    WorkflowJob,
    WorkflowStep,
    WorkflowText,
    entries_of,
    scalars,
)

if TYPE_CHECKING:
    from gitops_mlops.domain.migration.reading import MigrationFindings

_PUSHES = re.compile(r"\bgit push\b|\bcml(?: |-)pr\b|\bgh release\b")
_OLD_PYTHON = re.compile(r"[23]\.(\d|10)(\.\d+)?\Z|2(\.\d+)*\Z")
_NEEDED = {"contents": "read", "pull-requests": "write"}


class JobGrants:
    """The edits of one job that are no steps."""

    def __init__(self, job: WorkflowJob, text: WorkflowText, findings: MigrationFindings) -> None:
        self._job, self._text, self._findings = job, text, findings

    def fetch_all(self) -> None:
        """A review compares with other commits: the checkout brings the history and the tags."""
        steps = [step for step in self._job.steps if step.action == "actions/checkout"]
        if not steps:
            line = self._job.entries["steps"].first
            hint = "add actions/checkout with fetch-depth: 0 as the first step"
            self._findings.by_hand(line, f"the job {self._job.name} checks nothing out", hint)
        for step in steps:
            self._deepen(step)

    def _deepen(self, step: WorkflowStep) -> None:
        given = step.entries.get("with")
        pad = " " * (step.dash + 2)
        if given is None:
            uses = step.entries["uses"]
            self._text.replace(uses.last, uses.last, [f"{pad}with:", f"{pad}  fetch-depth: 0"])
            return
        if "fetch-depth" in scalars(given.value):
            if scalars(given.value)["fetch-depth"] == "0":
                return
            entry = entries_of(given.value, self._text.lines, given.last)["fetch-depth"]
            self._text.replace(entry.first, entry.last, [f"{' ' * entry.column}fetch-depth: 0"])
            return
        inputs = entries_of(given.value, self._text.lines, given.last)
        column = min((entry.column for entry in inputs.values()), default=step.dash + 4)
        self._text.replace(given.last, given.last, [f"{' ' * column}fetch-depth: 0"])

    def python(self) -> None:
        """Tell of a Python that is too old for us."""
        for step in self._job.steps:
            version = step.entries.get("with")
            if step.action != "actions/setup-python" or version is None:
                continue
            asked = scalars(version.value).get("python-version", "")
            if _OLD_PYTHON.match(asked):
                line = version.first
                self._findings.by_hand(
                    line, f"Python {asked} is too old for the toolkit", "set python-version: '3.11' or newer"
                )

    def permit(self, kept: str) -> None:
        """Grant what a comment needs, and what the kept scripts do; as little as that."""
        wanted = dict(_NEEDED)
        if _PUSHES.search(kept):
            wanted["contents"] = "write"
        own, above = self._job.entries.get("permissions"), self._text.entries.get("permissions")
        given = own or above
        granted = scalars(given.value) if given is not None else {}
        if own is None and all(granted.get(scope) in (access, "write") for scope, access in wanted.items()):
            return
        if own is not None and own.text == "" and isinstance(own.value, yaml.MappingNode) and own.value.value:
            self._complete(own, wanted, granted)
            return
        lines = self._block({**{k: v for k, v in granted.items() if k not in wanted}, **_greater(wanted, granted)})
        if own is not None:
            self._text.replace(own.first, own.last, lines)
            return
        place = self._job.entries.get("runs-on") or next(iter(self._job.entries.values()))
        self._text.replace(place.last, place.last, lines)

    def _complete(self, own: WorkflowEntry, wanted: dict[str, str], granted: dict[str, str]) -> None:
        """Add to the job's own block what is not in it; the rest of it stays as it is written."""
        if own.braces:
            self._text.replace(own.first, own.last, self._block({**granted, **_greater(wanted, granted)}))
            return
        entries = entries_of(own.value, self._text.lines, own.last)
        column = next(iter(entries.values())).column
        for scope, access in _greater(wanted, granted).items():
            line = f"{' ' * column}{scope}: {access}"
            if scope not in granted:
                self._text.replace(own.last, own.last, [line])
            elif granted[scope] != access:
                self._text.replace(entries[scope].first, entries[scope].last, [line])

    def _block(self, granted: dict[str, str]) -> list[str]:
        pad = " " * next(iter(self._job.entries.values())).column
        return [f"{pad}permissions:", *(f"{pad}  {scope}: {access}" for scope, access in granted.items())]


def _greater(wanted: dict[str, str], granted: dict[str, str]) -> dict[str, str]:
    """Never less than was granted scope by scope."""
    return {scope: "write" if granted.get(scope) == "write" else access for scope, access in wanted.items()}
