"""Steps as lines of a workflow: ours, and those of the project with other scripts and variables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from gitops_mlops.domain.migration.workflow_text import (
    WorkflowEntry,
    WorkflowStep,
    WorkflowText,
    entries_of,
    scalars,
    source,
)

# The names under which CML looks for its token; nothing else reads them.
TOKENS = frozenset({"REPO_TOKEN", "repo_token", "CML_TOKEN"})
_ALL_TOKENS = TOKENS | {"GITHUB_TOKEN"}
_EXPRESSION = re.compile(r"\$\{\{(.*)\}\}\s*\Z", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z_$][\w ./@${}()=!&|'-]*\Z")

# What a reader of YAML takes for something else than text.
_NO_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_LISTED = "|\n"
UPLOAD = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1"


class ActionSource(NamedTuple):
    """Where our actions are: `owner/name`, and the commit or tag of it."""

    repository: str
    revision: str

    def uses(self, verb: str) -> str:
        """The action of a verb."""
        return f"{self.repository}/actions/{verb}@{self.revision}"


class StepFrame(NamedTuple):
    """What our step takes over from the one in whose place it stands."""

    dash: int
    condition: str = ""
    env: tuple[tuple[str, str], ...] = ()
    folder: str = ""


def action_step(frame: StepFrame, name: str, uses: str, inputs: Sequence[tuple[str, str]] = ()) -> list[str]:
    """The lines of a step that uses an action. Values of `inputs` that are lists have a line for each item."""
    keys = [f"name: {scalar(name)}"]
    if frame.condition:
        keys.append(f"if: {scalar(frame.condition)}")
    keys.append(f"uses: {uses}")
    if frame.folder:
        inputs = [*inputs, ("working-directory", frame.folder)]
    if inputs:
        keys.append("with:")
        keys += [f"  {key}: {value if value.startswith(_LISTED) else scalar(value)}" for key, value in inputs]
    if frame.env:
        keys.append("env:")
        keys += [f"  {key}: {value}" for key, value in frame.env]
    lines = "\n".join(keys).split("\n")
    pad = " " * frame.dash
    return [f"{pad}- {lines[0]}", *(f"{pad}  {line}" for line in lines[1:])]


def listed(values: Sequence[str]) -> str:
    """Values as one input, a line each."""
    if len(values) == 1:
        return values[0]
    return "\n".join(["|", *(f"    {value}" for value in values)])


def scalar(value: str) -> str:
    """A value as YAML: plain where that is safe, else in single quotes."""
    plain = _PLAIN.match(value) and value == value.strip() and value.lower() not in _NO_TEXT
    return value if plain else "'" + value.replace("'", "''") + "'"


def condition(*parts: str) -> str:
    """All of these conditions, as one `if:`; each may be written with or without `${{ }}`."""
    bare = [inner(part) for part in parts if part.strip()]
    if not bare:
        return ""
    joined = (
        bare[0]
        if len(bare) == 1
        else " && ".join(f"({one})" if "||" in one or " && " in one else one for one in bare)
    )
    return f"${{{{ {joined} }}}}"


def inner(expression: str) -> str:
    """An expression without its braces."""
    text = expression.strip()
    found = _EXPRESSION.match(text)
    return found[1].strip() if found and "${{" not in found[1] else text


def environment(step: WorkflowStep, lines: list[str]) -> tuple[tuple[str, str], ...]:
    """The variables of a step that one of our steps needs too: all but tokens. Raises NotEditable."""
    if "env" not in step.entries:
        return ()
    node = step.entries["env"].value
    if not isinstance(node.value, list):
        return ()
    return tuple((key.value, source(lines, value)) for key, value in node.value if key.value not in _ALL_TOKENS)


def without_tokens(env: WorkflowEntry, lines: list[str]) -> list[str]:
    """The lines of an `env:` without CML's token; none when nothing else is in it."""
    node = env.value
    pairs = [(key.value, value) for key, value in node.value] if isinstance(node.value, list) else []
    if not TOKENS.intersection(key for key, _ in pairs):
        return lines[env.first : env.last]
    if TOKENS.issuperset(key for key, _ in pairs):
        return []
    if env.braces:
        pad = " " * env.column
        others = [(key, value) for key, value in pairs if key not in TOKENS]
        return [f"{pad}env:", *(f"{pad}  {key}: {source(lines, value)}" for key, value in others)]
    kept = lines[env.first : env.last]
    for entry in reversed(list(entries_of(node, lines, env.last).values())):
        if entry.key in TOKENS:
            del kept[entry.first - env.first : entry.last - env.first]
    return kept


def drop_token(text: WorkflowText, env: WorkflowEntry | None) -> None:
    """Take CML's token out of the variables of a whole job or workflow."""
    if env is not None and TOKENS.intersection(scalars(env.value)):
        text.replace(env.first, env.last, without_tokens(env, text.lines))


def project_step(
    step: WorkflowStep,
    lines: list[str],
    script: list[str] | None,
    *,
    tokens: bool,
    drop: frozenset[str] = frozenset(),
) -> list[str]:
    """The lines of a step of the project with another script (None: the same), and without CML's token.

    `tokens`: what is left needs it still. Keys in `drop` go.
    """
    body = list(lines)
    body[step.first] = body[step.first].replace("-", " ", 1)
    made: list[str] = []
    at = step.first
    for entry in step.entries.values():
        made += body[at : entry.first]
        at = entry.last
        if entry.key in drop:
            continue
        if entry.key == "run" and script is not None:
            made += [body[entry.first], *script]
        elif entry.key == "env" and not tokens:
            made += without_tokens(entry, body)
        else:
            made += body[entry.first : entry.last]
    first = next(i for i, line in enumerate(made) if line.strip() and not line.lstrip().startswith("#"))
    made[first] = f"{made[first][: step.dash]}-{made[first][step.dash + 1 :]}"
    return made
