"""`check`: the set-up of a repository, statically."""

from __future__ import annotations

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, json_option, mark, pass_session, progress
from gitops_mlops.domain.errors import DONE, UsageError
from gitops_mlops.reports.rendering.problems import counted, problem_data, problem_lines


@click.command(epilog="Example: gitops-mlops check")
@json_option
@pass_session
def check(session: Session, as_json: bool) -> int:
    """Check mlops.yaml, the contracts and types it names, and that dvc.lock is up to date.

    Nothing is run, imported or fetched. Every problem is reported at once, with file and line.
    Exit code 2 when there is one.
    """
    from gitops_mlops.usecases.config.check import check as run

    repository = bootstrap.repository(session.folder)
    tree = bootstrap.tree(repository)
    found = run(tree, bootstrap.data_store(repository, tree))
    result = {"problems": problem_data(found.problems), "remarks": found.remarks, "files": found.files}
    for remark in found.remarks:
        progress(f"remark: {remark}")
    good = f"{counted(len(found.files), 'file')} checked, no problem found"
    mark(found.problems)
    emit(result, as_json, lambda _: problem_lines(found.problems) or good)
    return UsageError.exit_code if found.problems else DONE
