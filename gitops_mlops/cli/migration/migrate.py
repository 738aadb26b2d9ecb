"""`gitops-mlops migrate`."""

from __future__ import annotations

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, json_option, pass_session, progress
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST
from gitops_mlops.reports.migration.migration import migration_data, migration_text
from gitops_mlops.reports.rendering.problems import counted


@click.command(epilog="Example: gitops-mlops migrate --write")
@click.argument("workflows", nargs=-1, metavar="[WORKFLOW]...")
@click.option("--toolkit", default="", metavar="REF", help="OWNER/REPO@SHA to be called [default: this one].")
@click.option("--write", is_flag=True, help="Write the files; without it, only the diff is printed.")
@json_option
@pass_session
def migrate(session: Session, workflows: tuple[str, ...], toolkit: str, write: bool, as_json: bool) -> int:
    """Translate workflows that use CML: all in .github/workflows, or the named ones.

    Steps of CML and DVC become our actions, with the least permissions; the rest stays as it is written.
    What cannot be translated is listed with its line and what to do. Exit code 1 when there is such a thing.
    """
    from gitops_mlops.domain.migration.step_text import ActionSource
    from gitops_mlops.usecases.migration.migrate import MigrationPorts
    from gitops_mlops.usecases.migration.migrate import migrate as run

    named = bootstrap.toolkit_reference(toolkit)
    repository = bootstrap.repository(session.folder)
    places = MigrationPorts(repository, bootstrap.tree(repository), bootstrap.files(repository.root))
    found = run(places, workflows, ActionSource(named.repository, named.commit), write=write)
    for note in sorted(note for one in found.workflows for note in one.notes):
        progress(f"note: {note}")
    for left in sorted(found.left):
        progress(f"by hand: {left}")
    progress(_summary(len(found.changed), len(found.left), write=write))
    data = migration_data(found, written=write)
    if as_json or found.changed:
        emit(data, as_json, lambda _: migration_text(found))
    return VERDICT_AGAINST if found.left else DONE


def _summary(changed: int, left: int, *, write: bool) -> str:
    if not changed and not left:
        return "nothing here uses CML"
    done = f"{counted(changed, 'workflow')} {'written' if write else 'would change; --write writes them'}"
    if not left:
        return done
    return f"{done if changed else 'nothing written'}, {counted(left, 'thing')} left to do by hand"
