"""Numbers in reasons say no more and no less than is known."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.comparison.gate_reasons import about, apart, difference, plain


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1e-8, "0.00000001"),
        (-1.23456e-7, "−0.0000001235"),
        (0.0012345678, "0.001235"),
        (0.8, "0.8"),
        (100.0, "100"),
        (1234.5678, "1235"),
        (1e20, "100000000000000000000"),
        (math.inf, "inf"),
    ],
)
def test_a_small_number_keeps_its_digits(value: float, text: str) -> None:
    assert plain(value) == text


def test_a_tiny_gain_is_a_gain() -> None:
    assert difference(1e-8) == "+0.00000001"


@pytest.mark.parametrize(
    ("one", "other", "texts"),
    [
        (0.79996, 0.8, ("0.79996", "0.8")),
        (0.7, 0.8, ("0.7", "0.8")),
        (0.8, 0.8000000000001, ("0.8", "0.8000000000001")),
        (1.0, 1.0, ("1", "1")),
    ],
)
def test_two_numbers_have_the_digits_that_tell_them_apart(one: float, other: float, texts: tuple[str, str]) -> None:
    assert apart(one, other) == texts


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_different_numbers_look_different(one: float, other: float) -> None:
    texts = apart(one, other)
    assert (texts[0] == texts[1]) == (one == other)


@pytest.mark.parametrize(
    ("number", "text"),
    [(7, "7"), (99, "99"), (100, "100"), (101, "110"), (4623, "4,700"), (4700, "4,700"), (43512, "44,000")],
)
def test_an_estimate_of_rows_has_two_digits_and_is_never_too_few(number: int, text: str) -> None:
    assert about(number) == text
