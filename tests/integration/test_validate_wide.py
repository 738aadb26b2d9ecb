"""`validate` reads a wide table a few times, however many rules are broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from gitops_mlops.adapters.tables import files
from gitops_mlops.adapters.tables.files import TableFiles
from gitops_mlops.domain.contracts.contract import Contract
from gitops_mlops.domain.contracts.table_checks import checks_of, wanted_types
from gitops_mlops.domain.contracts.validation import TableFindings

RULES: tuple[tuple[list[Any], dict[str, Any]], ...] = (
    ([1, 7, None, 9], {"type": "int64", "min": 5, "max": 8}),
    ([0.5, None, 2.5, 9.0], {"type": "float64", "max": 2, "nullable": True}),
    (["red", "", "blue", "x, y"], {"type": "string", "pattern": "[a-z]+"}),
    (["1", "2", "three", "4"], {"type": "int8", "max": 3}),
)


def found(folder: Path, columns: int, ending: str) -> TableFindings:
    names = {str(at): RULES[at % len(RULES)] for at in range(columns)}
    path = folder / f"{columns}.{ending}"
    table = pl.DataFrame({"row": [1, 2, 3, 4], **{name: values for name, (values, _) in names.items()}})
    table.write_csv(path) if ending == "csv" else table.write_parquet(path)
    fields = {"row": {"type": "int64", "unique": True}, **{name: rule for name, (_, rule) in names.items()}}
    contract = Contract.model_validate({"version": 1, "columns": fields})
    tables = TableFiles()
    opened = tables.open(path, path.name, wanted_types(contract))
    return tables.count(opened, checks_of(contract, opened))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_passes_do_not_grow_with_the_broken_rules(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans: list[str] = []
    read = pl.LazyFrame.collect

    def counted(frame: pl.LazyFrame, **named: Any) -> Any:
        scans.extend(["scan"] * ("SCAN" in frame.explain(optimized=False)))
        return read(frame, **named)

    monkeypatch.setattr(pl.LazyFrame, "collect", counted)
    taken = []
    for columns in (8, 80):
        scans.clear()
        assert len(found(tmp_path, columns, ending).violations) >= columns
        taken.append(len(scans))
    assert taken[0] == taken[1] <= 5


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_findings_are_the_same_however_many_values_are_held(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = found(tmp_path, 12, ending)
    assert all(one.samples for one in whole.violations if one.rows)
    for cells in (1, 8, 13):
        monkeypatch.setattr(files, "_CELLS", cells)
        assert repr(found(tmp_path, 12, ending)) == repr(whole)
