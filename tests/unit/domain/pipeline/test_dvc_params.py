"""Parameters as `dvc.lock` records them."""

from __future__ import annotations

from typing import Any

from gitops_mlops.domain.pipeline.parameters import flattened, lookup


def test_a_section_is_its_values() -> None:
    """A stage that depends on `train` records the whole section; a reviewer wants the one value that changed."""
    assert flattened({"train": {"c": 0.1, "deep": {"trees": 3}}, "seed": 0}) == {
        "train.c": 0.1,
        "train.deep.trees": 3,
        "seed": 0,
    }


def test_lists_and_empty_sections_are_values() -> None:
    values: dict[str, Any] = {"columns": ["a", {"b": 1}], "nothing": {}, "none": None}
    assert flattened(values) == values


def test_each_key_leads_to_its_value() -> None:
    values = {"a": {"b": {"c": 1}, "d": 2}, "e": 3}
    assert all(lookup(values, key) == value for key, value in flattened(values).items())
