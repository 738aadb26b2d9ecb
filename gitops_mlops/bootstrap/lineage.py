"""What lineage is read from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_mlops.bootstrap.pipeline import data_store
from gitops_mlops.bootstrap.registry import ledger
from gitops_mlops.bootstrap.repository import objects, repository, tree

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import Repository
    from gitops_mlops.usecases.lineage.diff import DiffSources
    from gitops_mlops.usecases.lineage.integrity import TagEvidence
    from gitops_mlops.usecases.lineage.lineage import LineageSources


@contextmanager
def lineage_sources(start: Path) -> Iterator[tuple[LineageSources, str]]:
    """Where lineage is read from, and the folder that was started in, from the repository's root."""
    from gitops_mlops.usecases.lineage.lineage import LineageSources

    found = repository(start)
    below = start.resolve().relative_to(found.root.resolve()).as_posix()
    with objects(found) as opened:
        yield LineageSources(found, opened, data_store(found), tree(found), ledger(found)), below


@contextmanager
def diff_sources(start: Path) -> Iterator[DiffSources]:
    """Where both sides of a diff are read from."""
    from gitops_mlops.usecases.lineage.diff import DiffSources

    found = repository(start)
    with objects(found) as opened:
        yield DiffSources(found, opened, tree(found))


def tag_evidence(repository: Repository) -> TagEvidence:
    """What tells that the tags of a repository are those that were made."""
    from gitops_mlops.usecases.lineage.integrity import TagEvidence

    return TagEvidence(data_store(repository), ledger(repository))
