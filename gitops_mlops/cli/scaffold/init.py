"""`gitops-mlops init`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import colour_wanted, emit, json_option, pass_session
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST, UsageError
from gitops_mlops.domain.pipeline.lock_text import MERGE_COMMAND, MERGE_DRIVER
from gitops_mlops.reports.scaffold.scaffold import diff_text, plan_data, plan_text

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import Repository
    from gitops_mlops.domain.scaffold.plan import ScaffoldPlan


@click.command(epilog="Example: gitops-mlops init flights --template classification --dvc-remote s3://bucket/flights")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--template", default="", metavar="NAME", help="classification, regression or forecasting.")
@click.option("--update", is_flag=True, help="Bring what init wrote to the version of this toolkit.")
@click.option("--toolkit", default="", metavar="REF", help="OWNER/REPO@SHA to be called [default: this one].")
@click.option("--branch", default="", help="The branch that is released from [default: git's].")
@click.option("--dvc-remote", default="", metavar="URL", help="Where DVC keeps data and models.")
@click.option("--model", default="", help="Existing repository: the artifact of dvc.yaml to begin with.")
@click.option("--data", default="", metavar="PATH", help="Existing repository: the table that it is evaluated on.")
@click.option("--target", default="", metavar="COLUMN", help="Existing repository: the column of labels.")
@click.option("--task", default="", help="Existing repository: what it predicts [default: inferred from the labels].")
@click.option("--positive", default="", metavar="LABEL", help="Existing repository: the positive one of two labels.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@json_option
@pass_session
def init(
    session: Session, /, folder: Path | None, template: str, update: bool, yes: bool, as_json: bool, **given: str
) -> int:
    """Make a new project in FOLDER from a template; or, without one, add the toolkit to this repository.

    A new project is ready for `dvc repro` and committed once. In a repository that exists, the diff is shown, and
    written after a yes: workflows, hooks, a first mlops.yaml and contracts. What is there already stays as it is.
    --update merges what the toolkit changed since into the files that it wrote; your changes stay, and where both
    changed the same lines both are kept between git's marks. Exit code 1 then.
    """
    if folder is not None or template:
        if update or folder is None or not template:
            known = ", ".join(bootstrap.templates().names())
            raise UsageError("a new project takes a folder and a template", hint=f"init FOLDER --template: {known}")
        return _say(_new(session.folder, folder, template, given), as_json)
    repository = bootstrap.repository(session.folder)
    plan = _update(repository, given) if update else _adoption(repository, given)
    if plan.edits:
        _ask(plan, yes, as_json)
        bootstrap.files(repository.root).write_all(plan.contents())
    bootstrap.clone(repository.root).configure_merge_driver(MERGE_DRIVER, MERGE_COMMAND)
    return _say(plan, as_json)


def _new(start: Path, folder: Path, template: str, given: dict[str, str]) -> ScaffoldPlan:
    from gitops_mlops.usecases.scaffold.new_project import new_project

    _refuse(given, ("toolkit", "branch", "dvc_remote"), "FOLDER")
    target, workshop = (start / folder).resolve(), bootstrap.scaffold_ports(start)
    toolkit = bootstrap.toolkit_reference(given["toolkit"])
    plan = new_project(workshop, target, template, toolkit, given["branch"], given["dvc_remote"])
    bootstrap.clone(target).configure_merge_driver(MERGE_DRIVER, MERGE_COMMAND)
    return plan


def _update(repository: Repository, given: dict[str, str]) -> ScaffoldPlan:
    from gitops_mlops.usecases.scaffold.update import plan_update

    _refuse(given, ("toolkit",), "--update")
    git, files = bootstrap.scaffold_history(repository.root), bootstrap.files(repository.root)
    toolkit = bootstrap.toolkit_reference(given["toolkit"])
    return plan_update(bootstrap.templates(), git, files, bootstrap.index(repository), toolkit)


def _adoption(repository: Repository, given: dict[str, str]) -> ScaffoldPlan:
    from gitops_mlops.domain.scaffold.plan import ScaffoldAnswers, project_name
    from gitops_mlops.usecases.scaffold.draft import DraftAnswers
    from gitops_mlops.usecases.scaffold.existing_repository import plan_adoption

    toolkit = bootstrap.toolkit_reference(given.pop("toolkit"))
    branch = given.pop("branch") or bootstrap.scaffold_history(repository.root).default_branch()
    answers = ScaffoldAnswers(project_name(repository.root.name), branch, toolkit, given.pop("dvc_remote"))
    return plan_adoption(bootstrap.templates(), bootstrap.draft_sources(repository), answers, DraftAnswers(**given))


def _refuse(given: dict[str, str], allowed: tuple[str, ...], what: str) -> None:
    for name, value in given.items():
        if value and name not in allowed:
            raise UsageError(f"does not go with {what}", where=f"--{name.replace('_', '-')}", hint="leave it out")


def _ask(plan: ScaffoldPlan, yes: bool, as_json: bool) -> None:
    """Show the diff and wait for a yes. Raises UsageError where nobody can give one."""
    if yes:
        return
    emit(plan, as_json, lambda plan: _coloured(diff_text(plan)), plan_data)
    if as_json or not sys.stdin.isatty():
        raise UsageError(
            "nothing was written, as there is no terminal to confirm it", hint="review the plan, then add --yes"
        )
    click.confirm("Write this?", abort=True, err=True)


def _coloured(diff: str) -> str:
    if not colour_wanted():
        return diff
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return "\n".join(click.style(line, fg=colours.get(line[:1])) for line in diff.split("\n"))


def _say(plan: ScaffoldPlan, as_json: bool) -> int:
    emit(plan, as_json, plan_text, plan_data)
    return VERDICT_AGAINST if plan.conflicts else DONE
