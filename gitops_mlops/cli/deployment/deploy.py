"""`gitops-mlops deploy`, `status` and `predict`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.issues import issues_option, keep
from gitops_mlops.cli.options import emit, json_option, load_config, pass_session, progress, state_option
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST, UsageError

_MODEL = click.option("--model", metavar="NAME", help="Only this model.")
_ENVIRONMENTS = click.argument("environments", nargs=-1, metavar="[ENVIRONMENT]...")


@click.command(epilog="Example: gitops-mlops deploy staging")
@_ENVIRONMENTS
@_MODEL
@click.option("--dry-run", is_flag=True, help="Print what would be done.")
@click.option("--stop", "stopping", is_flag=True, help="Stop what runs in the environments, on purpose.")
@click.option("--push", is_flag=True, help="Push to origin what the ledger keeps of it.")
@state_option
@json_option
@pass_session
def deploy(
    session: Session,
    /,
    environments: tuple[str, ...],
    model: str | None,
    dry_run: bool,
    stopping: bool,
    push: bool,
    state: Path | None,
    as_json: bool,
) -> int:
    """Bring what runs to what is assigned, in all environments of mlops.yaml or those named.

    A new version starts next to the one that serves, proves that it is ready and gives its golden predictions,
    and takes over the port without a lost request. A version that fails is rejected, the one before it keeps
    serving, and the exit code is 1. What runs where the registry says that nothing should, on purpose, is stopped.
    """
    from gitops_mlops.reports.deployment.deployment import deploy_text, stop_text
    from gitops_mlops.usecases.deployment.deploy import DeployResult, stop
    from gitops_mlops.usecases.deployment.deploy import deploy as reconcile
    from gitops_mlops.usecases.lineage.record import recording

    repository = bootstrap.repository(session.folder)
    config = load_config(bootstrap.files(repository.root))
    world = bootstrap.deploy_ports(repository.root, config, state)
    if stopping:
        if dry_run:
            raise UsageError("--stop and --dry-run exclude each other")
        with recording(bootstrap.ledger(repository), push, progress) as record:
            stopped = stop(config, world, environments, model, record)
        ended = [{"environment": at.environment, "model": at.model, "stopped": ran} for at, ran in stopped]
        emit(ended, as_json, stop_text)
        return DONE
    sources = bootstrap.bundle_sources(repository, state)
    with recording(bootstrap.ledger(repository), push and not dry_run, progress) as record:
        outcomes = reconcile(config, repository, sources, world, progress, environments, model, dry_run, record)
    emit([outcome.data() for outcome in outcomes], as_json, deploy_text)
    return VERDICT_AGAINST if any(outcome.result is DeployResult.REFUSED for outcome in outcomes) else DONE


@click.command(epilog="Example: gitops-mlops status --json")
@_ENVIRONMENTS
@_MODEL
@state_option
@issues_option
@json_option
@pass_session
def status(
    session: Session,
    environments: tuple[str, ...],
    model: str | None,
    state: Path | None,
    issues: bool,
    as_json: bool,
) -> int:
    """What should run, what runs, and how it is, as the servers themselves report it.

    Exits with 0 when everything is in sync, healthy and on main, or --issues reported what is not, with 1 otherwise.
    """
    from gitops_mlops.reports.deployment.deployment import status_data, status_findings, status_text
    from gitops_mlops.usecases.deployment.status import status as look

    repository = bootstrap.repository(session.folder)
    config = load_config(bootstrap.files(repository.root))
    target, client = bootstrap.target(repository.root, config, state), bootstrap.inference()
    states = look(config, repository, target, client, environments, model)
    emit(status_data(states), as_json, status_text)
    if issues:
        scopes = [f"status/{environment}/" for environment in environments] or ["status/"]
        keep(status_findings(states), scopes, whole=model is None)
        return DONE
    return DONE if all(state.good and not state.unmerged for state in states) else VERDICT_AGAINST


@click.command(epilog="Example: gitops-mlops predict delay --env staging --data flights.csv --out predictions.csv")
@click.argument("model")
@click.option("--env", "environment", metavar="ENVIRONMENT", help="Query the server of this environment.")
@click.option("--bundle", type=click.Path(path_type=Path), metavar="DIR", help="Serve this bundle for the query.")
@click.option("--data", type=click.Path(path_type=Path), metavar="FILE", help="Rows: .csv, .parquet, .json, .jsonl.")
@click.option("--row", metavar="JSON", help="One row (or a list of rows) as JSON.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the predictions there.")
@json_option
@pass_session
def predict(
    session: Session,
    model: str,
    environment: str | None,
    bundle: Path | None,
    data: Path | None,
    row: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Query a served model, or a bundle, for its predictions."""
    from gitops_mlops.reports.deployment.deployment import predictions_text
    from gitops_mlops.usecases.deployment.predict import ask

    if (environment is None) == (bundle is None):
        raise UsageError("name what to query: either --env or --bundle", hint="--env staging")
    if (data is None) == (row is None):
        raise UsageError("give the rows: either --data or --row", hint="""--row '{"column": 1}'""")
    if out is not None:
        # Before anything is asked: answers that cannot be kept would be lost.
        bootstrap.rows().require_format(out.name)
    path = None if data is None else session.folder / data
    with _server(session, model, environment, bundle) as address:
        answers = ask(bootstrap.inference(), address, model, row, path, bootstrap.rows(), progress).rows()
    if out is None:
        emit(answers, as_json, predictions_text)
    else:
        bootstrap.rows().write(session.folder / out, answers)
        progress(f"{len(answers)} predictions in {out}")


@contextmanager
def _server(session: Session, model: str, environment: str | None, bundle: Path | None) -> Iterator[str]:
    """The address to ask: an environment's, or that of a server which runs for as long as the question takes."""
    from gitops_mlops.domain.deployment.bundle import MANIFEST
    from gitops_mlops.usecases.deployment.predict import endpoint, served_bundle

    if bundle is not None:
        folder = session.folder / bundle
        manifest = bootstrap.files(folder).read(MANIFEST)
        with bootstrap.scratch_deploy_ports() as world, served_bundle(folder, manifest, model, world) as address:
            yield address
    else:
        config = load_config(bootstrap.files(bootstrap.repository(session.folder).root))
        yield endpoint(config, bootstrap.inference(), model, environment or "")
