from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gitops_mlops.reports.rendering.workflow_commands import (
    LARGEST_OUTPUT,
    SHOWN,
    Annotation,
    Level,
    annotation_lines,
    markdown_summary,
    output_text,
    outputs_of,
    text_summary,
)
from tests.fakes.runner import commands, outputs

HOSTILE = st.text() | st.lists(
    st.sampled_from(["::error::x", "::", "%0A", "\n", "\r", "%", ":", ",", "`", "```", "é", "\u202e", "end-0", "<<"])
).map("".join)


@given(st.lists(st.builds(Annotation, st.sampled_from(Level), HOSTILE, HOSTILE, HOSTILE, st.integers(0, 9))))
def test_text_makes_no_further_command(given: list[Annotation]) -> None:
    lines = annotation_lines(given)
    assert not any(set("\n\r") & set(line) for line in lines)
    found = commands("\n".join(lines))
    assert len(found) == len(lines) <= 2 * SHOWN
    assert {one.name for one in found} <= {"error", "warning"}
    assert all(one.properties.keys() <= {"file", "line", "col", "title"} for one in found)


def test_what_was_said_arrives() -> None:
    one = Annotation(Level.ERROR, "a, b: 50%", "first\nsecond: 100%25, done", "data,1/c:d.yaml", 3, 5)
    (line,) = annotation_lines([one])
    assert line == (
        "::error file=data%2C1/c%3Ad.yaml,line=3,col=5,title=a%2C b%3A 50%25::first%0Asecond: 100%2525, done"
    )
    (found,) = commands(line)
    assert found.data == one.message
    assert found.properties == {"file": one.file, "line": "3", "col": "5", "title": one.title}


def test_the_last_of_too_many_says_how_many_more() -> None:
    many = [Annotation(Level.ERROR, "t", f"error {number}") for number in range(14)]
    some = [Annotation(Level.WARNING, "t", f"warning {number}") for number in range(10)]
    lines = annotation_lines([*some, *many])
    assert [line.partition("::e")[0] for line in lines[:9]] == [""] * 9
    assert lines[8].endswith("::error 8")
    assert lines[9] == "::error title=t::and 5 more; the log has them all"
    assert [line.rpartition("::")[2] for line in lines[10:]] == [f"warning {number}" for number in range(10)]


def test_one_thing_is_said_once() -> None:
    assert len(annotation_lines([Annotation(Level.ERROR, "t", "m")] * 20)) == 1


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True), HOSTILE))
def test_outputs_are_read_as_they_were(values: dict[str, str]) -> None:
    numbers = count()
    text = output_text(values, lambda: f"end-{next(numbers)}")
    assert outputs(text) == values


def test_a_delimiter_that_occurs_is_not_taken() -> None:
    words = iter(["end-1", "end-2", "end-3"])
    text = output_text({"a": "x\nend-1\nb<<end-2\n"}, lambda: next(words))
    assert outputs(text) == {"a": "x\nend-1\nb<<end-2\n"}


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (None, {"code": "3"}),
        ([1], {"result": "[1]", "code": "3"}),
        (
            {
                "verdict": "pass",
                "pull_request": 7,
                "well": True,
                "none": None,
                "list": [1],
                "code": 9,
                "result": "no",
            },
            {"verdict": "pass", "pull-request": "7", "well": "true", "none": "", "code": "3"},
        ),
        ({"a b": 1, "<<": 2, "x=y": 3, "": 4}, {"code": "3"}),
    ],
)
def test_plain_values_at_the_top_are_outputs(result: Any, expected: dict[str, str]) -> None:
    values, note = outputs_of(result, 3)
    if result is not None:
        assert json.loads(values.pop("result")) == result
    expected.pop("result", None)
    assert (values, note) == (expected, "")


def test_a_result_that_github_would_not_take_is_left_out_and_said() -> None:
    values, note = outputs_of({"verdict": "block", "rows": ["é" * LARGEST_OUTPUT]}, 1)
    assert values == {"verdict": "block", "code": "1"}
    assert "`result` is left out" in note


@given(HOSTILE, st.integers(0, 400))
def test_a_summary_is_one_code_block_within_its_room(text: str, room: int) -> None:
    summary = text_summary("compare", text, room)
    assert len(summary.encode()) <= max(room, 0)
    tokens = MarkdownIt("commonmark").parse(summary)
    assert [token.type for token in tokens if token.level == 0 and token.nesting >= 0] in (
        ["heading_open", "fence"],
        ["heading_open", "fence", "paragraph_open"],
        [],
    )


def test_of_too_long_a_text_the_beginning_stays() -> None:
    summary = text_summary("compare", "BLOCK: worse\n" + "é" * 2000, 1000)
    assert "BLOCK: worse" in summary
    assert summary.endswith("Cut here: GitHub takes 1 MiB. The log has the rest.\n")
    assert len(summary.encode()) <= 1000


def test_markdown_gives_way_at_the_end_of_a_line() -> None:
    markdown = "# BLOCK\n\n" + "".join(f"line {number}\n" for number in range(1000))
    assert markdown_summary(markdown, 10**6) == markdown
    cut = markdown_summary(markdown, 500)
    assert cut.startswith("# BLOCK\n")
    assert len(cut.encode()) <= 500
    assert "\nCut here" in cut
