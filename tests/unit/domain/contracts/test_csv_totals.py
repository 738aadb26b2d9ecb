"""What the totals of a CSV's bytes say is what Python's `csv` finds in its rows."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_mlops.domain.contracts.csv_totals import CsvTotals, count_totals

TEXT = st.text(alphabet='ab 1é,"\n\t', max_size=70)


def totals(content: str, block: int = 64) -> CsvTotals:
    return count_totals(io.BytesIO(content.encode()), block_size=block)


@settings(max_examples=80, derandomize=True)
@given(
    st.lists(st.lists(TEXT, min_size=1, max_size=4), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.sampled_from([64, 128, 1 << 18]),
    st.booleans(),
)
def test_totals_are_those_of_pythons_csv(
    rows: list[list[str]], end: str, all_quoted: bool, block: int, bom: bool
) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL).writerows(rows)
    found = totals("\ufeff" * bom + out.getvalue(), block)
    fields = [field for row in rows for field in row]
    assert (found.separators, found.open) == (len(fields) - len(rows), False)
    assert found.blank == any(field.startswith((" ", "\t")) for field in fields)
    if all_quoted:
        # A text that begins with a quote looks alike in its first two bytes.
        assert found.empty == any(field.startswith('"') or not field for field in fields)


@pytest.mark.parametrize("before", [0, 60, 61, 62, 63, 64, 65])
@pytest.mark.parametrize("quoted", ["", '"q"\n'])
def test_a_field_is_seen_wherever_a_block_ends(before: int, quoted: str) -> None:
    start = f"{quoted}{'x' * (before - len(quoted))}\n"
    assert totals(start + " 5,1\n").blank
    assert totals(start + "5,\t1\n").blank
    assert totals(start + '5," 1"\n').blank
    assert totals(start + '"",1\n').empty
    assert not totals(start + "5 ,1 \n").blank
    assert not totals(start + '5,"1, \n 2"\n').blank
    assert not totals(start + '5,1\n"a"\n').empty


@pytest.mark.parametrize("content", ['a,b\n1,"2', "a,b\n1,", 'a\n5" x\n', 'a\n"5" "6"\n'])
def test_what_readers_understand_differently_is_open(content: str) -> None:
    assert totals(content).open
