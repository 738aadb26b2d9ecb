"""Names that end up in tags, paths and commands: one grammar, GTO's, matched whole."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import PurePosixPath

# GTO's grammar. `\Z`, not `$`: a trailing newline is no part of a name.
NAME = r"[a-zA-Z0-9](?:[a-zA-Z0-9-/_]*[a-zA-Z0-9])?"
_NAME = re.compile(rf"{NAME}\Z")
_ARTIFACT = re.compile(rf"(?:[a-zA-Z0-9-_./]+:)?{NAME}\Z")


def is_name(text: str) -> bool:
    """Whether `text` may name a stage or a model of the repository's root."""
    return _NAME.match(text) is not None


def is_artifact(text: str) -> bool:
    """Whether `text` may name a model: `name`, or `dir:name` in a monorepo."""
    return _ARTIFACT.match(text) is not None


def path_problem(text: str) -> str:
    """Why `text` is no path inside a repository, or "" when it is one (symlinks are the adapter's to check)."""
    path = PurePosixPath(text)
    if not text.strip():
        return "is empty"
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        return "holds a control character"
    if "\\" in text:
        return "holds a backslash; write /"
    if path.is_absolute() or text.startswith("~") or ":" in path.parts[0]:
        return "is not relative to the repository"
    if ".." in path.parts:
        return "leaves the repository"
    if ".git" in path.parts:
        return "points into .git"
    if text.startswith("-"):
        return "starts with a dash"
    return ""


def perhaps(wrong: str, known: Iterable[str]) -> str:
    """`perhaps you meant 'x'` for the nearest known word, else the list of what is known."""
    words = sorted(set(known))
    near = get_close_matches(wrong, words, n=1, cutoff=0.6)
    if near:
        return f"perhaps you meant {near[0]!r}"
    return f"known: {', '.join(words)}" if words else ""
