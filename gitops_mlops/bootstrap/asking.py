"""What a use-case reads, where that is several things at once; the forge."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_mlops.bootstrap.data import (
    data_store,
    project_functions,
    project_models,
    remote_outputs,
    table_models,
    tables,
)
from gitops_mlops.bootstrap.machine import clock, files, index, ledger, objects, repository, timer, tree

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import Forge, Repository, TableModels, Tables
    from gitops_mlops.usecases.comparison.compare import ComparisonPorts
    from gitops_mlops.usecases.doctor.doctor import RepositoryUnderCheck
    from gitops_mlops.usecases.lineage.diff import DiffSources
    from gitops_mlops.usecases.lineage.lineage import LineageSources
    from gitops_mlops.usecases.review.review import ReviewPorts


def patient(start: Path) -> RepositoryUnderCheck:
    """What doctor looks at: the repository that a folder is in, and what is installed."""
    from gitops_mlops.adapters.dvc_config import dvc_remotes
    from gitops_mlops.adapters.git.clone import GitClone
    from gitops_mlops.adapters.installed import versions
    from gitops_mlops.adapters.journal import FileJournal
    from gitops_mlops.domain.doctor.setup import EXTRAS
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


def comparison(repository: Repository) -> ComparisonPorts:
    """What a comparison reads and runs."""
    from gitops_mlops.usecases.comparison.compare import ComparisonPorts

    return ComparisonPorts(
        repository,
        data_store(repository),
        files(repository.root),
        tree(repository),
        project_models(repository),
        project_functions(repository),
        clock(),
    )


def review(repository: Repository) -> ReviewPorts:
    """What a review reads and runs."""
    from gitops_mlops.adapters.dvc_config import dvc_remotes
    from gitops_mlops.usecases.review.review import ReviewPorts

    seen, working = tree(repository), files(repository.root)

    def both() -> tuple[Tables, TableModels]:
        opened = tables()
        return opened, table_models(opened, repository.root)

    store = data_store(repository)
    return ReviewPorts(
        repository,
        store,
        working,
        seen,
        timer(),
        lambda: remote_outputs(repository.root) if dvc_remotes(repository.root) else None,
        both,
        lambda: comparison(repository),
    )


def forge() -> Forge | None:
    """The forge that the environment names as GitHub's runners do; None when it names no repository."""
    repository = os.environ.get("GITHUB_REPOSITORY")
    if not repository:
        return None
    from gitops_mlops.adapters.forge import ForgeTransport, GitHub

    address = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
    transport = ForgeTransport(address, os.environ.get("GITHUB_TOKEN", ""), timer())
    return GitHub(transport, repository, os.environ.get("GITOPS_MLOPS_LOGIN", ""))
