from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.deployment.inference import InferenceResult, joined, to_answers, to_tensors
from gitops_mlops.domain.errors import ExternalError


def test_rows_become_one_tensor_for_each_column() -> None:
    tensors = to_tensors([{"a": 1, "b": "x"}, {"a": None, "c": 2.5}], {"a": "INT64", "c": "FP64"})
    assert tensors == [
        {"name": "a", "shape": [2], "datatype": "INT64", "data": [1, None]},
        {"name": "b", "shape": [2], "datatype": "BYTES", "data": ["x", None]},
        {"name": "c", "shape": [2], "datatype": "FP64", "data": [None, 2.5]},
    ]


def test_probabilities_come_flat_and_leave_in_rows() -> None:
    output = {"name": "probabilities", "parameters": {"classes": ["x", "y"]}, "data": [0.1, 0.9, 0.6, 0.4]}
    body = {"outputs": [{"name": "label", "data": ["y", "x"]}, output, {"name": "prediction_id", "data": ["p", "q"]}]}
    answers = to_answers(body, 2, "here")
    assert answers.probabilities == ((0.1, 0.9), (0.6, 0.4))
    assert answers.rows() == [
        {"label": "y", "probability_x": 0.1, "probability_y": 0.9, "prediction_id": "p"},
        {"label": "x", "probability_x": 0.6, "probability_y": 0.4, "prediction_id": "q"},
    ]
    assert joined([answers, answers]).labels == ("y", "x", "y", "x")
    assert joined([]) == InferenceResult(())


def label(*data: Any) -> dict[str, Any]:
    return {"name": "label", "data": list(data)}


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"outputs": None},
        {"outputs": [{}]},
        {"outputs": []},
        {"outputs": [label(1)]},
        {"outputs": [label(1, 2), {"name": "probability", "data": [0.5]}]},
        {"outputs": [label(1, 2), {"name": "probability", "data": ["x", "y"]}]},
        {"outputs": [label(1, 2), {"name": "probabilities", "parameters": {"classes": []}, "data": [1]}]},
        {"outputs": [label(1, 2), {"name": "probabilities", "data": [1]}]},
    ],
)
def test_what_is_no_answer_to_two_rows(body: Any) -> None:
    with pytest.raises(ExternalError):
        to_answers(body, 2, "here")


values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
nested = st.recursive(
    values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
outputs = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["label", "probability", "probabilities", "prediction_id"]),
        "data": nested,
        "parameters": nested | st.fixed_dictionaries({"classes": nested}),
    },
)


@given(st.fixed_dictionaries({"outputs": st.lists(outputs, max_size=4)}) | nested, st.integers(0, 3))
def test_any_json_is_answers_or_one_kind_of_error(body: Any, rows: int) -> None:
    body = json.loads(json.dumps(body))
    try:
        answers = to_answers(body, rows, "here")
    except ExternalError:
        return
    assert len(answers.rows()) == rows
