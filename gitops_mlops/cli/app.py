"""The root command: finds the command that was asked for, and turns every failure into a line and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from gitops_mlops import __version__
from gitops_mlops.cli.commands import COMMANDS, help_text
from gitops_mlops.domain.errors import DONE, INTERRUPTED, MlopsError, UsageError
from gitops_mlops.domain.names import perhaps
from gitops_mlops.reports.terminal import printable


@dataclass
class Session:
    """What every command can rely on: the folder it was started in."""

    folder: Path


class Root(click.Group):
    """Commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [command.name for command in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for command in COMMANDS:
            if command.name == cmd_name:
                found = getattr(importlib.import_module(f"gitops_mlops.cli.{command.module}"), command.attribute)
                assert isinstance(found, click.Command)
                return found
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None:
            raise UsageError(f"there is no command {name!r}", hint=perhaps(name, self.list_commands(ctx)))
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        return help_text()


@click.group(cls=Root)
@click.option("-C", "folder", type=click.Path(path_type=Path), default=Path(), help="Run as if started here.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(__version__, message="gitops-mlops %(version)s")
@click.pass_context
def root(ctx: click.Context, folder: Path, debug: bool) -> None:
    ctx.obj = Session(folder.absolute())


def run(words: list[str]) -> int:
    """Run one command line; the exit code."""
    debug = "--debug" in words
    try:
        code = root.main(args=words, prog_name="gitops-mlops", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        return INTERRUPTED
    except MlopsError as error:
        if debug:
            raise
        _say(str(error))
        return error.exit_code
    except click.ClickException as error:
        _say(error.format_message())
        return UsageError.exit_code
    except BrokenPipeError:
        # The reader went away (`| head`); Python must not complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        if debug:
            raise
        _say(f"this is a bug in gitops-mlops ({type(error).__name__}: {error}) → run with --debug and report it")
        return MlopsError.exit_code


def _say(message: str) -> None:
    # Messages quote files and answers that strangers wrote.
    shown = "\n".join(printable(line) for line in message.split("\n"))
    click.echo(f"{click.style('error:', fg='red', bold=True)} {shown}", err=True)
