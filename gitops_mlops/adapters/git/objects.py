"""git's objects: any number of trees and files of any commits, read by one process."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from gitops_mlops.adapters.git.running import conversation
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.errors import ExternalError, MissingEvidence

_FILE, _FOLDER = ("100644", "100755", "100664"), ("40000", "040000")

# Questions that git may still have to read while we wait for its answers: fewer bytes than a pipe holds.
_AT_ONCE = 200


class _TreeEntry(NamedTuple):
    name: str
    mode: str
    object: str


class GitObjects:
    """Objects of a repository, asked of a `git cat-file --batch` that runs until the end of `open_objects`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._asks: IO[bytes] = process.stdin
        self._answers: IO[bytes] = process.stdout
        self._roots: dict[str, str] = {}
        self._trees: dict[str, tuple[_TreeEntry, ...]] = {}
        self._found: dict[tuple[str, Callable[[str], bool]], tuple[tuple[str, str], ...]] = {}

    def content(self, name: str) -> bytes:
        """The content of a blob. Raises EvidenceMissing when this clone does not hold it."""
        return self._read(name)[1]

    def contents(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The contents of blobs by ID, without waiting for each; those that this clone lacks are left out."""
        for name, answer in self._read_many(names):
            if answer is not None:
                yield name, answer[1]

    def prepare(self, commits: Iterable[str]) -> None:
        """Read the trees of many commits before `files` asks for each, without waiting for each."""
        waiting = {f"{commit}^{{tree}}": None for commit in commits}
        while waiting:
            below: dict[str, None] = {}
            for asked, answer in self._read_many(waiting):
                if answer is not None:
                    name, content = answer
                    self._roots[asked] = name
                    entries = self._trees.setdefault(name, tuple(_entries(content, len(name) // 2)))
                    below |= dict.fromkeys(entry.object for entry in entries if entry.mode in _FOLDER)
            waiting = {name: None for name in below if name not in self._trees}

    def files(self, commit: str, wanted: Callable[[str], bool]) -> dict[str, str]:
        """Blob IDs by path, of the files of a commit whose name is `wanted`; symlinks are left out."""
        return dict(self._files(self._root(commit), wanted))

    def object_at(self, commit: str, path: str) -> str | None:
        """The ID of the file's blob, or of the folder's tree; None when a commit has nothing there."""
        found, mode = self._root(commit), _FOLDER[0]
        for part in path.split("/"):
            below = self._tree(found) if mode in _FOLDER else ()
            entry = next((each for each in below if each.name == part), None)
            if entry is None:
                return None
            found, mode = entry.object, entry.mode
        return found if mode in (*_FILE, *_FOLDER) else None

    def _root(self, commit: str) -> str:
        asked = f"{commit}^{{tree}}"
        if asked not in self._roots:
            self._roots[asked] = self._read(asked)[0]
        return self._roots[asked]

    def _files(self, tree: str, wanted: Callable[[str], bool]) -> tuple[tuple[str, str], ...]:
        key = tree, wanted
        if key not in self._found:
            self._found[key] = tuple(self._below(tree, wanted))
        return self._found[key]

    def _below(self, tree: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
        for entry in self._tree(tree):
            if entry.mode in _FOLDER:
                for path, name in self._files(entry.object, wanted):
                    yield f"{entry.name}/{path}", name
            elif entry.mode in _FILE and wanted(entry.name):
                yield entry.name, entry.object

    def _tree(self, name: str) -> tuple[_TreeEntry, ...]:
        if name not in self._trees:
            # IDs are given as bytes, of a length that the repository's hash decides.
            self._trees[name] = tuple(_entries(self._read(name)[1], len(name) // 2))
        return self._trees[name]

    def _read(self, name: str) -> tuple[str, bytes]:
        """The ID and the content of what a name stands for."""
        self._ask([name])
        answer = self._answer()
        if answer is None:
            raise MissingEvidence(
                "is not in this clone",
                where=short_sha(name.removesuffix("^{tree}")),
                hint="git fetch --unshallow --tags",
            )
        return answer

    def _read_many(self, names: Iterable[str]) -> Iterator[tuple[str, tuple[str, bytes] | None]]:
        """Each name with its ID and content, None for what is not there."""
        left = iter(dict.fromkeys(names))
        while asked := list(islice(left, _AT_ONCE)):
            self._ask(asked)
            answers = [(name, self._answer()) for name in asked]
            yield from answers

    def _ask(self, names: Sequence[str]) -> None:
        try:
            self._asks.write("".join(f"{name}\n" for name in names).encode())
            self._asks.flush()
        except OSError as error:
            raise ExternalError("ended before everything was read", where="git cat-file") from error

    def _answer(self) -> tuple[str, bytes] | None:
        head = self._answers.readline().split()
        if not head:
            raise ExternalError("ended before everything was read", where="git cat-file")
        if len(head) != 3:
            return None
        content = self._answers.read(int(head[2]))
        self._answers.read(1)
        return head[0].decode(), content


def _entries(raw: bytes, width: int) -> Iterator[_TreeEntry]:
    """The entries of a tree object: `MODE NAME NUL ID`, one behind the other."""
    at = 0
    while at < len(raw):
        space = raw.index(b" ", at)
        end = raw.index(b"\0", space)
        mode, name = _text(raw[at:space]), os.fsdecode(raw[space + 1 : end])
        yield _TreeEntry(name, mode, raw[end + 1 : end + 1 + width].hex())
        at = end + 1 + width


@cache
def _text(raw: bytes) -> str:
    return raw.decode()


@contextmanager
def open_objects(root: Path) -> Iterator[GitObjects]:
    """The objects of the repository at `root`."""
    with conversation(["cat-file", "--batch"], root) as process:
        yield GitObjects(process)
