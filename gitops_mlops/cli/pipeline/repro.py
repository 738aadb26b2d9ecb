"""`gitops-mlops repro`."""

from __future__ import annotations

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, json_option, load_config, pass_session, progress
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST, UsageError


@click.command(epilog="Example: gitops-mlops repro --push")
@click.argument("stages", nargs=-1, metavar="[STAGE]...")
@click.option("--push", is_flag=True, help="Push the outputs of what ran to the DVC remote, and its run cache.")
@click.option("--no-run-cache", is_flag=True, help="Run what changed even if somebody ran it before.")
@click.option("--allow-missing", is_flag=True, help="Leave absent outputs of unchanged stages on the DVC remote.")
@click.option("--rerun", is_flag=True, help="Run everything again in a scratch clone, and compare the outputs.")
@click.option("--ci", is_flag=True, help="Do what `training:` says: with author, check dvc.lock instead of running.")
@json_option
@pass_session
def repro(
    session: Session,
    stages: tuple[str, ...],
    push: bool,
    no_run_cache: bool,
    allow_missing: bool,
    rerun: bool,
    ci: bool,
    as_json: bool,
) -> int:
    """Run the stages of the pipeline that changed, and only those: all of them, or those named and what they need.

    What changed stages need is pulled. Of the others the outputs are pulled where they are absent, unless
    --allow-missing leaves them. The result is also in .gitops-mlops/repro.json, and what belongs into git in
    .gitops-mlops/lock.

    Exit code 1 when a stage fails or, with --rerun, an output of the checked-out commit comes out different.
    """
    from gitops_mlops.reports.pipeline.run import repro_data, repro_text
    from gitops_mlops.usecases.pipeline.repro import ReproRequest, checkout_branch_head, reproduce
    from gitops_mlops.usecases.pipeline.repro import rerun as run_again

    if rerun and (stages or push or ci):
        raise UsageError("runs everything, and pushes nothing", where="--rerun", hint="give it alone")
    repository = bootstrap.repository(session.folder)
    files = bootstrap.files(repository.root)
    if ci:
        if load_config(files).training == "author":
            from gitops_mlops.cli.pipeline.lock import checked

            # It is asked of a pull request, where `review` has a row for what could not be checked.
            return checked(session, False, as_json, "warn")
        if checkout_branch_head(repository, bootstrap.job()):
            repository = bootstrap.repository(session.folder)
            progress(f"the branch's own commit {short_sha(repository.head())}, and not its merge")
    if rerun:
        with bootstrap.scratch_checkout(repository) as scratch:
            made = run_again(scratch, files, bootstrap.timer(), progress)
    else:
        with bootstrap.checkout(repository) as checkout:
            # Whoever begins without a remote has what runs in CI reviewed all the same.
            pushed = push and not (ci and checkout.alone)
            wanted = ReproRequest(stages, pushed, not no_run_cache, allow_missing)
            made = reproduce(checkout, wanted, bootstrap.timer(), progress)
    emit(made, as_json, repro_text, repro_data)
    return VERDICT_AGAINST if made.outcome in ("failed", "differs") else DONE
