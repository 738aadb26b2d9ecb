"""`gitops-mlops serve`."""

from __future__ import annotations

from pathlib import Path

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import json_option, pass_session

_MODULE = "gitops_mlops.serving"


@click.command(
    epilog="Example: gitops-mlops serve bundles/delay --port 8080 --log-dir predictions\n\n"
    "Words after -- go to the server: python -m gitops_mlops.serving --help"
)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default="8080", show_default=True, help="Port; 0 takes a free one.")
@click.option("--log-dir", type=click.Path(path_type=Path), help="Keep predictions and feedback here.")
@click.option("--access-log", is_flag=True, help="Log each request to standard error, with its id.")
@click.argument("more", nargs=-1, type=click.UNPROCESSED, metavar="[-- OPTION...]")
@json_option
@pass_session
def serve(
    session: Session,
    bundle: Path,
    host: str,
    port: str,
    log_dir: Path | None,
    access_log: bool,
    more: tuple[str, ...],
    as_json: bool,
) -> None:
    """Serve one bundle until SIGTERM or Ctrl-C.

    Speaks the Open Inference Protocol, MLflow's scoring protocol and Prometheus. Digests and golden predictions
    are checked before the port opens; then one line on standard output says where.
    """
    words = [f"--bundle={session.folder / bundle}", f"--host={host}", f"--port={port}"]
    if log_dir is not None:
        words.append(f"--log-dir={session.folder / log_dir}")
    if access_log:
        words.append("--access-log")
    if as_json:
        words.append("--json")
    bootstrap.exec_module(_MODULE, [*words, *more])
