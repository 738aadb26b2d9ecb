"""`contract infer` and `contract diff` from the command line."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import yaml

from tests.conftest import Cli, Repo


def flights(rows: int = 400) -> pl.DataFrame:
    chance = random.Random(0)
    return pl.DataFrame(
        {
            "id": range(rows),
            "day": [date(2013, 1, 1) + timedelta(i % 365) for i in range(rows)],
            "at": [datetime(2013, 1, 1, i % 24) for i in range(rows)],
            "carrier": [chance.choice(["AA", "no", "é'\"\n"]) for _ in range(rows)],
            "distance": pl.Series([17 + i * 12 for i in range(rows)], dtype=pl.Int32),
            "delay": [chance.choice([-9, 60]) for _ in range(rows)],
            "temp": [None if i % 10 == 0 else float("nan") if i % 10 == 1 else i / 7 - 10 for i in range(rows)],
            "humid": [chance.random() for _ in range(rows)],
            "late": [i % 2 for i in range(rows)],
            "big": pl.Series([2**63 - 1 - i for i in range(rows)], dtype=pl.Int64),
            "infinite": [float("inf"), 1.0] * (rows // 2),
            "tail number": [f"N{i % 300}" for i in range(rows)],
            "on": [True, False] * (rows // 2),
            "stops": [["x"]] * rows,
        },
        strict=False,
    )


def test_a_first_contract_is_readable_and_the_data_keeps_it(cli: Cli, tmp_path: Path) -> None:
    flights().write_parquet(tmp_path / "d.parquet")
    answer = cli("contract", "infer", "d.parquet", "--out", "contracts/c.yaml", folder=tmp_path)
    assert (answer.code, answer.out, answer.err) == (
        0,
        "",
        "stops is left unchecked: a column of list(string)\nwrote contracts/c.yaml\n",
    )
    text = (tmp_path / "contracts/c.yaml").read_text()
    columns = yaml.safe_load(text)["columns"]
    assert columns["id"] == {"type": "int64", "unique": True}
    assert columns["day"] == {"type": "date"}
    assert columns["carrier"] == {"type": "string", "allowed": ["AA", "no", "é'\"\n"]}
    assert columns["distance"] == {"type": "int32", "min": 0, "max": 10000}
    assert columns["delay"] == {"type": "int64", "min": -80, "max": 200}
    assert columns["temp"] == {"type": "float64", "nullable": True, "max-nulls": 0.41, "min": -70, "max": 200}
    assert columns["humid"] == {"type": "float64", "min": 0, "max": 1}
    assert columns["late"] == {"type": "int64", "allowed": [0, 1]}
    assert columns["infinite"] == {"type": "float64", "infinite": True}
    assert columns["tail number"] == {"type": "string"}
    assert "no value repeats: add unique: true if it is an id" in text
    assert "# seen: 2013-01-01 to 2013-12-31" in text
    assert "  - stops  # a column of list(string)\n" in text
    assert yaml.safe_load(text)["strict"] is True
    kept = cli("validate", "--contract", "contracts/c.yaml", "--data", "d.parquet", folder=tmp_path)
    assert kept.code == 0, kept.out


def test_a_contract_is_never_overwritten_by_accident(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,b\n1,2013-01-01\n2,2013-01-02\n")
    (tmp_path / "c.yaml").write_text("mine")
    answer = cli("contract", "infer", "d.csv", "--out", "c.yaml", folder=tmp_path)
    assert (answer.code, "the file exists" in answer.err) == (2, True)
    assert (tmp_path / "c.yaml").read_text() == "mine"
    assert cli("contract", "infer", "d.csv", "--out", "c.yaml", "--force", folder=tmp_path).code == 0
    printed = cli("contract", "infer", "d.csv", folder=tmp_path).out
    assert printed == (tmp_path / "c.yaml").read_text()
    assert cli("contract", "infer", "d.csv", "--json", folder=tmp_path).json["columns"]["b"] == {"type": "date"}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("d.csv", b"", "the file is empty"),
        ("d.csv", b"a,b\n", "no rows to learn from"),
        ("d.csv", "a\nx\ncafé\n".encode("latin-1"), "not UTF-8: byte 7, in line 3"),
        ("d.parquet", b"PAR1 but damaged all the same", "damaged"),
    ],
)
def test_nothing_is_learnt_from_damage(cli: Cli, tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    answer = cli("contract", "infer", name, "--out", "c.yaml", folder=tmp_path)
    assert (answer.code, answer.out, says in answer.err) == (3, "", True), answer
    assert not (tmp_path / "c.yaml").exists()


def test_a_diff_says_whom_it_breaks(cli: Cli, repo: Repo) -> None:
    repo.commit(
        **{"contracts/c.yaml": "version: 1\ncolumns:\n  a: {type: int32}\n  b: {type: string, allowed: [x]}\n"}
    )
    path = "contracts/c.yaml"
    assert cli("contract", "diff", f"HEAD:{path}", path, folder=repo.root).out == "The contracts say the same.\n"
    repo.write(path, "version: 1\ncolumns:\n  a: {type: int64}\n  b: {type: string, allowed: [x]}\n")
    assert cli("contract", "diff", f"HEAD:{path}", path, folder=repo.root).code == 0
    repo.write(
        path,
        "version: 1\ncolumns:\n  b: {type: string, allowed: [x, 'y\x1b[31m']}\n".replace("\x1b", "\\e").replace(
            "'", '"'
        ),
    )
    answer = cli("contract", "diff", f"HEAD:{path}", path, folder=repo.root)
    assert answer.code == 1
    assert "breaking          a       column removed  readers, writers, serving" in answer.out
    assert "Breaks readers, writers, serving." in answer.out
    assert "\x1b" not in answer.out
    (first, second) = cli("contract", "diff", f"HEAD:{path}", path, "--json", folder=repo.root).json
    assert (first["column"], first["kind"]) == ("a", "breaking")
    assert (second["column"], second["kind"], second["breaks"]) == ("b", "serving-breaking", ["serving"])


def test_a_diff_of_what_is_not_there(cli: Cli, repo: Repo) -> None:
    repo.commit(
        **{"c.yaml": "version: 1\ncolumns: {a: {type: int32}}", "bad.yaml": "version: 1\ncolumns: {a: {type: x}}"}
    )
    for old, code, says in (
        ("no.yaml", 2, "no such contract"),
        ("HEAD:no.yaml", 3, "no such file at that revision"),
        ("nowhere:c.yaml", 3, "no such revision"),
        ("HEAD:bad.yaml", 2, "HEAD:bad.yaml:2:15: columns.a.type: must be one of"),
    ):
        answer = cli("contract", "diff", old, "c.yaml", folder=repo.root)
        assert (answer.code, answer.out) == (code, ""), answer
        assert says in answer.err
