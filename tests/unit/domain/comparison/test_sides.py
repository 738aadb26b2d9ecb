"""Words of `compare` become sides."""

from __future__ import annotations

import pytest

from gitops_mlops.domain.comparison.sides import Sides, parse_sides
from gitops_mlops.domain.errors import UsageError


@pytest.mark.parametrize(
    ("words", "sides"),
    [
        ([], Sides()),
        (["delay"], Sides("delay")),
        (["v1.0.0", "v1.1.0"], Sides(None, "v1.0.0", "v1.1.0")),
        (["delay@v1.0.0", "HEAD"], Sides("delay", "delay@v1.0.0", "HEAD")),
        (["delay#production", "delay#staging"], Sides("delay", "delay#production", "delay#staging")),
        (["delay", "main", "HEAD@{1}"], Sides("delay", "main", "HEAD@{1}")),
        (["eu:delay", "eu:delay@v1.0.0", "HEAD~2"], Sides("eu:delay", "eu:delay@v1.0.0", "HEAD~2")),
    ],
)
def test_words_become_sides(words: list[str], sides: Sides) -> None:
    assert parse_sides(words) == sides


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["a", "b", "c", "d"], "4 words are too many"),
        (["delay@v1.0.0"], "names one side of two"),
        (["delay#staging"], "names one side of two"),
        (["delay@v1.0.0", "churn@v1.0.0"], "one model, not churn and delay"),
        (["delay", "churn@v1.0.0", "HEAD"], "one model, not churn and delay"),
    ],
)
def test_what_names_no_sides_is_refused(words: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_sides(words)
