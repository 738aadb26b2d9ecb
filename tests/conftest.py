"""What every test stands on: an environment of its own, and real git repositories."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from random_order.config import Config as RandomOrder

from tests.preloaded.running import Preloaded

if TYPE_CHECKING:
    from tests.integration.deploy_project import DeployProject

# A busy machine is no defect. CI repeats its examples, so that a failure is of the change; elsewhere they vary.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "explore")

START = datetime(2026, 1, 1, tzinfo=UTC)
# They begin first, so that no worker is left with a minute's test while the others have nothing to do.
LONGEST = ("actions/test_loop.py", "e2e/test_demo.py", "e2e/test_flagship_reports.py", "test_training_in_ci.py")

# Whatever starts in the background ignores Ctrl-C, and hands that on to every program that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first, unless another order was asked for."""
    if not RandomOrder(config).is_enabled:
        items.sort(key=lambda item: not str(item.path).endswith(LONGEST))


def _isolate(patch: pytest.MonkeyPatch, home: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("GIT_", "DVC_", "GITHUB_", "GITOPS_MLOPS_", "XDG_")):
            patch.delenv(name)
    patch.setenv("HOME", str(home))
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    patch.setenv("DVC_NO_ANALYTICS", "1")
    patch.setenv("NO_COLOR", "1")
    (home / ".gitconfig").write_text(
        "[user]\n name = Ada Tester\n email = ada@example.org\n"
        "[init]\n defaultBranch = main\n[advice]\n detachedHead = false\n"
        # Repositories of a few commits: a look for what to pack costs one process for each.
        "[maintenance]\n auto = false\n[gc]\n auto = 0\n"
    )


@pytest.fixture(autouse=True, scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """dvc and python are those of this environment; what fixtures of a module do is isolated as tests are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        _isolate(patch, tmp_path_factory.mktemp("home"))
        yield


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes the user's git, DVC or cache settings."""
    _isolate(monkeypatch, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def preloaded_python(programs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preloaded | None]:
    """The Python that has imported what takes seconds; None where it cannot be."""
    found = Preloaded(tmp_path_factory.mktemp("preloaded"))
    if not found.lay_out():
        yield None
        return
    with found.answering():
        yield found


@pytest.fixture(scope="module")
def preloaded(preloaded_python: Preloaded | None) -> Iterator[None]:
    """What tests and fixtures of a module start as a new Python is forked from one that has the imports behind it."""
    with pytest.MonkeyPatch.context() as patch:
        if preloaded_python:
            preloaded_python.use(patch)
        yield


@pytest.fixture
def preloaded_here(preloaded_python: Preloaded | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for one test of a module that is about new interpreters."""
    if preloaded_python:
        preloaded_python.use(monkeypatch)


class Repo:
    """A real git repository; every commit and tag is a second later than the one before."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._ticks = 0

    def run(self, *words: str, when: datetime | None = None, check: bool = True) -> str:
        """Run a program here; its standard output."""
        if when is None:
            self._ticks += 1
            when = START + timedelta(seconds=self._ticks)
        stamp = when.strftime("%Y-%m-%dT%H:%M:%S+0000")
        environment = {**os.environ, "GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}
        done = subprocess.run(words, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def git(self, *words: str, when: datetime | None = None) -> str:
        return self.run("git", *words, when=when)

    def write(self, path: str, content: str | bytes) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def commit(self, message: str = "change", **files: str | bytes) -> str:
        """Write `files`, add everything, commit; the commit's SHA."""
        for path, content in files.items():
            self.write(path, content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD").strip()

    def tag(self, name: str, commit: str = "HEAD", message: str = "tag", when: datetime | None = None) -> None:
        self.git("tag", "--annotate", "--message", message, name, commit, when=when)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository on branch main."""
    root = tmp_path / "repo"
    root.mkdir()
    made = Repo(root)
    made.git("init", "--quiet", "--initial-branch", "main")
    return made


@pytest.fixture
def deploy_project(repo: Repo) -> Iterator[DeployProject]:
    """Two environments on free ports, without a version; no server of it is left."""
    from tests.integration.deploy_project import DeployProject

    made = DeployProject(repo)
    yield made
    made.clean_up()


@dataclass
class Answer:
    """What a command line said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Answer]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run `gitops-mlops -C FOLDER WORDS...` in this process."""
    from gitops_mlops.cli.app import run

    def call(*words: str, folder: Path) -> Answer:
        capsys.readouterr()
        code = run(["-C", str(folder), *words])
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return call
