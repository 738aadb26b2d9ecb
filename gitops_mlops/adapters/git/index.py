"""git's index: what the next commit will hold."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gitops_mlops.adapters.git.running import output, paths, run
from gitops_mlops.domain.ports import StagedFile

# Bytes of blobs that are held at a time.
_HELD = 32 * 1024 * 1024


class GitIndex:
    """The index of the repository at `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._environment = {"GIT_OPTIONAL_LOCKS": "0", **_own_index(root)}

    def staged(self) -> dict[str, StagedFile]:
        """Every entry by path; submodules are left out."""
        found = {}
        for line in self._run(["ls-files", "--stage", "-z"]).split(b"\0"):
            if line:
                facts, path = line.split(b"\t", 1)
                mode, name, _stage = facts.decode().split(" ")
                if mode != "160000":
                    found[os.fsdecode(path)] = StagedFile(name, mode == "120000")
        return found

    def unstaged(self) -> set[str]:
        """Tracked paths whose content on disk is not the staged one."""
        return set(paths(self._run(["diff", "--name-only", "--no-ext-diff", "-z"])))

    def edited(self) -> set[str]:
        """Paths whose staged content is not the committed one, the old and the new of what was moved; all that is
        staged where there is no commit.
        """
        return set(paths(self._run(["diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z"])))

    def untracked(self, folder: str = "", *, ignored: bool = False) -> list[str]:
        """Files on disk that git does not track; with `ignored` also those that it was told to ignore."""
        exclude = [] if ignored else ["--exclude-standard"]
        where = ["--", folder] if folder else []
        return paths(self._run(["--literal-pathspecs", "ls-files", "--others", "-z", *exclude, *where]))

    def sizes(self, objects: Iterable[str]) -> dict[str, int]:
        """Bytes of blobs by object ID, in one git process."""
        asked = "".join(f"{name}\n" for name in objects).encode()
        lines = self._run(["cat-file", "--batch-check=%(objectname) %(objectsize)"], asked).decode().splitlines()
        return {name: int(size) for name, size in (line.split(" ", 1) for line in lines) if size.isdigit()}

    def blobs(self, objects: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Contents of blobs by object ID, in few git processes; about 32 MiB are held at a time."""
        chunk: list[str] = []
        held = 0
        for name, size in self.sizes(objects).items():
            if chunk and held + size > _HELD:
                yield from self._contents(chunk)
                chunk, held = [], 0
            chunk.append(name)
            held += size
        if chunk:
            yield from self._contents(chunk)

    def _contents(self, objects: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        raw = self._run(["cat-file", "--batch"], "".join(f"{name}\n" for name in objects).encode())
        start = 0
        for name in objects:
            end = raw.index(b"\n", start)
            size = int(raw[start:end].split(b" ")[2])
            yield name, raw[end + 1 : end + 1 + size]
            start = end + 1 + size + 1

    def _run(self, arguments: Sequence[str], stdin: bytes | None = None) -> bytes:
        return output(arguments, self._root, stdin, self._environment)


class GitCommit(GitIndex):
    """A commit, read as if it were what the next one will hold."""

    def __init__(self, root: Path, commit: str) -> None:
        super().__init__(root)
        self._commit = commit

    def staged(self) -> dict[str, StagedFile]:
        """Every file by path; submodules are left out."""
        found = {}
        for line in self._run(["ls-tree", "-rz", self._commit]).split(b"\0"):
            if line:
                facts, path = line.split(b"\t", 1)
                mode, kind, name = facts.decode().split(" ")
                if kind == "blob":
                    found[os.fsdecode(path)] = StagedFile(name, mode == "120000")
        return found


def _own_index(root: Path) -> dict[str, str]:
    """The index that `git commit -a` or `git commit PATH` prepared, when we run in a hook of this repository."""
    named = os.environ.get("GIT_INDEX_FILE")
    if not named:
        return {}
    folder = run(["rev-parse", "--absolute-git-dir"], root).stdout.rstrip(b"\n")
    # Git names it relative to the top of the working tree.
    index = (root / named).resolve()
    own = folder and index.is_relative_to(Path(os.fsdecode(folder)).resolve()) and index.is_file()
    return {"GIT_INDEX_FILE": str(index)} if own else {}
