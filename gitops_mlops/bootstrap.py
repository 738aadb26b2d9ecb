"""The only place that chooses implementations.

Each function imports what it chooses, so that a command pays only for what it uses.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from gitops_mlops.domain.errors import UsageError

if TYPE_CHECKING:
    from gitops_mlops.adapters.git.tags import TagStream
    from gitops_mlops.adapters.job_files import JobFile
    from gitops_mlops.domain.job import Job
    from gitops_mlops.domain.ports import (
        Beginnings,
        Clock,
        Clone,
        DataStore,
        Files,
        Forge,
        Index,
        InferenceClient,
        Ledger,
        Objects,
        ProjectFunctions,
        ProjectModels,
        Reader,
        RemoteOutputs,
        Repository,
        Rows,
        TableModels,
        Tables,
        Target,
        Templates,
        Timer,
        Tree,
    )
    from gitops_mlops.domain.scaffold import Toolkit
    from gitops_mlops.usecases.bundle import Sources
    from gitops_mlops.usecases.compare import Ports as ComparisonPorts
    from gitops_mlops.usecases.demo import Event
    from gitops_mlops.usecases.deploy import World
    from gitops_mlops.usecases.diff import Sources as DiffSources
    from gitops_mlops.usecases.doctor import Patient
    from gitops_mlops.usecases.draft import Here
    from gitops_mlops.usecases.integrity import Witnesses
    from gitops_mlops.usecases.lineage import Sources as LineageSources
    from gitops_mlops.usecases.lock_push import Left
    from gitops_mlops.usecases.lock_push import Target as LockTarget
    from gitops_mlops.usecases.registrar import Registrar
    from gitops_mlops.usecases.repro import Checkout
    from gitops_mlops.usecases.review import Ports as ReviewPorts
    from gitops_mlops.usecases.scaffold import Workshop


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


def patient(start: Path) -> Patient:
    """What doctor looks at: the repository that a folder is in, and what is installed."""
    from gitops_mlops.adapters.dvc_config import dvc_remotes
    from gitops_mlops.adapters.git.clone import GitClone
    from gitops_mlops.adapters.installed import versions
    from gitops_mlops.adapters.journal import FileJournal
    from gitops_mlops.domain.doctor_setup import EXTRAS
    from gitops_mlops.usecases.doctor import Patient

    found = repository(start)
    seen = tree(found)
    return Patient(
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


def files(root: Path) -> Files:
    """The working tree below a root."""
    from gitops_mlops.adapters.files import WorkingTree

    return WorkingTree(root)


def gto_file(root: Path) -> bytes | None:
    """`.gto` of the working tree; without one nothing more is imported."""
    from gitops_mlops.domain.gto_config import GTO_FILE

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

    return CheckedOutTree(GitIndex(repository.root), repository.root)


def index(repository: Repository) -> Index:
    """What the next commit will hold, entry by entry."""
    from gitops_mlops.adapters.git.index import GitIndex

    return GitIndex(repository.root)


def staged_tree(repository: Repository) -> Tree:
    """What the next commit will hold."""
    from gitops_mlops.adapters.git.index import GitIndex
    from gitops_mlops.adapters.trees import StagedTree

    return StagedTree(GitIndex(repository.root), repository.root)


def data_store(repository: Repository, reader: Reader | None = None) -> DataStore:
    """What DVC tracks in a repository; `reader` chooses which files describe it, those on disk by default."""
    from gitops_mlops.adapters.dvc import DvcStore

    return DvcStore(repository, reader or files(repository.root))


def remote_outputs(root: Path) -> RemoteOutputs:
    """What the DVC remote of the repository at `root` holds."""
    from gitops_mlops.adapters.dvc_remote import DvcRemoteOutputs

    return DvcRemoteOutputs(root)


@contextmanager
def checkout(repository: Repository) -> Iterator[Checkout]:
    """Where the pipeline of a repository runs: its working tree. SIGTERM ends it as Ctrl-C does."""
    from gitops_mlops.adapters.dvc_pipeline import DvcPipeline
    from gitops_mlops.adapters.scratch import terminated_is_interrupted
    from gitops_mlops.usecases.repro import Checkout

    with terminated_is_interrupted():
        root = repository.root
        yield Checkout(repository.head(), lambda: tree(repository), files(root), DvcPipeline(root))


@contextmanager
def scratch_checkout(start: Repository) -> Iterator[Checkout]:
    """A clone of a repository at its commit, which shares nothing with its working tree but DVC's cache."""
    from gitops_mlops.adapters.dvc import DvcStore
    from gitops_mlops.adapters.dvc_pipeline import DvcPipeline
    from gitops_mlops.adapters.git.clone import clone_at
    from gitops_mlops.usecases.repro import Checkout

    with scratch(None, keep=False) as folder:
        root = folder / "again"
        clone_at(start.root, start.head(), root)
        cloned, seen = repository(root), files(start.root)
        if (own := seen.read(".dvc/config.local")) is not None:
            write_file(root / ".dvc" / "config.local", own)
        cache = DvcStore(start, seen).cache_folder()
        yield Checkout(start.head(), lambda: tree(cloned), files(root), DvcPipeline(root, cache))


def lock_target(repository: Repository, remote: str, branch: str) -> LockTarget:
    """The branch that a lock is committed to."""
    from gitops_mlops.adapters.git.branch import GitBranch
    from gitops_mlops.adapters.git.index import GitCommit
    from gitops_mlops.adapters.trees import CommittedTree
    from gitops_mlops.usecases.lock_push import Target

    root = repository.root
    return Target(GitBranch(root, remote, branch), lambda commit: CommittedTree(GitCommit(root, commit), root))


def run_files(path: Path) -> Left:
    """What a run of the pipeline left for git."""
    from gitops_mlops.adapters.run_files import RunFiles

    return RunFiles(path)


def objects(repository: Repository) -> AbstractContextManager[Objects]:
    """The objects of a repository, for as long as the block lasts."""
    from gitops_mlops.adapters.git.objects import open_objects

    return open_objects(repository.root)


@contextmanager
def lineage_sources(start: Path) -> Iterator[tuple[LineageSources, str]]:
    """Where lineage is read from, and the folder that was started in, from the repository's root."""
    from gitops_mlops.usecases.lineage import Sources

    found = repository(start)
    below = start.resolve().relative_to(found.root.resolve()).as_posix()
    with objects(found) as opened:
        yield Sources(found, opened, data_store(found), tree(found), ledger(found)), below


@contextmanager
def diff_sources(start: Path) -> Iterator[DiffSources]:
    """Where both sides of a diff are read from."""
    from gitops_mlops.usecases.diff import Sources

    found = repository(start)
    with objects(found) as opened:
        yield Sources(found, opened, tree(found))


def clock() -> Clock:
    """The machine's clock."""
    from gitops_mlops.adapters.clock import SystemClock

    return SystemClock()


def tables() -> Tables:
    """Tables in files."""
    from gitops_mlops.adapters.tables import TableFiles

    return TableFiles()


def table_models(tables: Tables, root: Path) -> TableModels:
    """Contracts that are code of the repository at `root`."""
    from gitops_mlops.adapters.pandera_models import PanderaModels

    return PanderaModels(tables, root)


def project_models(repository: Repository) -> ProjectModels:
    """Models that only the project's own code can load."""
    from gitops_mlops.adapters.project_model import ProjectModels

    return ProjectModels(repository.root, repository.export)


def comparison(repository: Repository) -> ComparisonPorts:
    """What a comparison reads and runs."""
    from gitops_mlops.usecases.compare import Ports

    return Ports(
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
    from gitops_mlops.usecases.review import Ports

    seen, working = tree(repository), files(repository.root)

    def both() -> tuple[Tables, TableModels]:
        opened = tables()
        return opened, table_models(opened, repository.root)

    store = data_store(repository)
    return Ports(repository, store, working, seen, timer(), both, lambda: comparison(repository))


def job() -> Job:
    """The job that we run in."""
    from gitops_mlops.domain.job import job_of

    return job_of(os.environ)


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


def demo(folder: Path, keep: bool) -> Generator[Event]:
    """The demo's events, in a folder."""
    from gitops_mlops.adapters.flagship import project_files
    from gitops_mlops.adapters.scratch import free_ports
    from gitops_mlops.adapters.shell import UserShell
    from gitops_mlops.usecases.demo import Demo

    root = folder / "flights"
    root.mkdir()
    ports = dict(zip(("staging", "production"), free_ports(2), strict=True))
    return Demo(UserShell(), files(root), root, project_files(), ports).run(keep)


def project_functions(repository: Repository) -> ProjectFunctions:
    """The project's Python functions."""
    from gitops_mlops.adapters.functions import ProjectFunctions

    return ProjectFunctions(repository.root, repository.export)


def timer() -> Timer:
    """The machine's monotonic clock."""
    from gitops_mlops.adapters.clock import SystemTimer

    return SystemTimer()


def templates() -> Templates:
    """The scaffolds that ship with this installation."""
    from gitops_mlops.adapters.templates import TemplateFolder

    return TemplateFolder()


def toolkit(given: str) -> Toolkit:
    """The toolkit that workflows shall call: the one that was named, or where this installation comes from."""
    from gitops_mlops import __version__
    from gitops_mlops.adapters.git.beginnings import origin
    from gitops_mlops.domain.scaffold import parse_toolkit

    if named := given or origin():
        return parse_toolkit(named, __version__)
    hint = "name it: --toolkit OWNER/gitops-mlops@SHA; git ls-remote ADDRESS 'v*^{}' tells the SHAs of versions"
    raise UsageError("it is not known where this toolkit was installed from", hint=hint)


def beginnings(folder: Path) -> Beginnings:
    """Git in a folder that may be in no repository yet."""
    from gitops_mlops.adapters.git.beginnings import GitBeginnings

    return GitBeginnings(folder)


def drafting(repository: Repository) -> Here:
    """Where a first configuration is looked for."""
    from gitops_mlops.reports.contract_yaml import contract_yaml
    from gitops_mlops.usecases.draft import Here

    return Here(repository, data_store(repository), files(repository.root), tables(), contract_yaml)


def clone(root: Path) -> Clone:
    """The clone whose working tree is at `root`."""
    from gitops_mlops.adapters.git.clone import GitClone

    return GitClone(root)


def workshop(folder: Path) -> Workshop:
    """What a new project is made with."""
    from gitops_mlops.adapters.new_folder import new_folder
    from gitops_mlops.usecases.scaffold import Workshop

    @contextmanager
    def filled(target: Path) -> Iterator[Files]:
        with new_folder(target) as made:
            yield files(made)

    return Workshop(templates(), beginnings(folder), filled)


def forge() -> Forge | None:
    """The forge that the environment names as GitHub's runners do; None when it names no repository."""
    repository = os.environ.get("GITHUB_REPOSITORY")
    if not repository:
        return None
    from gitops_mlops.adapters.forge import GitHub, Transport

    address = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
    transport = Transport(address, os.environ.get("GITHUB_TOKEN", ""), timer())
    return GitHub(transport, repository, os.environ.get("GITOPS_MLOPS_LOGIN", ""))


def registrar(repository: Repository) -> Registrar:
    """Who writes into the registry of a repository."""
    from gitops_mlops.adapters.journal import FileJournal
    from gitops_mlops.usecases.registrar import Registrar

    return Registrar(repository, clock(), timer(), FileJournal(files(repository.storage())))


def state_folder(root: Path, chosen: Path | None = None) -> Files:
    """Where it is remembered what runs: in the repository unless somebody chose a folder."""
    return files(chosen or files(root).resolve(".gitops-mlops"))


def target(root: Path, state: Path | None = None) -> Target:
    """Where versions run: processes of this machine. Raises UsageError where the kernel cannot do what it takes."""
    if os.name != "posix":
        raise UsageError("the process target needs Linux or macOS", where="mlops.yaml")
    from gitops_mlops.adapters.process import ProcessTarget

    return ProcessTarget(state_folder(root, state), clock())


def inference() -> InferenceClient:
    """The client of served models."""
    from gitops_mlops.adapters.inference import HttpInference

    return HttpInference()


def rows() -> Rows:
    """Tables in files, as rows."""
    from gitops_mlops.adapters.files import write_atomically
    from gitops_mlops.adapters.rows import TableRows

    return TableRows(write_atomically)


def bundle_sources(repository: Repository, state: Path | None = None) -> Sources:
    """Where the parts of a bundle come from, and where bundles are kept."""
    from gitops_mlops.adapters.bundles import BundleFolder
    from gitops_mlops.adapters.installed import OF_A_MODEL, versions
    from gitops_mlops.usecases.bundle import Sources

    store = BundleFolder(state_folder(repository.root, state))
    return Sources(repository, data_store(repository), rows(), store, versions(OF_A_MODEL), witnesses(repository))


def witnesses(repository: Repository) -> Witnesses:
    """What tells that the tags of a repository are those that were made."""
    from gitops_mlops.usecases.integrity import Witnesses

    return Witnesses(data_store(repository), ledger(repository))


def world(root: Path, state: Path | None = None) -> World:
    """What a deploy acts on."""
    from gitops_mlops.usecases.deploy import World

    return World(target(root, state), inference(), clock(), timer())


@contextmanager
def scratch_world() -> Iterator[World]:
    """The same in a temporary folder, which leaves nothing behind."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="gitops-mlops-") as folder:
        yield world(Path(folder))


def job_file(variable: str) -> JobFile | None:
    """The file of a GitHub job that a variable names, None outside of one."""
    from gitops_mlops.adapters.job_files import job_file as named

    return named(variable)


def become(module: str, words: Sequence[str]) -> NoReturn:
    """Go on as another program of ours."""
    from gitops_mlops.adapters import program

    program.become(module, words)
