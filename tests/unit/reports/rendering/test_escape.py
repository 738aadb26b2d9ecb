from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gitops_mlops.domain.shortening import shorten
from gitops_mlops.reports.rendering.escape import code, marker, prose, row, visible
from tests.unit.reports import github
from tests.unit.reports.hostile import ATTACKS, joined, texts

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ISOLATES = str.maketrans("", "", "\u2068\u2069")


def shown(markdown: str) -> str:
    """The text that a reader sees of one paragraph."""
    tokens = PARSER.parse(markdown)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"], markdown
    children = tokens[1].children or []
    assert {token.type for token in children} <= {"text", "code_inline"}, markdown
    return "".join(token.content for token in children)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("roc_auc fell by 0.02", "`roc_auc` fell by 0.02"),
        ("better than the champion", "better than the champion"),
        ("not worse than 0.005: passed", "not worse than 0.005: passed"),
        ("ping @org/team, now", "ping `@org/team`, now"),
        ("a <b> c", "a `<b>` c"),
        ("x < 3 and y >= 4", "x \\< 3 and y \\>= 4"),
        ("< 3", "`<` 3"),
        ("- item", "`-` item"),
        ("see https://evil.example, www.evil.example", "see `https://evil.example, www.evil.example`"),
        ("two\nlines", "two lines"),
        ("commit b7e23ec or 12345678", "commit `b7e23ec` or `12345678`"),
        ("54,321 rows", "54,321 rows"),
        ("-0.0009933, at most 6.5e-06 (p 0.123456789)", "-0.0009933, at most 6.5e-06 (p 0.123456789)"),
        ("v1.1234567 and 1.b7e23ec and JIRA2-1", "`v1.1234567` and `1.b7e23ec` and `JIRA2-1`"),
        ("Größe 大きさ", "Größe 大きさ"),
        ("✅ passes", "`✅` passes"),
        ("", "(empty)"),
        ("\n \t", "(empty)"),
        ("see https:", "see `https:`"),
        ("ftp", "`ftp`"),
    ],
)
def test_prose_keeps_harmless_words_and_fences_the_rest(text: str, written: str) -> None:
    assert prose(text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("v1.2.0", "`v1.2.0`"),
        ("a`b", "``a`b``"),
        ("`a`", "`` `a` ``"),
        ("```", "```` ``` ````"),
        (" a ", "`  a  `"),
        ("a\r\nb\tc", "`a⏎b⇥c`"),
        ("\u202egnp.exe", "`‹U+202E›gnp.exe`"),
        ("a\u200bb\ufe0f", "`a‹U+200B›b‹U+FE0F›`"),
        ("שלום", "\u2068`שלום`\u2069"),
        ("", "(empty)"),
        ("  ", "(blank)"),
    ],
)
def test_code_shows_the_value_and_nothing_but_the_value(text: str, written: str) -> None:
    assert code(text) == written


@given(texts | joined | st.text(max_size=60))
def test_a_reader_sees_the_text_as_it_is(text: str) -> None:
    """Escaping loses nothing that can be seen and adds nothing."""
    if visible(text).strip():
        assert shown(code(text, 10_000).translate(ISOLATES)) == visible(text)
    expected = " ".join(shorten(word, 60) for word in visible(re.sub(r"\s", " ", text)).split())
    assert shown(prose(text, 10_000).translate(ISOLATES)) == (expected or "(empty)")


@given(texts | joined | st.text(max_size=60))
def test_nothing_escaped_makes_github_act(text: str) -> None:
    assert github.problems(f"{prose(text)} and {code(text)}") == []
    assert github.problems(f"- {prose(text)}") == []
    assert github.problems(prose(text)) == []


@given(st.lists(texts | joined, min_size=1, max_size=4))
def test_a_row_has_as_many_cells_as_it_was_given(cells: list[str]) -> None:
    table = "\n".join([row(cells_of(cells)), row(["---"] * len(cells)), row(cells_of(cells))])
    counts = {count for line in table.split("\n") for count in github.column_counts(line)}
    assert counts == {len(cells)}
    assert sum(token.type == "td_open" for token in PARSER.parse(table)) == len(cells)


def cells_of(texts: list[str]) -> list[str]:
    return [code(text) if index % 2 else prose(text) for index, text in enumerate(texts)]


@given(st.text(max_size=30), st.text(max_size=30))
def test_markers_are_comments_and_differ_with_the_model(one: str, other: str) -> None:
    assert github.OURS.fullmatch(marker(one))
    assert (marker(one) == marker(other)) == (one == other)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_model_name_leaves_its_marker(attack: str) -> None:
    found = github.read(f"{marker(attack)}\n\ntext")
    assert [github.OURS.fullmatch(html) is not None for html in found.html] == [True]
    assert found.plain == ["text"]


def test_a_heap_of_marks_is_cut_down() -> None:
    assert visible("e" + "\u0301" * 50) == "e" + "\u0301" * 3


def test_what_is_too_long_ends_with_an_ellipsis() -> None:
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("abcd", 4) == "abcd"
    assert code("a" + "\u0301" * 3000, 100).endswith("…`")
