"""`gitops-mlops lock`: dvc.lock, checked, merged and pushed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, json_option, mark, pass_session, progress
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST, MissingEvidence, UsageError
from gitops_mlops.domain.pipeline.lock_text import LOCK_FOLDER

if TYPE_CHECKING:
    from gitops_mlops.domain.config.root import UncheckedStages

# git holds such a file in memory too, and no lock comes near it.
_MAX_MERGED_BYTES = 64 * 1024 * 1024


@click.group(epilog="Example: gitops-mlops lock check")
def lock() -> None:
    """dvc.lock: is it current, merge it stage by stage, commit it to a branch. See docs/training.md."""


@lock.command(epilog="Example: gitops-mlops lock check --remote")
@click.option("--remote", is_flag=True, help="Also check that the DVC remote has every recorded output.")
@json_option
@pass_session
def check(session: Session, remote: bool, as_json: bool) -> int:
    """Check whether dvc.lock is up to date with dvc.yaml, the parameters and the sources, and what to run if not.

    No data is needed and DVC is not started, except to query its remote: with --remote, and for the list of files
    of a folder that a stage depends on in part, where it is not cached. Exit code 1 when a stage would run again;
    3 when a stage could not be checked, or an output is not on the remote because its author forgot dvc push.
    """
    return checked(session, remote, as_json, "block")


def checked(session: Session, remote: bool, as_json: bool, unchecked: UncheckedStages) -> int:
    """Look at dvc.lock and say what was found; the exit code. `unchecked` holds unless `mlops.yaml` says other."""
    from gitops_mlops.reports.pipeline.lock import lock_data, lock_text
    from gitops_mlops.usecases.pipeline.lock_check import check_lock

    repository = bootstrap.repository(session.folder)
    remote_data = bootstrap.remote_outputs(repository.root) if remote else None
    state = check_lock(bootstrap.tree(repository), remote_data, unchecked)
    for remark in state.report.remarks:
        progress(f"remark: {remark}")
    mark(state.report.problems)
    data = lock_data(state.report, state.missing, state.fix)
    emit(data, as_json, lambda _: lock_text(state.report, state.missing, state.fix))
    return state.exit_code


@lock.command(epilog='Example: git config merge.dvc-lock.driver "gitops-mlops lock merge %O %A %B %P"')
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("ours", type=click.Path(path_type=Path))
@click.argument("theirs", type=click.Path(path_type=Path))
@click.argument("path")
@json_option
@pass_session
def merge(session: Session, base: Path, ours: Path, theirs: Path, path: str, as_json: bool) -> int:
    """Merge dvc.lock stage by stage: git calls this as a merge driver, and PATH is the file that it merges.

    The result is written to OURS. What only one side changed, or both alike, is merged; a stage that both changed is
    put between conflict markers, and the exit code is 1. Stages that must run again are named.
    """
    from gitops_mlops.domain.pipeline.lock_text import merge_locks

    before, mine, others = (_side(session.folder / file) for file in (base, ours, theirs))
    merged = merge_locks(before, mine, others, path)
    bootstrap.write_file(session.folder / ours, merged.text.encode("utf-8", "surrogateescape"))
    for conflict in merged.conflicts:
        progress(f"{path}: both sides changed {conflict} → keep one of the two, then run dvc repro")
    for stale in merged.stale:
        progress(f"{path}: {stale} → run dvc repro after the merge")
    result = {"path": path, "conflicts": merged.conflicts, "stale": merged.stale}
    emit(result, as_json, lambda _: f"{path}: {'conflict' if merged.conflicts else 'merged stage by stage'}")
    return VERDICT_AGAINST if merged.conflicts else DONE


@lock.command(epilog='Example: gitops-mlops lock push .gitops-mlops/lock --branch "$BRANCH" --expected "$SHA"')
@click.argument("left", type=click.Path(path_type=Path), default=Path(LOCK_FOLDER), metavar="[FILES]")
@click.option("--branch", required=True, metavar="NAME", help="The branch that the run was for.")
@click.option("--expected", required=True, metavar="SHA", help="The commit of the branch that ran.")
@click.option("--remote", default="origin", show_default=True, metavar="NAME", help="The remote that has the branch.")
@json_option
@pass_session
def push(session: Session, left: Path, branch: str, expected: str, remote: str, as_json: bool) -> int:
    """Commit dvc.lock, as `repro` left it, to the branch that it was run for: once, and never by force.

    FILES is the folder that repro wrote (brought from the job that ran it), or a dvc.lock. Only dvc.lock files and
    outputs with `cache: false` are taken, of pipelines that commit SHA has; nothing of them is executed, and a lock
    that was not computed from that commit is refused.

    Where the branch moved meanwhile, stages with the same inputs are merged; otherwise nothing is pushed, and the run
    of the newer commit will do it. A commit of ours is never followed by another one for the same inputs.
    """
    from gitops_mlops.reports.pipeline.lock import pushed_data, pushed_text
    from gitops_mlops.usecases.pipeline.lock_push import push_lock

    target = bootstrap.lock_target(bootstrap.repository(session.folder), remote, branch)
    done = push_lock(target, bootstrap.run_files(session.folder / left), expected)
    emit(done, as_json, pushed_text, pushed_data)
    return DONE


def _side(file: Path) -> str:
    content = bootstrap.read_file(file, _MAX_MERGED_BYTES)
    if content is None:
        raise MissingEvidence("there is no such file", where=str(file), hint="git gives %O %A %B %P")
    if len(content) > _MAX_MERGED_BYTES:
        raise UsageError(f"larger than {_MAX_MERGED_BYTES} bytes", where=str(file), hint="merge it by hand")
    return content.decode("utf-8", "surrogateescape")
