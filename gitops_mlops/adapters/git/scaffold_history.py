"""A repository that is about to be set up: where it begins, its first commit, and merges of single files."""

from __future__ import annotations

import json
import os
import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory

from gitops_mlops.adapters.git.running import output, reason, run
from gitops_mlops.domain.errors import ExternalError

_CHECKOUT = Path(__file__).resolve().parents[3]
# Written by `make dist`, in no checkout.
_PUBLISHED = _CHECKOUT / "gitops_mlops" / "published.txt"
_GITHUB = re.compile(r"(?:https://github\.com/|git@github\.com:|ssh://git@github\.com/)([^/]+/[^/]+?)(?:\.git)?/?\Z")


class GitBeginnings:
    """Git in a folder, which may be in a repository or not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def root_around(self, folder: Path) -> str:
        """The root of the repository that a folder is in, "" when it is in none."""
        found = run(["rev-parse", "--show-toplevel"], folder)
        return os.fsdecode(found.stdout).removesuffix("\n") if found.returncode == 0 else ""

    def new_branch(self) -> str:
        """What git calls the first branch of a new repository."""
        return self._told("config", "--get", "init.defaultBranch") or "main"

    def begin(self, root: Path, branch: str, message: str) -> bool:
        """Make a repository and commit everything below `root`; False when git does not know who commits."""
        output(["init", "--quiet", f"--initial-branch={branch}"], root)
        if run(["var", "GIT_AUTHOR_IDENT"], root).returncode:
            return False
        output(["add", "--all"], root)
        output(["commit", "--quiet", "--no-verify", "--message", message], root)
        return True

    def default_branch(self) -> str:
        """The branch that others start from: the remote's, else the one that is checked out."""
        remote = self._told("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
        return remote.removeprefix("origin/") or self._told("symbolic-ref", "--quiet", "--short", "HEAD")

    def merge_file(self, base: bytes, ours: bytes, theirs: bytes) -> tuple[bytes, bool]:
        """Both changes of a file since `base`, and whether some contradict each other, between git's marks."""
        contents = {"ours": ours, "base": base, "theirs": theirs}
        with TemporaryDirectory(prefix="gitops-mlops-") as folder:
            for name, content in contents.items():
                (Path(folder) / name).write_bytes(content)
            labels = ("-L", "yours", "-L", "before", "-L", "toolkit")
            merged = run(["merge-file", "--stdout", *labels, *contents], Path(folder))
        # The exit code counts the conflicts, up to 127.
        if merged.returncode > 127:
            raise ExternalError(reason(merged), where="git merge-file")
        return merged.stdout, merged.returncode > 0

    def blob(self, name: str) -> bytes | None:
        """The content of a blob by its ID, None when the repository does not have it."""
        found = run(["cat-file", "blob", name], self._folder)
        return found.stdout if found.returncode == 0 else None

    def _told(self, *words: str) -> str:
        told = run(words, self._folder)
        return told.stdout.decode().strip() if told.returncode == 0 else ""


def origin() -> str:
    """`OWNER/REPOSITORY@SHA` of this installation as far as it is known, "" when it is not.

    A published package says it in a file, pip records where it took others from (PEP 610), and a checkout knows its
    commit and its remote.
    """
    return _published() or _installed_from() or _checked_out()


def _published() -> str:
    return _PUBLISHED.read_text("utf-8").strip() if _PUBLISHED.is_file() else ""


def _installed_from() -> str:
    try:
        told = distribution("gitops-mlops").read_text("direct_url.json")
    except PackageNotFoundError:
        return ""
    data = json.loads(told) if told else {}
    found = _GITHUB.match(data.get("url", ""))
    commit = data.get("vcs_info", {}).get("commit_id", "")
    return f"{found[1]}@{commit}" if found and commit else ""


def _checked_out() -> str:
    # An environment inside of somebody's repository is no checkout of ours.
    if not (_CHECKOUT / ".git").exists():
        return ""
    git = GitBeginnings(_CHECKOUT)
    found = _GITHUB.match(git._told("remote", "get-url", "origin"))
    return f"{found[1]}@{git._told('rev-parse', 'HEAD')}" if found else ""
