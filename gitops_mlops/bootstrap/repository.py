"""The clone: git, and the files that it has or will have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_mlops.bootstrap.machine import files

if TYPE_CHECKING:
    from gitops_mlops.adapters.git.tags import TagStream
    from gitops_mlops.domain.ports import Clone, Index, Objects, Repository, Tree


def begin_tags(start: Path) -> TagStream:
    """Let git begin to read the tags of the repository that a folder is in."""
    from gitops_mlops.adapters.git.tags import TagStream

    return TagStream(start)


def repository(start: Path, tags: TagStream | None = None) -> Repository:
    """The git repository that a folder is in; `tags` when reading them was begun there."""
    from gitops_mlops.adapters.git.repository import GitRepository

    return GitRepository.around(start, tags)


def tree(repository: Repository) -> Tree:
    """The files on disk, tracked or new."""
    from gitops_mlops.adapters.files.trees import CheckedOutTree
    from gitops_mlops.adapters.git.index import GitIndex

    return CheckedOutTree(GitIndex(repository.root), repository.root, _listings(repository, fetched=True))


def _listings(repository: Repository, *, fetched: bool) -> Callable[[str], Mapping[str, str] | None]:
    """What gives the files of a folder that DVC keeps: DVC's cache, or its remote where a hook need not be light."""

    @cache
    def listing(md5: str) -> Mapping[str, str] | None:
        from gitops_mlops.adapters.dvc.store import DvcStore
        from gitops_mlops.domain.errors import MlopsError

        store = DvcStore(repository, files(repository.root))
        found = store.manifest(md5)
        if found is None and fetched:
            # What keeps it from being fetched keeps a stage from being checked, which is said there.
            with suppress(MlopsError):
                store.fetch_listing(md5)
            found = store.manifest(md5)
        return found

    return listing


def index(repository: Repository) -> Index:
    """What the next commit will hold, entry by entry."""
    from gitops_mlops.adapters.git.index import GitIndex

    return GitIndex(repository.root)


def staged_tree(repository: Repository) -> Tree:
    """What the next commit will hold."""
    from gitops_mlops.adapters.files.trees import StagedTree
    from gitops_mlops.adapters.git.index import GitIndex

    return StagedTree(GitIndex(repository.root), repository.root, _listings(repository, fetched=False))


def objects(repository: Repository) -> AbstractContextManager[Objects]:
    """The objects of a repository, for as long as the block lasts."""
    from gitops_mlops.adapters.git.objects import open_objects

    return open_objects(repository.root)


def clone(root: Path) -> Clone:
    """The clone whose working tree is at `root`."""
    from gitops_mlops.adapters.git.clone import GitClone

    return GitClone(root)
