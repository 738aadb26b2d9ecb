"""The machine and the clone: files, time, git, and what writes into the registry."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from gitops_mlops.adapters.git.tags import TagStream
    from gitops_mlops.adapters.job_files import JobFile
    from gitops_mlops.domain.ports import Clock, Clone, Files, Index, Ledger, Objects, Repository, Timer, Tree
    from gitops_mlops.domain.review.job import JobContext
    from gitops_mlops.usecases.registry.registrar import Registrar

# What is cut off is no JSON; GitHub's events have up to 25 MB.
_MAX_EVENT_BYTES = 32 * 1024 * 1024


def begin_tags(start: Path) -> TagStream:
    """Let git begin to read the tags of the repository that a folder is in."""
    from gitops_mlops.adapters.git.tags import TagStream

    return TagStream(start)


def repository(start: Path, tags: TagStream | None = None) -> Repository:
    """The git repository that a folder is in; `tags` when reading them was begun there."""
    from gitops_mlops.adapters.git.repository import GitRepository

    return GitRepository.around(start, tags)


def ledger(repository: Repository) -> Ledger:
    """What happened, on the ledger's branch of a repository."""
    from gitops_mlops.adapters.git.ledger import GitLedger

    return GitLedger(repository.root)


def files(root: Path) -> Files:
    """The working tree below a root."""
    from gitops_mlops.adapters.files import WorkingTree

    return WorkingTree(root)


def gto_file(root: Path) -> bytes | None:
    """`.gto` of the working tree; without one nothing more is imported."""
    from gitops_mlops.domain.config.gto import GTO_FILE

    return files(root).read(GTO_FILE) if (root / GTO_FILE).exists() else None


def read_file(path: Path, limit: int) -> bytes | None:
    """A file that the user named, inside the repository or not; see `read_at_most`."""
    from gitops_mlops.adapters.files import read_at_most

    return read_at_most(path, limit)


def write_file(path: Path, content: bytes) -> None:
    """Write a file that the user named, whole or not at all."""
    from gitops_mlops.adapters.files import write_atomically

    write_atomically(path, content)


def tree(repository: Repository) -> Tree:
    """The files on disk, tracked or new."""
    from gitops_mlops.adapters.git.index import GitIndex
    from gitops_mlops.adapters.trees import CheckedOutTree

    return CheckedOutTree(GitIndex(repository.root), repository.root, _listings(repository, fetched=True))


def _listings(repository: Repository, *, fetched: bool) -> Callable[[str], Mapping[str, str] | None]:
    """What gives the files of a folder that DVC keeps: DVC's cache, or its remote where a hook need not be light."""

    @cache
    def listing(md5: str) -> Mapping[str, str] | None:
        from gitops_mlops.adapters.dvc import DvcStore
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
    from gitops_mlops.adapters.git.index import GitIndex
    from gitops_mlops.adapters.trees import StagedTree

    return StagedTree(GitIndex(repository.root), repository.root, _listings(repository, fetched=False))


def objects(repository: Repository) -> AbstractContextManager[Objects]:
    """The objects of a repository, for as long as the block lasts."""
    from gitops_mlops.adapters.git.objects import open_objects

    return open_objects(repository.root)


def clock() -> Clock:
    """The machine's clock."""
    from gitops_mlops.adapters.clock import SystemClock

    return SystemClock()


def job() -> JobContext:
    """The job that we run in."""
    from gitops_mlops.domain.review.job import job_of

    event = os.environ.get("GITHUB_EVENT_PATH", "")
    return job_of(os.environ, read_file(Path(event), _MAX_EVENT_BYTES) if event else None)


def environment() -> dict[str, str]:
    """The versions of what computes a comparison."""
    from gitops_mlops.adapters.installed import OF_A_COMPARISON, versions

    return versions(OF_A_COMPARISON)


@contextmanager
def scratch(folder: Path | None, keep: bool) -> Iterator[Path]:
    """A folder for the demo, cleaned up on SIGTERM as on Ctrl-C."""
    from gitops_mlops.adapters.scratch import scratch_folder, terminated_is_interrupted

    with terminated_is_interrupted(), scratch_folder(folder, keep) as made:
        yield made


def timer() -> Timer:
    """The machine's monotonic clock."""
    from gitops_mlops.adapters.clock import SystemTimer

    return SystemTimer()


def clone(root: Path) -> Clone:
    """The clone whose working tree is at `root`."""
    from gitops_mlops.adapters.git.clone import GitClone

    return GitClone(root)


def registrar(repository: Repository) -> Registrar:
    """Who writes into the registry of a repository."""
    from gitops_mlops.adapters.journal import FileJournal
    from gitops_mlops.usecases.registry.registrar import Registrar

    return Registrar(repository, clock(), timer(), FileJournal(files(repository.storage())), ledger(repository))


def job_file(variable: str) -> JobFile | None:
    """The file of a GitHub job that a variable names, None outside of one."""
    from gitops_mlops.adapters.job_files import job_file as named

    return named(variable)


def become(module: str, words: Sequence[str]) -> NoReturn:
    """Go on as another program of ours."""
    from gitops_mlops.adapters import program

    program.become(module, words)
