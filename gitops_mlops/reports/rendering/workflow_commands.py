"""What GitHub reads of a step: annotations, outputs and the summary, whatever the text in them tries.

The escapes are those of actions/toolkit (`packages/core/src/command.ts`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from gitops_mlops.domain.shortening import and_more, shorten
from gitops_mlops.reports.rendering.terminal import printable

SHOWN = 10
"""How many annotations of one level GitHub shows of a step; the rest it drops without a word."""

LARGEST_OUTPUT = 500_000
"""Bytes of one output. GitHub takes 1 MiB, counted in UTF-16."""

LARGEST_SUMMARY = 1024 * 1024
"""Bytes of a step's summary; a larger one is dropped whole."""

_LONGEST_MESSAGE = 4000
_CUT = "\n\nCut here: GitHub takes 1 MiB. The log has the rest.\n"


class Level(StrEnum):
    """How GitHub marks an annotation."""

    ERROR = "error"
    WARNING = "warning"


class Annotation(NamedTuple):
    """A message at a file of the workspace; `file` is "" and `line` 0 when there is none."""

    level: Level
    title: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0


def inert(line: str) -> str:
    """A line of a log that is no command to a runner, which knows `::name` at a line's start and `##[name]` anywhere.

    Nothing in it is a control character, so that it stays one line.
    """
    # Whoever reads a log may end lines where Unicode does, and not only where a terminal does.
    shown = "�".join(printable(line).splitlines()).replace("##[", "## [")
    return f"| {shown}" if shown.lstrip().startswith("::") else shown


def annotation_lines(annotations: Sequence[Annotation]) -> list[str]:
    """A workflow command for each, in order; of more than GitHub shows, the last one says how many more there are."""
    lines = []
    for level in Level:
        these = list(dict.fromkeys(one for one in annotations if one.level is level))
        if len(these) > SHOWN:
            more = and_more(len(these) - SHOWN + 1, "", "; the log has them all")
            these = [*these[: SHOWN - 1], Annotation(level, these[0].title, more)]
        lines += [_command(one) for one in these]
    return lines


def _command(one: Annotation) -> str:
    place = {"file": one.file, "line": one.line, "col": one.column, "title": one.title}
    properties = ",".join(f"{name}={_property(printable(str(value)))}" for name, value in place.items() if value)
    text = "\n".join(printable(line) for line in one.message.splitlines())
    return f"::{one.level} {properties}::{_data(shorten(text, _LONGEST_MESSAGE))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def outputs_of(result: Any, code: int) -> tuple[dict[str, str], str]:
    """The outputs of a step, and a note when the result itself is too large to be one.

    `result` is the whole as JSON, `code` the exit code; each plain value at the top of the result is an output of
    its own, in kebab-case. A list or a mapping is not, nor is what is called `result` or `code`.
    """
    values = result.items() if isinstance(result, dict) else ()
    found = {
        str(name).replace("_", "-"): _scalar(value)
        for name, value in values
        if not isinstance(value, dict | list | tuple) and re.fullmatch(r"[A-Za-z][\w-]*", str(name), re.ASCII)
    }
    found |= {"code": str(code)}
    found.pop("result", None)
    if result is None:
        return found, ""
    whole = json.dumps(result, separators=(",", ":"), allow_nan=False)
    if len(whole) > LARGEST_OUTPUT:
        return found, f"the output `result` is left out: {len(whole):,} bytes are more than GitHub takes"
    return {"result": whole, **found}, ""


def _scalar(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def output_text(values: dict[str, str], delimiter: Callable[[], str]) -> str:
    """Lines for GITHUB_OUTPUT. `delimiter` makes random words until one occurs in no value."""
    lines = []
    for name, value in values.items():
        end = next(word for word in iter(delimiter, "") if word not in value)
        lines.append(f"{name}<<{end}\n{value}\n{end}\n")
    return "".join(lines)


def text_summary(command: str, text: str, room: int) -> str:
    """Terminal text as markdown of at most `room` bytes, in a fence that nothing in it can close."""
    shown = "\n".join(printable(line) for line in text.splitlines())
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", shown)), default=0))
    head, tail = f"### gitops-mlops {command}\n\n{fence}text\n", f"\n{fence}\n"
    left = room - len((head + tail + _CUT).encode())
    whole = shown.encode()
    if len(whole) <= left:
        return f"{head}{shown}{tail}"
    return f"{head}{whole[: max(left, 0)].decode(errors='ignore')}{tail}{_CUT}" if left > 0 else ""


def markdown_summary(markdown: str, room: int) -> str:
    """Finished markdown in at most `room` bytes: its end gives way, at the end of a line."""
    whole = f"{markdown.rstrip()}\n".encode()
    if len(whole) <= room:
        return whole.decode()
    left = room - len(_CUT.encode())
    kept = whole[: max(left, 0)].decode(errors="ignore").rpartition("\n")[0]
    return f"{kept}{_CUT}" if kept else ""
