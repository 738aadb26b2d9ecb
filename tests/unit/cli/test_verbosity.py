"""`-v`: what is done is said on standard error, by nobody else, and whoever wrote a name commands nothing by it."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gitops_mlops.adapters.git import running
from gitops_mlops.cli import verbosity
from gitops_mlops.cli.app import root
from gitops_mlops.cli.commands import COMMANDS
from gitops_mlops.log import Logger
from tests.conftest import Cli, Repo
from tests.fakes.forge import TOKEN
from tests.fakes.forge import running as forge_running
from tests.fakes.runner import commands
from tests.integration.forge_client import client
from tests.integration.registry_project import Project
from tests.unit.test_startup import command_line, modules_of

LINE = re.compile(r"\d\d:\d\d:\d\d\.\d{3} (INFO |DEBUG) gitops_mlops[.\w]*: .+")
HOSTILE = [
    "a\n::error file=x::b",
    "a\r\n::set-output name=x::y",
    "\x1b]0;title\x07",
    "\x1b[2J",
    "##[add-mask]abc",
    "a\u2028::warning::b",
    "\u202eabc",
    "a\x85::stop-commands::b",
    "a\x0b::error::b",
]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """Details are said until the test ends."""
    verbosity.begin(2)
    yield capsys
    verbosity.end()


@pytest.mark.parametrize(
    ("words", "levels"),
    [
        (["show"], set()),
        (["-v", "show"], {"INFO "}),
        (["show", "-v"], {"INFO "}),
        (["show", "--verbose"], {"INFO "}),
        (["-vv", "show"], {"INFO ", "DEBUG"}),
        (["show", "-vv"], {"INFO ", "DEBUG"}),
        (["-v", "show", "-v"], {"INFO ", "DEBUG"}),
        (["ledger", "-v", "show"], {"INFO "}),
    ],
)
def test_every_line_is_of_a_level_that_was_wanted(cli: Cli, repo: Repo, words: list[str], levels: set[str]) -> None:
    repo.commit()
    repo.tag("m@v1.0.0")
    quiet = cli(*(word for word in words if not word.startswith("-")), folder=repo.root)
    answer = cli(*words, folder=repo.root)
    assert (answer.code, answer.out) == (quiet.code, quiet.out)
    lines = [line for line in answer.err.splitlines() if line not in quiet.err.splitlines()]
    assert all(LINE.fullmatch(line) for line in lines), answer.err
    assert {line.split(" ", 1)[1][:5] for line in lines} == levels
    assert ("git rev-parse ended with 0" in answer.err) == bool(levels)
    assert cli("show", folder=repo.root).err == "", "what one command wants, the next one does not"


def leaves(command: click.Command) -> list[click.Command]:
    if not isinstance(command, click.Group):
        return [command]
    return [command, *(leaf for inner in command.commands.values() for leaf in leaves(inner))]


@pytest.mark.parametrize("name", [row.name for row in COMMANDS])
def test_every_command_takes_it_once(name: str) -> None:
    context = root.make_context("gitops-mlops", [], resilient_parsing=True)
    # Asked for twice, it is still there once.
    assert root.get_command(context, name) is not None
    command = root.get_command(context, name)
    assert command is not None
    for one in leaves(command):
        assert sum("-v" in param.opts for param in one.params) == 1, one.name


def test_a_decision_is_said_with_what_was_asked(cli: Cli, repo: Repo) -> None:
    project = Project.trained(repo)
    answer = cli("register", "delay", "-vv", folder=repo.root)
    assert answer.code == 0, answer.err
    assert re.search(r"requested of delay: RegisterRequest\(", answer.err)
    assert re.search(r"decided for delay: \w+, ", answer.err)
    assert f"made the tag delay@v0.0.1 of {project.repo.git('rev-parse', 'HEAD').strip()}" in answer.err


def test_an_environment_variable_stands_for_it(cli: Cli, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit()
    monkeypatch.setenv("GITOPS_MLOPS_VERBOSE", "1")
    assert "git rev-parse ended" in cli("show", folder=repo.root).err
    monkeypatch.setenv("GITOPS_MLOPS_VERBOSE", "")
    monkeypatch.setenv("GITOPS_MLOPS_SHOW_VERBOSE", "2")
    assert " DEBUG " in cli("show", folder=repo.root).err


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_strangers_commands_neither_a_runner_nor_a_terminal(
    said: pytest.CaptureFixture[str], text: str
) -> None:
    Logger("gitops_mlops.x").info("%s", text)
    Logger("gitops_mlops.x").debug(text.replace("%", "%%"))
    shown = said.readouterr().err
    assert [bool(LINE.fullmatch(line)) for line in re.split(r"[\r\n]", shown.removesuffix("\n"))] == [True, True]
    assert commands(shown) == []
    assert "##[" not in shown
    assert all(sign.isprintable() or sign == "\n" for sign in shown)


def test_a_hostile_file_name_is_one_line(cli: Cli, repo: Repo) -> None:
    repo.commit(**{"mlops.yaml": "version: 1\n", "a\n::error::b.yaml": "x"})
    answer = cli("-vv", "hook", "contracts", "--", "a\n::error::b.yaml", folder=repo.root)
    assert commands(answer.err) == []
    assert " DEBUG " in answer.err


def test_secrets_are_masked_whoever_names_them(
    said: pytest.CaptureFixture[str], repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMOTE_TOKEN", "feathers-and-wax")
    verbosity.begin(2)
    # Nothing listens at port 1.
    running.run(["ls-remote", "http://ada:hunter22@127.0.0.1:1/x"], repo.root)
    running.run(["-c", "http.extraheader=AUTHORIZATION: basic eDpoaQ==", "version"], repo.root)
    running.run(["rev-parse", "--verify", "--quiet", "feathers-and-wax"], repo.root)
    Logger("gitops_mlops.x").info("%s", {"Authorization": "Bearer abc.def"})
    shown = said.readouterr().err
    assert shown.count("***") >= 4
    for secret in ("hunter22", "eDpoaQ==", "feathers-and-wax", "abc.def"):
        assert secret not in shown


def test_requests_to_a_forge_are_told_without_the_token(said: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with forge_running("octo/demo", tmp_path / "forge") as forge:
        client(forge).issues("bug")
    shown = said.readouterr().err
    assert re.search(r"GET /repos/octo/demo/\S+ of \S+ answered 200 after \d", shown), shown
    assert TOKEN not in shown
    assert "uthorization" not in shown


def test_who_does_not_listen_imports_nothing(repo: Repo) -> None:
    repo.commit()
    repo.tag("m@v1.0.0")
    for words in (["show"], ["show", "--help"], ["--help"]):
        assert "logging" not in modules_of(*words, folder=repo.root)
    assert "logging" in modules_of("show", "-v", folder=repo.root)


def test_a_program_that_imports_us_hears_the_standard_logger(caplog: pytest.LogCaptureFixture, repo: Repo) -> None:
    with caplog.at_level(logging.INFO, logger="gitops_mlops"):
        running.run(["version"], repo.root)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("gitops_mlops.adapters.git.running", "INFO")
    assert record.module == "running"


def test_standard_error_that_takes_nothing_stops_no_command(repo: Repo) -> None:
    repo.commit()
    done = command_line("-vv", "show", folder=repo.root)
    assert done.returncode == 0
    with Path("/dev/full").open("w") as full:
        again = subprocess.run(
            [sys.executable, "-m", "gitops_mlops", "-vv", "show"],
            cwd=repo.root,
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
            text=True,
        )
    assert (again.returncode, again.stdout) == (0, done.stdout)
