"""`gitops-mlops show`, `history`, `register`, `promote` and `rollback`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, json_option, pass_session, warn
from gitops_mlops.cli.registry.options import say, shared_request, writing
from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.registry.semver import VersionBump
from gitops_mlops.reports.registry.registry import event_data, history_text, view_data, view_text

_report = click.option(
    "--report", type=click.Path(path_type=Path), help="The report.json with the model's comparison."
)


@click.command(epilog="Example: gitops-mlops show delay#production --json")
@click.argument("reference", required=False)
@json_option
@pass_session
def show(session: Session, reference: str | None, as_json: bool) -> None:
    """Show every model, or what REFERENCE names: MODEL, MODEL@v1.2.3, MODEL@latest or MODEL#stage."""
    from gitops_mlops.usecases.registry.show import show

    repository = bootstrap.repository(session.folder, session.tags)
    view, warnings = show(repository, reference, bootstrap.gto_file(repository.root))
    warn(warnings)
    emit(view, as_json, view_text, view_data)


@click.command(epilog="Example: gitops-mlops history delay")
@click.argument("model", required=False)
@json_option
@pass_session
def history(session: Session, model: str | None, as_json: bool) -> None:
    """Show what happened to every model, or to MODEL, newest first."""
    from gitops_mlops.usecases.registry.history import history

    repository = bootstrap.repository(session.folder, session.tags)
    events, warnings = history(repository, model, bootstrap.ledger(repository))
    warn(warnings)
    emit(events, as_json, history_text, lambda told: [event_data(event) for event in told])


@click.command(epilog="Example: gitops-mlops register delay --report report.json --push")
@click.argument("model")
@click.option("--version", help="The version, as v1.2.3 [default: the next patch].")
@click.option("--bump-major", "bump", flag_value=VersionBump.MAJOR.value, help="The next major version.")
@click.option("--bump-minor", "bump", flag_value=VersionBump.MINOR.value, help="The next minor version.")
@click.option(
    "--bump-patch", "bump", flag_value=VersionBump.PATCH.value, help="The next patch, though the file is the same."
)
@click.option("--revive", is_flag=True, help="Bring back a retired model, or a version that was taken out of use.")
@click.option("--rev", default="HEAD", show_default=True, help="The commit whose dvc.lock records the model.")
@_report
@writing
@pass_session
def register(
    session: Session,
    /,
    model: str,
    version: str | None,
    bump: str | None,
    revive: bool,
    rev: str,
    report: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Register the model at a commit as a version: an annotated tag that carries the evidence."""
    from gitops_mlops.usecases.registry.register import RegisterRequest, register

    if version and bump:
        raise click.UsageError("give a --version or a bump, not both")
    repository = bootstrap.repository(session.folder)
    wanted = RegisterRequest(
        model,
        rev,
        version,
        VersionBump(bump) if bump else None,
        _read(session, report),
        revive,
        **shared_request(**options),
    )
    registrar = bootstrap.registrar(repository)
    return say(register(wanted, registrar, bootstrap.data_store(repository)), registrar, as_json, **options)


@click.command(epilog="Example: gitops-mlops promote delay@v1.2.3 production --push")
@click.argument("reference", metavar="MODEL[@VERSION]")
@click.argument("stage")
@click.option("--revive", is_flag=True, help="Let a version return to a stage that it was taken out of.")
@_report
@click.option("--config-from", metavar="REV", help="Read mlops.yaml and .gto from this revision, instead of HEAD.")
@writing
@pass_session
def promote(
    session: Session,
    /,
    reference: str,
    stage: str,
    revive: bool,
    report: Path | None,
    config_from: str | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Assign a version (the latest when none is named) to STAGE, an environment of mlops.yaml.

    The committed mlops.yaml says what a version must bring to enter.
    """
    from gitops_mlops.usecases.config.committed_rules import committed_rules
    from gitops_mlops.usecases.registry.promote import PromoteRequest, promote

    repository = bootstrap.repository(session.folder)
    rules = committed_rules(repository, config_from)
    registrar = bootstrap.registrar(repository)
    wanted = PromoteRequest(reference, stage, _read(session, report), revive, **shared_request(**options))
    change = promote(wanted, rules, registrar, bootstrap.tag_evidence(repository), bootstrap.forge())
    return say(change, registrar, as_json, **options)


@click.command(epilog="Example: gitops-mlops rollback delay production --reason 'recall fell' --push")
@click.argument("model")
@click.argument("stage")
@click.option("--reason", default="", help="The reason, to be recorded.")
@writing
@pass_session
def rollback(session: Session, /, model: str, stage: str, reason: str, as_json: bool, **options: Any) -> int:
    """Assign the version again that was in STAGE before; a second time goes one further back."""
    from gitops_mlops.usecases.registry.rollback import RollbackRequest, rollback

    wanted = RollbackRequest(model, stage, reason, **shared_request(**options))
    registrar = bootstrap.registrar(bootstrap.repository(session.folder))
    return say(rollback(wanted, registrar), registrar, as_json, **options)


def _read(session: Session, path: Path | None) -> tuple[str, bytes] | None:
    if path is None:
        return None
    from gitops_mlops.domain.comparison.report import MAX_REPORT_BYTES

    content = bootstrap.read_file(session.folder / path, MAX_REPORT_BYTES)
    if content is None:
        raise MissingEvidence("there is no such file", where=str(path), hint="gitops-mlops compare writes it")
    return str(path), content
