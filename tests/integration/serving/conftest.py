"""Servers as processes of their own; they are gone when a test ends."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_mlops.serving.__main__ import main
from gitops_mlops.serving.server import ModelServer
from tests.integration.serving.running import Refuse, Running, Serve, command, environment, write_bundle


@pytest.fixture(scope="session")
def made_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("bundle") / "delay")


@pytest.fixture
def bundle(made_bundle: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(made_bundle, tmp_path / "bundle"))


def _start(bundle: Path, *options: str) -> Running:
    process = subprocess.Popen(
        command(bundle, *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise AssertionError(f"the server ended: {process.communicate()[1]}")
    return Running(process, line)


def _end(running: Running) -> None:
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers; they are gone when the test ends."""
    started: list[Running] = []

    def start(bundle: Path, *options: str) -> Running:
        started.append(_start(bundle, *options))
        return started[-1]

    yield start
    for running in started:
        _end(running)


@pytest.fixture(scope="module")
def server(made_bundle: Path) -> Iterator[Running]:
    """One server for all the questions of a module."""
    running = _start(made_bundle)
    yield running
    _end(running)


@pytest.fixture(scope="module")
def logging_server(made_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server that keeps what it is asked."""
    running = _start(made_bundle, "--log-dir", str(tmp_path_factory.mktemp("log")))
    yield running
    _end(running)


@pytest.fixture
def refuse(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Start what must not start, in this process (imports take seconds): its exit code and its one line."""

    def serves(self: ModelServer, sockets: object = None) -> None:
        raise AssertionError("it serves")

    def start(bundle: Path, *options: str) -> tuple[int, str]:
        monkeypatch.setattr(ModelServer, "run", serves)
        code = main(["--bundle", str(bundle), "--port", "0", *options])
        out, err = capsys.readouterr()
        assert out == ""
        assert len(err.splitlines()) == 1, err
        return code, err.strip()

    return start
