"""What a clone and its remote exchange: never forced, and lost races told apart from refusals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from gitops_mlops.adapters.git.running import output, reason, run
from gitops_mlops.domain.errors import ConcurrentUpdate, ExternalError, TagConflict

_TAGS = "refs/tags/"

# The user's settings may say to prune or to force: neither may cost a tag that exists here only.
_FETCH = ("fetch", "--quiet", "--no-prune", "--refmap=", "--no-write-fetch-head", "--no-recurse-submodules")

# git's server (receive-pack) answers so when another push moves or locks the same reference in the same moment.
_CONTENDED = (b"atomic transaction failed", b"failed to update ref")


def fetch_tags(root: Path, remote: str) -> None:
    """Bring every tag of a remote, and leave those that are here as they are.

    Raises TagsDiffer when a tag of the registry's form differs there, OutsideError when they are not available.
    """
    fetched = run(
        [*_FETCH, "--", remote, f"{_TAGS}*:{_TAGS}*"],
        root,
    )
    if fetched.returncode == 0:
        return
    there = _on_remote(root, remote, [f"{_TAGS}*"])
    if there is None:
        raise ExternalError(
            reason(fetched), where=f"git fetch {remote}", hint="see git remote -v and your access, then try again"
        )
    here = _here(root)
    # Tags that are not the registry's, such as a moving v1, are nobody's business here.
    ours = {ref: name for ref, name in there.items() if "@" in ref or "#" in ref}
    if differing := sorted(ref for ref, name in ours.items() if here.get(ref, name) != name):
        raise TagConflict([ref.removeprefix(_TAGS) for ref in differing], remote)
    if ours.keys() - here.keys():
        raise ExternalError(reason(fetched), where=f"git fetch {remote}", hint="git fetch --tags, to see why")


def push(root: Path, refs: Sequence[str], remote: str) -> None:
    """Push refs, all or none, never forced. Raises Overtaken or OutsideError; see the port."""
    pushed = run(["push", "--porcelain", "--atomic", "--no-follow-tags", "--", remote, *refs], root)
    if pushed.returncode == 0:
        return
    wanted = [ref.rpartition(":")[2] for ref in refs]
    there, here = _on_remote(root, remote, wanted), _here(root, wanted)
    if there is not None and all(there.get(ref, "") == here.get(ref) for ref in wanted):
        # The answer was lost on its way back, what was pushed was not.
        return
    where, hint = f"git push {remote}", "see git remote -v and your access, then try again"
    if there and any(there.get(ref, name) != name for ref, name in here.items()):
        raise ConcurrentUpdate("another writer was faster", where=where, hint="git fetch --tags, then try again")
    if any(words in pushed.stdout for words in _CONTENDED):
        raise ConcurrentUpdate("another writer is at work", where=where, hint="try again")
    raise ExternalError(reason(pushed), where=where, hint=hint)


def _on_remote(root: Path, remote: str, patterns: Collection[str]) -> dict[str, str] | None:
    """Object IDs by reference, None when the remote cannot be asked."""
    listed = run(["ls-remote", "--quiet", "--refs", "--", remote, *patterns], root)
    if listed.returncode:
        return None
    # ls-remote matches the ends of names.
    found = (line.split("\t", 1) for line in listed.stdout.decode(errors="replace").splitlines())
    return {ref: name for name, ref in found if ref.startswith("refs/")}


def _here(root: Path, refs: Sequence[str] = (_TAGS,)) -> dict[str, str]:
    lines = output(["for-each-ref", "--format=%(objectname) %(refname)", "--", *refs], root)
    found = (line.split(" ", 1) for line in lines.decode(errors="replace").splitlines())
    return {ref: name for name, ref in found}
