"""`gitops-mlops init`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, json_option, pass_session
from gitops_mlops.domain.errors import DONE, UsageError
from gitops_mlops.reports.scaffold import plan_data, plan_text


@click.command(epilog="Example: gitops-mlops init flights --template classification")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--template", metavar="NAME", help="What the new project is made from: classification.")
@click.option("--toolkit", default="", metavar="REF", help="OWNER/REPOSITORY@SHA that the workflows call.")
@click.option("--branch", default="", help="The branch that is released from [default: git's].")
@click.option("--dvc-remote", default="", metavar="URL", help="Where DVC keeps data and models.")
@json_option
@pass_session
def init(
    session: Session,
    folder: Path | None,
    template: str | None,
    toolkit: str,
    branch: str,
    dvc_remote: str,
    as_json: bool,
) -> int:
    """Make a new project in FOLDER, from a template.

    It is committed once, so that a later version of the toolkit can tell your changes from its own.
    """
    if folder is None or template is None:
        known = ", ".join(bootstrap.templates().names())
        raise UsageError("a new project needs a folder and a template", hint=f"--template, one of: {known}")
    target = (session.folder / folder).resolve()
    plan = bootstrap.new_project(target, template, bootstrap.toolkit(toolkit), branch, dvc_remote)
    emit(plan, as_json, plan_text, partial(plan_data, written=True))
    return DONE
