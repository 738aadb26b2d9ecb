"""`gitops-mlops experiments`."""

from __future__ import annotations

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, json_option, load_config, pass_session, progress
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST
from gitops_mlops.reports.comparison.leaderboard import board_data, board_text


@click.command(epilog="Example: gitops-mlops experiments delay --metric roc_auc --with v1.2.0")
@click.argument("model", required=False)
@click.option("--metric", metavar="NAME", help="What decides, instead of the metric of the first gate with a rule.")
@click.option("--with", "revisions", metavar="REV", multiple=True, help="A version or revision that takes part too.")
@click.option("--all", "everywhere", is_flag=True, help="Experiments that started from other commits than HEAD too.")
@json_option
@pass_session
def experiments(
    session: Session,
    model: str | None,
    metric: str | None,
    revisions: tuple[str, ...],
    everywhere: bool,
    as_json: bool,
) -> int:
    """Score HEAD, the champion and DVC's experiments on the same rows, and show which lead is only chance.

    The rows are those that HEAD records, without any that one of the models was trained on. Ends with 1 when no
    model could be scored.
    """
    from gitops_mlops.usecases.comparison.experiments import LeaderboardRequest
    from gitops_mlops.usecases.comparison.experiments import experiments as run_experiments

    repository = bootstrap.repository(session.folder)
    head = load_config(bootstrap.files(repository.root))
    board = run_experiments(
        LeaderboardRequest(model, metric, revisions, everywhere), head, bootstrap.comparison_ports(repository)
    )
    for warning in board.warnings:
        progress(f"warning: {warning}")
    emit(board, as_json, board_text, board_data)
    return DONE if board.leader else VERDICT_AGAINST
