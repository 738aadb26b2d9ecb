"""Polars' own parser of a CSV is used only where it finds what our rules find in the text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitops_mlops.adapters.tables.files import TableFiles
from gitops_mlops.domain.contracts.contract import Contract
from gitops_mlops.domain.contracts.csv_table import csv_table, text_numbers, typed_numbers
from gitops_mlops.domain.contracts.polars_types import POLARS
from gitops_mlops.domain.contracts.table_checks import ReadableTable, checks_of, wanted_types
from gitops_mlops.domain.contracts.text_values import POLARS_PARSES, parsed
from gitops_mlops.domain.errors import MissingEvidence

QUICK = settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
KINDS = [kind for kind, dtype in POLARS.items() if type(dtype) in POLARS_PARSES]
TEXTS = """5|+5|-5|++5|- 5|5\r|\xa05|\u20035|\x0b5|1_000|1'000|0x10|0b1|1e3|1E+3|1e-3|1e|e5|inf|-inf|+Inf|INF|infinity
nan|NaN|NAN|-nan|nan(1)|-0|+0|-0.0|.5|5.|.|-.5|.e1|1.0|00501|-007|127|128|-129|255|256|32768|65536|2147483648|4294967296
9223372036854775807|9223372036854775808|-9223372036854775809|18446744073709551615|18446744073709551616|1e308|1e309|1e-400
4.9e-324|1e-46|3.4028236e38|0.1000000000000000055511151231257827|16777217|9007199254740993|٣|５|½|1٣|true|True|TRUE|tRuE
false|False|t|yes|1|0|truetrue|null|NULL|None|NA|-|+|2013-01-01|13-01-01|2013/01/01|01/02/2013|5L|1.5f
$5|5%|1 000|(5)|'5'|\x005|5\x00|\ufeff5|\u200b5|\u22125|1..5|infin|1e 5|1__0|_1|5"|"5"6|"5" |""5|a|é"""
FIELDS = [text for line in TEXTS.split("\n") for text in line.split("|")] + ['"""5"', '"1,5"', '"5\n"', '""""']
ROWS = st.lists(
    st.sampled_from(["", '""', " 5", '" 5"', "\t5", "5 ", "5,6", "5,", " "])
    | st.sampled_from(FIELDS)
    | st.integers(-(2**64), 2**65).map(str)
    | st.floats().map(str)
    | st.sampled_from(["true", "false"])
    | st.text(" \t+-.e0519_", max_size=5),
    min_size=1,
    max_size=3,
)


def numbers(content: str, dtype: pl.DataType, folder: Path) -> tuple[Any, Any]:
    """What Polars' parser gives for a column `x`, None where it is not used, and what is in the text."""
    path = folder / "d.csv"
    path.write_bytes(content.encode())
    table = csv_table(path, "d.csv", {"x": dtype}, lambda: path.open("rb"))
    asked = [pl.len().alias("rows"), pl.col("x").implode().alias("values"), *_rules(table)]
    ours = typed_numbers(table, asked)
    if ours is None:
        return None, None
    found, odd = text_numbers(table, asked)
    return ours, None if odd else found


def _rules(table: ReadableTable) -> list[pl.Expr]:
    bad = pl.col(table.raw["x"]).is_not_null() & pl.col("x").is_null()
    return [bad.sum().alias("bad"), pl.col("x").null_count().alias("nulls")]


def same(ours: Any, text: Any) -> bool:
    return text is not None and all(
        repr(mine) == repr(other) for mine, other in zip(ours.values(), text.values(), strict=True)
    )


@settings(QUICK, max_examples=100)
@given(ROWS, st.sampled_from(KINDS), st.booleans())
def test_what_polars_parses_is_what_the_text_says(tmp_path: Path, rows: list[str], kind: Any, last: bool) -> None:
    head, rest = ("y,x", [f"z,{row}" for row in rows]) if last else ("x,y", [f"{row},z" for row in rows])
    for end in ("\n", ""):
        ours, text = numbers("\n".join([head, *rest]) + end, POLARS[kind], tmp_path)
        assert ours is None or same(ours, text), (ours, text)


@pytest.mark.parametrize("kind", ["bool", "int8", "uint64", "float32"])
def test_each_odd_text_that_polars_parses_is_what_the_text_says(tmp_path: Path, kind: Any) -> None:
    for field in ["1" if kind != "bool" else "true", *FIELDS]:
        ours, text = numbers(f"x,y\n{field},z\n", POLARS[kind], tmp_path)
        assert ours is None or same(ours, text), (field, ours, text)


@pytest.mark.parametrize(
    ("content", "used"),
    [
        ("i,f,b,s\n1,1.5,true,a\n,,,\n-2,NaN,false,b c\n", True),
        ('i,f,b,s\n1,1.5,true,"a, b"\n2,1e3,false,""\n', True),
        ("i,f,b,s\n1,1.5,True,a\n2,2,False,b\n", True),
        ("i,f,b,s\n1,1.5,true,a\n 2,2,false,b\n", False),
        ('i,f,b,s\n1,1.5,true,a\n"",2,false,b\n', False),
        ("i,f,b,s\n1,1.5,true,a\n2,2,false\n", False),
        ("i,f,b,s\n1,1.5,true,a\n2,2,false,b,c\n3,3,true\n", False),
        ("i,f,b,s\n1,1.5,true\n2,2,false,b,", False),
        ("i,f,b,s\n" + "1,1.5,true,a\n" * 20_000 + "2,2,false\n", False),
        ("i,f,b,s\n" + "1,1.5,true,a\n" * 20_000 + "2,2,false,\n", True),
        ("i,f,b,s," + ",".join(f"column {at}" for at in range(9_000)) + "\n1,1.5,true,a" + ",1" * 9_000 + "\n", True),
        ("i,f,b,s\n1,1.5,true,a\n\n", False),
    ],
)
def test_polars_parses_where_nothing_is_left_open(tmp_path: Path, content: str, used: bool) -> None:
    (tmp_path / "d.csv").write_text(content)
    wanted = {"i": pl.Int64(), "f": pl.Float64(), "b": pl.Boolean(), "s": pl.String()}
    table = TableFiles().open(tmp_path / "d.csv", "d.csv", wanted)
    assert (typed_numbers(table, [pl.len().alias("rows")]) is not None) == used


VALUES = st.sampled_from(["", "1", "-1", " 5", "2.5", "true", "True", "NaN", "inf", '""', '"7"', "2013-01-01", "x y"])


@settings(QUICK, max_examples=40)
@given(st.lists(st.lists(VALUES, min_size=4, max_size=6), max_size=4), st.booleans())
def test_findings_are_those_of_the_text(tmp_path: Path, rows: list[list[str]], nullable: bool) -> None:
    (tmp_path / "d.csv").write_text("\n".join(["i,f,b,d,s", *(",".join(row) for row in rows)]))
    contract = Contract.model_validate(
        {
            "version": 1,
            "rows": {"min": 0},
            "columns": {
                "i": {"type": "int8", "min": 0, "max": 4, "nullable": nullable, "unique": True},
                "f": {"type": "float32", "allowed": [1, 2.5], "nullable": True, "max-nulls": 0.4},
                "b": {"type": "bool", "allowed": [True], "nullable": nullable},
                "d": {"type": "date", "min": "2013-01-02", "nullable": nullable},
                "s": {"type": "string", "pattern": "[0-9]*", "nullable": nullable},
            },
        }
    )

    def findings() -> Any:
        files = TableFiles()
        try:
            table = files.open(tmp_path / "d.csv", "d.csv", wanted_types(contract))
            return files.count(table, checks_of(contract, table))
        except MissingEvidence as error:
            return str(error)

    ours = findings()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gitops_mlops.adapters.tables.files.typed_numbers", lambda table, asked: None)
        assert repr(ours) == repr(findings())


def test_no_type_is_parsed_outside_the_streaming_engine() -> None:
    def in_memory(expression: pl.Expr) -> bool:
        query = pl.scan_csv(b"x\n1\n", infer_schema=False).select(expression.is_null().sum())
        graph = query.show_graph(raw_output=True, show=False, engine="streaming", plan_stage="physical")
        return 'fillcolor="0.0' in str(graph)

    text = pl.col("x")
    assert in_memory(text.replace_strict({"1": 1}, default=None))
    assert [kind for kind, dtype in POLARS.items() if in_memory(parsed(text, dtype))] == []
