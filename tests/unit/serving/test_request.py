from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.contracts.admission import MISSING
from gitops_mlops.domain.contracts.contract import parse_contract
from gitops_mlops.serving.body import HttpRefusal, parse_json
from gitops_mlops.serving.request import (
    DATATYPES,
    MLFLOW_KEYS,
    accepted_datatypes,
    datatype_of,
    infer_question,
    mlflow_question,
)

CONTRACT = parse_contract(
    "version: 1\ncolumns:\n  a: {type: float64}\n  b: {type: string}\n  c: {type: date, required: false}\n", "c"
)


def outcome(work: Callable[[], Any]) -> tuple[Any, HttpRefusal | None]:
    """What comes of it: a value, or a refusal. Anything else is a failure."""
    try:
        return work(), None
    except HttpRefusal as refused:
        return None, refused


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_json_or_a_400(content: bytes) -> None:
    value, refused = outcome(lambda: parse_json(content))
    if refused is None:
        assert json.loads(content) == value
    else:
        assert (refused.status, "\n" in refused.message) == (400, False)


def test_two_hundred_thousand_different_keys_and_a_double_one_take_no_quadratic_time() -> None:
    body = "{" + ",".join(f'"{n}":0' for n in range(100_000)) + ',"99999":0}'
    begun = time.process_time()
    with pytest.raises(HttpRefusal, match="'99999' twice"):
        parse_json(body.encode())
    assert time.process_time() - begun < 5


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "shape", "data", "a", "b"]), inner, max_size=3)
    ),
    max_leaves=8,
)
tensor = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["a", "b", "x"]) | anything,
        "shape": st.lists(st.integers(-1, 2), max_size=3) | anything,
        "datatype": st.sampled_from(sorted(DATATYPES)) | anything,
        "data": st.lists(anything, max_size=2) | anything,
    },
)
infer_body = (
    st.fixed_dictionaries(
        {"inputs": st.lists(tensor, max_size=3) | anything}, optional={"id": anything, "outputs": anything}
    )
    | anything
)
mlflow_body = st.dictionaries(st.sampled_from([*MLFLOW_KEYS, "params", "x"]), anything, max_size=2) | st.builds(
    lambda columns, data: {"dataframe_split": {"columns": columns, "data": data}},
    st.lists(st.sampled_from(["a", "b", "c"]), max_size=3),
    st.lists(st.lists(anything, max_size=3), max_size=3),
)


@given(infer_body, mlflow_body)
def test_any_json_is_a_question_or_a_refusal(infer: Any, mlflow: Any) -> None:
    for ask, body in ((infer_question, infer), (mlflow_question, mlflow)):
        question, refused = outcome(partial(ask, body, CONTRACT, 10))
        if refused is not None:
            assert 400 <= refused.status < 500
            assert "\n" not in refused.message
        else:
            assert 1 <= question.rows <= 10
            assert {len(values) for values in question.columns.values()} <= {question.rows}


def test_records_with_different_keys_leave_gaps_and_no_nulls() -> None:
    question = mlflow_question({"instances": [{"a": 1}, {"b": None}]}, CONTRACT, 10)
    assert question.columns == {"a": [1, MISSING], "b": [MISSING, None]}


def test_records_that_share_no_key_do_not_multiply() -> None:
    body = {"instances": [{str(n): 0} for n in range(9000)]}
    with pytest.raises(HttpRefusal) as caught:
        mlflow_question(body, CONTRACT, 10_000)
    assert caught.value.status == 413


def test_every_column_type_is_announced_as_a_datatype_that_it_accepts() -> None:
    for column_type in type(CONTRACT.columns["a"].type):
        assert datatype_of(column_type) in accepted_datatypes(column_type) <= DATATYPES
