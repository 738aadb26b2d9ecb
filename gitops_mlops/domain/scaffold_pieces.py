"""Our lines put into a file that somebody else wrote, whose every character stays."""

from __future__ import annotations

from textwrap import indent

import yaml

from gitops_mlops.domain.document import parse_yaml

_HEAD = "# gitops-mlops"
_HOOKS = "mlops-config"


def with_lines(existing: bytes, wanted: bytes) -> tuple[bytes, str]:
    """A list of patterns (.gitignore, .gitattributes) with the lines that it lacks at its end; and those lines."""
    text = existing.decode(errors="surrogateescape")
    known = {line.strip() for line in text.splitlines()}
    lacking = [line for line in wanted.decode().splitlines() if line and line[0] != "#" and line not in known]
    if not lacking:
        return existing, ""
    piece = "".join(f"{line}\n" for line in (_HEAD, *lacking))
    end = "" if not text or text.endswith("\n") else "\n"
    return _encoded(f"{text}{end}{piece}", text), piece


def with_hooks(existing: bytes, wanted: bytes, name: str) -> tuple[bytes, str] | None:
    """A pre-commit configuration with our repository as its first one; and the text that was put in, "" for none.

    None where it cannot be put in without touching other lines: `repos` is missing, empty or in one line. Raises
    ConfigError when `existing` is no YAML. `name` is for messages.
    """
    parse_yaml(existing, name, anchors=True)
    text = existing.decode()
    if _HOOKS in text:
        return existing, ""
    place = _first_repository(text)
    if place is None:
        return None
    line, column = place
    lines = text.splitlines(keepends=True)
    piece = indent(_repositories(wanted.decode()), " " * column)
    return _encoded("".join([*lines[:line], piece, *lines[line:]]), text), piece


def _first_repository(text: str) -> tuple[int, int] | None:
    """The line after `repos:`, and the column of its items."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    for key, value in pairs:
        block = isinstance(value, yaml.SequenceNode) and not value.flow_style and value.value
        if key.value == "repos" and block:
            item: yaml.Node = value.value[0]
            return key.end_mark.line + 1, text.splitlines()[item.start_mark.line].index("-")
    return None


def _repositories(wanted: str) -> str:
    """The items of `repos:`, from the first column on."""
    _, _, items = wanted.partition("repos:\n")
    return "".join(line.removeprefix("  ") for line in items.splitlines(keepends=True))


def _encoded(text: str, like: str) -> bytes:
    """With the line ends of the text that was there."""
    if "\r\n" in like:
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    return text.encode(errors="surrogateescape")
