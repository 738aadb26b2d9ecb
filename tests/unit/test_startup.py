"""What people wait for most often must stay light: `--help`, hooks, the registry."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gitops_mlops
from gitops_mlops.cli.app import root
from gitops_mlops.cli.commands import COMMANDS, help_text
from tests.conftest import Repo

HEAVY = {
    "pandas",
    "polars",
    "numpy",
    "scipy",
    "sklearn",
    "skops",
    "pandera",
    "dvc",
    "starlette",
    "uvicorn",
    "urllib3",
}


def command_line(
    *words: str, folder: Path | None = None, python: tuple[str, ...] = (), path: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `python -m gitops_mlops WORDS` in a folder, installed or not."""
    ours = str(Path(gitops_mlops.__file__).parents[1])
    return subprocess.run(
        [sys.executable, *python, "-m", "gitops_mlops", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ours, "PATH": path or os.environ["PATH"]},
    )


def modules_of(*words: str, folder: Path | None = None) -> set[str]:
    """The modules that it imports."""
    done = command_line(*words, folder=folder, python=("-X", "importtime"))
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def imported_by(*words: str) -> set[str]:
    """The top-level packages that it imports."""
    return {module.partition(".")[0] for module in modules_of(*words)}


@pytest.mark.parametrize("words", [["--help"], [], ["--version"]])
def test_top_level_answers_import_next_to_nothing(words: list[str]) -> None:
    assert not imported_by(*words) & (HEAVY | {"click", "pydantic", "yaml"})


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_help_of_a_command_imports_no_data_library(command: str) -> None:
    assert not imported_by(command, "--help") & HEAVY


def test_every_row_of_the_table_is_a_command() -> None:
    context = root.make_context("gitops-mlops", [], resilient_parsing=True)
    for row in COMMANDS:
        command = root.get_command(context, row.name)
        assert command is not None
        assert command.name == row.name
        assert f"  {row.name} " in help_text()
        assert row.summary in help_text()


def test_help_fits_a_terminal() -> None:
    assert max(map(len, help_text().splitlines())) <= 100


def test_looking_waits_for_no_module_that_it_does_not_need(repo: Repo) -> None:
    """The adapter is imported, which may name the Protocols for type checkers only."""
    repo.commit()
    repo.tag("m@v1.0.0")
    modules = modules_of("show", folder=repo.root)
    assert "gitops_mlops.adapters.git.repository" in modules
    unneeded = {"pydantic", "yaml", "json", "difflib", "gitops_mlops.domain.ports", "gitops_mlops.domain.config.root"}
    assert not modules & (HEAVY | unneeded)


def test_validating_a_file_waits_for_no_module_that_it_does_not_need(tmp_path: Path) -> None:
    """NumPy counts separators only where quotes, blanks or nulls leave something open."""
    (tmp_path / "c.yaml").write_text("version: 1\ncolumns:\n  day: {type: date}\n  n: {type: int8}\n")
    (tmp_path / "d.csv").write_text("day,n\n2013-01-01,1\n2013-01-02,2\n")
    modules = modules_of("validate", "--contract", "c.yaml", "--data", "d.csv", folder=tmp_path)
    assert "polars" in modules
    ours = {
        f"gitops_mlops.domain.{name}" for name in ("config.root", "contracts.inference", "contracts.compatibility")
    }
    assert not modules & ((HEAVY - {"polars"}) | ours)


@pytest.mark.parametrize("words", [("show",), ("history",), ("show", "m@v1.0.0"), ("-C", ".", "show")])
def test_looking_takes_few_git_processes(repo: Repo, tmp_path: Path, words: tuple[str, ...]) -> None:
    """One that reads all tags, begun before Python has imported the rest, and one that finds the repository.

    `history` also tells what the ledger says was withdrawn, and asks whether there is one.
    """
    repo.commit()
    repo.tag("m@v1.0.0")
    (repo.root / "below").mkdir()
    log, wrapper = tmp_path / "log", tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\necho "$1" >> {log}\nexec {shutil.which("git")} "$@"\n')
    wrapper.chmod(0o755)
    path = f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}"
    done = command_line(*words, folder=repo.root / "below", path=path)
    assert done.returncode == 0, done.stderr
    assert "v1.0.0" in done.stdout
    ledger = ["for-each-ref"] if words == ("history",) else []
    assert sorted(log.read_text().split()) == [*ledger, "for-each-ref", "rev-parse"]


@pytest.mark.parametrize(
    ("path", "code", "line"), [(None, 2, "not a git repository"), (os.devnull, 4, "git cannot be started")]
)
def test_tags_that_cannot_be_begun_are_one_line(tmp_path: Path, path: str | None, code: int, line: str) -> None:
    done = command_line("show", folder=tmp_path, path=path)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1)
    assert line in done.stderr
