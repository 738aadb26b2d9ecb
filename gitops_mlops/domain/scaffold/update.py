"""What becomes of a file that a scaffold wrote, when a later version of the toolkit writes another."""

from __future__ import annotations

from collections.abc import Callable

from gitops_mlops.domain.scaffold.plan import EditKind, FileEdit

Merge = Callable[[bytes, bytes, bytes], tuple[bytes, bool]]
"""Base, ours, theirs → both changes, and whether they contradict each other."""


def three_way(path: str, base: bytes | None, ours: bytes, theirs: bytes, merge: Merge) -> FileEdit | None:
    """How `ours` takes in what changed from `base` to `theirs`; None when it stays as it is.

    A `base` that is not known any more contradicts wherever the two differ.
    """
    if ours == theirs or base == theirs:
        return None
    if ours == base:
        return FileEdit(EditKind.CHANGED, path, ours, theirs)
    merged, contradicts = merge(base or b"", ours, theirs)
    if merged == ours:
        return None
    return FileEdit(EditKind.CONFLICT if contradicts else EditKind.MERGED, path, ours, merged)
