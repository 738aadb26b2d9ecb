"""`gitops-mlops demo`."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.options import as_text, json_option
from gitops_mlops.usecases.scaffold.demo import CHAPTERS, CommandOutput, DemoChapter, EditedFile, Event, TypedCommand

WIDTH = 88
_EVENTS = {DemoChapter: "chapter", TypedCommand: "typed", EditedFile: "edited", CommandOutput: "answered"}


@click.command(epilog="Example: gitops-mlops demo --keep --folder flights-demo")
@click.option("--keep", is_flag=True, help="Leave the repository and what runs, to explore.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Where; an empty or new folder [default: a temporary one]."
)
@json_option
def demo(keep: bool, folder: Path | None, as_json: bool) -> None:
    """The whole loop on real flights: pull request, report, merge, version, deployment, prediction.

    Runs in a scratch folder with a repository, a bare remote and a DVC remote of its own; needs no Docker, no
    forge and no network. Every line with a $ is a command that you could type.
    """
    started = time.monotonic()
    with bootstrap.scratch(folder, keep) as scratch:
        show = _show_json if as_json else _show
        if not as_json:
            click.echo(f"The whole loop, in {scratch}")
        with closing(bootstrap.demo(scratch, keep)) as events:
            for event in events:
                show(event)
        if as_json:
            return
        click.echo(f"\nDone in {time.monotonic() - started:.0f} s.", nl=False)
        if keep:
            click.echo(f" Explore it:\n  cd {scratch}/flights\n  gitops-mlops status")
            click.echo("  gitops-mlops deploy --stop staging production    # when you are done")
        else:
            click.echo(" Everything was removed again; --keep leaves it for you to explore.")


def _show(event: Event) -> None:
    match event:
        case DemoChapter(number, title, text):
            head = f"── {number}/{CHAPTERS} {title} "
            click.secho(f"\n{head}{'─' * (WIDTH - len(head))}", bold=True)
            click.echo(text + "\n")
        case TypedCommand(line):
            click.secho(f"$ {line}", fg="cyan")
        case EditedFile(path, removed, added):
            click.secho(f"# edit {path}", fg="cyan")
            for line in removed:
                click.secho(f"  - {line.strip()}", fg="red")
            for line in added:
                click.secho(f"  + {line.strip()}", fg="green")
        case CommandOutput(ended, shown):
            if shown:
                click.echo("".join(f"  {line}\n" for line in ended.output.strip().splitlines()))


def _show_json(event: Event) -> None:
    data: dict[str, Any] = {"event": _EVENTS[type(event)]}
    match event:
        case CommandOutput(ended, _):
            data |= {"code": ended.code, "output": ended.output, "seconds": round(ended.seconds, 3)}
        case _:
            data |= vars(event)
    click.echo(as_text(data))
