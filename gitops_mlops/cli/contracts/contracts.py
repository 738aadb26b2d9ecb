"""`contract`: contracts from data, contracts against each other."""

from __future__ import annotations

from pathlib import Path

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, json_option, pass_session, progress
from gitops_mlops.domain.contracts.compatibility import breaking
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST, UsageError
from gitops_mlops.domain.names import column_label
from gitops_mlops.reports.contracts.contract_yaml import contract_yaml
from gitops_mlops.reports.contracts.validation import changes_text
from gitops_mlops.reports.rendering.terminal import printable
from gitops_mlops.usecases.contracts.compatibility import diff_contracts, read_at
from gitops_mlops.usecases.contracts.inference import infer_from_table


@click.group(epilog="Example: gitops-mlops contract diff main:contracts/flights.yaml contracts/flights.yaml")
def contract() -> None:
    """Write a first contract from data; compare two contracts."""


@contract.command(epilog="Example: gitops-mlops contract infer data/train.parquet --out contracts/train.yaml")
@click.argument("data", metavar="DATA")
@click.option("--out", metavar="FILE", help="Write the contract to a file that does not exist yet.")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@json_option
@pass_session
def infer(session: Session, data: str, out: str | None, force: bool, as_json: bool) -> int:
    """Write a first contract from a table that is known to be good; correct it before you rely on it."""
    target = None if out is None else session.folder / out
    if target is not None and target.exists() and not force:
        raise UsageError("the file exists", where=str(out), hint="choose another, or overwrite it with --force")
    inferred = infer_from_table(session.folder / data, data, bootstrap.tables())
    text = contract_yaml(inferred)
    for name, why in inferred.skipped.items():
        progress(f"{printable(column_label(name))} is left unchecked: {printable(why)}")
    if target is not None:
        bootstrap.files(target.parent).write(target.name, text.encode())
        progress(f"wrote {out}")
    plain = inferred.contract.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if as_json or target is None:
        emit(plain, as_json, lambda _: text.rstrip())
    return DONE


@contract.command(epilog="Example: gitops-mlops contract diff main:contracts/flights.yaml contracts/flights.yaml")
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@json_option
@pass_session
def diff(session: Session, old: str, new: str, as_json: bool) -> int:
    """Say what changed from contract A to contract B, and whom it breaks. Each is a file or REV:path."""
    changes = diff_contracts(_content(session.folder, old), old, _content(session.folder, new), new)
    emit([change.plain() for change in changes], as_json, lambda _: changes_text(changes))
    return VERDICT_AGAINST if breaking(changes) else DONE


def _content(folder: Path, reference: str) -> bytes:
    path = folder / reference
    if path.is_file():
        return bootstrap.files(path.parent).read(path.name) or b""
    if ":" not in reference:
        raise UsageError("there is no such contract", where=reference, hint="name a file, or REV:path")
    return read_at(reference, bootstrap.repository(folder))
