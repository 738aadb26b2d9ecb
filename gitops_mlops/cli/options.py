"""What several commands share: the --json option, how results are printed, and the configuration."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from gitops_mlops.cli.app import Session
from gitops_mlops.domain.errors import UsageError

if TYPE_CHECKING:
    from gitops_mlops.domain.config import Config
    from gitops_mlops.domain.ports import Files

pass_session = click.make_pass_decorator(Session)

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def emit(result: Any, as_json: bool, render: Callable[[Any], str]) -> None:
    """Print a result on standard output: JSON-ready data as it is, or what `render` makes of it."""
    text = json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) if as_json else render(result)
    click.echo(text)


def colour_wanted() -> bool:
    """Whether standard output takes colours: a terminal whose user did not set NO_COLOR."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def progress(message: str) -> None:
    """A line on standard error that says what is going on."""
    click.echo(message, err=True)


def load_config(files: Files) -> Config:
    """`mlops.yaml` of the working tree. Raises UsageError when there is none."""
    # pydantic takes longer to import than most commands take to run.
    from gitops_mlops.domain.config import CONFIG_FILE, parse_config

    content = files.read(CONFIG_FILE)
    if content is None:
        raise UsageError("there is no such file", where=CONFIG_FILE, hint="add one; the README shows how")
    return parse_config(content)
