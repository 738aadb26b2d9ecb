"""Whatever `contract infer` accepts keeps the contract that comes out."""

from __future__ import annotations

import csv
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitops_mlops.adapters.tables.files import TableFiles
from gitops_mlops.domain.contracts.contract import Contract, parse_contract
from gitops_mlops.domain.contracts.inference import NUMBERS, TEXT_SHAPES
from gitops_mlops.domain.contracts.table_checks import checks_of, wanted_types
from gitops_mlops.domain.contracts.validation import Violation
from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.reports.contracts.contract_yaml import contract_yaml
from gitops_mlops.usecases.contracts.inference import infer_from_table
from tests.conftest import Cli

ROWS = 24


def texts(*words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words)


CELLS = (
    st.integers(-5, 5).map(str),
    st.integers(-(2**70), 2**70).map(str),
    st.integers(2**63, 2**64 - 1).map(str),
    st.floats().map(str),
    texts("1", "1.", ".5", "+3", "-0", "1e5", "1E400", "nan", "NaN", "inf", "-Infinity", "00.5", " 7", "7 "),
    texts("007", "00501", "1"),
    texts("1,5", "2,25", "1.000,00"),
    texts("true", "false"),
    texts("True", "FALSE", "true"),
    texts("T", "F"),
    texts("yes", "no", "NA"),
    texts("0", "1"),
    st.dates().map(str),
    texts("01/02/2024", "13/02/2024"),
    texts("1.2.24", "31.12.1999"),
    texts("2024/01/31", "2024/1/1"),
    texts("2024-1-1", "2024-01-31"),
    texts("0000-01-01", "-0005-01-01", "12000-01-01", "2024-02-30", "2024-01-01"),
    texts("31-Dec-99", "1 Jan 2000"),
    texts("12:30", "9:05:07.5"),
    st.datetimes().map(str),
    st.datetimes().map(lambda at: at.isoformat()),
    texts("2024-01-01T10:00:00Z", "2024-01-01 10:00:00+02:00", "2024-01-01", "2024-01-01 10:00"),
    texts("0000-01-01 00:00:00", "2024-01-01 25:00:00", "2024-01-01 10:00:00"),
    texts("a", "b", 'c"', "d,e", "f\ng", "ö"),
    texts("NA", "NULL", "None", "-", "?", "1"),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=5),
    st.just(""),
)
NAMES = st.one_of(
    texts(
        "", " ", "\t", "a", "id", "<<", "=", "null", "yes", "1", "*", "^a.*$", "rows", "Größe", "x: {y", "#", "- a"
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6),
    st.just("long" * 400),
)


@st.composite
def csv_tables(draw: st.DrawFn) -> list[list[str]]:
    names = draw(st.lists(NAMES, min_size=1, max_size=5))
    columns = []
    for name in names:
        few = draw(st.lists(draw(st.sampled_from(CELLS)), min_size=1, max_size=6))
        odd = draw(st.lists(draw(st.sampled_from(CELLS)), max_size=1))
        empty = draw(st.sampled_from([0, 1, 13]))
        cells = [*[""] * empty, *odd, *few * ROWS][:ROWS]
        columns.append([name, *draw(st.permutations(cells))] if odd else [name, *cells])
    return [list(row) for row in zip(*columns, strict=True)]


def kept(path: Path) -> tuple[Contract, tuple[Violation, ...]]:
    """The contract inferred from a file, as its YAML is read again, and what the file breaks of it."""
    tables = TableFiles()
    inferred = infer_from_table(path, path.name, tables)
    contract = parse_contract(contract_yaml(inferred), "c.yaml")
    assert contract == inferred.contract
    table = tables.open(path, path.name, wanted_types(contract))
    return contract, tables.count(table, checks_of(contract, table)).violations


def kept_or_refused(path: Path, *reasons: str) -> tuple[Contract, tuple[Violation, ...]] | None:
    try:
        return kept(path)
    except MissingEvidence as error:
        if any(reason in str(error).lower() for reason in reasons):
            return None
        raise


@pytest.mark.slow
@given(csv_tables())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_csv_keeps_the_contract_inferred_from_it(tmp_path_factory: Any, rows: list[list[str]]) -> None:
    path = Path(tmp_path_factory.getbasetemp()) / "random.csv"
    with path.open("w", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_MINIMAL).writerows(rows)
    # Polars gives a repeated name a number, and refuses one that another column has already.
    found = kept_or_refused(path, "no column has a type", "duplicate")
    if found is None:
        return
    contract, violations = found
    assert violations == ()
    assert contract.strict
    assert len(contract.columns) + len(contract.unchecked) == len(rows[0])


EXTREME = st.sampled_from([-(2**31), -719_529, -719_162, 0, 2_932_896, 2_932_897, 2**31 - 1])
TYPES: tuple[tuple[pl.DataType, st.SearchStrategy[Any]], ...] = (
    (pl.Null(), st.none()),
    (pl.Boolean(), st.booleans()),
    (pl.Int8(), st.integers(-128, 127)),
    (pl.UInt64(), st.integers(0, 2**64 - 1)),
    (pl.Int64(), st.integers(0, 3)),
    (pl.Int64(), st.integers(-(2**63), 2**63 - 1)),
    (pl.Int128(), st.integers(-(2**63), 2**63 - 1)),
    (pl.Float32(), st.floats(width=32)),
    (pl.Float64(), st.floats()),
    (pl.Decimal(20, 2), st.integers(-(10**9), 10**9).map(lambda cents: Decimal(cents) / 100)),
    (pl.String(), st.text(st.characters(codec="utf-8"), max_size=4)),
    (pl.String(), st.sampled_from(["01/02/2024", "13/02/2024", "007", "1"])),
    (pl.Categorical(), st.sampled_from(["a", "b", ""])),
    (pl.Enum(["x", "y"]), st.sampled_from(["x", "y"])),
    (pl.Binary(), st.binary(max_size=3)),
    (pl.Date(), st.dates()),
    (pl.Time(), st.just(time(12, 30))),
    (pl.Duration("us"), st.just(timedelta(1))),
    (pl.Datetime("ms"), st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))),
    (pl.Datetime("ns", "Europe/Berlin"), st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))),
    (pl.List(pl.Int64()), st.lists(st.integers(0, 9), max_size=2)),
    (pl.Struct({"a": pl.Int64()}), st.fixed_dictionaries({"a": st.integers(0, 9)})),
)


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    columns = []
    for name in draw(st.lists(NAMES, min_size=1, max_size=4, unique=True)):
        if draw(st.integers(0, 9)) == 0:
            days = [draw(EXTREME) for _ in range(3)]
            series = pl.Series(name, (days * ROWS)[:ROWS], pl.Int32).cast(pl.Date)
        else:
            dtype, values = draw(st.sampled_from(TYPES))
            some = draw(st.lists(st.none() | values if draw(st.booleans()) else values, min_size=1, max_size=6))
            # Named afterwards: some types are made by way of a frame, where a name such as ^a$ is a pattern.
            series = pl.Series((some * ROWS)[:ROWS], dtype=dtype, strict=False).rename(name)
        columns.append(series)
    return pl.DataFrame(columns)


@pytest.mark.slow
@given(frames())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_parquet_file_keeps_the_contract_inferred_from_it(tmp_path_factory: Any, frame: pl.DataFrame) -> None:
    path = Path(tmp_path_factory.getbasetemp()) / "random.parquet"
    frame.write_parquet(path)
    found = kept_or_refused(path, "no column has a type")
    if found is None:
        return
    contract, violations = found
    assert violations == ()
    assert contract.strict
    assert {*contract.columns, *contract.unchecked} == set(frame.columns)


def inferred(folder: Path, content: str) -> dict[str, Any]:
    """The columns of the contract of a CSV, which keeps it."""
    path = folder / "d.csv"
    path.write_text(content)
    contract, violations = kept(path)
    assert violations == ()
    return {
        name: column.model_dump(mode="json", by_alias=True, exclude_unset=True)
        for name, column in contract.columns.items()
    }


def test_an_unnamed_column_is_the_number_of_the_row(cli: Cli, tmp_path: Path) -> None:
    found = inferred(tmp_path, ",id,x\n0,1,2\n1,2,3\n")
    assert found == {
        "": {"type": "int64", "unique": True},
        "id": {"type": "int64", "unique": True},
        "x": {"type": "int64"},
    }
    assert cli("contract", "infer", "d.csv", "--out", "c.yaml", folder=tmp_path).code == 0
    (tmp_path / "d.csv").write_text(",id,x\n0,1,2\n0,2,3\n1,3,y\n")
    answer = cli("validate", "--contract", "c.yaml", "--data", "d.csv", folder=tmp_path)
    assert (answer.code, "''      unique" in answer.out) == (1, True), answer
    answer = cli("validate", "--contract", "c.yaml", "--data", "d.csv", "--json", folder=tmp_path)
    assert [one["column"] for one in answer.json[0]["violations"]] == ["x", ""]


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (["01/02/2024", "13/02/2024"], {"pattern": "[0-9]{1,2}[/.-][0-9]{1,2}[/.-]([0-9]{2}|[0-9]{4})"}),
        (["2024/01/02", "2024/1/13"], {"pattern": "[0-9]{4}[/.][0-9]{1,2}[/.][0-9]{1,2}"}),
        (["2024-01-02", "2024-02-30"], {}),
        (["10:30", "9:15:00"], {"pattern": "[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?"}),
        (["00501", "10001"], {"pattern": "[0-9]+"}),
        (["12345678901234567890123", "1"], {"pattern": "[0-9]+"}),
        (["1,5", "2,5"], {}),
        (["2024-01-02", "2024-12-31"], {"type": "date"}),
        (["2024-01-02T10:00:00Z", "2024-12-31"], {"type": "datetime"}),
        (["True", "FALSE"], {"type": "bool"}),
        (["18446744073709551615", "1"], {"type": "uint64"}),
    ],
)
def test_text_is_what_all_of_it_can_be_read_as(tmp_path: Path, cells: list[str], column: dict[str, Any]) -> None:
    rows = "".join(f'"{cell}",1\n' for cell in cells)
    assert inferred(tmp_path, f"c,x\n{rows}")["c"] == {"type": "string"} | column


@pytest.mark.parametrize(
    ("cells", "rules"),
    [
        (["NA", "1.5", "-2", "1e3"], {"type": "string", "pattern": TEXT_SHAPES[NUMBERS]}),
        (["NA", "0", "1"] * 10, {"type": "string", "allowed": ["0", "1", "NA"]}),
        (["a", "b"] * 10, {"type": "string", "allowed": ["a", "b"]}),
        (["a"] * 20, {"type": "string"}),
        (["01/02/2024"] * 10 + ["02/02/2024"] * 10, {"type": "string", "pattern": next(iter(TEXT_SHAPES.values()))}),
        (["1.5", "2.5", "3"], {"type": "float64", "min": 0, "max": 5}),
        (["1980", "1980", "1987"], {"type": "int64", "min": 1800, "max": 2100}),
        (["4", "9", "17"], {"type": "int64", "min": 0, "max": 30}),
        (["4", "5", "6"], {"type": "int64"}),
        (["0", "1"] * 10, {"type": "int64", "allowed": [0, 1]}),
    ],
)
def test_the_rules_are_those_that_a_person_would_write(
    tmp_path: Path, cells: list[str], rules: dict[str, Any]
) -> None:
    assert inferred(tmp_path, "year,x\n" + "".join(f"{cell},y\n" for cell in cells))["year"] == rules


def test_what_cannot_be_described_is_named_and_the_rest_stays_strict(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,b\n1,\n2,\n")
    answer = cli("contract", "infer", "d.csv", "--out", "c.yaml", folder=tmp_path)
    assert answer.err == "b is left unchecked: a column with only nulls\nwrote c.yaml\n"
    assert yaml.safe_load((tmp_path / "c.yaml").read_text())["unchecked"] == ["b"]
    for content, code, says in (
        ("a,b\n1,x\n", 0, "1 rows keep"),
        ("a\n1\n", 1, "b       required"),
        ("a,b,c\n1,,2\n", 1, "c       strict"),
    ):
        (tmp_path / "d.csv").write_text(content)
        answer = cli("validate", "--contract", "c.yaml", "--data", "d.csv", folder=tmp_path)
        assert (answer.code, says in answer.out) == (code, True), answer


@pytest.mark.parametrize("nulls", [1, 49, 4999, 5000, 9999])
def test_the_limit_of_nulls_is_a_share(tmp_path: Path, nulls: int) -> None:
    pl.DataFrame({"x": [None] * nulls + [1] * (10_000 - nulls)}).write_parquet(tmp_path / "d.parquet")
    contract, violations = kept(tmp_path / "d.parquet")
    assert violations == ()
    assert contract.columns["x"].nullable
