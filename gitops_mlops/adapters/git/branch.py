"""A branch of a remote: committed to without a working tree, pushed and never forced."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from gitops_mlops.adapters.git.running import output, paths, reason, run
from gitops_mlops.domain.errors import ExternalError, UsageError

_FETCH = ("fetch", "--quiet", "--no-prune", "--refmap=", "--no-tags", "--no-write-fetch-head")
# Hooks are for people: `dvc install` makes one that pushes data.
_PUSH = ("push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-recurse-submodules")
# Another push was faster, or is at work on the same branch.
_RACES = (b"[rejected]", b"failed to update ref", b"incorrect old value", b"cannot lock ref")
_HINT = "see git remote -v and your access, then try again"

# Who commits where nobody is configured, as on a runner of GitHub.
_BOT = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")
_SYMLINK = "120000"


class GitBranch:
    """A branch of a remote of the repository at `root`. Raises UsageError for what cannot be a branch's name."""

    def __init__(self, root: Path, remote: str, name: str) -> None:
        self._root = root
        self._remote = remote
        self._ref = f"refs/heads/{name}"
        if run(["check-ref-format", self._ref], root).returncode:
            raise UsageError(f"no branch can be called {name!r}", hint="give its name without refs/heads/")

    def tip(self) -> str | None:
        """The commit that the branch is at now, fetched; None when there is no such branch."""
        for _ in range(3):
            listed = run(["ls-remote", "--quiet", "--", self._remote, self._ref], self._root)
            if listed.returncode:
                raise ExternalError(reason(listed), where=f"git ls-remote {self._remote}", hint=_HINT)
            # ls-remote matches the ends of names.
            tips = dict(line.split("\t")[::-1] for line in os.fsdecode(listed.stdout).splitlines())
            if self._ref not in tips:
                return None
            if self.fetch(tips[self._ref]):
                return tips[self._ref]
        raise ExternalError("moves faster than it can be fetched", where=self._ref, hint="try again")

    def fetch(self, commit: str) -> bool:
        """Make a commit of the remote known here; whether that could be done."""
        if self._knows(commit):
            return True
        for wanted in (self._ref, commit):
            fetched = run([*_FETCH, "--", self._remote, wanted], self._root)
            if self._knows(commit):
                return True
        missing = (b"couldn't find remote ref", b"not our ref", b"no such remote ref", b"unadvertised object")
        if fetched.returncode and not any(words in fetched.stderr for words in missing):
            raise ExternalError(reason(fetched), where=f"git fetch {self._remote}", hint=_HINT)
        return False

    def messages(self, old: str, new: str) -> dict[str, str]:
        """The messages of the commits that `new` has and `old` has not, and of `old`, the newest first."""
        limit = ["--max-count=200", "-z", "--format=%H%n%B"]
        told = output(["log", *limit, f"{old}..{new}", "--"], self._root)
        told += b"\0" + output(["log", "--max-count=1", "-z", "--format=%H%n%B", old, "--"], self._root)
        parts = (part.decode(errors="replace").partition("\n") for part in told.split(b"\0") if part.strip())
        return {commit: message for commit, _, message in parts}

    def parent(self, commit: str) -> str | None:
        """The only parent of a commit; None when it has none, or several."""
        parents = output(["rev-list", "--parents", "--max-count=1", commit, "--"], self._root).decode().split()[1:]
        return parents[0] if len(parents) == 1 else None

    def changed(self, old: str, new: str) -> list[str]:
        """The paths that differ between two commits."""
        return paths(output(["diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new, "--"], self._root))

    def commit(self, parent: str, files: Mapping[str, bytes | None], message: str) -> str:
        """A commit on top of `parent` that nothing points at yet; None removes a file."""
        with TemporaryDirectory(prefix="gitops-mlops-index-") as scratch:
            own = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
            output(["read-tree", parent], self._root, extra=own)
            lines = [self._entry(parent, path, content) for path, content in files.items()]
            output(["update-index", "-z", "--index-info"], self._root, b"".join(lines), own)
            tree = output(["write-tree"], self._root, extra=own).decode().strip()
        made = output(["commit-tree", "-p", parent, tree], self._root, message.encode(), self._identity())
        return made.decode().strip()

    def push(self, commit: str) -> bool:
        """Move the branch on to a commit that contains it; False when somebody else moved it first."""
        pushed = run([*_PUSH, "--", self._remote, f"{commit}:{self._ref}"], self._root)
        # An answer may be lost on its way back, what was pushed is not.
        if pushed.returncode == 0 or self.tip() == commit:
            return True
        if any(race in pushed.stdout + pushed.stderr for race in _RACES):
            return False
        raise ExternalError(reason(pushed), where=f"git push {self._remote} {self._ref}", hint=_HINT)

    def _entry(self, parent: str, path: str, content: bytes | None) -> bytes:
        listed = output(["--literal-pathspecs", "ls-tree", "-z", parent, "--", path], self._root)
        mode = listed[:6].decode() or "100644"
        if mode not in ("100644", "100755"):
            kind = "a symlink" if mode == _SYMLINK else "not a file"
            raise UsageError(f"is {kind} on the branch", where=path, hint="make it a file, or let DVC keep it")
        if content is None:
            return b"0 %b\t%b\0" % (b"0" * 40, os.fsencode(path))
        blob = output(["hash-object", "-w", "--stdin"], self._root, content).strip()
        return b"%b %b\t%b\0" % (mode.encode(), blob, os.fsencode(path))

    def _identity(self) -> dict[str, str]:
        if os.environ.get("GIT_COMMITTER_EMAIL") or run(["config", "user.email"], self._root).stdout.strip():
            return {}
        name, email = _BOT
        both = {f"GIT_{role}_{part}" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        return {key: name if key.endswith("NAME") else email for key in both}

    def _knows(self, commit: str) -> bool:
        return run(["cat-file", "-e", f"{commit}^{{commit}}"], self._root).returncode == 0
