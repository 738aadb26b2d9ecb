"""Words of `compare` become sides."""

from __future__ import annotations

import pytest

from gitops_mlops.domain.comparison.sides import ComparisonSides, parse_sides
from gitops_mlops.domain.errors import UsageError


@pytest.mark.parametrize(
    ("words", "sides"),
    [
        ([], ComparisonSides()),
        (["delay"], ComparisonSides("delay")),
        (["v1.0.0", "v1.1.0"], ComparisonSides(None, "v1.0.0", "v1.1.0")),
        (["delay@v1.0.0", "HEAD"], ComparisonSides("delay", "delay@v1.0.0", "HEAD")),
        (["delay#production", "delay#staging"], ComparisonSides("delay", "delay#production", "delay#staging")),
        (["delay", "main", "HEAD@{1}"], ComparisonSides("delay", "main", "HEAD@{1}")),
        (["eu:delay", "eu:delay@v1.0.0", "HEAD~2"], ComparisonSides("eu:delay", "eu:delay@v1.0.0", "HEAD~2")),
    ],
)
def test_words_become_sides(words: list[str], sides: ComparisonSides) -> None:
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
