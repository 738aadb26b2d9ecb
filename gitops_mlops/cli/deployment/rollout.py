"""`gitops-mlops rollout`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, load_config, pass_session, progress, state_option, warn
from gitops_mlops.cli.registry.options import shared_request, writing
from gitops_mlops.domain.errors import UsageError


@click.command(epilog="Example: gitops-mlops rollout production --push")
@click.argument("environment")
@click.option("--no-promote", is_flag=True, help="Promote nothing; only deploy what is assigned.")
@click.option("--web", default="", metavar="ADDRESS", help="Where people see what runs, for the forge's page.")
@state_option
@writing
@pass_session
def rollout(
    session: Session,
    /,
    environment: str,
    no_promote: bool,
    web: str,
    state: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Promote the newest versions to ENVIRONMENT by its policy, deploy them, and roll back what does not serve.

    A version that may not enter yet waits, which is not a failure. One that fails by itself at the health gate, or
    after the switch, is rolled back, and the exit code is 1; after a failure of anything else it is tried again.
    With --push the forge gets a report: its deployments, and an issue for what was rolled back.
    """
    from gitops_mlops.reports.deployment.rollout import rollout_data, rollout_markdown, rollout_text
    from gitops_mlops.usecases.deployment.rollout import rollout as run
    from gitops_mlops.usecases.deployment.rollout_request import RolloutPorts, RolloutRequest

    if web and not web.startswith(("https://", "http://")):
        raise UsageError("is not an address", where=f"--web {web}", hint="write https://…")
    repository = bootstrap.repository(session.folder)
    config = load_config(bootstrap.files(repository.root))
    ports = RolloutPorts(
        bootstrap.registrar(repository),
        bootstrap.bundle_sources(repository, state),
        bootstrap.deploy_ports(repository.root, config, state),
        bootstrap.ledger(repository),
        bootstrap.forge(),
        _tell,
    )
    done = run(RolloutRequest(environment, not no_promote, web=web, **shared_request(**options)), ports)
    emit(done, as_json, rollout_text, rollout_data, rollout_markdown)
    return done.code


def _tell(line: str) -> None:
    doubt = line.removeprefix("warning: ")
    if doubt == line:
        progress(line)
    else:
        warn([doubt])
