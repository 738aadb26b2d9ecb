"""Strict SemVer 2.0 with the lowercase `v` that registry tags carry."""

from __future__ import annotations

import re
from enum import StrEnum

_NUMBER = r"(?:0|[1-9][0-9]*)"
_PRE = rf"(?:{_NUMBER}|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
SEMVER = rf"v{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PRE}(?:\.{_PRE})*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
_SEMVER = re.compile(rf"{SEMVER}\Z")

Precedence = tuple[tuple[tuple[int, str], ...], int, tuple[tuple[int, int, str], ...]]


class VersionBump(StrEnum):
    """Which number of a version to raise."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"


def is_semver(text: str) -> bool:
    """Whether `text` is `v` and a strict semantic version."""
    return _SEMVER.match(text) is not None


def precedence(version: str) -> Precedence:
    """A key that sorts valid versions as SemVer 2.0 §11 does; build metadata does not count."""
    core, _, prerelease = version[1:].partition("+")[0].partition("-")
    numbers = tuple((len(number), number) for number in core.split("."))
    if not prerelease:
        return numbers, 1, ()
    return numbers, 0, tuple(_identifier(part) for part in prerelease.split("."))


def bumped(version: str, bump: VersionBump) -> str:
    """The next version, without prerelease and build. As in GTO, v1.0.0-rc.1 goes to v1.0.1."""
    core = version[1:].partition("+")[0].partition("-")[0]
    major, minor, patch = (int(number) for number in core.split("."))
    if bump is VersionBump.MAJOR:
        return f"v{major + 1}.0.0"
    if bump is VersionBump.MINOR:
        return f"v{major}.{minor + 1}.0"
    return f"v{major}.{minor}.{patch + 1}"


def _identifier(part: str) -> tuple[int, int, str]:
    # Without leading zeros the longer number is the greater one, so no conversion is needed, however long it is.
    return (0, len(part), part) if part.isdigit() else (1, 0, part)
