"""What the commands that write the registry share: their options, and how they say what they did."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from gitops_mlops.cli.options import emit, json_option, mark, warn
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST, FileProblemLine
from gitops_mlops.domain.registry.change import ChangeState, RegistryChange
from gitops_mlops.domain.registry.evidence import PULL_REQUEST, REGISTERED_BY, RUN, Trailer
from gitops_mlops.reports.registry.registry import change_data, change_text

if TYPE_CHECKING:
    from gitops_mlops.usecases.registry.registrar import Registrar

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--run", default="", help="The address of the run that does this, to be recorded."),
    click.option("--pull-request", default="", help="The pull request that led to it, to be recorded."),
    click.option("--by", default="", envvar="GITHUB_ACTOR", help="Who requested it, if not the tagger."),
    click.option("--dry-run", is_flag=True, help="Print what would be done, and write nothing."),
    click.option(
        "--push",
        is_flag=True,
        help="Decide on what origin has, and push the tag there; a tag that origin rejects is deleted.",
    ),
    json_option,
)


def writing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that `shared_request` and `say` are for."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def shared_request(run: str, pull_request: str, by: str, dry_run: bool, push: bool) -> dict[str, Any]:
    """The options as the fields that every request to write has."""
    notes: tuple[Trailer, ...] = ((RUN, run), (PULL_REQUEST, pull_request), (REGISTERED_BY, by))
    return {"notes": notes, "dry_run": dry_run, "push": push}


def say(change: RegistryChange, registrar: Registrar, as_json: bool, dry_run: bool, push: bool, **_: str) -> int:
    """Record and print what was done; the exit code."""
    from gitops_mlops.usecases.lineage.record import record_change

    repository = registrar.repository
    recorded = [] if dry_run else record_change(change, repository, registrar.ledger, registrar.clock, push)
    warn([*change.warnings, *recorded])
    mark(
        FileProblemLine("", 0, 0, one.rule, f"{change.summary}: {one.observed}", f"needed: {one.requirement}")
        for one in change.refusals
    )
    emit(change, as_json, change_text, change_data)
    registrar.acknowledge(change)
    return VERDICT_AGAINST if change.state is ChangeState.REFUSED else DONE
