"""From a table to its contract and back: the table keeps it, and damage to the table is found."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from gitops_mlops import bootstrap
from gitops_mlops.domain.contracts.contract import Contract, parse_contract
from gitops_mlops.domain.errors import MlopsError
from gitops_mlops.reports.contracts.contract_yaml import contract_yaml
from gitops_mlops.usecases.contracts.inference import infer_from_table
from gitops_mlops.usecases.contracts.validate import validate_table
from tests.tables.mutations import Sheet, mutated

_LONGEST_CELL = 10_000_000


@dataclass(frozen=True)
class RoundTrip:
    """What came of one table. `refused` is why `infer` learns nothing from it; `broken` is what it breaks itself.

    `damage` says by mutation whether `validate` found it. `parquet` is what the same table in Parquet breaks.
    """

    table: str
    rows: int = 0
    refused: str = ""
    broken: str = ""
    parquet: str = ""
    damage: dict[str, bool] = field(default_factory=dict)


def round_trip(path: Path, name: str, folder: Path) -> RoundTrip:
    """Infer, validate, and validate what is damaged, in `folder`."""
    try:
        contract = _contract(path, folder)
    except MlopsError as error:
        return RoundTrip(name, refused=_reason(error))
    sheet = _sheet(path, contract)
    broken = _broken(path, folder)
    found = {}
    for kind, content in mutated(sheet, name).items():
        damaged = folder / "damaged.csv"
        damaged.write_bytes(content)
        found[kind] = _broken(damaged, folder) != ""
    return RoundTrip(name, len(sheet.rows), broken=broken, parquet=_as_parquet(path, folder), damage=found)


def _contract(path: Path, folder: Path) -> Contract:
    text = contract_yaml(infer_from_table(path, path.name, bootstrap.tables()))
    (folder / "contract.yaml").write_text(text, "utf-8")
    return parse_contract(text, "contract.yaml")


def _broken(path: Path, folder: Path) -> str:
    """What is wrong with a table in the eyes of `validate`, "" when nothing is."""
    tables = bootstrap.tables()
    models = bootstrap.table_models(tables, folder)
    try:
        found = validate_table(path, path.name, "contract.yaml", bootstrap.files(folder), tables, models)
    except MlopsError as error:
        # A file that cannot be read ends with 3; any other code would be a fault of ours.
        return _reason(error) if error.exit_code == 3 else ""
    return "; ".join(f"{one.column} {one.check}: {one.message}" for one in found.violations)


def _as_parquet(path: Path, folder: Path) -> str:
    """The same for the table as Parquet, with the types and nulls that Polars sees in it."""
    frame = pl.read_csv(path, infer_schema_length=None, try_parse_dates=True, null_values=["NA"])
    target = folder / "table.parquet"
    frame.write_parquet(target)
    _contract(target, folder)
    return _broken(target, folder)


def _sheet(path: Path, contract: Contract) -> Sheet:
    csv.field_size_limit(_LONGEST_CELL)
    header, *rows = csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline=""))
    rows = [row for row in rows if len(row) == len(header)]
    return Sheet(header, rows, contract, pl.scan_csv(path, infer_schema=False).collect_schema().names())


def _reason(error: MlopsError) -> str:
    return str(error)
