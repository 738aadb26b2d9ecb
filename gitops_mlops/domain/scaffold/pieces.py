"""Our lines put into a file that somebody else wrote, whose every character stays."""

from __future__ import annotations

from textwrap import indent

import yaml

from gitops_mlops.domain.document.yaml import parse_yaml

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
    return f"{text}{_as_in(text, end + piece)}".encode(errors="surrogateescape"), piece


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
    at, column = place
    piece = indent(_repositories(wanted.decode()), " " * column)
    return f"{text[:at]}{_as_in(text, piece)}{text[at:]}".encode(), piece


def _first_repository(text: str) -> tuple[int, int] | None:
    """Where the line after `repos:` begins, and the column of its items."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    for key, value in pairs:
        block = isinstance(value, yaml.SequenceNode) and not value.flow_style and value.value
        if key.value == "repos" and block:
            item: int = value.value[0].start_mark.index
            begin = text.rfind("\n", 0, item) + 1
            dash = text.find("-", begin, item)
            return (text.index("\n", key.end_mark.index) + 1, dash - begin) if dash >= 0 else None
    return None


def _repositories(wanted: str) -> str:
    """The items of `repos:`, from the first column on."""
    _, _, items = wanted.partition("repos:\n")
    return "".join(line.removeprefix("  ") for line in items.splitlines(keepends=True))


def _as_in(text: str, piece: str) -> str:
    """A piece with the line ends of the text that it comes into."""
    return piece.replace("\n", "\r\n") if "\r\n" in text else piece
