"""Text of strangers on a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.reports.rendering.terminal import printable


@given(st.text())
def test_any_text_is_one_line_of_signs(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert len(shown.splitlines()) <= 1


@pytest.mark.parametrize("end", ["\n", "\r", "\v", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_line_ends(end: str) -> None:
    assert printable(f"a{end}b") == "a�b"
