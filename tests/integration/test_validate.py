"""`validate` on real files: counts, samples, damage, CSV, contracts in Python."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from gitops_mlops.adapters.tables.files import TableFiles
from gitops_mlops.domain.contracts.contract import parse_contract
from gitops_mlops.domain.contracts.table_checks import checks_of, wanted_types
from gitops_mlops.domain.errors import MissingEvidence
from tests.conftest import Answer, Cli, Repo

CONTRACT = """\
version: 1
unique: [[day, carrier]]
columns:
  id: {type: int64, unique: true}
  day: {type: date, min: 2013-01-01, max: 2013-12-31}
  carrier: {type: string, allowed: [AA, UA], pattern: '[A-Z]{2}', max-length: 2}
  temp: {type: float64, nullable: true, max-nulls: 0.5, min: -40, max: 60}
  wind: {type: float32}
"""


def good(rows: int = 4) -> dict[str, Any]:
    return {
        "id": list(range(rows)),
        "day": [date(2013, 1, 1) + timedelta(i // 2) for i in range(rows)],
        "carrier": ["AA", "UA"] * (rows // 2),
        "temp": [None if i % 3 == 0 else float(i) for i in range(rows)],
        "wind": pl.Series([1.5] * rows, dtype=pl.Float32),
    }


def check(cli: Cli, folder: Path, data: dict[str, Any], contract: str = CONTRACT, ending: str = "parquet") -> Answer:
    (folder / "c.yaml").write_text(contract)
    frame = pl.DataFrame(data, strict=False)
    target = folder / f"d.{ending}"
    frame.write_csv(target) if ending == "csv" else frame.write_parquet(target)
    return cli("validate", "--contract", "c.yaml", "--data", target.name, "--json", folder=folder)


def broken(answer: Answer) -> list[tuple[str | None, str, int | None]]:
    assert answer.code == 1, answer
    return [(one["column"], one["check"], one["rows"]) for one in answer.json[0]["violations"]]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_good_data_passes(cli: Cli, tmp_path: Path, ending: str) -> None:
    answer = check(cli, tmp_path, good(), ending=ending)
    assert (answer.code, answer.json[0]["passed"], answer.json[0]["rows"]) == (0, True, 4)


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"id": [0, 1, 1, 1]}, [("id", "unique", 3)]),
        ({"id": [0, None, 2, None]}, [("id", "nulls", 2)]),
        (
            {"day": [date(2012, 12, 31), date(2013, 1, 1), date(2014, 1, 1), date(2013, 1, 2)]},
            [("day", "min", 1), ("day", "max", 1)],
        ),
        ({"day": [date(2013, 1, 1)] * 4}, [(None, "unique", 4)]),
        (
            {"carrier": ["AA", "UA", "aa", "AAA"]},
            [("carrier", "allowed", 2), ("carrier", "pattern", 2), ("carrier", "max-length", 1)],
        ),
        ({"temp": [-41.0, 61.0, None, 5.0]}, [("temp", "min", 1), ("temp", "max", 1)]),
        ({"temp": [None, float("nan"), None, 5.0]}, [("temp", "max-nulls", 3)]),
        ({"temp": [float("inf"), float("-inf"), None, 5.0]}, [("temp", "min", 1), ("temp", "max", 1)]),
        (
            {"wind": pl.Series([1, float("nan"), float("inf"), None], dtype=pl.Float32)},
            [("wind", "nulls", 2), ("wind", "finite", 1)],
        ),
        ({"extra": [1, 2, 3, 4]}, [("extra", "strict", None)]),
    ],
)  # fmt: skip
def test_each_rule_counts_its_rows(
    cli: Cli, tmp_path: Path, change: dict[str, Any], expected: list[Any], ending: str
) -> None:
    assert broken(check(cli, tmp_path, good() | change, ending=ending)) == expected


def test_a_violation_shows_the_first_rows_and_which_they_are(cli: Cli, tmp_path: Path) -> None:
    answer = check(cli, tmp_path, good() | {"id": [7, 8, 9, 10], "temp": [1.0, 99.0, 98.0, 2.0]})
    (found,) = answer.json[0]["violations"]
    assert found["samples"] == [
        {"row": 2, "values": {"temp": 99.0, "id": 8}},
        {"row": 3, "values": {"temp": 98.0, "id": 9}},
    ]
    assert (found["share"], found["message"]) == (0.5, "is above max 60")
    text = cli("validate", "--contract", "c.yaml", "--data", "d.parquet", folder=tmp_path).out
    assert "FAIL  d (d.parquet, c.yaml): 1 rule is broken, 4 rows read" in text
    assert "row 2: temp=99.0, id=8; row 3: temp=98.0, id=9" in text


def test_many_failures_are_counted_and_a_hundred_shown(cli: Cli, tmp_path: Path) -> None:
    answer = check(
        cli,
        tmp_path,
        good(50_000) | {"day": [date(2013, 1, 1)] * 50_000, "temp": [99.0] * 50_000},
        CONTRACT.replace("unique: [[day, carrier]]\n", ""),
    )
    (found,) = answer.json[0]["violations"]
    assert (found["rows"], len(found["samples"])) == (50_000, 100)


def test_schema_differences(cli: Cli, tmp_path: Path) -> None:
    data = good() | {"day": ["2013-01-01"] * 4, "id": pl.Series([1, 2, 3, 4], dtype=pl.Int32), "carier": ["x"] * 4}
    del data["carrier"]
    answer = check(cli, tmp_path, data)
    found = {(one["column"], one["check"]): one["message"] for one in answer.json[0]["violations"]}
    assert found == {
        ("day", "type"): "is string, expected date",
        ("carrier", "required"): "the column is missing",
        ("carier", "strict"): "the contract has no such column; perhaps you meant 'carrier'",
    }


def test_types_of_other_makers(cli: Cli, tmp_path: Path) -> None:
    contract = (
        "version: 1\ncolumns:\n  s: {type: string, allowed: [a]}\n  n: {type: int8, nullable: true}\n"
        "  t: {type: datetime, min: 2013-01-01T00:00:00+01:00, allowed: [2013-01-01]}\n  d: {type: float64}\n"
        "  f: {type: float64, allowed: [0.1], max: 0.1}\n"
    )
    data = {
        "s": pl.Series(["a", "b"], dtype=pl.Categorical),
        "n": [None, None],
        "t": pl.Series([datetime(2013, 1, 1), datetime(2012, 1, 1)], dtype=pl.Datetime("ms", "Asia/Tokyo")),
        "d": pl.Series(["1.5", "2"]).cast(pl.Decimal(10, 2)),
        "f": pl.Series([0.1, 0.2], dtype=pl.Float32),
    }
    assert broken(check(cli, tmp_path, data, contract)) == [
        ("d", "type", None),
        ("s", "allowed", 1),
        ("t", "min", 1),
        ("t", "allowed", 1),
        ("f", "max", 1),
        ("f", "allowed", 1),
    ]


def test_nan_is_a_null_and_breaks_no_other_rule(cli: Cli, tmp_path: Path) -> None:
    contract = "version: 1\ncolumns:\n  f: {type: float64, allowed: [0.5], max: 1, min: 0, unique: true}\n"
    assert broken(check(cli, tmp_path, {"f": [float("nan"), None, 0.5, float("nan")]}, contract)) == [
        ("f", "nulls", 3)
    ]


def test_zero_rows_and_row_limits(cli: Cli, tmp_path: Path) -> None:
    empty = pl.DataFrame(good()).clear().to_dict()
    assert broken(check(cli, tmp_path, empty)) == [(None, "rows", None)]
    assert check(cli, tmp_path, empty, CONTRACT + "rows: {min: 0}\n").code == 0
    assert broken(check(cli, tmp_path, good(), CONTRACT + "rows: {max: 3}\n")) == [(None, "rows", None)]


def test_columns_may_have_any_name(cli: Cli, tmp_path: Path) -> None:
    names = ["a b", "Größe", "$x", "^a.*$", "*", "a", "a.b", "名前", "row", "rows"]
    contract = "version: 1\nunique: [['*', '^a.*$']]\ncolumns:\n" + "".join(
        f"  {name!r}: {{type: int64, max: 5, unique: true}}\n" for name in names
    )
    assert check(cli, tmp_path, {name: [1, 2] for name in names}, contract).code == 0
    found = broken(check(cli, tmp_path, {name: [9] for name in names} | {"*": [1]}, contract))
    assert found == [(name, "max", 1) for name in names if name != "*"]
    assert check(cli, tmp_path, {name: [1, 2] for name in names}, contract, "csv").code == 0


def test_csv_text_that_is_no_value_is_counted(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        "version: 1\ncolumns:\n  i: {type: int64, max: 5}\n  b: {type: bool}\n  d: {type: date}\n"
        "  t: {type: datetime, max: 2013-01-01T09:00:00}\n  s: {type: string}\n"
    )
    (tmp_path / "d.csv").write_text(
        "i,b,d,t,s\n1,true,2013-01-01,2013-01-01T08:00:00,x\n1.5,False,01/02/2013,2013-01-01 10:30,''\n"
        "x,1,2013-02-30,2013-01-01T10:00:00+02:00,y\n9,TRUE,,noon,\n"
    )
    answer = cli("validate", "--contract", "c.yaml", "--data", "d.csv", "--json", folder=tmp_path)
    assert broken(answer) == [
        ("i", "type", 2), ("i", "max", 1), ("b", "type", 1), ("d", "type", 2), ("d", "nulls", 1),
        ("t", "type", 1), ("t", "max", 1), ("s", "nulls", 1),
    ]  # fmt: skip
    samples = answer.json[0]["violations"][0]["samples"]
    assert samples == [{"row": 2, "values": {"i": "1.5"}}, {"row": 3, "values": {"i": "x"}}]


def parquet() -> bytes:
    import io

    buffer = io.BytesIO()
    pl.DataFrame({"a": list(range(10_000))}).write_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("d.parquet", b"", "the file is empty"),
        ("d.csv", b"", "the file is empty"),
        ("d.csv", b"\n", "the file is empty"),
        ("d.parquet", parquet()[:3000], "damaged"),
        ("d.parquet", b"not parquet at all, but long enough", "damaged"),
        ("d.parquet", parquet()[:50] + bytes(200) + parquet()[250:], "damaged"),
        ("d.csv", "a,b\n1,ok\n2,ok\n3,café\n".encode("latin-1"), "not UTF-8: byte 19, in line 4"),
        ("d.csv", b'a\n1\n"x\n', "row 2 ends inside quotes"),
    ],
)
def test_damage_is_one_line_and_exit_code_3(cli: Cli, tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / "c.yaml").write_text(
        "version: 1\nstrict: false\ncolumns:\n  a: {type: int64}\n  b: {type: string, required: false}\n"
    )
    (tmp_path / name).write_bytes(content)
    answer = cli("validate", "--contract", "c.yaml", "--data", name, folder=tmp_path)
    assert (answer.code, answer.out, answer.err.count("\n")) == (3, "", 1)
    assert f"{name}: " in answer.err
    assert says in answer.err


def test_flipped_bytes_end_in_a_verdict_or_a_line(tmp_path: Path) -> None:
    chance = random.Random(3)
    content, tables = parquet(), TableFiles()
    seen: set[bool | str] = set()
    contract = parse_contract("version: 1\ncolumns: {a: {type: int64, min: 0, unique: true}}", "c.yaml")
    path = tmp_path / "d.parquet"
    for _ in range(150):
        damaged = bytearray(content)
        # Headers and the footer are where a reader can stumble; values in between only change.
        damaged[chance.choice([chance.randrange(200), -chance.randrange(1, 700)])] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            table = tables.open(path, "d.parquet", wanted_types(contract))
            seen.add(bool(tables.count(table, checks_of(contract, table)).violations))
        except MissingEvidence as error:
            seen.add(f"damaged, {str(error).count(chr(10))} line breaks")
    assert "damaged, 0 line breaks" in seen
    assert "damaged, 1 line breaks" not in seen


def test_wrong_calls(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("version: 1\ncolumns: {a: {type: int64}}")
    (tmp_path / "d.xlsx").write_text("x")
    (tmp_path / "x.py").write_text("")
    (tmp_path / "bomb.yaml").write_text("a: &a [x]\nb: [*a, *a]\n")
    for words, code, says in (
        (["--contract", "c.yaml"], 2, "go together"),
        (["--contract", "c.yaml", "--data", "no.parquet"], 3, "dvc pull"),
        (["--contract", "no.yaml", "--data", "d.xlsx"], 2, "no such contract"),
        (["--contract", "c.yaml", "--data", "d.xlsx"], 2, "cannot read .xlsx"),
        (["--contract", "bomb.yaml", "--data", "d.xlsx"], 2, "aliases"),
        (["--contract", "c.yaml:Flights", "--data", "d.xlsx"], 2, "x.py:ClassName"),
        (["--contract", "x.py", "--data", "d.xlsx"], 2, "x.py:ClassName"),
        ([], 2, "not a git repository"),
    ):
        answer = cli("validate", *words, folder=tmp_path)
        assert (answer.code, answer.out) == (code, ""), answer
        assert says in answer.err


CONFIG = """\
version: 1
datasets:
  good: {path: data/good.parquet, contract: contracts/c.yaml}
  model: {path: data/good.parquet, contract: "contracts/models.py:Flights"}
  free: {path: data/free.parquet}
"""

MODELS = """\
from __future__ import annotations
import pandera.polars as pa
import polars as pl
from contracts.limits import MOST
print("imported")

class Flights(pa.DataFrameModel):
    id: int = pa.Field(unique=True)
    temp: float = pa.Field(le=MOST, nullable=True)
    day: pl.Date
    carrier: str = pa.Field(isin=["AA", "UA"])

    @pa.dataframe_check
    def cold_is_american(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select((pl.col("temp") > 0) | (pl.col("carrier") == "AA"))

class Broken(pa.DataFrameModel):
    id: int

    @pa.check("id")
    def fails(cls, data: pa.PolarsData) -> pl.LazyFrame:
        raise KeyError("no such thing")

class Other:
    pass
"""


@pytest.fixture
def contracts_project(repo: Repo) -> Repo:
    """A dataset with a contract and one with a pandera model, and rows that keep them."""
    repo.commit(
        **{
            "mlops.yaml": CONFIG,
            "contracts/c.yaml": CONTRACT,
            "contracts/models.py": MODELS,
            "contracts/limits.py": "MOST = 60\n",
        }
    )
    (repo.root / "data").mkdir()
    pl.DataFrame(good()).write_parquet(repo.root / "data/good.parquet")
    return repo


def test_datasets_of_the_configuration(cli: Cli, contracts_project: Repo) -> None:
    answer = cli("validate", "--json", folder=contracts_project.root)
    assert [(one["dataset"], one["passed"]) for one in answer.json] == [("good", True), ("model", True)]
    assert answer.code == 0
    assert [one["dataset"] for one in cli("validate", "good", "--json", folder=contracts_project.root).json] == [
        "good"
    ]
    assert "perhaps you meant 'good'" in cli("validate", "goood", folder=contracts_project.root).err
    assert "has no contract" in cli("validate", "free", folder=contracts_project.root).err
    (contracts_project.root / "data/good.parquet").unlink()
    missing = cli("validate", "good", folder=contracts_project.root)
    assert (missing.code, "dvc pull" in missing.err) == (3, True)
    outside = contracts_project.root.parent / "outside.parquet"
    pl.DataFrame(good()).write_parquet(outside)
    (contracts_project.root / "data/good.parquet").symlink_to(outside)
    escaped = cli("validate", "good", folder=contracts_project.root)
    assert (escaped.code, "leads out of the repository" in escaped.err) == (2, True)


def test_a_pandera_model_finds_what_is_wrong(cli: Cli, contracts_project: Repo) -> None:
    before, bytecode = list(sys.path), sys.dont_write_bytecode
    bad = good(400) | {"id": [0] * 400, "temp": [99.0] * 300 + [None] * 100, "carrier": ["AA", "XX"] * 200}
    pl.DataFrame(bad).drop("day").write_parquet(contracts_project.root / "data/good.parquet")
    answer = cli("validate", "model", "--json", folder=contracts_project.root)
    found = {
        (one["column"], one["check"]): (one["rows"], len(one["samples"])) for one in answer.json[0]["violations"]
    }
    assert found == {
        ("day", "required"): (None, 0),
        ("temp", "less_than_or_equal_to(60)"): (300, 100),
        ("carrier", "isin(['AA', 'UA'])"): (200, 100),
        ("id", "unique"): (400, 1),
    }
    (wrong,) = [one for one in answer.json[0]["violations"] if one["column"] == "carrier"]
    assert wrong["samples"][0] == {"row": 2, "values": {"carrier": "XX"}}
    assert "imported" in answer.err
    assert (sys.path, sys.dont_write_bytecode) == (before, bytecode)
    assert not list(contracts_project.root.glob("contracts/__pycache__"))


def test_a_check_across_columns_counts_its_rows(cli: Cli, contracts_project: Repo) -> None:
    bad = good() | {"temp": [-1.0, -1.0, -1.0, 5.0]}
    pl.DataFrame(bad).write_parquet(contracts_project.root / "data/good.parquet")
    answer = cli("validate", "model", "--json", folder=contracts_project.root)
    assert broken(answer) == [(None, "cold_is_american", 1)]
    assert answer.json[0]["violations"][0]["samples"][0]["row"] == 2


def test_pandera_looks_at_rows_whatever_the_environment_says(contracts_project: Repo) -> None:
    pl.DataFrame(good() | {"temp": [99.0] * 4}).write_parquet(contracts_project.root / "data/good.parquet")
    environment = os.environ | {
        "PANDERA_VALIDATION_ENABLED": "False",
        "PANDERA_VALIDATION_DEPTH": "SCHEMA_ONLY",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    words = [sys.executable, "-m", "gitops_mlops", "validate", "model"]
    done = subprocess.run(
        words, cwd=contracts_project.root, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "less_than_or_equal_to(60)" in done.stdout) == (1, True), done.stderr


def test_a_pandera_that_does_not_look_is_found_out(
    cli: Cli, contracts_project: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandera.config

    @contextmanager
    def forgetful(**_: object) -> Iterator[None]:
        yield

    monkeypatch.setattr(pandera.config, "config_context", forgetful)
    answer = cli("validate", "model", folder=contracts_project.root)
    assert (answer.code, "known to be bad" in answer.err) == (4, True)


def test_a_pandera_model_reads_csv(cli: Cli, contracts_project: Repo) -> None:
    (contracts_project.root / "d.csv").write_text("id,temp,day,carrier\n1,5,2013-01-01,AA\nx,,2013-13-01,AA\n")
    words = ("--contract", "contracts/models.py:Flights", "--data", "d.csv", "--json")
    assert broken(cli("validate", *words, folder=contracts_project.root)) == [
        ("id", "type", 1),
        ("day", "type", 1),
    ]


@pytest.mark.parametrize(
    ("source", "name", "says"),
    [
        (MODELS, "Flight", "perhaps you meant 'Flights'"),
        (MODELS, "Other", "is not a Polars model"),
        (MODELS, "MOST", "is not a Polars model"),
        ("import nowhere\n", "X", "cannot be imported (ModuleNotFoundError: No module named 'nowhere')"),
        ("raise SystemExit(0)\n", "X", "cannot be imported (SystemExit: 0)"),
        ("def (\n", "X", "cannot be imported (SyntaxError"),
        ("import pandera.pandas as pa\nclass X(pa.DataFrameModel):\n    a: int\n", "X", "is not a Polars model"),
        ("import pandera.polars as pa\nclass X(pa.DataFrameModel):\n    a: int = 3\n", "X", "makes no schema"),
    ],
)
def test_python_that_is_no_contract_is_one_line(
    cli: Cli, contracts_project: Repo, source: str, name: str, says: str
) -> None:
    contracts_project.write("contracts/models.py", source)
    words = ("--contract", f"contracts/models.py:{name}", "--data", "data/good.parquet")
    answer = cli("validate", *words, folder=contracts_project.root)
    assert (answer.code, answer.out) == (2, "")
    assert says in answer.err


def test_a_check_that_fails_by_itself_is_a_violation(cli: Cli, contracts_project: Repo) -> None:
    words = ("--contract", "contracts/models.py:Broken", "--data", "data/good.parquet", "--json")
    answer = cli("validate", *words, folder=contracts_project.root)
    assert broken(answer) == [("id", "fails", None)]
    assert answer.json[0]["violations"][0]["message"] == 'the check itself fails: KeyError("no such thing")'
