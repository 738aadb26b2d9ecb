from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from wcwidth import wcswidth

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.reports.comparison.terminal import WIDTH, comparison_text
from gitops_mlops.reports.rendering.terminal import fit
from tests.unit.reports.comparison.test_golden_reports import NAMES, load
from tests.unit.reports.hostile import reports

ANSI = re.compile(r"\x1b\[[\d;]*m")


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reports())
def test_no_report_gives_the_terminal_an_order(report: Report) -> None:
    text = comparison_text(report)
    unseen = [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") and c != "\n"]
    assert unseen == []
    coloured = comparison_text(report, colour=True)
    assert ANSI.sub("", coloured) == text
    assert (
        text.split()[0]
        == {"pass": "PASS", "warn": "WARN", "block": "BLOCK", "incomparable": "UNKNOWN"}[report.verdict]
    )


@pytest.mark.parametrize("name", [name for name in NAMES if name != "hostile"])
def test_eighty_columns_are_enough(name: str) -> None:
    assert max(map(wcswidth, comparison_text(load(name)).split("\n"))) <= WIDTH


def test_colour_is_only_there_when_asked_for() -> None:
    assert "\x1b" not in comparison_text(load("worse"))
    coloured = comparison_text(load("worse"), colour=True)
    assert coloured.startswith("\x1b[1;31mBLOCK delay: worse than v1.2.0\x1b[0m\n")
    assert "\x1b[1;31mworse\x1b[0m" in coloured
    assert "\x1b[1;32mPASS \x1b[0m" in coloured


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("大きさ", 6, "大きさ"),
        ("大きさ", 5, "大き…"),
        ("大きさ", 4, "大…"),
        ("\x1b[1m", 9, "�[1m"),
    ],
)
def test_fit_counts_columns(text: str, width: int, fitted: str) -> None:
    assert fit(text, width) == fitted
    assert wcswidth(fitted) <= width
