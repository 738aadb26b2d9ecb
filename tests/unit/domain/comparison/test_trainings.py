from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.comparison.trainings import MAX_BYTES, parse_trainings
from gitops_mlops.domain.errors import MissingEvidence

GOOD = [{"seed": 1, "log_loss": 0.5, "roc_auc": 1}, {"roc_auc": 0.5, "seed": 2, "log_loss": 0.25}]


def test_each_metric_has_a_value_for_each_training() -> None:
    found = parse_trainings(json.dumps(GOOD).encode(), "seeds.json")
    assert (found.count, found.values) == (2, {"log_loss": (0.5, 0.25), "roc_auc": (1.0, 0.5)})


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a list of objects"),
        ("[1]", "not a list of objects"),
        ('[{"log_loss": 1}]', "training 1 has no seed"),
        ('[{"seed": true, "log_loss": 1}]', "training 1 has no seed"),
        ('[{"seed": 1.5, "log_loss": 1}]', "training 1 has no seed"),
        ('[{"seed": 1}, {"seed": 2}]', "no metric besides the seed"),
        ('[{"seed": 1, "a": 1}, {"seed": 1, "a": 2}]', "seed 1 appears twice"),
        ('[{"seed": 1, "a": 1}, {"seed": 2}]', "not every training has 'a'"),
        ('[{"seed": 1, "a": 1}, {"seed": 2, "a": 1, "b": 2}]', "not every training has 'b'"),
        ('[{"seed": 1, "a": null}]', "'a' of seed 1 is not a finite number"),
        ('[{"seed": 1, "a": "0.4"}]', "'a' of seed 1 is not a finite number"),
        ('[{"seed": 1, "a": true}]', "'a' of seed 1 is not a finite number"),
        ('[{"seed": 1, "a": 1e999}]', "'a' of seed 1 is not a finite number"),
        (f'[{{"seed": 1, "a": {10**400}}}]', "'a' of seed 1 is not a finite number"),
        (f'[{{"seed": 1, "a": {"9" * 5000}}}]', "not JSON"),
        ('[{"seed": 1, "a": -Infinity}]', "-Infinity is not a metric value"),
        (json.dumps([{"seed": n, "a": 1} for n in range(1001)]), "1001 trainings, at most 1000"),
        (" " * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_anything_else_is_refused_with_the_place(content: str, why: str) -> None:
    with pytest.raises(MissingEvidence, match=why) as raised:
        parse_trainings(content.encode(), "seeds.json of v1")
    assert str(raised.value).startswith("seeds.json of v1: ")


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["seed", "a", ""]), inner, max_size=3)
    ),
)


@given(st.binary(max_size=50) | _values.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_is_finite_or_refused(content: bytes) -> None:
    try:
        found = parse_trainings(content, "seeds.json")
    except MissingEvidence:
        return
    assert all(len(values) == found.count for values in found.values.values())
    assert all(math.isfinite(value) for values in found.values.values() for value in values)
