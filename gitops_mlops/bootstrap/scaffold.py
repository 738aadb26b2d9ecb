"""New projects, and the demo."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_mlops.bootstrap.contracts import tables
from gitops_mlops.bootstrap.machine import files
from gitops_mlops.bootstrap.pipeline import data_store
from gitops_mlops.domain.errors import UsageError

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import Files, Repository, ScaffoldHistory, Templates
    from gitops_mlops.domain.scaffold.plan import ToolkitReference
    from gitops_mlops.usecases.scaffold.demo import Event
    from gitops_mlops.usecases.scaffold.draft import DraftSources
    from gitops_mlops.usecases.scaffold.new_project import ScaffoldPorts


def demo(folder: Path, keep: bool) -> Generator[Event]:
    """The demo's events, in a folder."""
    from gitops_mlops.adapters.files.scratch import free_ports
    from gitops_mlops.adapters.machine.shell import UserShell
    from gitops_mlops.adapters.shipped.flagship import project_files
    from gitops_mlops.usecases.scaffold.demo import Demo

    root = folder / "flights"
    root.mkdir()
    ports = dict(zip(("staging", "production"), free_ports(2), strict=True))
    return Demo(UserShell(), files(root), root, project_files(), ports).run(keep)


def templates() -> Templates:
    """The scaffolds that ship with this installation."""
    from gitops_mlops.adapters.shipped.templates import TemplateFolder

    return TemplateFolder()


def toolkit_reference(given: str) -> ToolkitReference:
    """The toolkit that workflows shall call: the one that was named, or where this installation comes from."""
    from gitops_mlops import __version__
    from gitops_mlops.adapters.git.scaffold_history import origin
    from gitops_mlops.domain.scaffold.plan import parse_toolkit

    if named := given or origin():
        return parse_toolkit(named, __version__)
    hint = "name it: --toolkit OWNER/gitops-mlops@SHA; git ls-remote ADDRESS 'v*^{}' lists the SHAs of versions"
    raise UsageError("the origin of this installation is unknown", hint=hint)


def issue_tracker() -> str:
    """The page of the repository that this installation comes from where bugs are reported, "" when it is unknown."""
    from gitops_mlops.adapters.git.scaffold_history import origin

    repository = origin().partition("@")[0]
    return f"https://github.com/{repository}/issues" if repository else ""


def scaffold_history(folder: Path) -> ScaffoldHistory:
    """Git in a folder that may be in no repository yet."""
    from gitops_mlops.adapters.git.scaffold_history import GitBeginnings

    return GitBeginnings(folder)


def draft_sources(repository: Repository) -> DraftSources:
    """Where a first configuration is looked for."""
    from gitops_mlops.reports.contracts.contract_yaml import contract_yaml
    from gitops_mlops.usecases.scaffold.draft import DraftSources

    return DraftSources(repository, data_store(repository), files(repository.root), tables(), contract_yaml)


def scaffold_ports(folder: Path) -> ScaffoldPorts:
    """What a new project is made with."""
    from gitops_mlops.adapters.files.new_folder import new_folder
    from gitops_mlops.usecases.scaffold.new_project import ScaffoldPorts

    @contextmanager
    def filled(target: Path) -> Iterator[Files]:
        with new_folder(target) as made:
            yield files(made)

    return ScaffoldPorts(templates(), scaffold_history(folder), filled)
