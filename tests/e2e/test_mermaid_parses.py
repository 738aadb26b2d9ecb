"""Mermaid's own parser on every chart that we write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from gitops_mlops.reports.comparison.markdown import report_markdown
from tests.unit.reports import github
from tests.unit.reports.comparison.test_golden_reports import NAMES, load
from tests.unit.reports.corpus import corpus

ROOT = Path(__file__).parents[2]
_PARSE = """async (sources) => {
  const found = [];
  for (const source of sources) {
    try { await mermaid.parse(source); found.push(""); } catch (error) { found.push(String(error.message || error)); }
  }
  return found;
}"""

Parse = Callable[[list[str]], list[str]]


@pytest.fixture(scope="module")
def parse(browser: Browser, node_modules: Path) -> Iterator[Parse]:
    """What Mermaid says against each chart: "" when nothing."""
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.add_script_tag(path=node_modules / "mermaid" / "dist" / "mermaid.min.js")
    yield lambda sources: page.evaluate(_PARSE, sources)
    context.close()


def wrong(parse: Parse, sources: list[str]) -> list[tuple[str, str]]:
    return [(said, source) for said, source in zip(parse(sources), sources, strict=True) if said]


def test_the_parser_refuses_what_it_is_there_to_refuse(parse: Parse) -> None:
    chart = github.read(report_markdown(load("worse"))).charts[0]
    first = re.search(r"line \[([\d.]+)", chart)
    assert first
    assert parse([chart]) == [""]
    broken = [chart.replace(first[1], bad, 1) for bad in ("NaN", "inf", "1e-5")]
    broken += [chart.replace("Calibration", 'a" b'), "nonsense"]
    assert all(parse(broken))


def test_the_charts_of_five_hundred_hostile_reports_parse(parse: Parse) -> None:
    charts = [chart for report in corpus() for chart in github.read(report_markdown(report)).charts]
    assert len(charts) > 500
    assert wrong(parse, charts) == []


def test_the_charts_that_people_look_at_parse(parse: Parse) -> None:
    charts = [chart for name in NAMES for chart in github.read(report_markdown(load(name))).charts]
    assert len(charts) >= 5
    assert wrong(parse, charts) == []


def test_the_charts_of_the_documentation_parse(parse: Parse) -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    charts = [
        chart for page in pages for chart in re.findall(r"```mermaid\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    ]
    assert charts
    assert wrong(parse, charts) == []
