"""Five hundred hostile reports through every renderer. Mermaid's parser has a test of its own in tests/e2e."""

from __future__ import annotations

import pytest

from gitops_mlops.reports.comparison.html import report_html
from gitops_mlops.reports.comparison.markdown import BUDGET, report_markdown
from gitops_mlops.reports.comparison.terminal import comparison_text
from gitops_mlops.reports.rendering.terminal import printable
from tests.unit.reports import github, page
from tests.unit.reports.comparison.test_markdown import OUR_HEADINGS
from tests.unit.reports.corpus import COUNT, hostile_report

HUNDREDS = [range(first, first + 100) for first in range(0, COUNT, 100)]


@pytest.mark.parametrize("numbers", HUNDREDS, ids=str)
def test_markdown_makes_github_do_nothing_and_fits_into_a_comment(numbers: range) -> None:
    for number in numbers:
        report = hostile_report(number)
        markdown = report_markdown(report, web=github.WEB)
        assert github.problems(markdown) == [], number
        assert len(markdown) <= BUDGET, number
        lines = markdown.split("\n")
        assert lines[0].startswith("<!-- gitops-mlops:report:"), number
        assert lines[1].startswith(("## ✅ ", "## ⚠️ ", "## ⛔ ", "## ❔ ")), number
        assert not report.gates or f"of {len(report.gates)} passed" in markdown, number
        headings = github.read(markdown).headings
        assert [heading for heading in headings if not OUR_HEADINGS.fullmatch(heading)] == [], number


def test_the_largest_of_them_had_to_be_shortened() -> None:
    assert "Shortened to fit into a comment" in report_markdown(hostile_report(0))


@pytest.mark.parametrize("numbers", HUNDREDS, ids=str)
def test_nothing_in_a_page_runs_loads_or_breaks(numbers: range) -> None:
    for number in numbers:
        assert page.problems(report_html(hostile_report(number), github.WEB)) == [], number


@pytest.mark.parametrize("numbers", HUNDREDS, ids=str)
def test_a_terminal_gets_nothing_to_obey(numbers: range) -> None:
    for number in numbers:
        lines = comparison_text(hostile_report(number)).split("\n")
        assert [line for line in lines if printable(line) != line] == [], number
