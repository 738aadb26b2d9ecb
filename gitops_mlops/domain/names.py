"""Names that end up in tags, paths and commands: one grammar, GTO's, matched whole."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

# GTO's grammar. `\Z`, not `$`: a trailing newline is no part of a name.
NAME = r"[a-zA-Z0-9](?:[a-zA-Z0-9/_-]*[a-zA-Z0-9])?"
ARTIFACT = rf"(?:[a-zA-Z0-9_./-]+:)?{NAME}"
_NAME = re.compile(rf"{NAME}\Z")
_ARTIFACT = re.compile(rf"{ARTIFACT}\Z")
# difflib's time grows with the square of the length, and no name is this long.
_LONGEST = 100


def is_name(text: str) -> bool:
    """Whether `text` may name a stage or a model of the repository's root."""
    return _NAME.match(text) is not None


def is_artifact(text: str) -> bool:
    """Whether `text` may name a model: `name`, or `dir:name` in a monorepo."""
    return _ARTIFACT.match(text) is not None


def column_label(name: str | None) -> str:
    """A column as messages name it: quoted when nothing would be seen of it, `(table)` for None."""
    return "(table)" if name is None else name if name.strip() else repr(name)


def path_problem(text: str) -> str:
    """Why `text` is not a path inside a repository, or "" when it is one (symlinks are the adapter's to check)."""
    path = PurePosixPath(text)
    if not text.strip():
        return "is empty"
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        return "holds a control character"
    if not path.parts:
        return "is the repository itself"
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


def closest(wrong: str, known: Iterable[str]) -> str:
    """`perhaps you meant 'x'` for the nearest known word, "" when none is near."""
    # Only those who erred need it.
    from difflib import get_close_matches

    found = get_close_matches(wrong[:_LONGEST], sorted(set(known)), n=1, cutoff=0.6)
    return f"perhaps you meant {found[0]!r}" if found else ""


def suggest(wrong: str, known: Iterable[str]) -> str:
    """`perhaps you meant 'x'` for the nearest known word, else the list of what is known."""
    words = sorted(set(known))
    return closest(wrong, words) or (f"known: {', '.join(words)}" if words else "")
