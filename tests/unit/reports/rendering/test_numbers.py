from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from gitops_mlops.domain.statistics.results import Interval, MetricResult
from gitops_mlops.reports.rendering.numbers import (
    between,
    count,
    counted,
    data_text,
    decimals_of,
    fixed,
    level,
    pair_text,
    percent,
    signed,
    size,
    value_text,
)
from tests.unit.reports.hostile import json_values

READABLE = re.compile(r"–|[+−]?[\d,]+(?:\.\d+)?(?:×10⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)?")


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.39812, 4, "0.3981"),
        (-0.014, 4, "−0.0140"),
        (-0.00001, 4, "0.0000"),
        (-0.0, 2, "0.00"),
        (1e-9, 6, "0.000000"),
        (1234567.8, 1, "1,234,567.8"),
        (2.5e300, 4, "2.5×10³⁰⁰"),
        (-1e15, 2, "−1.0×10¹⁵"),
        (float("nan"), 4, "–"),
        (float("inf"), 4, "–"),
        (None, 4, "–"),
    ],
)
def test_fixed(value: float | None, decimals: int, text: str) -> None:
    assert fixed(value, decimals) == text


@given(st.floats() | st.none(), st.integers(0, 6))
def test_no_number_is_unreadable(value: float | None, decimals: int) -> None:
    assert READABLE.fullmatch(fixed(value, decimals))
    assert READABLE.fullmatch(signed(value, decimals))


@given(st.integers() | st.just(-(10**4000)))
def test_no_count_is_unreadable(number: int) -> None:
    assert READABLE.fullmatch(count(number))


def test_signs() -> None:
    assert [signed(value, 2) for value in (0.014, -0.014, 0.0, 0.001)] == ["+0.01", "−0.01", "0.00", "0.00"]


@pytest.mark.parametrize(
    ("low", "high", "decimals"),
    [(0.0120, 0.0161, 4), (-0.1, 0.1, 2), (-50.0, 50.0, 0), (1e-9, 2e-9, 6), (-1e308, 1e308, 4)],
)
def test_decimals_follow_the_uncertainty(low: float, high: float, decimals: int) -> None:
    metric = MetricResult(name="m", higher_is_better=True, ci=Interval(low=low, high=high, level=0.9))
    assert decimals_of(metric) == decimals


def test_decimals_without_uncertainty_follow_the_size() -> None:
    found = [decimals_of(MetricResult(name="m", higher_is_better=True, challenger=x)) for x in (0.5, 50.0, 5000.0)]
    assert found == [4, 2, 0]


def test_an_interval_turned_round_keeps_low_before_high() -> None:
    interval = Interval(low=-0.02, high=-0.01, level=0.975)
    assert between(interval, 2) == "−0.02 to −0.01"
    assert between(interval, 2, -1) == "0.01 to 0.02"
    assert level(interval) == "97.5%"


def test_words_for_amounts() -> None:
    assert [percent(0.034), percent(-0.5)] == ["3.4%", "−50%"]
    assert [counted(1, "row"), counted(54321, "row"), counted(2, "branch", "branches")] == [
        "1 row",
        "54,321 rows",
        "2 branches",
    ]
    assert [size(999), size(12_345_678), size(2e15)] == ["999 bytes", "12.3 MB", "2,000 TB"]


def test_data_is_told_in_sizes_and_short_digests() -> None:
    told = data_text({"md5": "d41d8cd98f00b204e9800998ecf8427e", "size": 11402388, "rows": 54321}, str)
    assert told == "11.4 MB, 54,321 rows, d41d8cd98f"
    assert data_text("d41d8cd98f00b204e9800998ecf8427e", str) == "d41d8cd98f"
    assert data_text(None, str) == "–"
    assert data_text({"size": "big"}, str) == '{"size": "big"}'


@given(json_values, json_values)
def test_both_sides_of_a_change_can_be_told_apart(old: object, new: object) -> None:
    # True equals 1 in Python, and is shown as true.
    different = value_text(old) != value_text(new) or type(old) is not type(new)  # type: ignore[arg-type]
    before, after = pair_text(old, new, 24)  # type: ignore[arg-type]
    if different:
        assert before[:24] != after[:24]


def test_text_and_number_that_look_alike_are_told_apart() -> None:
    assert pair_text("1", 1, 20) == ('"1"', "1")
    ones: list[JsonValue] = [1] * 49
    assert pair_text([*ones, 1], [*ones, 2], 20) == ("… 1, 1, 1, 1]", "… 1, 1, 1, 2]")
