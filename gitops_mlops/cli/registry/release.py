"""`gitops-mlops release`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, mark, pass_session, progress, warn
from gitops_mlops.cli.registry.options import shared_request, writing


@click.command(epilog="Example: gitops-mlops release --push --out release.json")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the result there as JSON, too.")
@writing
@pass_session
def release(session: Session, /, models: tuple[str, ...], out: Path | None, as_json: bool, **options: Any) -> int:
    """Register what the checked-out commit records, model by model, when it changed and its gates pass.

    Every number is measured here, on the files that dvc.lock names. The gates are those of the last commit that was
    judged before, so that no push lowers the gates for the model that it brings. A commit that was released already
    changes nothing. Exits with 1 when the gates of a model are against it or dvc.lock does not fit the sources.
    """
    from gitops_mlops.reports.registry.release import release_data, release_file, release_markdown, release_text
    from gitops_mlops.usecases.lineage.record import record_change
    from gitops_mlops.usecases.registry.judged_commit import last_judged, record_release
    from gitops_mlops.usecases.registry.release import ReleaseRequest
    from gitops_mlops.usecases.registry.release import release as make

    repository = bootstrap.repository(session.folder)
    registrar, ledger = bootstrap.registrar(repository), bootstrap.ledger(repository)
    environment = tuple(sorted(bootstrap.comparison_packages().items()))
    wanted = ReleaseRequest(models, environment=environment, **shared_request(**options))
    ports, push = bootstrap.comparison_ports(repository), wanted.push and not wanted.dry_run
    made = make(
        wanted,
        ports,
        registrar,
        progress,
        lambda config: last_judged(repository, ledger, config, push),
        bootstrap.forge(),
    )
    changes = [model.change for model in made.models if model.change]
    for change in changes:
        recorded = [] if wanted.dry_run else record_change(change, repository, ledger, bootstrap.clock(), wanted.push)
        warn([*change.warnings, *recorded])
    warn(made.warnings)
    if not wanted.dry_run:
        warn(record_release(made, ledger, ports.clock.now(), wanted.push))
    if out is not None:
        bootstrap.write_file(session.folder / out, release_file(made))
    mark(made.out_of_date)
    emit(made, as_json, release_text, release_data, release_markdown)
    for change in changes:
        registrar.acknowledge(change)
    return made.code
