"""The pull request: its forge, and the job that we run in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_mlops.bootstrap.comparison import comparison_ports
from gitops_mlops.bootstrap.contracts import table_models, tables
from gitops_mlops.bootstrap.machine import files, read_file, timer
from gitops_mlops.bootstrap.pipeline import data_store, remote_outputs
from gitops_mlops.bootstrap.repository import tree

if TYPE_CHECKING:
    from gitops_mlops.adapters.machine.job_files import JobFile
    from gitops_mlops.domain.ports import Forge, Repository, TableModels, Tables
    from gitops_mlops.domain.review.job import JobContext
    from gitops_mlops.usecases.review.review import ReviewPorts

# What is cut off is no JSON; GitHub's events have up to 25 MB.
_MAX_EVENT_BYTES = 32 * 1024 * 1024


def review_ports(repository: Repository) -> ReviewPorts:
    """What a review reads and runs."""
    from gitops_mlops.adapters.dvc.config import dvc_remotes
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
        lambda: comparison_ports(repository),
    )


def github(repository: str) -> Forge:
    """GitHub, and Gitea, which speaks as much of GitHub's REST as we do."""
    from gitops_mlops.adapters.forge import ForgeTransport, GitHub

    address = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
    transport = ForgeTransport(address, os.environ.get("GITHUB_TOKEN", ""), timer())
    return GitHub(transport, repository, os.environ.get("GITOPS_MLOPS_LOGIN", ""))


# The kinds of forges by the variable that names the repository in a job of theirs.
FORGES: dict[str, Callable[[str], Forge]] = {"GITHUB_REPOSITORY": github}


def forge() -> Forge | None:
    """The forge that the environment names as its runners do; None when it names no repository."""
    named = ((make, os.environ.get(variable)) for variable, make in FORGES.items())
    return next((make(repository) for make, repository in named if repository), None)


def job() -> JobContext:
    """The job that we run in."""
    from gitops_mlops.domain.review.job import job_of

    event = os.environ.get("GITHUB_EVENT_PATH", "")
    return job_of(os.environ, read_file(Path(event), _MAX_EVENT_BYTES) if event else None)


def job_file(variable: str) -> JobFile | None:
    """The file of a GitHub job that a variable names, None outside of one."""
    from gitops_mlops.adapters.machine.job_files import job_file as named

    return named(variable)
