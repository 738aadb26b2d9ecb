"""What DVC tracks, and where its pipeline runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_mlops.bootstrap.machine import files, scratch, write_file
from gitops_mlops.bootstrap.repository import repository, tree

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import DataStore, Reader, RemoteOutputs, Repository
    from gitops_mlops.usecases.pipeline.lock_push import PushTarget as LockTarget
    from gitops_mlops.usecases.pipeline.lock_push import RunOutputs
    from gitops_mlops.usecases.pipeline.repro import PipelineCheckout


def data_store(repository: Repository, reader: Reader | None = None) -> DataStore:
    """What DVC tracks in a repository; `reader` chooses which files describe it, those on disk by default."""
    from gitops_mlops.adapters.dvc.store import DvcStore

    return DvcStore(repository, reader or files(repository.root))


def remote_outputs(root: Path) -> RemoteOutputs:
    """What the DVC remote of the repository at `root` holds."""
    from gitops_mlops.adapters.dvc.remote import DvcRemoteOutputs

    return DvcRemoteOutputs(root)


@contextmanager
def checkout(repository: Repository) -> Iterator[PipelineCheckout]:
    """Where the pipeline of a repository runs: its working tree. SIGTERM ends it as Ctrl-C does."""
    from gitops_mlops.adapters.dvc.config import dvc_remotes
    from gitops_mlops.adapters.dvc.pipeline import DvcPipeline
    from gitops_mlops.adapters.files.scratch import terminated_is_interrupted
    from gitops_mlops.usecases.pipeline.repro import PipelineCheckout

    with terminated_is_interrupted():
        root = repository.root
        alone = not dvc_remotes(root)
        yield PipelineCheckout(repository.head(), lambda: tree(repository), files(root), DvcPipeline(root), alone)


@contextmanager
def scratch_checkout(start: Repository) -> Iterator[PipelineCheckout]:
    """A clone of a repository at its commit, which shares nothing with its working tree but DVC's cache."""
    from gitops_mlops.adapters.dvc.pipeline import DvcPipeline
    from gitops_mlops.adapters.dvc.store import DvcStore
    from gitops_mlops.adapters.git.clone import clone_at
    from gitops_mlops.usecases.pipeline.repro import PipelineCheckout

    with scratch(None, keep=False) as folder:
        root = folder / "again"
        clone_at(start.root, start.head(), root)
        cloned, seen = repository(root), files(start.root)
        if (own := seen.read(".dvc/config.local")) is not None:
            write_file(root / ".dvc" / "config.local", own)
        cache = DvcStore(start, seen).cache_folder()
        yield PipelineCheckout(start.head(), lambda: tree(cloned), files(root), DvcPipeline(root, cache))


def lock_target(repository: Repository, remote: str, branch: str) -> LockTarget:
    """The branch that a lock is committed to."""
    from gitops_mlops.adapters.files.trees import CommittedTree
    from gitops_mlops.adapters.git.branch import GitBranch
    from gitops_mlops.adapters.git.index import GitCommit
    from gitops_mlops.usecases.pipeline.lock_push import PushTarget

    root = repository.root
    return PushTarget(GitBranch(root, remote, branch), lambda commit: CommittedTree(GitCommit(root, commit), root))


def run_files(path: Path) -> RunOutputs:
    """What a run of the pipeline left for git."""
    from gitops_mlops.adapters.files.run_files import RunFiles

    return RunFiles(path)
