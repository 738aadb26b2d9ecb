"""The root command: finds the command that was asked for, and turns every failure into a line and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitops_mlops import __version__
from gitops_mlops.cli.commands import COMMANDS, help_text
from gitops_mlops.cli.environment import PREFIX, given, name_variable, prefix_of
from gitops_mlops.cli.streams import discard
from gitops_mlops.domain.errors import BUG, DONE, INTERRUPTED, ConfigError, ExternalError, MlopsError, UsageError
from gitops_mlops.domain.extras import missing_extra
from gitops_mlops.domain.faults import of_the_machine
from gitops_mlops.domain.names import suggest
from gitops_mlops.reports.rendering.terminal import printable

if TYPE_CHECKING:
    from gitops_mlops.adapters.git.tags import TagStream
    from gitops_mlops.cli.github import JobStep


@dataclass
class Session:
    """What every command can rely on: the folder it was started in, and its tags when reading them was begun.

    `step` is the step of a GitHub job that it is, `verbosity` how often `-v` was given.
    """

    folder: Path
    tags: TagStream | None = None
    debug: bool = False
    step: JobStep | None = None
    verbosity: int = 0


class Root(click.Group):
    """Commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [command.name for command in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for command in COMMANDS:
            if command.name == cmd_name:
                found = getattr(importlib.import_module(f"gitops_mlops.cli.{command.module}"), command.attribute)
                assert isinstance(found, click.Command)
                return _audible(found)
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None:
            raise UsageError(f"there is no command {name!r}", hint=suggest(name, self.list_commands(ctx)))
        if ctx.obj.step is not None:
            ctx.obj.step.command = name
        found = super().resolve_command(ctx, args)
        if found[1] is not None and any(variable.startswith(prefix_of(name)) for variable in os.environ):
            ctx.default_map = {name: given(found[1], (name,), os.environ)}
        return found

    def get_help(self, ctx: click.Context) -> str:
        return help_text()


def _begin_step(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Before anything else is looked at, so that whatever is wrong is told to GitHub too."""
    if wanted and not ctx.resilient_parsing:
        from gitops_mlops.cli.github import JobStep

        ctx.obj.step = JobStep()


def _debug(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not ctx.resilient_parsing:
        ctx.obj.debug = wanted


def _listen(ctx: click.Context, _: click.Parameter, times: int) -> None:
    session = ctx.find_object(Session)
    if times and session is not None and not ctx.resilient_parsing:
        # `logging` takes longer to import than a look at the registry may.
        from gitops_mlops.cli import verbosity

        session.verbosity += times
        verbosity.begin(session.verbosity)


_VERBOSE: dict[str, Any] = {
    "count": True,
    "is_eager": True,
    "expose_value": False,
    "callback": _listen,
    "help": "Log each step to standard error; -vv logs details.",
}


def _audible(command: click.Command) -> click.Command:
    """The command with `-v`, which may be given before a verb and after it."""
    if not any("--verbose" in param.opts for param in command.params):
        command.params.append(click.Option(["-v", "--verbose"], **_VERBOSE))
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _audible(inner)
    return command


@click.group(cls=Root)
@click.option(
    "-C", "folder", type=click.Path(path_type=Path), default=Path(), envvar=f"{PREFIX}_FOLDER", help="Start here."
)
@click.option(
    "--debug",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_debug,
    envvar=f"{PREFIX}_DEBUG",
    help="Show tracebacks.",
)
@click.option(
    "--github",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_begin_step,
    envvar=f"{PREFIX}_GITHUB",
    help="Annotate, set outputs and write the summary of a GitHub job.",
)
@click.option("-v", "--verbose", envvar=f"{PREFIX}_VERBOSE", **_VERBOSE)
@click.version_option(__version__, message="gitops-mlops %(version)s")
@click.pass_context
def root(ctx: click.Context, folder: Path) -> None:
    try:
        ctx.obj.folder = folder.absolute()
    except FileNotFoundError as error:
        raise UsageError("the current folder was deleted", hint="cd into one that exists, or use -C DIR") from error
    if ctx.obj.step is not None:
        ctx.obj.step.folder = ctx.obj.folder


def run(words: list[str], tags: TagStream | None = None) -> int:
    """Run one command line; the exit code. `tags` are those of the current folder, begun to be read."""
    session = Session(Path(), tags)
    code = _run(words, session)
    if session.verbosity:
        from gitops_mlops.cli import verbosity

        verbosity.end()
    return code if session.step is None else session.step.finish(code)


def _run(words: list[str], session: Session) -> int:
    output = sys.stdout
    try:
        code = root.main(args=words, prog_name="gitops-mlops", standalone_mode=False, obj=session)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except BrokenPipeError:
        discard(sys.stdout)
        return DONE
    except SystemExit as error:
        if sys.stdout is not output:
            # The reader of a help text went away: click wraps the stream and exits with 1, which is a verdict here.
            sys.stdout = output
            discard(output)
            return DONE
        return fail(ExternalError(f"loaded code ended the program (exit {error.code})"), session.step)
    except (KeyboardInterrupt, click.Abort, click.ClickException) as error:
        return fail(error, session.step)
    except Exception as error:
        # Of an error that we foresaw, the line says all that a user can act on.
        if session.debug or (session.verbosity and not isinstance(error, MlopsError)):
            _say_traceback(error)
        return fail(error, session.step)


def _say_traceback(error: Exception) -> None:
    from gitops_mlops.cli.verbosity import traceback_lines

    try:
        click.echo("\n".join(traceback_lines(error)), err=True)
    except OSError:
        discard(sys.stderr)


def fail(error: BaseException, step: JobStep | None = None) -> int:
    """Say what stopped a command, in one line (or one for each problem of a file); the exit code."""
    lines, code = _told(error)
    say_error(*lines)
    if step is not None and code != INTERRUPTED:
        step.failed(error, lines)
    return code


def _told(error: BaseException) -> tuple[list[str], int]:
    error = missing_extra(error) or error
    match error:
        case KeyboardInterrupt() | click.Abort():
            return ["interrupted"], INTERRUPTED
        case ConfigError():
            return [str(problem) for problem in error.problems], error.exit_code
        case MlopsError():
            return [str(error)], error.exit_code
        case click.ClickException():
            name_variable(error)
            context = getattr(error, "ctx", None)
            hint = f" → {context.command_path} --help" if context else ""
            return [f"{error.format_message()}{hint}"], UsageError.exit_code
        case OSError() if error.strerror:
            place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
            return [f"{place}{error.strerror} → run it with -v to see where"], ExternalError.exit_code
        case _ if of_the_machine(error):
            return ["the memory of this machine is full → free some, or give it more"], ExternalError.exit_code
        case _:
            kind = type(error).__name__
            line = f"this is a bug in gitops-mlops ({kind}: {error}) → report it {_tracker()}, with what -v prints"
            return [line], BUG


def _tracker() -> str:
    """Where bugs are reported: at the repository that this installation comes from."""
    try:
        from gitops_mlops import bootstrap

        address = bootstrap.issue_tracker()
    except Exception:
        # Whatever is broken already must not hide what broke first.
        address = ""
    return f"at {address}" if address else "in the issues of gitops-mlops"


def say_error(*lines: str) -> None:
    """Print on standard error; what it does not take is lost, and the exit code still tells."""
    # Messages quote files and answers that strangers wrote.
    shown = "\n".join(printable(line) for line in lines)
    try:
        click.echo(f"{click.style('error:', fg='red', bold=True)} {shown}", err=True)
    except OSError:
        discard(sys.stderr)
