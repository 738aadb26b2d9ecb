"""A repository that is about to be set up: where it begins, its first commit, and merges of single files."""

from __future__ import annotations

import json
import os
import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory

from gitops_mlops.adapters.git.running import output, reason, run
from gitops_mlops.domain.errors import OutsideError

_PACKAGE = Path(__file__).resolve().parents[2]
_GITHUB = re.compile(r"(?:https://github\.com/|git@github\.com:|ssh://git@github\.com/)([^/]+/[^/]+?)(?:\.git)?/?\Z")


def repository_around(folder: Path) -> str:
    """The root of the repository that a folder is in, "" when it is in none."""
    found = run(["rev-parse", "--show-toplevel"], folder)
    return os.fsdecode(found.stdout).strip() if found.returncode == 0 else ""


def default_branch(root: Path) -> str:
    """The branch that others start from: the remote's, else the one of a new repository."""
    remote = run(["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"], root)
    if remote.returncode == 0:
        return remote.stdout.decode().strip().removeprefix("origin/")
    current = run(["symbolic-ref", "--quiet", "--short", "HEAD"], root)
    if current.returncode == 0:
        return current.stdout.decode().strip()
    return new_branch(root)


def new_branch(folder: Path) -> str:
    """What git calls the first branch of a new repository here."""
    configured = run(["config", "--get", "init.defaultBranch"], folder)
    return configured.stdout.decode().strip() or "main"


def begin(root: Path, branch: str, message: str) -> bool:
    """A repository with everything below `root` committed; False when git does not know who commits."""
    output(["init", "--quiet", f"--initial-branch={branch}"], root)
    if run(["var", "GIT_AUTHOR_IDENT"], root).returncode:
        return False
    output(["add", "--all"], root)
    output(["commit", "--quiet", "--no-verify", "--message", message], root)
    return True


def merge_file(base: bytes, ours: bytes, theirs: bytes) -> tuple[bytes, bool]:
    """Both changes of a file since `base`, and whether some of them contradict each other, between git's marks."""
    with TemporaryDirectory(prefix="gitops-mlops-") as folder:
        names = ("ours", "base", "theirs")
        for name, content in zip(names, (ours, base, theirs), strict=True):
            (Path(folder) / name).write_bytes(content)
        labels = ("-L", "yours", "-L", "before", "-L", "toolkit")
        merged = run(["merge-file", "--stdout", *labels, *names], Path(folder))
    if merged.returncode > 127:
        raise OutsideError(reason(merged), where="git merge-file")
    return merged.stdout, merged.returncode > 0


def origin() -> str:
    """`OWNER/REPOSITORY@SHA` of this installation as far as it is known, "" when it is not.

    pip records where it took a package from (PEP 610); a checkout knows its commit and its remote.
    """
    return _installed_from() or _checked_out()


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
    root = _PACKAGE.parent
    if not (root / ".git").exists():
        return ""
    commit = run(["rev-parse", "HEAD"], root)
    address = run(["remote", "get-url", "origin"], root)
    found = _GITHUB.match(address.stdout.decode().strip())
    return f"{found[1]}@{commit.stdout.decode().strip()}" if found and not commit.returncode else ""
