"""`contract infer` asks a table the same few questions, however many columns it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from gitops_mlops.adapters.tables import profile
from gitops_mlops.adapters.tables.files import TableFiles

KINDS: tuple[list[Any], ...] = (
    list(range(1, 31)),
    [0, 1] * 15,
    [0.5, None, 2.5] * 10,
    ["red", "green", ""] * 10,
    [f"name {at}" for at in range(30)],
    ["007", "", "12"] * 10,
    [f"2024-01-{at:02} 10:00:00" for at in range(1, 31)],
)


def made(folder: Path, columns: int, ending: str) -> Path:
    table = pl.DataFrame({f"{at} of {columns}": KINDS[at % len(KINDS)] for at in range(columns)})
    path = folder / f"{columns}.{ending}"
    table.write_csv(path) if ending == "csv" else table.write_parquet(path)
    return path


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_passes_do_not_grow_with_the_columns(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect, passes = pl.LazyFrame.collect, 0

    def counted(*given: Any, **named: Any) -> Any:
        nonlocal passes
        passes += 1
        return collect(*given, **named)

    monkeypatch.setattr(pl.LazyFrame, "collect", counted)
    taken = []
    for columns in (14, 140):
        passes = 0
        TableFiles().profile(made(tmp_path, columns, ending), f"d.{ending}")
        taken.append(passes)
    assert taken[0] == taken[1] <= 8


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_profile_is_the_same_however_many_values_are_held_at_once(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(tmp_path, 21, ending)

    def plain() -> tuple[int, list[dict[str, Any]]]:
        found = TableFiles().profile(path, path.name)
        columns = ({**vars(one), "values": one.values and set(one.values)} for one in found.columns)
        return found.rows, list(columns)

    whole = plain()
    for cells in (29, 60, 100):
        monkeypatch.setattr(profile, "_CELLS", cells)
        assert plain() == whole
