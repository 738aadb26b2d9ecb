"""A workflow file as its lines, and which of them each of its keys and steps takes: for edits that keep the rest.

A comment belongs to the key or step below it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from gitops_mlops.domain.document.yaml import parse_yaml

_ODD_BREAKS = re.compile("[\x85\u2028\u2029]|\r(?!\n)")


class NotEditable(ValueError):
    """A part of the file is written in a way that cannot be edited line by line; the message says which."""


@dataclass(frozen=True)
class WorkflowEntry:
    """A key and its value, on lines `first` up to, without, `last`."""

    key: str
    value: yaml.Node
    first: int
    last: int
    column: int

    @property
    def text(self) -> str:
        """The value of a scalar; empty of anything else."""
        return str(self.value.value) if isinstance(self.value, yaml.ScalarNode) else ""

    @property
    def braces(self) -> bool:
        """Whether the value is a mapping or list in one line."""
        return isinstance(self.value, yaml.CollectionNode) and bool(self.value.flow_style)

    @property
    def block(self) -> bool:
        """Whether the value is text line by line: `|`."""
        return isinstance(self.value, yaml.ScalarNode) and self.value.style == "|"


@dataclass(frozen=True)
class WorkflowStep:
    """An item of `steps`; `dash` is the column of its dash."""

    entries: dict[str, WorkflowEntry]
    first: int
    last: int
    dash: int

    def text(self, key: str) -> str:
        """The value of a key that is a scalar, else nothing."""
        return self.entries[key].text if key in self.entries else ""

    @property
    def action(self) -> str:
        """What it uses, without the revision: `actions/checkout`."""
        return self.text("uses").partition("@")[0].strip().lower()


@dataclass(frozen=True)
class WorkflowJob:
    """A job with its keys, and its steps when they can be edited."""

    name: str
    entries: dict[str, WorkflowEntry]
    steps: list[WorkflowStep]


@dataclass
class WorkflowText:
    """The lines of a file, what its keys are, and the edits that are to be made."""

    lines: list[str]
    entries: dict[str, WorkflowEntry]
    jobs: list[WorkflowJob]
    newline: str
    edits: list[tuple[int, int, list[str]]] = field(default_factory=list)

    def replace(self, first: int, last: int, lines: list[str]) -> None:
        """Put lines in the place of those from `first` up to `last`."""
        self.edits.append((first, last, lines))

    def edited(self) -> str:
        """The text with all edits made; those that add go before those that replace the line where they stand."""
        lines = list(self.lines)
        for first, last, new in sorted(self.edits, key=lambda edit: (edit[0], edit[1]), reverse=True):
            lines[first:last] = new
        return self.newline.join(lines)


def read_workflow(text: str, name: str) -> WorkflowText:
    """Read a workflow. Raises ConfigError for what is not plain YAML, NotEditable for what shares lines."""
    parse_yaml(text, name)
    if _ODD_BREAKS.search(text):
        raise NotEditable("has line breaks that not every parser knows")
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(newline)
    try:
        # The other loader of PyYAML does not say where a collection ends.
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise NotEditable("is YAML that not every parser accepts") from error
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise NotEditable("is not a mapping with one key per line")
    if newline == "\r\n" and any("\n" in line for line in lines):
        raise NotEditable("mixes two kinds of line ends")
    entries = entries_of(root, lines, root.end_mark.line + (root.end_mark.column > 0))
    jobs = entries.get("jobs")
    if jobs is None or not isinstance(jobs.value, yaml.MappingNode):
        raise NotEditable("has no jobs")
    return WorkflowText(
        lines,
        entries,
        [_job(entry, lines) for entry in entries_of(jobs.value, lines, jobs.last).values()],
        newline,
    )


def entries_of(node: yaml.Node, lines: list[str], end: int) -> dict[str, WorkflowEntry]:
    """The keys of a mapping that ends before line `end`. Raises NotEditable when they share lines."""
    if not isinstance(node, yaml.MappingNode) or (node.flow_style and node.value):
        raise NotEditable("is written in braces or is not a mapping")
    starts = [key.start_mark.line for key, _ in node.value]
    if len(set(starts)) < len(starts):
        raise NotEditable("has two keys on one line")
    found: dict[str, WorkflowEntry] = {}
    for (key, value), first, after in zip(node.value, starts, [*starts[1:], end], strict=True):
        column = key.start_mark.column
        found[str(key.value)] = WorkflowEntry(
            str(key.value), value, first, trimmed(lines, first, after, column), column
        )
    return found


def trimmed(lines: list[str], first: int, last: int, column: int) -> int:
    """Where the lines end without the blank ones and the comments at the end that are of what follows."""
    while last > first + 1:
        line = lines[last - 1].strip()
        indent = len(lines[last - 1]) - len(lines[last - 1].lstrip())
        if line and not (line.startswith("#") and indent <= column):
            break
        last -= 1
    return last


def _job(entry: WorkflowEntry, lines: list[str]) -> WorkflowJob:
    if not isinstance(entry.value, yaml.MappingNode):
        raise NotEditable(f"has a job {entry.key} that is not a mapping")
    try:
        keys = entries_of(entry.value, lines, entry.last)
    except NotEditable as error:
        raise NotEditable(f"has a job {entry.key} that {error}") from None
    return WorkflowJob(entry.key, keys, _steps(keys["steps"], lines) if "steps" in keys else [])


def _steps(entry: WorkflowEntry, lines: list[str]) -> list[WorkflowStep]:
    if not isinstance(entry.value, yaml.SequenceNode) or entry.value.flow_style:
        raise NotEditable("has steps in brackets")
    starts = [node.start_mark.line for node in entry.value.value]
    steps: list[WorkflowStep] = []
    for node, first, after in zip(entry.value.value, starts, [*starts[1:], entry.last], strict=True):
        dash = lines[first].find("-")
        if dash < 0 or lines[first][:dash].strip() or lines[first][dash + 1 : node.start_mark.column].strip():
            raise NotEditable("has a step with its dash on a line of its own")
        last = trimmed(lines, first, after, dash)
        steps.append(WorkflowStep(entries_of(node, lines, last), first, last, dash))
    return steps


def scalars(node: yaml.Node) -> dict[str, str]:
    """The keys of a mapping whose values are scalars."""
    pairs: list[tuple[Any, Any]] = node.value if isinstance(node, yaml.MappingNode) else []
    return {str(key.value): str(value.value) for key, value in pairs if isinstance(value, yaml.ScalarNode)}


def source(lines: list[str], node: yaml.Node) -> str:
    """A value as it is written. Raises NotEditable when it takes more than one line."""
    if node.start_mark.line != node.end_mark.line:
        raise NotEditable("has a value in env on several lines")
    return lines[node.start_mark.line][node.start_mark.column : node.end_mark.column]
