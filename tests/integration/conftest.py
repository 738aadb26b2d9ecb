"""The projects and forges that tests of several files begin with. What only one file knows, it makes of these."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gitops_mlops.adapters.forge import GitHub
from tests.conftest import Answer, Cli, Repo
from tests.fakes.forge import TOKEN, Forge, running
from tests.integration import training_project
from tests.integration.forge_client import Pauses, client
from tests.integration.registry_project import Commands, Project
from tests.preloaded.running import Preloaded

if TYPE_CHECKING:
    from tests.integration.comparison_project import ComparisonProject
    from tests.integration.rollout_project import RolloutProject


@pytest.fixture
def run(cli: Cli, repo: Repo) -> Commands:
    """The command line in the test's repository."""
    return Commands(cli, repo.root)


@pytest.fixture
def run_deploy(cli: Cli, repo: Repo) -> Commands:
    """The same for commands that tell how far they are."""
    return Commands(cli, repo.root, talks=True)


@pytest.fixture
def registry_project(repo: Repo) -> Project:
    """A first model, committed, and the report that speaks for it; nothing is registered."""
    return Project.trained(repo)


@pytest.fixture
def remote(registry_project: Project, tmp_path: Path) -> Path:
    """The bare repository that is the project's origin."""
    return registry_project.publish(tmp_path / "remote.git")


@pytest.fixture
def comparison_project(repo: Repo) -> ComparisonProject:
    """Data without a model; nothing is committed."""
    # Who asks for a forge does not wait for scikit-learn.
    from tests.integration.comparison_project import ComparisonProject

    return ComparisonProject(repo)


@pytest.fixture
def comparison_data(comparison_project: ComparisonProject) -> ComparisonProject:
    """Data without a model, committed."""
    comparison_project.repo.commit("data")
    return comparison_project


@pytest.fixture
def compare(cli: Cli, comparison_project: ComparisonProject) -> Callable[..., Answer]:
    """Compare in that project: words and the exit code, to the answer."""
    from tests.integration.comparison_project import asking

    return asking(cli, comparison_project, "compare")


@pytest.fixture
def rollout_project(repo: Repo, tmp_path: Path) -> Iterator[RolloutProject]:
    """Two environments and an origin, without a version; no server of it is left."""
    from tests.integration.rollout_project import RolloutProject

    made = RolloutProject(repo, tmp_path / "origin.git")
    yield made
    made.clean_up()


@pytest.fixture(scope="session")
def training_origin(preloaded_python: Preloaded | None, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A pipeline that ran, beside its git remote and its storage; tests change copies only."""
    with pytest.MonkeyPatch.context() as patch:
        if preloaded_python:
            preloaded_python.use(patch)
        return training_project.make(tmp_path_factory.mktemp("training"))


@pytest.fixture
def training_clone(training_origin: Repo, tmp_path: Path) -> Repo:
    """A clone without data; its remote is the test's own."""
    shutil.copytree(training_origin.root.parent / "storage", tmp_path / "storage")
    cloned = training_project.clone(training_origin, tmp_path / "clone")
    cloned.run("dvc", "remote", "modify", "--local", "storage", "url", str(tmp_path / "storage"))
    return cloned


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    """A forge that answers, with the repository octo/demo."""
    with running("octo/demo", tmp_path / "forge") as made:
        yield made


@pytest.fixture
def forge_in_environment(forge: Forge, monkeypatch: pytest.MonkeyPatch) -> Forge:
    """The forge, named by the variables that a job has."""
    monkeypatch.setenv("GITHUB_API_URL", forge.address)
    monkeypatch.setenv("GITHUB_REPOSITORY", "octo/demo")
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    return forge


@pytest.fixture
def pauses() -> Pauses:
    """The pauses that the client asked for."""
    return Pauses()


@pytest.fixture
def github_client(forge: Forge, pauses: Pauses) -> GitHub:
    """Our client of the forge, which waits for nothing."""
    return client(forge, pauses=pauses)
