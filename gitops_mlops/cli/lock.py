"""`gitops-mlops lock`: dvc.lock, checked, merged and pushed."""

from __future__ import annotations

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, json_option, mark, pass_session, progress


@click.group(epilog="Example: gitops-mlops lock check")
def lock() -> None:
    """dvc.lock: is it current, merge it stage by stage, commit it to a branch. See docs/training.md."""


@lock.command(epilog="Example: gitops-mlops lock check --remote")
@click.option("--remote", is_flag=True, help="Also ask the DVC remote whether every recorded output is there.")
@json_option
@pass_session
def check(session: Session, remote: bool, as_json: bool) -> int:
    """Tell whether dvc.lock is in step with dvc.yaml, the parameters and the sources, and what to run if not.

    No data is needed and DVC is not started, except to ask its remote with --remote. Exit code 1 when a stage would
    run again; 3 when an output is not on the remote, for its author forgot dvc push.
    """
    from gitops_mlops.reports.training import lock_data, lock_text
    from gitops_mlops.usecases.lock_check import check_lock

    repository = bootstrap.repository(session.folder)
    state = check_lock(bootstrap.tree(repository), bootstrap.remote_outputs(repository.root) if remote else None)
    for remark in state.report.remarks:
        progress(f"remark: {remark}")
    mark(state.report.problems)
    data = lock_data(state.report.problems, state.report.remarks, state.missing, state.mend)
    emit(data, as_json, lambda _: lock_text(state.report.problems, state.missing, state.mend))
    return state.exit_code
