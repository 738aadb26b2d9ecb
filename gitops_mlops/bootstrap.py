"""The only place that chooses implementations."""

from __future__ import annotations

from pathlib import Path

from gitops_mlops.adapters.clock import SystemClock
from gitops_mlops.adapters.dvc import DvcStore
from gitops_mlops.adapters.files import WorkingTree
from gitops_mlops.adapters.git import GitRepository
from gitops_mlops.domain.ports import Clock, DataStore, Files, Repository


def repository(start: Path) -> Repository:
    """The git repository that a folder is in."""
    return GitRepository.around(start)


def files(root: Path) -> Files:
    """The working tree below a root."""
    return WorkingTree(root)


def data_store(repository: Repository) -> DataStore:
    """What DVC tracks in a repository."""
    return DvcStore(repository, WorkingTree(repository.root))


def clock() -> Clock:
    """The machine's clock."""
    return SystemClock()
