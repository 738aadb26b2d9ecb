"""The grammar of registry tags: GTO's, matched whole, and only its default forms written.

`artifact@v1.2.3`, `artifact@v1.2.3!`, `artifact#stage#N`, `artifact#stage!#N`, `artifact@deprecated`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.names import NAME, is_artifact, is_name
from gitops_mlops.domain.registry.semver import SEMVER, is_semver
from gitops_mlops.domain.shortening import quoted

_FULLNAME = rf"(?:[a-zA-Z0-9-_./]+{{separator}})?{NAME}"
_ARTIFACT_IN_TAG = _FULLNAME.format(separator="=")
_ARTIFACT = _FULLNAME.format(separator=":")

# `\Z` and `match`: a trailing newline or a `refs/tags/` prefix is no part of a tag's name.
_TAG = re.compile(
    rf"({_ARTIFACT_IN_TAG})(?:(?:#({NAME})|@({SEMVER}))(!?)|@(deprecated|created))(?:#([0-9]+))?\Z",
)
_REFERENCE = re.compile(rf"({_ARTIFACT})(?:#({NAME})|@(latest|greatest|{SEMVER}))?\Z")

# Git has no limit of its own; beyond this a name is an attack on whoever parses its numbers.
MAX_NAME = 1000

# Rules of git-check-ref-format that GTO's grammar leaves open.
_UNREF = re.compile(r"\.\.|//|/\.|\.lock(/|\Z)|\.(?:/|\Z)|/\Z|\A[-./]")


class TagAction(StrEnum):
    """What a tag does; the values are the words of GTO's history."""

    CREATE = "creation"
    DEPRECATE = "deprecation"
    REGISTER = "registration"
    DEREGISTER = "deregistration"
    ASSIGN = "assignment"
    UNASSIGN = "unassignment"


# Looked up in its class, a member takes longer than the match of a whole tag's name.
_CREATE, _DEPRECATE, _REGISTER, _DEREGISTER, _ASSIGN, _UNASSIGN = TagAction


class TagRecord(NamedTuple):
    """One tag as git has it. `seconds`, `tagger` and `message` belong to annotated tags only.

    `object` is the tag's own SHA. `commit` is "" when the tag points at something else. `seconds` count from 1970;
    None for a tag without a date.
    """

    name: str
    commit: str
    annotated: bool
    seconds: int | None = None
    tagger: str = ""
    message: str = ""
    object: str = ""


class TagName(NamedTuple):
    """The parts of a registry tag's name. `counter` is 0 when there is none."""

    action: TagAction
    artifact: str
    version: str | None = None
    stage: str | None = None
    counter: int = 0


class ModelReference(NamedTuple):
    """What a person wrote: `model`, `model@v1.2.3`, `model@latest` or `model#stage`."""

    artifact: str
    version: str | None = None
    stage: str | None = None


def parse_tag_name(name: str) -> TagName | None:
    """The parts of a registry tag, None when `name` is none."""
    match = _TAG.match(name) if len(name) <= MAX_NAME else None
    if match is None:
        return None
    artifact, stage, version, cancel, event, counter = match.groups()
    if stage:
        action = _UNASSIGN if cancel else _ASSIGN
    elif version:
        action = _DEREGISTER if cancel else _REGISTER
    else:
        action = _DEPRECATE if event == "deprecated" else _CREATE
    return TagName(action, artifact.replace("=", ":"), version, stage, int(counter or 0))


def parse_reference(text: str) -> ModelReference:
    """A reference. Raises UsageError; `greatest` and `latest` are the same and come back as `latest`."""
    match = _REFERENCE.match(text) if len(text) <= MAX_NAME else None
    if match is None or _UNREF.search(match[1]):
        raise UsageError(
            "names no model", where=quoted(text), hint="write model, model@v1.2.3, model@latest or model#stage"
        )
    artifact, stage, version = match.groups()
    return ModelReference(artifact, "latest" if version == "greatest" else version, stage)


def registration_tag(artifact: str, version: str) -> str:
    """The tag that registers a version. Raises UsageError for names that no tag can hold."""
    return f"{_writable(artifact)}@{_version(version)}"


def deregistration_tag(artifact: str, version: str) -> str:
    """The tag that takes a version out of use."""
    return f"{_writable(artifact)}@{_version(version)}!"


def assignment_tag(artifact: str, stage: str, counter: int) -> str:
    """The tag that puts a version into a stage."""
    return f"{_writable(artifact)}#{require_stage_name(stage)}#{counter}"


def unassignment_tag(artifact: str, stage: str, counter: int) -> str:
    """The tag that takes a version out of a stage."""
    return f"{_writable(artifact)}#{require_stage_name(stage)}!#{counter}"


def deprecation_tag(artifact: str) -> str:
    """The tag that retires an artifact."""
    return f"{_writable(artifact)}@deprecated"


def _writable(artifact: str) -> str:
    if not is_artifact(artifact) or _UNREF.search(artifact):
        raise UsageError(
            "is not a model name",
            where=quoted(artifact),
            hint="letters, digits, - _ /; first and last a letter or digit; dir:name below the root",
        )
    return artifact.replace(":", "=")


def require_stage_name(stage: str) -> str:
    """`stage`. Raises UsageError when it can name none."""
    if not is_name(stage) or _UNREF.search(stage):
        raise UsageError(
            "is not a stage name",
            where=quoted(stage),
            hint="letters, digits, - _ /; first and last a letter or digit",
        )
    return stage


def _version(version: str) -> str:
    if not is_semver(version):
        raise UsageError("is not a version", where=quoted(version), hint="write it as v1.2.3, or v1.2.3-rc.1")
    return version
