"""Words of `compare` become sides."""

from __future__ import annotations

import pytest

from gitops_mlops.domain.comparison.arguments import ComparisonArguments, parse_arguments
from gitops_mlops.domain.errors import UsageError


@pytest.mark.parametrize(
    ("words", "sides"),
    [
        ([], ComparisonArguments()),
        (["delay"], ComparisonArguments("delay")),
        (["v1.0.0", "v1.1.0"], ComparisonArguments(None, "v1.0.0", "v1.1.0")),
        (["delay@v1.0.0", "HEAD"], ComparisonArguments("delay", "delay@v1.0.0", "HEAD")),
        (["delay#production", "delay#staging"], ComparisonArguments("delay", "delay#production", "delay#staging")),
        (["delay", "main", "HEAD@{1}"], ComparisonArguments("delay", "main", "HEAD@{1}")),
        (["eu:delay", "eu:delay@v1.0.0", "HEAD~2"], ComparisonArguments("eu:delay", "eu:delay@v1.0.0", "HEAD~2")),
    ],
)
def test_words_become_sides(words: list[str], sides: ComparisonArguments) -> None:
    assert parse_arguments(words) == sides


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
        parse_arguments(words)
