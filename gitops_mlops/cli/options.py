"""What several commands share: the --json option, how results are printed, and the configuration."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitops_mlops.cli.app import Session
from gitops_mlops.cli.streams import discard, takes_unicode, write
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.reports.rendering.terminal import printable

if TYPE_CHECKING:
    from gitops_mlops.cli.github import JobStep
    from gitops_mlops.domain.config.root import Config
    from gitops_mlops.domain.errors import FileProblemLine
    from gitops_mlops.domain.ports import Files

pass_session = click.make_pass_decorator(Session)

state_option = click.option(
    "--state",
    type=click.Path(path_type=Path),
    metavar="DIR",
    envvar="GITOPS_MLOPS_STATE",
    callback=lambda context, _, given: context.obj.folder / given if given else None,
    help="Keep the state of what runs there, with bundles and logs, instead of in the repository's .gitops-mlops.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def emit(
    result: Any,
    as_json: bool,
    render: Callable[[Any], str],
    data: Callable[[Any], Any] | None = None,
    markdown: Callable[[Any], str] | None = None,
) -> None:
    """Print a result on standard output: what `render` makes of it, or as JSON what `data` does.

    Without `data` the result is JSON-ready. In the summary of a GitHub job `markdown` stands, or else the text.
    """
    step = _step()
    plain = data(result) if data and (as_json or step) else result
    text = as_text(plain, indent=2) if as_json else render(result)
    if step:
        step.result(plain, text, markdown(result) if markdown else None)
    write(f"{text}\n")


def mark(errors: Iterable[FileProblemLine], warnings: Iterable[FileProblemLine] = ()) -> None:
    """In a GitHub job, annotate the places of what a result is about; the most important first."""
    if step := _step():
        step.mark(errors, warnings)


def warn(warnings: Iterable[str]) -> None:
    """Say what makes the answer doubtful."""
    for warning in warnings:
        progress(f"warning: {warning}")
        if step := _step():
            step.warn(warning)


def _step() -> JobStep | None:
    context = click.get_current_context(silent=True)
    session = context.find_object(Session) if context else None
    return session.step if session else None


def as_text(result: Any, indent: int | None = None) -> str:
    """JSON that standard output can hold, whatever its encoding."""
    import json

    return json.dumps(result, indent=indent, ensure_ascii=not takes_unicode(sys.stdout), allow_nan=False)


def colour_wanted() -> bool:
    """Whether standard output takes colours: a terminal whose user did not set NO_COLOR."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def progress(message: str) -> None:
    """A line on standard error that says what is going on."""
    try:
        click.echo(printable(message), err=True)
    except OSError:
        discard(sys.stderr)


def load_config(files: Files) -> Config:
    """`mlops.yaml` of the working tree. Raises UsageError when there is none."""
    # pydantic takes longer to import than most commands take to run.
    from gitops_mlops.domain.config.parse import parse_config
    from gitops_mlops.domain.config.root import CONFIG_FILE

    content = files.read(CONFIG_FILE)
    if content is None:
        raise UsageError("there is no such file", where=CONFIG_FILE, hint="add one; the README shows how")
    return parse_config(content)
