"""Every reader of CSV finds a row with too many or too few fields, whatever it projects."""

from __future__ import annotations

import gzip
from itertools import combinations
from pathlib import Path

import pytest

from gitops_mlops.adapters.tables.rows import TableRows
from gitops_mlops.domain.comparison.rows import parse_rows
from gitops_mlops.domain.errors import MissingEvidence
from tests.conftest import Cli

COLUMNS = {"id": "int64", "note": "string", "price": "float64"}
LONG, SHORT = "id,note,price\n1,a,1\n2,b,3,9\n", "id,note,price\n1,a,1\n2,b\n"
WHOLE = 'id,note,price\r\n1,"a,\r\n""b""",1\r\n2,,'


def contract(names: tuple[str, ...]) -> str:
    columns = "".join(f"  {name}: {{type: {COLUMNS[name]}, nullable: true}}\n" for name in names)
    return f"version: 1\nstrict: false\ncolumns:\n{columns}"


@pytest.mark.parametrize("names", [some for size in (1, 2, 3) for some in combinations(COLUMNS, size)])
def test_validate_finds_them_whatever_has_a_rule(cli: Cli, tmp_path: Path, names: tuple[str, ...]) -> None:
    (tmp_path / "c.yaml").write_text(contract(names))
    for content, fields in ((LONG, 4), (SHORT, 2), (WHOLE, None)):
        (tmp_path / "d.csv").write_bytes(content.encode())
        answer = cli("validate", "--contract", "c.yaml", "--data", "d.csv", "--json", folder=tmp_path)
        (one,) = answer.json
        assert (answer.code, one["rows"]) == (0 if fields is None else 1, 2), answer
        found = [(broken["column"], broken["check"], broken["samples"]) for broken in one["violations"]]
        assert found == ([] if fields is None else [(None, "fields", [{"row": 2, "values": {"fields": fields}}])])


def test_a_compressed_file_is_counted_too(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(contract(("id",)))
    for content, code in ((WHOLE, 0), (SHORT, 1)):
        (tmp_path / "d.csv").write_bytes(gzip.compress(content.encode()))
        assert cli("validate", "--contract", "c.yaml", "--data", "d.csv", folder=tmp_path).code == code
    assert parse_rows(gzip.compress(WHOLE.encode()), "d.csv").height == 2
    with pytest.raises(MissingEvidence, match="row 2 has 2 fields"):
        parse_rows(gzip.compress(SHORT.encode()), "d.csv")


@pytest.mark.parametrize(("content", "fields"), [(LONG, 4), (SHORT, 2)])
def test_readers_without_a_verdict_name_the_row(cli: Cli, tmp_path: Path, content: str, fields: int) -> None:
    says = f"row 2 has {fields} fields, the header has 3"
    (tmp_path / "d.csv").write_bytes(content.encode())
    answer = cli("contract", "infer", "d.csv", folder=tmp_path)
    assert (answer.code, f"d.csv: {says}" in answer.err, answer.err.count("\n")) == (3, True, 1)
    with pytest.raises(MissingEvidence, match=says):
        parse_rows(content.encode(), "d.csv")
    with pytest.raises(MissingEvidence, match=says):
        parse_rows(content.replace(",", "\t").encode(), "d.tsv")
    rows = TableRows(lambda path, written: None)
    for read in (
        lambda: rows.spread(tmp_path / "d.csv", "d.csv", 1),
        lambda: list(rows.batches(tmp_path / "d.csv", "d.csv", 9)),
    ):
        with pytest.raises(MissingEvidence, match=says):
            read()


def test_a_quote_that_is_no_quote_leaves_no_row_unread(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(contract(("id",)))
    (tmp_path / "d.csv").write_bytes(b'id,note,price\n1,5" x,1\n2,6" y,2\n3,z,3\n')
    answer = cli("validate", "--contract", "c.yaml", "--data", "d.csv", folder=tmp_path)
    assert answer.code == 3 or "3 rows keep" in answer.out
