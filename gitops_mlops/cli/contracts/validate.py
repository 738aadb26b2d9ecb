"""`validate`: data against contracts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, json_option, load_config, mark, pass_session, progress
from gitops_mlops.domain.contracts.validation import Validation
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST, UsageError
from gitops_mlops.reports.contracts.validation import validations_text
from gitops_mlops.usecases.contracts.validate import validate_datasets, validate_table, violated


@click.command(epilog="Example: gitops-mlops validate flights-test --json")
@click.argument("datasets", nargs=-1, metavar="[DATASET]...")
@click.option("--contract", metavar="REF", help="A contract, x.yaml or x.py:Class; needs --data.")
@click.option("--data", metavar="PATH", help="A .parquet or .csv file to check against --contract.")
@json_option
@pass_session
def validate(
    session: Session, datasets: tuple[str, ...], contract: str | None, data: str | None, as_json: bool
) -> int:
    """Check data against contracts: every dataset of mlops.yaml that has one, or those named.

    A contract in Python is imported, so its code runs.
    """
    if (contract is None) != (data is None) or (contract and datasets):
        raise UsageError("--contract and --data go together, without datasets", hint="see validate --help")
    if contract and data:
        read: Callable[[str], bytes | None] = partial(_read, session.folder)
        results = [_validate_file(session.folder, contract, data)]
    else:
        root = bootstrap.repository(session.folder).root
        files, tables = bootstrap.files(root), bootstrap.tables()
        read = files.read
        models = bootstrap.table_models(tables, root)
        results = validate_datasets(load_config(files), datasets, files, tables, models, progress)
    mark(violated(results, read))
    emit([one.plain() for one in results], as_json, lambda _: validations_text(results))
    return DONE if all(one.passed for one in results) else VERDICT_AGAINST


def _validate_file(folder: Path, contract: str, data: str) -> Validation:
    reference = Path(contract)
    # Files named on the command line may lie anywhere.
    home = (folder / reference).parent
    tables = bootstrap.tables()
    models = bootstrap.table_models(tables, folder)
    findings = validate_table(folder / data, data, reference.name, bootstrap.files(home), tables, models)
    return Validation(Path(data).stem, data, contract, findings)


def _read(folder: Path, path: str) -> bytes | None:
    # Files named on the command line may lie anywhere.
    return bootstrap.files((folder / path).parent).read(Path(path).name)
