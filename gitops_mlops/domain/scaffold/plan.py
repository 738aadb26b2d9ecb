"""What a scaffold writes: text with a few named places filled in, and the changes that come of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gitops_mlops.domain.errors import UsageError

_PLACE = re.compile(r"__([A-Z]+)__")
_TOOLKIT = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9_][A-Za-z0-9._-]*)@([0-9a-f]{40})")
_BRANCH = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_./-]*[A-Za-z0-9_])?\Z")
# No password before an @: the address is committed.
_REMOTE = re.compile(r"(?![a-z0-9+]+://[^/@]*:[^/@]*@)[A-Za-z0-9_./~][A-Za-z0-9_./:@%+=?&~-]*\Z")
_DVC_EXTRAS = ("azure", "gdrive", "gs", "hdfs", "oss", "s3", "ssh", "webdav", "webhdfs")
_PROJECT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?\Z")


@dataclass(frozen=True)
class ToolkitReference:
    """Which toolkit the workflows call: `OWNER/REPOSITORY`, a full SHA, and the version that this is."""

    repository: str
    commit: str
    version: str


@dataclass(frozen=True)
class ScaffoldAnswers:
    """What is filled in. `branch` is the one that is released from, `remote` the DVC remote's address or ""."""

    project: str
    branch: str
    toolkit: ToolkitReference
    remote: str = ""

    def __post_init__(self) -> None:
        if not _PROJECT.match(self.project):
            hint = "letters, digits, - and _; the first and last a letter or digit"
            raise UsageError("is not a name for a project", where=repr(self.project), hint=hint)
        if not _BRANCH.match(self.branch) or ".." in self.branch:
            hint = "letters, digits, _ - . and /; or name another one with --branch"
            raise UsageError("is not a branch that a workflow can name", where=repr(self.branch), hint=hint)
        if self.remote and not _REMOTE.match(self.remote):
            hint = "letters, digits and _./:@%+=?&~-; credentials go into .dvc/config.local"
            raise UsageError("is not the address of a DVC remote", where=repr(self.remote), hint=hint)


def project_name(folder: str) -> str:
    """A folder's name as one that a project may have."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", folder).strip("-_") or "project"


def parse_toolkit(text: str, version: str) -> ToolkitReference:
    """`OWNER/REPOSITORY@SHA`. Raises UsageError for anything else."""
    found = _TOOLKIT.fullmatch(text)
    if not found:
        hint = "--toolkit OWNER/gitops-mlops@SHA, the SHA with its 40 digits"
        raise UsageError("does not name a commit of a toolkit", where=repr(text), hint=hint)
    return ToolkitReference(found[1], found[2], version)


def fill(content: bytes, answers: ScaffoldAnswers) -> bytes:
    """A template's file with its places filled in; each is `__NAME__`."""
    toolkit = answers.toolkit
    places = {
        "PROJECT": answers.project,
        "BRANCH": answers.branch,
        "TOOLKIT": toolkit.repository,
        "SHA": toolkit.commit,
        "VERSION": toolkit.version,
        "DVC": _dvc(answers.remote),
    }
    return _PLACE.sub(lambda match: places.get(match[1], match[0]), content.decode()).encode()


def _dvc(remote: str) -> str:
    """The requirement that can talk to a remote: DVC keeps each kind in an extra."""
    kind = remote.partition("://")[0] if "://" in remote else ""
    extra = {"webdavs": "webdav"}.get(kind, kind)
    return f"dvc[{extra}]" if extra in _DVC_EXTRAS else "dvc"


def fill_all(files: Mapping[str, bytes], answers: ScaffoldAnswers) -> dict[str, bytes]:
    """Every file of a template, by its path."""
    return {path: fill(content, answers) for path, content in sorted(files.items())}


def pinned(content: bytes, repository: str, toolkit: ToolkitReference) -> bytes:
    """A file with its pins of the toolkit at `repository` replaced by those of `toolkit`.

    A bot moves the pins, and a file in which nothing else was changed is no edited one.
    """
    name = re.escape(repository)
    workflow = rf"({name}(?:/[\w./-]+)?@)[0-9a-f]{{40}}(?: # v\S+)?"
    hook = rf"(https://github\.com/{name}\n\s*rev: )[0-9a-f]{{40}}(?: # v\S+)?"
    pin = f"{toolkit.commit} # v{toolkit.version}"
    text = content.decode(errors="surrogateescape")
    for pattern in (workflow, hook):
        text = re.sub(pattern, lambda match: match[1] + pin, text)
    return text.encode(errors="surrogateescape")


class EditKind(StrEnum):
    """What becomes of a file."""

    ADDED = "added"
    CHANGED = "changed"
    MERGED = "merged"
    CONFLICT = "conflict"
    REMOVED = "removed"


@dataclass(frozen=True)
class FileEdit:
    """A file before and after; None where it is not there."""

    kind: EditKind
    path: str
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True)
class ScaffoldPlan:
    """What would be written, what was left alone and why, and what to type next."""

    edits: tuple[FileEdit, ...]
    notes: tuple[str, ...] = ()
    next: tuple[str, ...] = ()

    @property
    def conflicts(self) -> list[str]:
        """The files in which a person has to choose."""
        return [edit.path for edit in self.edits if edit.kind is EditKind.CONFLICT]

    def contents(self) -> dict[str, bytes | None]:
        """What the files shall be; None for one that goes."""
        return {edit.path: edit.after for edit in self.edits}
