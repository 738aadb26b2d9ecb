"""What is shortened says so, and what is shown of many says how many it leaves out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from gitops_mlops.domain.comparison.report import dump_report, parse_report
from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.review.review import StepFailure
from gitops_mlops.domain.shortening import (
    WORD,
    escaped,
    first_line,
    first_of,
    first_texts,
    first_values,
    left_out,
    quoted,
    shorten,
)
from gitops_mlops.domain.statistics.results import ConfusionMatrix


@pytest.mark.parametrize(
    ("number", "words", "texts", "rest"),
    [
        (0, "", (), []),
        (2, "0, 1", ("0", "1"), []),
        (3, "0, 1 and 1 more", ("0", "and 2 more"), ["1 of 3 gates are left out"]),
        (1500, "0, 1 and 1,498 more", ("0", "and 1,499 more"), ["1,498 of 1,500 gates are left out"]),
    ],
)
def test_what_is_cut_says_how_much(number: int, words: str, texts: tuple[str, ...], rest: list[str]) -> None:
    names = [str(at) for at in range(number)]
    assert first_of(names, 2) == words
    assert first_texts(names, 2) == texts
    assert left_out(number, 2, "gates") == rest


def test_what_is_shortened_ends_in_an_ellipsis_and_fits() -> None:
    assert (shorten("a" * 201, WORD), shorten("a" * 200, WORD)) == ("a" * 199 + "…", "a" * 200)
    assert first_line(" \nwhy\nmore\n") == "why"
    assert (first_line("é" * 900)[-2:], first_line("")) == ("é…", "")
    assert (quoted("x" * 81)[-3:], quoted([1]), len(quoted([1] * 99))) == ("x…'", "[1]", 80)
    assert escaped("é\n" * 50).endswith("\\xe9\\n'…")
    assert first_values(["a", 1, None], 2) == "'a', 1 and 1 more"


def test_what_we_say_is_shortened_and_what_a_file_says_is_refused() -> None:
    assert StepFailure(step="s" * 201, outcome="usage", message="m" * 2001).message == "m" * 1999 + "…"
    assert ConfusionMatrix(labels=("l" * 300,), challenger=((1,),)).labels == ("l" * 199 + "…",)
    with pytest.raises(ValidationError, match="at most 2000 characters"):
        StepFailure.model_validate_json(json.dumps({"step": "s", "outcome": "usage", "message": "m" * 2001}))


@pytest.mark.parametrize("number", [1, 2])
def test_a_long_text_of_an_earlier_form_is_refused_too(number: int) -> None:
    recorded = Path(__file__).parents[2] / "recorded" / "report-1.json"
    report = dump_report(parse_report(recorded.read_bytes())) if number == 2 else recorded.read_bytes()
    with pytest.raises(MissingEvidence, match=r"not a report of schema .* \(model: .*at most 200 characters"):
        parse_report(json.dumps({**json.loads(report), "model": "m" * 201}))
