"""`gitops-mlops ledger`: what happened, whether it is true, and what is missing of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, json_option, pass_session, progress
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST
from gitops_mlops.domain.registry.change import ChangeState


@click.group(invoke_without_command=True, epilog="Example: gitops-mlops ledger show --model delay")
@click.pass_context
def ledger(context: click.Context) -> None:
    """What happened: registrations, promotions and deployments, on the branch mlops-ledger.

    Without a command it shows everything.
    """
    if context.invoked_subcommand is None:
        context.invoke(show)


@ledger.command(epilog="Example: gitops-mlops ledger show --environment production --since 2026-11-01")
@click.option("--model", help="Only what happened to this model.")
@click.option("--environment", help="Only what happened in this stage or environment.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="Only from then on (UTC).")
@json_option
@pass_session
def show(session: Session, model: str | None, environment: str | None, since: datetime | None, as_json: bool) -> None:
    """Show what happened, the oldest first; with --json as OpenLineage run events."""
    from gitops_mlops.reports.lineage.ledger import ledger_text
    from gitops_mlops.usecases.lineage.ledger import read_ledger, read_runs

    branch = bootstrap.ledger(bootstrap.repository(session.folder))
    read: Callable[..., tuple[list[Any], list[str]]] = read_runs if as_json else read_ledger
    events, warnings = read(branch, model, environment, since.replace(tzinfo=UTC) if since else None)
    for warning in warnings:
        progress(f"warning: {warning}")
    emit(events, as_json, ledger_text)


@ledger.command(epilog="Example: gitops-mlops ledger verify --json")
@json_option
@pass_session
def verify(session: Session, as_json: bool) -> int:
    """Check the ledger against the tags, the commits and its own history.

    Exits with 1 when something contradicts it: a tag that was moved or is gone, a line that was changed or
    removed, an event that is recorded in two ways. A tag that is not recorded is a warning.
    """
    from gitops_mlops.reports.lineage.ledger import findings_text
    from gitops_mlops.usecases.lineage.ledger import verify

    repository = bootstrap.repository(session.folder)
    findings = verify(repository, bootstrap.ledger(repository))
    emit(findings, as_json, findings_text, lambda found: [finding._asdict() for finding in found])
    return VERDICT_AGAINST if any(finding.wrong for finding in findings) else DONE


@ledger.command(epilog="Example: gitops-mlops ledger withdraw 'delay@v1.2.3' --reason 'wrong commit'")
@click.argument("tag")
@click.option("--reason", required=True, help="The reason, to be recorded.")
@click.option("--revive", is_flag=True, help="Put back into use what the tag took out of use.")
@click.option("--push", is_flag=True, help="Merge what origin has, and push.")
@json_option
@pass_session
def withdraw(session: Session, tag: str, reason: str, revive: bool, push: bool, as_json: bool) -> int:
    """Take back a tag that was never pushed: delete it here, and record that it is withdrawn.

    Refused with 1 when origin has the tag, when something is built on it (an assignment or a deployment), or when it
    took something out of use, unless --revive says so. Where origin has another tag of this name, what only
    this clone recorded of its own is dropped.
    """
    from gitops_mlops.reports.registry.registry import change_data, change_text
    from gitops_mlops.usecases.lineage.withdraw import Withdrawal, withdraw_tag

    repository = bootstrap.repository(session.folder)
    clone, branch = bootstrap.clone(repository.root), bootstrap.ledger(repository)
    change = withdraw_tag(Withdrawal(tag, reason, push, revive), repository, clone, branch, bootstrap.clock())
    emit(change, as_json, change_text, change_data)
    return VERDICT_AGAINST if change.state is ChangeState.REFUSED else DONE


@ledger.command(epilog="Example: gitops-mlops ledger sync --push")
@click.option("--push", is_flag=True, help="Merge what origin has, and push.")
@json_option
@pass_session
def sync(session: Session, push: bool, as_json: bool) -> None:
    """Record every registry tag that is not recorded yet."""
    from gitops_mlops.reports.lineage.ledger import sync_text
    from gitops_mlops.usecases.lineage.record import sync

    repository = bootstrap.repository(session.folder)
    added = sync(repository, bootstrap.ledger(repository), push)
    emit({"added": added, "pushed": push}, as_json, sync_text)
