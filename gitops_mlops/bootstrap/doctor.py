"""What doctor looks at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gitops_mlops.bootstrap.machine import clock, files
from gitops_mlops.bootstrap.pipeline import data_store
from gitops_mlops.bootstrap.registry import ledger
from gitops_mlops.bootstrap.repository import index, objects, repository, tree

if TYPE_CHECKING:
    from gitops_mlops.usecases.doctor.doctor import RepositoryUnderCheck


def repository_under_check(start: Path) -> RepositoryUnderCheck:
    """What doctor looks at: the repository that a folder is in, and what is installed."""
    from gitops_mlops.adapters.dvc.config import dvc_remotes
    from gitops_mlops.adapters.files.journal import FileJournal
    from gitops_mlops.adapters.git.clone import GitClone
    from gitops_mlops.adapters.machine.packages import versions
    from gitops_mlops.domain.extras import EXTRAS
    from gitops_mlops.usecases.doctor.doctor import RepositoryUnderCheck

    found = repository(start)
    seen = tree(found)
    return RepositoryUnderCheck(
        found,
        GitClone(found.root),
        seen,
        index(found),
        data_store(found, seen),
        files(found.root),
        ledger(found),
        FileJournal(files(found.storage())),
        clock(),
        lambda: objects(found),
        dvc_remotes(found.root),
        versions(extra.distribution for extra in EXTRAS),
    )
