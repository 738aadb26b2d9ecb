from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.contracts.compatibility import breaking, compare_contracts
from gitops_mlops.domain.contracts.contract import Contract, parse_contract


def contract(columns: str, head: str = "") -> Contract:
    return parse_contract(f"version: 1\n{head}\ncolumns:\n  id: {{type: int64}}\n{columns}\n", "c.yaml")


def changes(old: str, new: str) -> list[tuple[str, str, str]]:
    before, after = (contract(f"  c: {{{text}}}") for text in (old, new))
    return [(one.change, "+".join(one.breaks), one.kind) for one in compare_contracts(before, after)]


@pytest.mark.parametrize(
    ("old", "new", "change", "breaks", "kind"),
    [
        ("type: int32", "type: int64", "type widened", "", "compatible"),
        ("type: float32", "type: float64", "type widened", "", "compatible"),
        ("type: int64", "type: int32", "type narrowed", "writers", "breaking"),
        ("type: int64", "type: string", "type changed", "readers+writers+serving", "breaking"),
        ("type: date", "type: datetime", "type changed", "readers+writers+serving", "breaking"),
        ("type: int8, nullable: true", "type: int8", "nulls refused", "writers", "breaking"),
        ("type: int8", "type: int8, nullable: true", "nulls allowed", "serving", "serving-breaking"),
        ("type: int8", "type: int8, required: false", "became optional", "readers+serving", "breaking"),
        ("type: int8", "type: int8, default: 0", "became optional", "", "compatible"),
        ("type: int8, required: false", "type: int8", "became required", "writers", "breaking"),
        ("type: int8, default: 1", "type: int8", "became required", "writers", "breaking"),
        ("type: int8, default: 1", "type: int8, default: 2", "default changed", "serving", "serving-breaking"),
        ("type: int8, required: false", "type: int8, required: false, default: 2", "default added", "", "compatible"),
        ("type: int8, unit: km", "type: int8, unit: mile", "unit changed", "readers+writers+serving", "breaking"),
        ("type: int8", "type: int8, unit: mile", "unit changed", "", "compatible"),
        ("type: int8", "type: int8, description: x", "description changed", "", "compatible"),
        ("type: int8, unique: true", "type: int8", "no longer unique", "readers", "breaking"),
        ("type: int8", "type: int8, unique: true", "became unique", "", "tightening"),
        ("type: int8, min: 3", "type: int8, min: 2", "min loosened", "serving", "serving-breaking"),
        ("type: int8, min: 3", "type: int8, min: 4", "min tightened", "", "tightening"),
        ("type: int8, max: 3", "type: int8, max: 4", "max loosened", "serving", "serving-breaking"),
        ("type: int8, max: 3", "type: int8", "max loosened", "serving", "serving-breaking"),
        ("type: int8", "type: int8, max: 3", "max tightened", "", "tightening"),
        (
            "type: string, allowed: [a]",
            "type: string, allowed: [a, b]",
            "values added",
            "serving",
            "serving-breaking",
        ),
        ("type: string, allowed: [a, b]", "type: string, allowed: [a]", "values removed", "", "tightening"),
        ("type: string, allowed: [a]", "type: string", "values unrestricted", "serving", "serving-breaking"),
        ("type: string", "type: string, allowed: [a]", "values restricted", "", "tightening"),
        ("type: string", "type: string, pattern: a", "pattern added", "", "tightening"),
        ("type: string, pattern: a", "type: string", "pattern removed", "serving", "serving-breaking"),
        ("type: string, pattern: a", "type: string, pattern: b", "pattern changed", "serving", "serving-breaking"),
        (
            "type: string, max-length: 3",
            "type: string, max-length: 4",
            "max-length loosened",
            "serving",
            "serving-breaking",
        ),
        ("type: float64", "type: float64, infinite: true", "infinity allowed", "serving", "serving-breaking"),
        ("type: float64, infinite: true", "type: float64", "infinity refused", "", "tightening"),
        (
            "type: int8, nullable: true, max-nulls: 0.1",
            "type: int8, nullable: true, max-nulls: 0.2",
            "max-nulls loosened",
            "serving",
            "serving-breaking",
        ),
    ],
)
def test_each_change_breaks_whom_the_method_says(old: str, new: str, change: str, breaks: str, kind: str) -> None:
    assert changes(old, new) == [(change, breaks, kind)]


def test_columns_that_come_and_go() -> None:
    old = contract("  c: {type: int8}\n  d: {type: string}")
    new = contract("  e: {type: int8}\n  f: {type: bool, required: false}\n  g: {type: bool, default: true}")
    found = {one.column: (one.change, one.breaks, one.message) for one in compare_contracts(old, new)}
    assert found["c"] == (
        "column removed",
        ("readers", "writers", "serving"),
        "the column was removed, or renamed to 'e'",
    )
    assert found["d"][2] == "the column was removed"
    assert found["e"][:2] == ("required column added", ("writers",))
    assert found["f"] == ("column added", (), "new, optional")
    assert found["g"] == ("column added", (), "new, with a default")


def test_an_open_contract_still_takes_a_removed_column_from_writers() -> None:
    (found,) = compare_contracts(contract("  c: {type: int8}"), contract("", "strict: false"))[:1]
    assert found.breaks == ("readers", "serving")


def test_the_whole_table() -> None:
    old = contract("", "strict: false\nrows: {min: 1, max: 10}\nunique: [[id]]")
    new = contract("", "strict: true\nrows: {min: 2, max: 20}")
    assert [(one.change, one.kind) for one in compare_contracts(old, new)] == [
        ("became strict", "tightening"),
        ("rows.min tightened", "tightening"),
        ("rows.max loosened", "compatible"),
        ("key removed", "breaking"),
    ]
    assert [(one.change, one.kind) for one in compare_contracts(new, old)] == [
        ("no longer strict", "compatible"),
        ("rows.min loosened", "compatible"),
        ("rows.max tightened", "tightening"),
        ("key added", "tightening"),
    ]
    assert [one.change for one in breaking(compare_contracts(old, new))] == ["key removed"]


COLUMN = st.sampled_from(
    [
        "type: int32",
        "type: int64, min: 0",
        "type: int64, max: 5, nullable: true",
        "type: string, allowed: [a, b]",
        "type: string, pattern: '[a-z]'",
        "type: float64, unit: km",
        "type: date, min: 2013-01-01, required: false",
    ]
)


@given(
    st.dictionaries(st.sampled_from("abcd"), COLUMN, max_size=4),
    st.dictionaries(st.sampled_from("abcd"), COLUMN, max_size=4),
)
def test_a_contract_equals_itself_and_any_difference_is_seen(one: dict[str, str], other: dict[str, str]) -> None:
    old, new = (
        contract("\n".join(f"  {name}: {{{text}}}" for name, text in found.items())) for found in (one, other)
    )
    assert compare_contracts(old, old) == []
    assert bool(compare_contracts(old, new)) == (one != other)
    assert all(change.plain()["kind"] == change.kind for change in compare_contracts(old, new))


def test_a_column_whose_values_nobody_checks() -> None:
    def between(old: str, new: str) -> list[tuple[str, str]]:
        heads = {"": ("", ""), "checked": ("  c: {type: int8}", ""), "unchecked": ("", "unchecked: [c]")}
        found = compare_contracts(contract(*heads[old]), contract(*heads[new]))
        return [(one.change, "+".join(one.breaks)) for one in found]

    assert between("checked", "unchecked") == [("no longer checked", "readers+serving")]
    assert between("unchecked", "checked") == [("became checked", "")]
    assert between("unchecked", "") == [("column removed", "readers+writers+serving")]
    assert between("", "unchecked") == [("required column added", "writers")]
    assert between("unchecked", "unchecked") == []
