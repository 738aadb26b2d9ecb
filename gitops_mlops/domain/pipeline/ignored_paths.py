"""Which files of a folder DVC leaves out: the patterns of `.dvcignore`, as far as they can be followed surely.

DVC reads them as gitignore's, with ways of its own: a later pattern that names a folder also decides about what is
in it, so that `!keep` brings back what an earlier one named there. Brackets, backslashes, `*/` alone, and `**` but at
the beginning are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

IGNORE_FILE = ".dvcignore"
_DEFAULTS = (".hg/", ".git/", ".git", ".dvc/")
_UNFOLLOWED = re.compile(r"[\[\]\\]|\*\*|//")


class IgnoreRule(NamedTuple):
    """One pattern: what it matches from the root on, whether it brings back, and whether it is for folders only."""

    pattern: re.Pattern[str]
    negated: bool
    folders_only: bool


class IgnoredPaths:
    """What the `.dvcignore` files on the way to a folder name, by their folders (from the root, "" for the root).

    `patterns` counts theirs, without those that DVC has by itself.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Raises ValueError for a pattern that is not followed, or a file that is no UTF-8."""
        own = [rule for folder in sorted(files, key=len) for rule in _rules(files[folder], folder)]
        self._rules = [*(_rule(line, "") for line in _DEFAULTS), *own]
        self.patterns = len(own)

    def ignores(self, path: str) -> bool:
        """Whether DVC leaves out a file, or a folder that it is in."""
        parts = path.split("/")
        return any(self._matches("/".join(parts[:end]), end < len(parts)) for end in range(1, len(parts) + 1))

    def _matches(self, path: str, folder: bool) -> bool:
        tried = (path, f"{path}/") if folder else (path,)
        for rule in reversed(self._rules):
            if (folder or not rule.folders_only) and any(map(rule.pattern.match, tried)):
                return not rule.negated
        return False


def _rules(content: bytes, folder: str) -> Iterable[IgnoreRule]:
    lines = (line.strip() for line in content.decode("utf-8").splitlines())
    return [_rule(line, folder) for line in lines if line and not line.startswith("#")]


def _rule(line: str, folder: str) -> IgnoreRule:
    negated, body = line.startswith("!"), line.removeprefix("!")
    folders_only = body.endswith("/")
    body = body.removesuffix("/")
    anywhere = "/" not in body or body.startswith("**/")
    body = body.removeprefix("**/").removeprefix("/")
    if not body or body.startswith("/") or _UNFOLLOWED.search(body) or (folders_only and body == "*"):
        raise ValueError(f"the pattern {line!r} is not followed")
    text = "/".join(map(_segment, body.split("/")))
    start = re.escape(f"{folder}/") if folder else ""
    end = "/" if folders_only else "(?:/|$)"
    return IgnoreRule(re.compile(f"{start}{'(?:.+/)?' if anywhere else ''}{text}{end}"), negated, folders_only)


def _segment(text: str) -> str:
    if text == "*":
        return "[^/]+"
    return re.escape(text).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
