"""Every row of a CSV has the header's number of fields, as Python's `csv` counts them and Polars reads them."""

from __future__ import annotations

import csv
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_mlops.domain.contracts.csv_fields import count_fields
from gitops_mlops.domain.contracts.csv_text import FieldCount, require_whole_rows
from gitops_mlops.domain.errors import MissingEvidence

TEXT = st.text(alphabet='ab 1é,"\n', max_size=70)


def counted(content: str | bytes, block: int = 64) -> FieldCount:
    raw = content if isinstance(content, bytes) else content.encode()
    return count_fields(io.BytesIO(raw), block_size=block)


def odd(found: FieldCount) -> list[tuple[int, int]]:
    return [(one.row, one.fields) for one in found.shown if not one.open]


def of_python(content: str) -> tuple[int, int, list[tuple[int, int]]]:
    rows = list(csv.reader(io.StringIO(content, newline="")))
    while rows and not rows[0]:
        del rows[0]
    header = len(rows[0]) if rows else 0
    wrong = [(number, len(row)) for number, row in enumerate(rows[1:], 1) if row and len(row) != header]
    return header, max(len(rows) - 1, 0), wrong


@st.composite
def tables(draw: st.DrawFn) -> str:
    """CSV with random quoting, line ends and blank lines, in which some rows are too long or too short."""
    width = draw(st.integers(1, 4))
    lengths = draw(st.lists(st.one_of(st.just(width), st.just(width), st.integers(1, 5)), max_size=6))
    out = io.StringIO()
    for length in [width, *lengths]:
        end = draw(st.sampled_from(["\n", "\r\n"]))
        all_quoted = draw(st.booleans())
        writer = csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL)
        writer.writerow([draw(TEXT) for _ in range(length)])
        out.write(draw(st.sampled_from(["", "", "", end])))
    return out.getvalue() if draw(st.booleans()) else out.getvalue().rstrip("\r\n")


@settings(max_examples=80, derandomize=True)
@given(tables(), st.sampled_from([64, 128, 1 << 18]), st.booleans())
def test_fields_are_those_of_pythons_csv(content: str, block: int, bom: bool) -> None:
    found = counted(("\ufeff" if bom else "") + content, block)
    assert (found.header, found.rows, odd(found)) == of_python(content)
    assert found.odd == len(found.shown)


@settings(max_examples=150, derandomize=True)
@given(st.text(alphabet='a,"\n', max_size=200))
def test_any_quotes_are_read_as_pythons_csv_does(content: str) -> None:
    found = counted(content)
    header, rows, wrong = of_python(content)
    unclosed = [one.row for one in found.shown if one.open]
    assert (found.header, found.rows, odd(found)) == (header, rows, [one for one in wrong if one[0] not in unclosed])


@settings(max_examples=60, derandomize=True)
@given(tables())
def test_whole_tables_have_the_rows_that_polars_reads(content: str) -> None:
    found = counted(content)
    if found.odd or not found.header:
        return
    frame = pl.read_csv(io.BytesIO(content.encode()), infer_schema=False)
    assert (frame.height, frame.width) == (found.rows, found.header)


@pytest.mark.parametrize(
    ("content", "rows", "wrong"),
    [
        ("a,b\n1,2\n3,4\n", 2, []),
        ("a,b\n1,2\n3,4", 2, []),
        ("a,b\r\n1,2\r\n3,4\r\n", 2, []),
        ("a,b\n1,2,3\n4\n5,6\n", 3, [(1, 3), (2, 1)]),
        ("a,b,c\n1,2,3\n4,5", 2, [(2, 2)]),
        ('a,b\n"1,2","3\n4"\n', 1, []),
        ('a,b\n"1""2",3\n"",""\n', 2, []),
        ("a\n1\n\n2\n", 3, []),
        ("a,b\n1,2\n\n3,4\n\n", 4, []),
        ("a,b\r\n1,2\r\n\r\n3,4\r\n", 3, []),
        ("\n\r\na,b\n1,2\n", 1, []),
        ("a,b\n  \n1,2\n", 2, [(1, 1)]),
        ("a,b\n1,\n,2\n,\n", 3, []),
        ('a,b\n5" x,2\n6,7,8\n', 2, [(2, 3)]),
        ('a,b\n "x,y",2\n', 1, [(1, 3)]),
        ("a,b", 0, []),
        ("", 0, []),
    ],
)  # fmt: skip
def test_line_ends_quotes_and_blank_lines(content: str, rows: int, wrong: list[tuple[int, int]]) -> None:
    for start in ("", "\ufeff"):
        found = counted(start + content)
        assert (found.rows, odd(found)) == (rows, wrong)


def test_the_first_row_is_named_and_the_others_are_counted() -> None:
    with pytest.raises(MissingEvidence) as found:
        require_whole_rows(counted("a,b\n1\n2,3,4\n"), "d.csv")
    assert found.value.message == "row 1 has 1 field, the header has 2, and 1 more such rows"
    with pytest.raises(MissingEvidence, match="row 1 ends inside quotes"):
        require_whole_rows(counted('a,b\n1,"2\n'), "d.csv")


def test_many_odd_rows_are_all_counted_and_a_hundred_kept() -> None:
    found = count_fields(io.BytesIO(b"a,b\n" + b"1\n" * 100_000))
    assert (found.rows, found.odd, len(found.shown)) == (100_000, 100_000, 100)
