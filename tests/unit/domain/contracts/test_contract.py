from __future__ import annotations

import time
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.contracts.contract import ColumnType, Contract, parse_contract, typed_value
from gitops_mlops.domain.document.pattern import MAX_LENGTH, pattern_problem, whole_matcher
from gitops_mlops.domain.errors import ConfigError


def column(text: str) -> Contract:
    return parse_contract(f"version: 1\ncolumns:\n  c: {{{text}}}\n", "c.yaml")


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_contract(text, "c.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_a_contract_says_what_it_says() -> None:
    found = column(
        "type: datetime, min: 2013-01-01, max: 2013-12-31T23:00:00+02:00, nullable: true, max-nulls: 0.1"
    ).columns["c"]
    assert (found.low, found.high) == (datetime(2013, 1, 1), datetime(2013, 12, 31, 21))
    assert (found.nullable, found.max_nulls, found.mandatory) == (True, 0.1, True)
    assert column("type: date, min: '2013-02-01'").columns["c"].low == date(2013, 2, 1)
    assert column("type: int64, max: 9223372036854775807").columns["c"].high == 2**63 - 1
    assert column("type: float32, allowed: [1, 2.5]").columns["c"].choices == (1.0, 2.5)
    assert not column("type: int64, default: 3").columns["c"].mandatory


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("type: int8, min: 300", "3:19: columns.c.min", "300 does not fit int8"),
        ("type: int32, min: 0.5", "columns.c.min", "is not an integer"),
        ("type: int32, min: true", "columns.c.min", "is not a finite number"),
        ("type: int32, min: 5, max: 4", "columns.c.min", "min is greater than max"),
        ("type: date, min: 2013-05-01, max: 2013-04-01", "columns.c.min", "min is greater than max"),
        ("type: date, min: tomorrow", "columns.c.min", "is not a date"),
        ("type: date, min: 2013-01-01T10:00:00", "columns.c.min", "is not a date"),
        ("type: datetime, max: 5", "columns.c.max", "is not a date and time"),
        ("type: string, min: a", "columns.c.min", "means nothing for string"),
        ("type: bool, max: 1", "columns.c.max", "means nothing for bool"),
        ("type: int8, pattern: a", "columns.c.pattern", "means nothing for int8"),
        ("type: int8, max-length: 4", "columns.c.max-length", "means nothing for int8"),
        ("type: int8, infinite: true", "columns.c.infinite", "means nothing for int8"),
        ("type: int8, max-nulls: 0.5", "columns.c.max-nulls", "nulls are refused"),
        ("type: int8, nullable: true, max-nulls: 1.5", "columns.c.max-nulls", "between 0 and 1, not 1.5"),
        ("type: float64, max: .inf", "columns.c.max", "not a plain finite value"),
        ("type: float64, max: .nan", "columns.c.max", "not a plain finite value"),
        ("type: float64, max: {a: 1}", "columns.c.max", "not a plain finite value"),
        ("type: string, allowed: []", "columns.c.allowed", "refuses every value"),
        ("type: string, allowed: [a, b, a]", "columns.c.allowed", "appears twice"),
        ("type: string, allowed: [a, 1]", "columns.c.allowed[1]", "1 is not of type string → quote it: '1'"),
        ("type: bool, allowed: [1]", "columns.c.allowed[0]", "1 is not of type bool"),
        ("type: int8, allowed: [1, 9], max: 5", "columns.c.allowed[1]", "is above max"),
        ("type: int8, allowed: [1, 9], min: 5", "columns.c.allowed[0]", "is below min"),
        ("type: string, allowed: [aa, b], pattern: a+", "columns.c.allowed[1]", "does not match the pattern"),
        ("type: string, allowed: [aa, b], max-length: 1", "columns.c.allowed[0]", "longer than max-length"),
        ("type: string, allowed: [a], default: b", "columns.c.default", "not among the allowed values"),
        ("type: string, pattern: '(?=a)b'", "columns.c.pattern", "look-ahead"),
        (r"type: string, pattern: '(a)\1'", "columns.c.pattern", "backreferences"),
        ("type: string, pattern: 'a)|(b'", "columns.c.pattern", "not a regular expression"),
        ("type: string, pattern: '(a{1000}){1000}'", "columns.c.pattern", "size limit"),
        ("type: text", "columns.c.type", "must be one of"),
        ("type: string, mx: 3", "columns.c.mx", "perhaps you meant 'max'"),
    ],
)
def test_what_contradicts_itself_is_named_with_its_place(text: str, where: str, says: str) -> None:
    (problem,) = problems(f"version: 1\ncolumns:\n  c: {{{text}}}\n")
    assert where in problem
    assert says in problem


def test_keys_name_columns_that_exist() -> None:
    found = problems(
        "version: 1\nunique: [[idd], [], [id, id]]\nrows: {min: 3, max: 2}\ncolumns:\n  id: {type: int64}\n"
    )
    assert found == [
        "c.yaml:2:11: unique[0][0]: no column is called 'idd' → perhaps you meant 'id'",
        "c.yaml:2:17: unique[1]: a key needs columns → name them, or drop the entry",
        "c.yaml:2:26: unique[2][1]: 'id' appears twice in the key",
        "c.yaml:3:8: rows.min: min is greater than max → no table has both",
    ]


def test_every_error_at_once_although_one_column_cannot_be_read() -> None:
    found = problems("version: 2\ncolumns:\n  a: {type: int64, min: 2, max: 1}\n  b: {tipe: int64}\n")
    assert [line.split(": ")[1] for line in found] == ["version", "columns.a.min", "columns.b.type", "columns.b.tipe"]


@pytest.mark.parametrize("text", ["", "[]", "version: 1", "version: 1\ncolumns: {}", "version: 1\ncolumns: []", "3"])
def test_what_is_no_contract_is_said_in_lines(text: str) -> None:
    assert problems(text)


def test_column_names_may_be_anything() -> None:
    names = ["a b", "Größe", "$x", "^a.*$", "a.b", "名前", "", " "]
    found = parse_contract(
        "version: 1\ncolumns:\n" + "".join(f"  {name!r}: {{type: bool}}\n" for name in names), "c.yaml"
    )
    assert list(found.columns) == names


def test_a_column_is_checked_or_unchecked() -> None:
    assert parse_contract("version: 1\nunchecked: ['', b]\ncolumns: {a: {type: bool}}", "c.yaml").unchecked == (
        "",
        "b",
    )
    assert problems("version: 1\nunchecked: [a, b, b]\ncolumns: {a: {type: bool}}") == [
        "c.yaml:2:13: unchecked[0]: 'a' is among the columns too → keep one of the two",
        "c.yaml:2:19: unchecked[2]: 'b' appears twice → keep one of the two",
    ]


def test_a_catastrophic_pattern_takes_no_time() -> None:
    matches = whole_matcher(r"(a+)+")
    start = time.perf_counter()
    assert not matches("a" * 100_000 + "!")
    assert time.perf_counter() - start < 1
    assert pattern_problem("a" * (MAX_LENGTH + 1)).startswith("longer than")


def test_a_pattern_matches_the_whole_value() -> None:
    matches = whole_matcher("[A-Z]{3}|x")
    assert [matches(text) for text in ("JFK", "x", "JFKL", "aJFK", "JFK\n", "")] == [True, True] + [False] * 4


@given(st.text(max_size=40))
def test_any_pattern_is_refused_in_words_or_usable(pattern: str) -> None:
    if not pattern_problem(pattern):
        assert whole_matcher(pattern)("a") in (True, False)


@given(
    st.sampled_from(ColumnType),
    st.integers() | st.floats() | st.text() | st.booleans() | st.dates() | st.datetimes(),
)
def test_a_typed_value_is_of_the_type_and_stays_itself(kind: ColumnType, value: Any) -> None:
    def convert() -> Any:
        try:
            return typed_value(kind, value)
        except ValueError as error:
            return error

    found = convert()
    if isinstance(found, ValueError):
        assert " → " in str(found)
        return
    assert typed_value(kind, found) == found
    limits = kind.integer_range
    assert limits is None or limits[0] <= found <= limits[1]


def test_types_hold_narrower_ones_of_their_kind() -> None:
    held = {(wide, narrow) for wide in ColumnType for narrow in ColumnType if wide.holds(narrow)}
    assert ("int64", "int32") in held
    assert ("int16", "uint8") in held
    assert ("float64", "float32") in held
    assert not held & {
        ("int8", "uint8"),
        ("uint64", "int8"),
        ("float64", "int8"),
        ("datetime", "date"),
        ("int32", "int64"),
    }
    assert all((kind, kind) in held for kind in ColumnType)
