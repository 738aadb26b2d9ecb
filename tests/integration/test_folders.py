"""Folders of Parquet parts: each part counts, is named when it is wrong, and nothing else is read."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.conftest import Answer, Cli

CONTRACT = """\
version: 1
columns:
  id: {type: int64, unique: true}
  x: {type: float64, min: 0, max: 1}
  c: {type: string, allowed: [a, b]}
  year: {type: int64}
"""
TABLE = pl.DataFrame(
    {"id": range(8), "x": [i / 8 for i in range(8)], "c": ["a", "b"] * 4, "year": [2023] * 4 + [2024] * 4}
)
PARTS = [TABLE[i * 2 : i * 2 + 2] for i in range(4)]
LAST = "part-3.parquet"


def write(folder: Path, parts: list[pl.DataFrame]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(parts):
        part.write_parquet(folder / f"part-{number}.parquet")
    return folder


def validate(cli: Cli, folder: Path, contract: str = CONTRACT) -> Answer:
    (folder.parent / "c.yaml").write_text(contract)
    return cli("validate", "--contract", "c.yaml", "--data", folder.name, "--json", folder=folder.parent)


def found(answer: Answer) -> list[tuple[str | None, str, int | None, str]]:
    assert answer.code in (0, 1), answer
    return [(one["column"], one["check"], one["rows"], one["message"]) for one in answer.json[0]["violations"]]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (PARTS[3], []),
        (PARTS[3].with_columns(pl.col("x").cast(pl.Float32)), []),
        (PARTS[3].with_columns(pl.col("id").cast(pl.UInt8), pl.col("c").cast(pl.Categorical)), []),
        (PARTS[3].select("year", "c", "x", "id"), []),
        (PARTS[3].clear(), []),
        (
            PARTS[3].with_columns(pl.col("x").cast(pl.String)),
            [("x", "type", None, f"is string, expected float64, in {LAST}")],
        ),
        (PARTS[3].drop("c"), [("c", "required", None, f"the column is missing in {LAST}")]),
        (PARTS[3].with_columns(x=pl.lit(5.0)), [("x", "max", 2, "is above max 1")]),
        (PARTS[3].with_columns(c=pl.lit(None)), [("c", "nulls", 2, "is null")]),
        (
            PARTS[3].with_columns(more=pl.lit(1)),
            [("more", "strict", None, f"the contract has no such column, but {LAST} has it")],
        ),
        (
            PARTS[3].with_columns(pl.col("id").cast(pl.Float64), x=pl.lit(True)),
            [
                ("id", "type", None, f"is float64, expected int64, in {LAST}"),
                ("x", "type", None, f"is bool, expected float64, in {LAST}"),
            ],
        ),
    ],
)  # fmt: skip
def test_each_part_is_held_against_the_contract(
    cli: Cli, tmp_path: Path, last: pl.DataFrame, expected: list[Any]
) -> None:
    answer = validate(cli, write(tmp_path / "d", [*PARTS[:3], last]))
    assert (found(answer), answer.json[0]["rows"]) == (expected, 6 + last.height)


def test_the_rest_of_a_column_is_judged_where_a_part_has_it_wrong(cli: Cli, tmp_path: Path) -> None:
    parts = [PARTS[0].with_columns(x=pl.lit(5.0)), PARTS[1], PARTS[2].drop("x"), PARTS[3].cast({"x": pl.String})]
    checks = [one[:3] for one in found(validate(cli, write(tmp_path / "d", parts)))]
    assert checks == [("x", "required", None), ("x", "type", None), ("x", "max", 2)]


def test_a_column_that_is_not_required_may_be_missing_in_a_part(cli: Cli, tmp_path: Path) -> None:
    folder = write(tmp_path / "d", [*PARTS[:3], PARTS[3].drop("c").with_columns(more=pl.lit(1))])
    loose = CONTRACT.replace("{type: string", "{type: string, required: false").replace(
        "columns", "strict: false\ncolumns"
    )
    assert found(validate(cli, folder, loose)) == []


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not parquet at all, but long enough"])
def test_a_damaged_part_is_named(cli: Cli, tmp_path: Path, content: bytes) -> None:
    folder = write(tmp_path / "d", PARTS)
    (folder / "part-2.parquet").write_bytes(content)
    answers = [validate(cli, folder), cli("contract", "infer", "d", folder=tmp_path)]
    for answer in answers:
        assert (answer.code, answer.out, answer.err.count("\n")) == (3, "", 1)
        assert "d/part-2.parquet" in answer.err


def test_a_truncated_part_is_named(cli: Cli, tmp_path: Path) -> None:
    folder = write(tmp_path / "d", PARTS)
    part = folder / LAST
    part.write_bytes(part.read_bytes()[:-20])
    answer = validate(cli, folder)
    assert (answer.code, answer.err.count("\n")) == (3, 1)
    assert f"d/{LAST}" in answer.err


def test_what_writers_leave_beside_their_data_is_not_read(cli: Cli, tmp_path: Path) -> None:
    folder = write(tmp_path / "d", PARTS)
    for name in (
        "_temporary/0/part-9.parquet",
        "_delta_log/1.parquet",
        ".hidden.parquet",
        ".tmp/x.parquet",
        "_SUCCESS",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    assert validate(cli, folder).json[0]["rows"] == 8
    for part in folder.glob("part-*"):
        part.rename(folder / "_temporary" / part.name)
    assert (validate(cli, folder).code, "holds no .parquet file" in validate(cli, folder).err) == (3, True)


def test_folders_name_columns_of_their_parts(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "a=b" / "d"
    for (year,), part in TABLE.group_by("year"):
        write(folder / f"year={year}" / "c=a%20b", [part.drop("year", "c")])
    contract = CONTRACT.replace("allowed: [a, b]", "allowed: ['a b']")
    assert found(validate(cli, folder, contract)) == []
    assert [
        one[:3] for one in found(validate(cli, folder, contract.replace("year: {type: int64}", "year: {type: date}")))
    ] == [("year", "type", 8)]
    write(folder / "year=__HIVE_DEFAULT_PARTITION__" / "c=a%20b", [PARTS[0].select("x", id=pl.col("id") + 100)])
    write(folder / "year=soon" / "c=a%20b", [PARTS[0].select("x", id=pl.col("id") + 200)])
    assert [one[:3] for one in found(validate(cli, folder, contract))] == [("year", "type", 2), ("year", "nulls", 2)]


def test_what_is_learnt_from_a_folder_is_kept_by_it(cli: Cli, tmp_path: Path) -> None:
    keyed = tmp_path / "keyed"
    write(keyed / "day=2024-01-01" / "n=01", [PARTS[0].drop("year")])
    write(keyed / "day=2024-01-02" / "n=02", [PARTS[1].drop("year", "c")])
    mixed = write(tmp_path / "mixed", [*PARTS[:3], PARTS[3].cast({"x": pl.String})])
    for folder in (keyed, mixed):
        answer = cli("contract", "infer", folder.name, "--out", f"{folder.name}.yaml", folder=tmp_path)
        assert answer.code == 0, answer
        kept = cli("validate", "--contract", f"{folder.name}.yaml", "--data", folder.name, folder=tmp_path)
        assert kept.code == 0, kept
    text = (tmp_path / "keyed.yaml").read_text()
    for column in ("day: {type: date", "n: {type: int64", "c: {type: string, required: false"):
        assert column in text
    assert f"float64 in part-2.parquet, string in {LAST}" in (tmp_path / "mixed.yaml").read_text()


def test_times_of_several_units_and_zones_are_compared_in_utc(cli: Cli, tmp_path: Path) -> None:
    noon = pl.Series("t", [datetime(2024, 1, 1, 12)])
    parts = [
        noon.cast(pl.Datetime("ms")).to_frame(),
        noon.cast(pl.Datetime("ns")).to_frame(),
        noon.dt.replace_time_zone("Asia/Tokyo").to_frame(),
    ]
    contract = "version: 1\ncolumns:\n  t: {type: datetime, min: 2024-01-01T12:00:00}\n"
    assert [one[:3] for one in found(validate(cli, write(tmp_path / "d", parts), contract))] == [("t", "min", 1)]


def test_a_contract_in_python_names_parts_too(cli: Cli, tmp_path: Path) -> None:
    folder = write(tmp_path / "d", [*PARTS[:2], PARTS[2].drop("c"), PARTS[3].cast({"x": pl.String})])
    (tmp_path / "c.py").write_text(
        "import pandera.polars as pa\nimport polars as pl\n\n\nclass T(pa.DataFrameModel):\n"
        "    id: pl.Int64\n    x: pl.Float64 = pa.Field(le=1)\n    c: pl.String\n"
    )
    answer = cli("validate", "--contract", "c.py:T", "--data", folder.name, "--json", folder=tmp_path)
    assert [one[:3] for one in found(answer)] == [("x", "type", None), ("c", "required", None)]


def test_dates_that_python_cannot_hold_are_shown(cli: Cli, tmp_path: Path) -> None:
    wild = pl.Series("d", [-(2**31), -719528, 2932897, 19723], dtype=pl.Int32).cast(pl.Date)
    times = pl.Series("t", [-(2**63), 2**63 - 1, 0, 1], dtype=pl.Int64).cast(pl.Datetime("ms", "Asia/Tokyo"))
    pl.DataFrame([wild, times, pl.Series("x", [1] * 4)]).write_parquet(tmp_path / "w.parquet")
    (tmp_path / "w.yaml").write_text(
        "version: 1\ncolumns:\n  d: {type: date, min: 2000-01-01, max: 3000-01-01, unique: true}\n"
        "  t: {type: datetime, min: 1970-01-01, max: 3000-01-01}\n  x: {type: int64, max: 0}\n"
    )
    answer = cli("validate", "--contract", "w.yaml", "--data", "w.parquet", "--json", folder=tmp_path)
    assert answer.code == 1, answer
    shown = {
        one["column"] + one["check"]: [row["values"] for row in one["samples"]]
        for one in answer.json[0]["violations"]
    }
    assert [row["d"] for row in shown["dmin"]] == ["-5877641-06-23", "0000-01-01"]
    assert shown["dmax"] == [{"d": "+10000-01-01"}]
    assert shown["tmax"] == [{"t": "+292278994-08-17T07:12:55.807+00:00", "d": "0000-01-01"}]
    assert [row["d"] for row in shown["xmax"]][-1] == date(2024, 1, 1).isoformat()
    answer = cli("contract", "infer", "w.parquet", "--out", "i.yaml", folder=tmp_path)
    assert (answer.code, "seen: -5877641-06-23 to +10000-01-01" in (tmp_path / "i.yaml").read_text()) == (0, True)
    assert cli("validate", "--contract", "i.yaml", "--data", "w.parquet", folder=tmp_path).code == 0
