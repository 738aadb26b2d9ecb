"""`docs/commands.md`: every command and option, out of the commands themselves.

`python -m gitops_mlops.cli.reference` prints it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from gitops_mlops.cli.app import root
from gitops_mlops.cli.commands import COMMANDS, help_text

# What the file holds does not depend on the terminal that it was made in.
_WIDTH = 100

_VARIABLES = (
    "Each option and argument is an environment variable too: `GITOPS_MLOPS_`, the command, and the option's long",
    "name or what help calls the argument, in capitals (`GITOPS_MLOPS_COMPARE_CONFIG_FROM`,",
    "`GITOPS_MLOPS_PROMOTE_STAGE`, `GITOPS_MLOPS_CONTRACT_INFER_OUT`). Flags are `true` or `false`; several values",
    "go on lines of their own. An empty variable counts as unset, and the command line wins. A variable",
    "of a command that has no such option is an error. `GITOPS_MLOPS_FOLDER` is `-C`. `--github` is for the",
    "[steps of a GitHub job](actions.md#what-a-step-reports-to-github).",
)


def reference() -> str:
    """The page, as markdown."""
    lines = [
        "# Commands",
        "",
        "<!-- Made by `make docs`; a test fails while this page differs from the commands. -->",
        "",
        "```text",
        help_text(),
        "```",
        "",
        *_VARIABLES,
    ]
    context = root.make_context("gitops-mlops", [], resilient_parsing=True)
    for row in COMMANDS:
        command = root.get_command(context, row.name)
        assert command is not None
        for name, one in _all(row.name, command):
            lines += ["", f"## `{name}`", "", "```text", _help(name, one), "```"]
    return "\n".join(lines) + "\n"


def _all(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for inner in sorted(command.commands):
            yield from _all(f"{name} {inner}", command.commands[inner])


def _help(name: str, command: click.Command) -> str:
    context = click.Context(
        command, info_name=f"gitops-mlops {name}", terminal_width=_WIDTH, max_content_width=_WIDTH
    )
    return command.get_help(context)


if __name__ == "__main__":
    sys.stdout.write(reference())
