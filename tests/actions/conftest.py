"""GitHub for scenarios: real workflow files in a real engine, over real repositories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actions.github import GitHub, running
from tests.actions.sources import toolkit


@pytest.fixture(scope="session")
def toolkit_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This working tree as a bare repository, made once."""
    return toolkit(tmp_path_factory.mktemp("toolkit")).folder


@pytest.fixture(scope="session")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of actions are laid out, once for each commit."""
    return tmp_path_factory.mktemp("laid-out")


@pytest.fixture
def github(tmp_path: Path, toolkit_repository: Path, laid_out: Path) -> Iterator[GitHub]:
    with running(tmp_path / "github", toolkit_repository, laid_out) as made:
        yield made
