"""`gitops-mlops retire`."""

from __future__ import annotations

from typing import Any

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, load_config, pass_session, progress
from gitops_mlops.cli.registry.options import say, shared_request, writing
from gitops_mlops.domain.errors import DONE


@click.command(epilog="Example: gitops-mlops retire delay#production --reason 'no longer sold' --push")
@click.argument("target", metavar="[MODEL[@VERSION|#STAGE]]", required=False)
@click.option("--reason", default="", help="The reason, to be recorded; required.")
@click.option("--proposed", "proposing", is_flag=True, help="List what the policy of mlops.yaml would retire.")
@writing
@pass_session
def retire(
    session: Session, /, target: str | None, reason: str, proposing: bool, as_json: bool, **options: Any
) -> int:
    """Take a MODEL, one of its versions, or what a stage holds out of use.

    MODEL empties every stage that holds it and retires it. MODEL#STAGE empties the stage. MODEL@VERSION takes a
    version out of use, unless a stage holds it. Nothing is deleted: the tag says who, when and why. What runs in a
    stage that is empty on purpose is stopped by the next `deploy`.
    """
    from gitops_mlops.usecases.registry.retire import RetireRequest
    from gitops_mlops.usecases.registry.retire import retire as take_out

    if proposing:
        if target or reason or options["dry_run"] or options["push"]:
            raise click.UsageError("--proposed lists and does nothing else")
        return _list(session, as_json)
    if target is None:
        raise click.UsageError("name what to retire: MODEL, MODEL@VERSION or MODEL#STAGE")
    wanted = RetireRequest(target, reason, **shared_request(**options))
    registrar = bootstrap.registrar(bootstrap.repository(session.folder))
    return say(take_out(wanted, registrar), registrar, as_json, **options)


def _list(session: Session, as_json: bool) -> int:
    from gitops_mlops.reports.registry.retirement import proposals_data, proposals_text
    from gitops_mlops.usecases.registry.retire import proposed

    repository = bootstrap.repository(session.folder)
    config = load_config(bootstrap.files(repository.root))
    review = proposed(config, repository, bootstrap.ledger(repository), bootstrap.clock())
    for line in review.not_judged:
        progress(line)
    emit(review, as_json, proposals_text, proposals_data)
    return DONE
