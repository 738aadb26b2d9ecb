"""What people wait for most often must stay light: `--help`, hooks, the registry."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gitops_mlops.cli.app import root
from gitops_mlops.cli.commands import COMMANDS, help_text

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


def imported_by(*words: str) -> set[str]:
    """The top-level packages that `python -m gitops_mlops WORDS` imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gitops_mlops", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


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
