"""The clone itself: how git is set up here, what the clone lacks of its remote, and how that is fixed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from gitops_mlops.adapters.git.running import output, paths, reason, run
from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.domain.ports import GitLock, RemoteTag

_TAGS = "refs/tags/"
_PEELED = "^{}"
_REMOTE_HINT = "see git remote -v and your access, or doctor --offline"


class GitClone:
    """The clone whose working tree is at `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def git_version(self) -> tuple[int, ...]:
        """Git's own version."""
        found = re.search(rb"\d+(?:\.\d+)*", self._run("version"))
        return tuple(int(number) for number in found[0].split(b".")) if found else ()

    def identity_problem(self) -> str:
        """Why git could not say who writes a tag, "" when it can."""
        told = run(["var", "GIT_COMMITTER_IDENT"], self._root)
        return reason(told) if told.returncode else ""

    def has_hook(self, name: str) -> bool:
        """Whether git runs a hook of this name."""
        hooks = os.fsdecode(self._run("rev-parse", "--git-path", "hooks").removesuffix(b"\n"))
        return os.access(self._root / hooks / name, os.X_OK)

    def ignored(self, paths_: Sequence[str]) -> set[str]:
        """Those of some paths that git ignores, or already tracks."""
        asked = "".join(f"{path}\0" for path in paths_).encode()
        # It ends with 1 when it ignores none of them.
        ignored = run(["check-ignore", "-z", "--stdin"], self._root, asked)
        tracked = self._run("--literal-pathspecs", "ls-files", "-z", "--", *paths_)
        return {*paths(ignored.stdout), *paths(tracked)}

    def merge_driver(self, path: str) -> tuple[str, str]:
        """The driver of a path by its attribute, and the command that the clone's configuration gives it."""
        told = self._run("check-attr", "-z", "merge", "--", path).split(b"\0")
        name = os.fsdecode(told[2]) if len(told) > 2 else ""
        command = run(["config", "--get", f"merge.{name}.driver"], self._root).stdout
        return ("" if name in ("unspecified", "set", "unset") else name), os.fsdecode(command.rstrip(b"\n"))

    def configure_merge_driver(self, name: str, command: str) -> None:
        """Write the driver into the clone's own configuration."""
        self._run("config", "--local", f"merge.{name}.driver", command)

    def locks(self) -> list[GitLock]:
        """Locks on tags, the oldest first."""
        storage, now = self._storage(), time.time()
        found = [*(storage / "refs" / "tags").rglob("*.lock"), storage / "packed-refs.lock"]
        ages = [(path, _changed(path)) for path in found]
        locks = [GitLock(path.relative_to(storage).as_posix(), now - at) for path, at in ages if at is not None]
        return sorted(locks, key=lambda lock: -lock.age)

    def remotes(self) -> list[str]:
        """The names of the remotes."""
        return os.fsdecode(self._run("remote")).split("\n")[:-1]

    def remote_tags(self, remote: str) -> dict[str, RemoteTag]:
        """Every tag of a remote by its name."""
        listed = self._remote("ls-remote", "--quiet", "--tags", "--", remote)
        objects: dict[str, str] = {}
        for line in os.fsdecode(listed).splitlines():
            name, _, ref = line.partition("\t")
            objects[ref.removeprefix(_TAGS)] = name
        return {
            name: RemoteTag(found, objects.get(name + _PEELED, found), name + _PEELED in objects)
            for name, found in objects.items()
            if not name.endswith(_PEELED)
        }

    def outside_branches(self, commits: Iterable[str]) -> set[str]:
        """Those of some commits that no branch, here or of a remote, leads to."""
        asked = set(commits)
        told = output(
            ["rev-list", "--stdin", "--ignore-missing", "--not", "--branches", "--remotes", "HEAD"],
            self._root,
            "".join(f"{name}\n" for name in asked).encode(),
        )
        return asked.intersection(told.decode().split())

    def unpushed(self, branch: str, remote: str) -> int:
        """How many commits of a branch the remote did not have when it was last seen."""
        here, there = f"refs/heads/{branch}", f"refs/remotes/{remote}/{branch}"
        known = self._run("for-each-ref", "--format=%(refname)", here, there).decode().split()
        if here not in known:
            return 0
        lacking = [f"^{there}"] if there in known else []
        return int(self._run("rev-list", "--count", here, *lacking))

    def unshallow(self, remote: str) -> None:
        """Fetch the history that was cut off."""
        self._remote("fetch", "--quiet", "--unshallow", "--no-prune", "--", remote)

    def replace_tags(self, names: Sequence[str], remote: str) -> None:
        """Fetch exactly these tags, instead of those that are here."""
        refs = [f"+{_TAGS}{name}:{_TAGS}{name}" for name in names]
        self._remote("fetch", "--quiet", "--no-prune", "--no-tags", "--refmap=", "--", remote, *refs)

    def remove_lock(self, lock: GitLock) -> None:
        """Remove a lock that nobody holds any more."""
        path = self._storage() / lock.path
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ExternalError(f"cannot be removed ({error.strerror})", where=str(path)) from error

    def _storage(self) -> Path:
        folder = self._run("rev-parse", "--git-common-dir").removesuffix(b"\n")
        return (self._root / os.fsdecode(folder)).resolve()

    def _remote(self, *words: str) -> bytes:
        told = run(words, self._root)
        if told.returncode:
            raise ExternalError(reason(told), where=f"git {words[0]}", hint=_REMOTE_HINT)
        return told.stdout

    def _run(self, *words: str) -> bytes:
        return output(words, self._root)


def clone_at(root: Path, commit: str, folder: Path) -> None:
    """Clone the repository at `root` into a new folder, borrowing its objects, and check a commit out."""
    output(["clone", "--quiet", "--shared", "--no-checkout", "--no-tags", "--", str(root), str(folder)], root)
    output(["checkout", "--quiet", "--detach", commit], folder)


def _changed(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None
