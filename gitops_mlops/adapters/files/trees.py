"""The repository's files at one moment: what is on disk, or what is staged for the next commit."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from gitops_mlops.domain.digests import md5_of, md5_of_file
from gitops_mlops.domain.errors import ExternalError, UsageError
from gitops_mlops.domain.ports import Index, StagedFile
from gitops_mlops.log import Logger

_LOG = Logger(__name__)

_MAX_LINKS = 10

Listing = Callable[[str], Mapping[str, str] | None]


def _no_listing(md5: str) -> None:
    """Where no cache is at hand."""


class CheckedOutTree:
    """The working tree: tracked files and new ones, as they are on disk."""

    def __init__(self, index: Index, root: Path, listing: Listing = _no_listing) -> None:
        self._index = index
        self._root = root.resolve()
        self.listing = listing

    def paths(self) -> list[str]:
        """Tracked files and new ones that are not ignored."""
        return list(self._known)

    def read(self, path: str) -> bytes | None:
        """The content on disk."""
        found = _confined(self._root, path)
        try:
            content = found.read_bytes() if found.is_file() else None
        except OSError as error:
            raise ExternalError(f"cannot be read ({error.strerror})", where=path) from error
        if content is not None:
            _LOG.info("read %s (%d bytes)", path, len(content))
        return content

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder on disk."""
        return _confined(self._root, path).exists()

    def below(self, folder: str) -> list[str]:
        """The files in a folder and its folders."""
        return [path for path in self._known if path.startswith(f"{folder}/")]

    def untracked(self, folder: str) -> list[str]:
        """The ignored files in the folder."""
        return sorted(set(self._index.untracked(folder, ignored=True)) - set(self.below(folder)))

    def md5(self, path: str) -> str | None:
        """The MD5 of the file on disk."""
        return _md5(self._root, path)

    @cached_property
    def _known(self) -> list[str]:
        found = sorted({*self._index.staged(), *self._index.untracked()})
        return [path for path in found if (self._root / path).is_file()]


class StagedTree:
    """What the next commit will hold."""

    def __init__(self, index: Index, root: Path, listing: Listing = _no_listing) -> None:
        self._index = index
        self._root = root.resolve()
        self.listing = listing

    def paths(self) -> list[str]:
        """Every staged file."""
        return list(self._staged)

    def read(self, path: str) -> bytes | None:
        """The staged content; a symlink is followed inside of the repository."""
        for _ in range(_MAX_LINKS):
            entry = self._staged.get(posixpath.normpath(path))
            if entry is None:
                return None
            ((_, content),) = self._index.blobs([entry.object])
            if not entry.symlink:
                _LOG.info("read %s of git (%d bytes)", path, len(content))
                return content
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), os.fsdecode(content)))
            if target.startswith(("/", "../")):
                raise _outside(path)
            path = target
        raise UsageError("a symlink loop", where=path, hint="fix them")

    def exists(self, path: str) -> bool:
        """Whether there is a staged file or folder, or one on disk that git does not track."""
        wanted = posixpath.normpath(path)
        if wanted in self._staged or any(known.startswith(f"{wanted}/") for known in self._staged):
            return True
        return _confined(self._root, path).exists()

    def below(self, folder: str) -> list[str]:
        """The staged files in a folder and its folders."""
        return [path for path in self._staged if path.startswith(f"{folder}/")]

    def untracked(self, folder: str) -> list[str]:
        """The files in the folder that are not staged."""
        return sorted(self._index.untracked(folder, ignored=True))

    def md5(self, path: str) -> str | None:
        """The MD5 of what a checkout writes: of the file on disk while it is the staged one (filters may have
        changed it on the way), else of the staged content.
        """
        if path not in self._staged or path not in self._unstaged:
            return _md5(self._root, path)
        content = self.read(path)
        return None if content is None else md5_of(content)

    @cached_property
    def _staged(self) -> dict[str, StagedFile]:
        return self._index.staged()

    @cached_property
    def _unstaged(self) -> set[str]:
        return self._index.unstaged()


class CommittedTree(StagedTree):
    """A commit as it was committed, whatever is on disk; `index` reads it."""

    def exists(self, path: str) -> bool:
        """Whether the commit has a file or a folder there."""
        wanted = posixpath.normpath(path)
        return wanted in self._staged or any(known.startswith(f"{wanted}/") for known in self._staged)

    def untracked(self, folder: str) -> list[str]:
        """A commit holds nothing that it does not know."""
        return []

    def md5(self, path: str) -> str | None:
        """The MD5 of the committed content."""
        content = self.read(path)
        return None if content is None else md5_of(content)


def _confined(root: Path, path: str) -> Path:
    """Where a path leads to. Raises UsageError when that is outside of the repository."""
    try:
        found = (root / path).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError("the path cannot be followed", where=path, hint="fix its symlinks") from error
    if not found.is_relative_to(root):
        raise _outside(path)
    return found


def _outside(path: str) -> UsageError:
    return UsageError("a symlink leads out of the repository", where=path, hint="copy the file in")


def _md5(root: Path, path: str) -> str | None:
    try:
        with _confined(root, path).open("rb") as file:
            return md5_of_file(file)
    except (OSError, UsageError):
        return None
