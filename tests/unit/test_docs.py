"""The documentation says what the program does."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gitops_mlops.cli import verbosity
from gitops_mlops.cli.app import Session, root
from gitops_mlops.cli.commands import COMMANDS
from gitops_mlops.cli.reference import reference

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("C*.md"))]


def test_the_reference_is_current() -> None:
    assert (ROOT / "docs" / "commands.md").read_text("utf-8") == reference(), "run: make docs"


def commands() -> Iterator[tuple[str, click.Command]]:
    context = root.make_context("gitops-mlops", [], resilient_parsing=True)
    for row in COMMANDS:
        command = root.get_command(context, row.name)
        assert command is not None
        yield row.name, command
        if isinstance(command, click.Group):
            yield from ((f"{row.name} {name}", inner) for name, inner in command.commands.items())


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=[name for name, _ in commands()])
def test_a_command_explains_itself(name: str, command: click.Command) -> None:
    assert command.help, f"{name} has no help"
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts} has no help"
    if not isinstance(command, click.Group):
        options = {option for parameter in command.params for option in parameter.opts}
        assert "--json" in options, f"{name} has no --json"
        assert "Example" in (command.epilog or "") + command.help, f"{name} shows no example"


def written_commands() -> Iterator[tuple[str, str]]:
    """Each `$ gitops-mlops …` line of the pages, continuation lines joined."""
    for page in PAGES:
        text = page.read_text("utf-8").replace("\\\n", " ")
        for match in re.finditer(r"^\s*\$ (gitops-mlops .*)$", text, re.MULTILINE):
            yield page.name, match[1].partition("  #")[0]


@pytest.mark.parametrize(("page", "line"), sorted(set(written_commands())))
def test_every_command_in_the_pages_can_be_typed(page: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbosity, "begin", lambda _: None)
    words = shlex.split(line)[1:]
    if words in (["--help"], ["--version"]):
        return
    command: click.Command = root
    context: click.Context | None = None
    while isinstance(command, click.Group):
        context = command.make_context(command.name, list(words), parent=context, obj=Session(Path()))
        _, found, words = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None, f"{page}: {line}"
        command = found
    command.make_context(command.name, list(words), parent=context)


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_links_and_named_files_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
    for path in re.findall(
        r"`((?:gitops_mlops|docs|tests|benchmarks|actions|contracts|pipeline)/[\w./-]+\.\w+)`", text
    ):
        assert (ROOT / path).exists(), f"{page.name} names {path}"
