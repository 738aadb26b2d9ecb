"""Which branch is main: what the remote says, else what this clone is set up for."""

from __future__ import annotations

import os
from pathlib import Path

from gitops_mlops.adapters.git.running import output, reason, run
from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.registry.mainline import Mainline

_REMOTE = "origin"
_REMOTE_HEAD = f"refs/remotes/{_REMOTE}/HEAD"
_USUAL = ("main", "master")


def mainline(root: Path, ask: bool = True) -> Mainline:
    """The default branch of `origin`, with its tip there (as it was fetched) and here.

    The remote is asked where this clone does not know its default branch, as after actions/checkout: a guess could
    be a branch that somebody pushed under a usual name. Without a remote, or when that is empty, it is
    `init.defaultBranch`, `main` or `master`, or the only branch. Raises EvidenceMissing, also where the remote would
    have to be asked and must not be.
    """
    tips, default = _branches(root)
    name = default or _asked(root, ask) or _guessed(root, tips)
    found = dict.fromkeys(tips[ref] for ref in _refs(name) if ref in tips) if name else {}
    if not found:
        missing = f"{name} is not in this clone" if name else "no branch of this clone is main or master"
        hint = f"git fetch {_REMOTE}" if name else "git config init.defaultBranch NAME"
        raise MissingEvidence(f"{missing}, so what was merged is unknown", hint=hint)
    return Mainline(name, tuple(found))


def _branches(root: Path) -> tuple[dict[str, str], str]:
    """The commit of every branch, and the name of the remote's default branch where this clone knows it."""
    listed = output(
        ["for-each-ref", "--format=%(objectname) %(refname) %(symref)", "refs/heads", f"refs/remotes/{_REMOTE}"], root
    )
    tips, default = {}, ""
    for line in os.fsdecode(listed).splitlines():
        commit, ref, target = line.split(" ")
        if ref == _REMOTE_HEAD:
            default = target.removeprefix(f"refs/remotes/{_REMOTE}/")
        else:
            tips[ref] = commit
    return tips, default


def _asked(root: Path, ask: bool) -> str:
    """What the remote says, "" where there is none or it has no commit yet."""
    if run(["config", "--get", f"remote.{_REMOTE}.url"], root).returncode:
        return ""
    told = run(["ls-remote", "--symref", "--", _REMOTE, "HEAD"], root) if ask else None
    if told is None or told.returncode:
        why = f"cannot be queried ({reason(told)})" if told else "was not queried"
        raise MissingEvidence(
            f"{why} for its default branch, so what was merged is unknown",
            where=_REMOTE,
            hint=f"git remote set-head {_REMOTE} --auto, where it can be reached",
        )
    heads = (line.split("\t")[0] for line in os.fsdecode(told.stdout).splitlines())
    return next((head.removeprefix("ref: refs/heads/") for head in heads if head.startswith("ref: ")), "")


def _guessed(root: Path, tips: dict[str, str]) -> str:
    """The branch of a repository that only this clone has; "" where nothing tells."""
    here = [ref.removeprefix("refs/heads/") for ref in tips if ref.startswith("refs/heads/")]
    configured = os.fsdecode(run(["config", "--get", "init.defaultBranch"], root).stdout).strip()
    usual = next((name for name in (configured, *_USUAL) if name in here), "")
    return usual or (here[0] if len(here) == 1 else "")


def _refs(name: str) -> tuple[str, str]:
    return f"refs/remotes/{_REMOTE}/{name}", f"refs/heads/{name}"
