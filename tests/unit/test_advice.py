"""What messages and help advise can be done."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

import gitops_mlops
from gitops_mlops.cli.app import root
from gitops_mlops.cli.commands import COMMANDS

SOURCES = sorted(Path(gitops_mlops.__file__).parent.rglob("*.py"))


def test_messages_name_commands_that_exist() -> None:
    known = {row.name for row in COMMANDS}
    named = {
        (path.name, match[1])
        for path in SOURCES
        for match in re.finditer(r"gitops-mlops ([a-z]+)\b", path.read_text("utf-8"))
    }
    assert len(named) > len(known)
    assert not {(file, word) for file, word in named if word not in known}


@pytest.mark.parametrize("name", [row.name for row in COMMANDS])
def test_help_holds_no_control_characters(name: str) -> None:
    context = root.make_context("gitops-mlops", [], resilient_parsing=True)
    command = root.get_command(context, name)
    assert command is not None
    text = command.get_help(click.Context(command, info_name=name))
    assert not re.findall(r"[\x00-\x09\x0b-\x1f\x7f]", text)
