from __future__ import annotations

import json
import math
import time
from datetime import date, datetime
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gitops_mlops.domain.comparison.frames import to_pandas
from gitops_mlops.domain.contracts.admission import MISSING, AdmittedRows, RequestContract
from gitops_mlops.domain.contracts.contract import parse_contract
from gitops_mlops.runtime.admitted_frame import admitted_frame

CONTRACT = parse_contract(
    """\
version: 1
columns:
  flag: {type: bool, nullable: true}
  small: {type: uint8, nullable: true, max: 250}
  big: {type: int64, nullable: true}
  ratio: {type: float32, nullable: true, min: -1.5}
  level: {type: float64, nullable: true, allowed: [1, 2.5]}
  code: {type: string, nullable: true, allowed: [A, B]}
  free: {type: string, nullable: true, pattern: '(x+x+)+y', max-length: 5000}
  day: {type: date, nullable: true, min: '2013-01-01', max: '2013-12-31'}
  at: {type: datetime, nullable: true, min: '2013-01-01T00:00:00'}
  extra: {type: int32, required: false, default: 7}
""",
    "contract.yaml",
)
ADMITTER = RequestContract(CONTRACT)
EMPTY: dict[str, Any] = {name: None for name in CONTRACT.columns if name != "extra"}


def admit(**values: Any) -> AdmittedRows:
    """A row of nulls but for `values`."""
    return ADMITTER.admit({name: [value] for name, value in {**EMPTY, **values}.items()}, 1)


@pytest.mark.parametrize(
    ("column", "given_value", "admitted"),
    [
        ("flag", True, True),
        ("small", 250, 250),
        ("small", 3.0, 3),
        ("big", -(2**63), -(2**63)),
        ("ratio", 2, 2),
        ("ratio", -1.5, -1.5),
        ("level", 1, 1),
        ("level", 1.0, 1.0),
        ("code", "A", "A"),
        ("free", "xxy", "xxy"),
        ("day", "2013-06-30", date(2013, 6, 30)),
        ("at", "2013-06-30", datetime(2013, 6, 30)),
        ("at", "2013-06-30T12:00:00+02:00", datetime(2013, 6, 30, 10)),
        ("extra", 9, 9),
    ],
)
def test_values_become_what_the_contract_calls_them(column: str, given_value: Any, admitted: Any) -> None:
    admission = admit(**{column: given_value})
    assert admission.message == ""
    (value,) = admission.columns[column]
    assert (value, type(value)) == (admitted, type(admitted))


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("flag", 1, "1 is not of type bool"),
        ("flag", "true", "'true' is not of type bool"),
        ("small", -1, "-1 does not fit uint8"),
        ("small", 251, "251 is above the maximum 250"),
        ("small", 256, "256 does not fit uint8"),
        ("small", 0.5, "0.5 is not an integer"),
        ("small", True, "True is not of type uint8"),
        ("big", 2**63, "does not fit int64"),
        ("big", 10**4000, "an integer of more than 60 digits does not fit int64"),
        ("ratio", -1.6, "-1.6 is below the minimum -1.5"),
        ("ratio", 1e39, "does not fit float32"),
        ("ratio", math.nan, "nan is not finite → send null"),
        ("level", math.inf, "inf is not finite"),
        ("level", 10**400, "does not fit float64"),
        ("level", 3, "3 is not among the 2 allowed values"),
        ("level", "1", "'1' is not of type float64"),
        ("code", "a", "'a' is not among the 2 allowed values"),
        ("code", 1, "1 is not a string"),
        ("code", ["A"], "a list is not a string"),
        ("code", {"A": 1}, "an object is not a string"),
        ("free", "x", "'x' does not match the pattern"),
        ("free", "xxy\n", r"'xxy\n' does not match the pattern"),
        ("free", "\u202exxy", r"'\u202exxy' does not match"),
        ("free", "\udc80", "half of a surrogate pair"),
        ("free", "x" * 5001, "5001 characters, 5000 are allowed"),
        ("day", "2013-02-30", "'2013-02-30' is not of type date → write it as 2013-12-31"),
        ("day", "2014-01-01", "2014-01-01 is above the maximum 2013-12-31"),
        ("day", 20130101, "is not of type date"),
        ("at", "2012-12-31T23:59:59", "is below the minimum 2013-01-01 00:00:00"),
        ("at", "0001-01-01T00:00:00+23:00", "is not of type datetime"),
        ("extra", None, "null is not allowed"),
    ],
)
def test_a_refusal_names_row_column_and_reason(column: str, value: Any, says: str) -> None:
    admission = admit(**{column: value})
    assert (admission.refused, admission.refused_rows, admission.columns) == (1, 1, {})
    assert admission.message.startswith(f"row 0, column '{column}': ")
    assert says in admission.message


def test_a_batch_is_judged_as_its_rows_are_alone() -> None:
    values = [1, 2, 300, None, 2.0]
    batch = ADMITTER.admit({name: [None] * 5 for name in EMPTY} | {"small": values}, 5)
    assert [(r.row, r.message) for r in batch.refusals] == [(2, "300 does not fit uint8")]
    assert ADMITTER.admit({name: [None] * 2 for name in EMPTY} | {"small": [1, 2]}, 2).columns["small"] == [1, 2]


@example([1.0, math.nan])
@example([1.0, math.inf])
@given(st.lists(st.integers(-300, 300) | st.floats() | st.none() | st.booleans(), min_size=1, max_size=6))
def test_the_quick_way_for_whole_columns_admits_what_the_slow_way_does(values: list[Any]) -> None:
    for column in ("small", "ratio", "level"):
        batch = ADMITTER.admit({name: [None] * len(values) for name in EMPTY} | {column: values}, len(values))
        single = [admit(**{column: value}) for value in values]
        assert batch.refused == sum(one.refused for one in single)
        if not batch.refused:
            assert batch.columns[column] == [one.columns[column][0] for one in single]


def test_a_bound_beyond_the_type_lets_nothing_beyond_the_type_in() -> None:
    wide = RequestContract(
        parse_contract("version: 1\ncolumns:\n  x: {type: float32, min: -1e300, max: 1e300}\n", "c")
    )
    assert wide.admit({"x": [-1.0, 1.0]}, 2).refused == 0
    assert [wide.admit({"x": [0.0, value]}, 2).refused for value in (-1e39, 1e39)] == [1, 1]


def test_absent_columns_are_filled_or_named() -> None:
    assert admit().columns["extra"] == [7]
    assert admit(extra=MISSING).columns["extra"] == [7]
    assert "column 'flag': is missing" in ADMITTER.admit({}, 1).message
    assert "row 0, column 'flag': is missing" in admit(flag=MISSING).message
    assert "is not in the contract → perhaps you meant 'ratio'" in admit(ration=1).message


def test_a_contract_that_is_not_strict_ignores_what_it_does_not_know() -> None:
    loose = RequestContract(CONTRACT.model_copy(update={"strict": False}))
    admission = loose.admit({**{name: [None] for name in EMPTY}, "colour": [object()]}, 1)
    assert "colour" not in admission.columns
    assert admission.rows == 1


def test_only_the_first_reasons_are_shown_and_all_are_counted() -> None:
    admission = ADMITTER.admit({name: [None] * 9 for name in EMPTY} | {"small": [-1] * 9, "flag": [2] * 9}, 9)
    assert (len(admission.refusals), admission.refused, admission.refused_rows) == (5, 18, 9)
    assert admission.message.endswith("; and 13 more")


def test_a_catastrophic_pattern_costs_time_linear_in_the_text() -> None:
    # Python's re takes 2^n steps for this pattern and text; one second would not do for 40 characters.
    begun = time.process_time()
    assert "does not match" in admit(free="x" * 5000).message
    assert time.process_time() - begun < 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.fixed_dictionaries({name: st.lists(json_values, min_size=2, max_size=2) for name in EMPTY}))
def test_whatever_json_holds_is_admitted_or_refused(columns: dict[str, list[Any]]) -> None:
    admission = ADMITTER.admit(columns, 2)
    assert bool(admission.refused) != bool(admission.columns)
    assert "\n" not in admission.message
    json.dumps([vars(refusal) for refusal in admission.refusals]).encode("ascii")
    if admission.columns:
        assert len(admitted_frame(CONTRACT, admission.columns)) == 2


VALUES: dict[str, list[Any]] = {
    "flag": [True, False],
    "small": [1, 2],
    "big": [1, 2**62],
    "ratio": [1.0, 2.5],
    "level": [1.0, 1.0],
    "code": ["A", "B"],
    "day": [date(2013, 1, 1)] * 2,
    "at": [datetime(2013, 1, 1, 5, 0, 0, 7)] * 2,
}
POLARS: dict[str, Any] = {
    "flag": pl.Boolean,
    "small": pl.UInt8,
    "big": pl.Int64,
    "ratio": pl.Float32,
    "level": pl.Float64,
    "code": pl.String,
    "day": pl.Date,
    "at": pl.Datetime("us"),
}


@pytest.mark.parametrize("hole", [False, True])
def test_a_served_row_has_the_types_that_models_are_trained_and_compared_on(hole: bool) -> None:
    columns = {name: [None, values[1]] if hole else values for name, values in VALUES.items()}
    trained = to_pandas(pl.DataFrame(columns, schema=POLARS))
    pd.testing.assert_frame_equal(admitted_frame(CONTRACT, columns), trained, check_exact=True)


def test_a_frame_is_in_the_models_order() -> None:
    assert list(admitted_frame(CONTRACT, VALUES, ("code", "big")).columns) == ["code", "big"]
