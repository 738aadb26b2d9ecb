"""The HTML report in a browser: it asks for nothing, runs nothing, fits a phone, and everybody can read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from gitops_mlops.reports.comparison.html import report_html
from tests.e2e.browser import Open, Watched, opened
from tests.unit.reports.comparison.test_golden_reports import NAMES, load
from tests.unit.reports.corpus import hostile_report
from tests.unit.reports.github import WEB

PHONE, DESK = 360, 1200
SAMPLE = range(0, 500, 25)


@pytest.fixture(params=[(False, DESK), (True, PHONE)], ids=["desk", "phone at night"])
def show(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Iterator[Open]:
    dark, width = request.param
    with opened(browser, tmp_path, dark, width) as function:
        yield function


@pytest.fixture
def phone(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    with opened(browser, tmp_path, dark=False, width=PHONE) as function:
        yield function


@pytest.fixture
def desk(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    with opened(browser, tmp_path, dark=False, width=DESK) as function:
        yield function


def golden(name: str) -> str:
    return report_html(load(name), WEB)


def quiet(watched: Watched) -> bool:
    """Whether the page asked for nothing, complained of nothing and ran nothing."""
    page = watched.page
    assert watched.requests == []
    assert watched.complaints == []
    assert page.evaluate("typeof window.ran") == "undefined"
    assert page.locator("script, iframe, object, embed, img, link, base, form, input").count() == 0
    return True


def too_wide(watched: Watched) -> list[str]:
    """What reaches beyond the window, unless it scrolls by itself."""
    found: list[str] = watched.page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          const wide = [...document.querySelectorAll('body *')].filter(one =>
            one.getBoundingClientRect().right > width + 1 && !one.closest('.wide, svg, .skip'));
          const scrolls = document.documentElement.scrollWidth > width ? ['the page'] : [];
          return [...scrolls, ...wide.map(one => one.outerHTML.slice(0, 120))];
        }"""
    )
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_page_that_people_look_at(show: Open, name: str) -> None:
    watched = show(golden(name))
    assert quiet(watched)
    assert too_wide(watched) == []


@pytest.mark.parametrize("window", ["phone", "desk"])
def test_hostile_reports_neither_run_nor_break_the_page(request: pytest.FixtureRequest, window: str) -> None:
    show: Open = request.getfixturevalue(window)
    for number in SAMPLE:
        watched = show(report_html(hostile_report(number), WEB))
        watched.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert quiet(watched), number
        assert too_wide(watched) == [], number


def test_the_watch_sees_what_it_is_there_to_see(desk: Open) -> None:
    watched = desk(
        "<script>window.ran = 1; alert('a')</script><img src='https://evil.example/x'><p style='width:3000px'>"
    )
    assert watched.requests == ["https://evil.example/x"]
    assert "a" in watched.complaints
    assert too_wide(watched)
    with pytest.raises(AssertionError):
        quiet(watched)


def test_the_policy_stops_what_would_get_through(desk: Open) -> None:
    html = golden("better").replace(
        "<main>", "<main><script>window.ran = 1</script><img src='https://evil.example/x'>"
    )
    watched = desk(html)
    assert watched.page.evaluate("typeof window.ran") == "undefined"
    assert len([text for text in watched.complaints if "Content Security Policy" in text]) == 2


AXE = """async () => (await axe.run(document, {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
})).violations.map(one => [one.id, one.nodes.map(node => node.html.slice(0, 120))])"""


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(show: Open, node_modules: Path, name: str) -> None:
    page = show(golden(name)).page
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.evaluate((node_modules / "axe-core" / "axe.min.js").read_text("utf-8"))
    assert page.evaluate(AXE) == []


# What axe does not look at: text in plots (4.5 : 1) and their lines and marks (3 : 1).
CONTRASTS = """() => {
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  };
  const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const card = light(getComputedStyle(document.querySelector('section')).backgroundColor);
  const found = {};
  for (const [name, property] of [['.tick', 'fill'], ['.side', 'fill'], ['.plot text', 'fill'], ['.zero', 'stroke'],
      ['.margin', 'stroke'], ['.interval', 'stroke'], ['.dot', 'stroke'], ['.curve.champion', 'stroke'],
      ['.curve.challenger', 'stroke'], ['.reference', 'stroke'], ['.count', 'fill'], ['.mark', 'fill']])
    for (const one of document.querySelectorAll(name)) {
      const value = ratio(card, light(getComputedStyle(one)[property]));
      found[name] = Math.min(found[name] ?? 99, value);
    }
  return found;
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_plots_stand_out_from_their_ground(browser: Browser, tmp_path: Path, dark: bool) -> None:
    with opened(browser, tmp_path, dark=dark, width=DESK) as show:
        found: dict[str, float] = show(golden("worse")).page.evaluate(CONTRASTS)
    assert set(found) >= {".tick", ".side", ".plot text", ".zero", ".margin", ".interval", ".dot", ".curve.champion"}
    for name, ratio in found.items():
        assert ratio >= (4.5 if name in (".tick", ".side", ".plot text") else 3.0), name


def test_dark_is_dark(browser: Browser, tmp_path: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    colours = []
    for dark in (False, True):
        with opened(browser, tmp_path, dark=dark, width=DESK) as show:
            colours.append(show(golden("better")).page.evaluate(ground))
    assert colours == ["rgb(244, 246, 248)", "rgb(14, 19, 25)"]


def test_the_keyboard_reaches_everything_in_order(desk: Open) -> None:
    page = desk(golden("worse")).page
    wanted = page.evaluate("[...document.querySelectorAll('a, summary')].map(one => one.textContent)")
    reached: list[Any] = []
    for _ in range(3 * len(wanted)):
        page.keyboard.press("Tab")
        name, seen = page.evaluate(
            """() => {
              const one = document.activeElement, box = one.getBoundingClientRect();
              const outline = getComputedStyle(one).outlineStyle;
              return [one.matches('a, summary') ? one.textContent : null, outline !== 'none' && box.top >= 0];
            }"""
        )
        if name is not None:
            assert seen, f"{name} has the focus, but nobody sees it"
            reached.append(name)
        if len(reached) == len(wanted):
            break
    assert reached == wanted
    assert reached[0] == "Skip to the evidence"


def test_the_skip_link_skips_and_a_fold_opens_with_a_key(desk: Open) -> None:
    page = desk(golden("worse")).page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "part-1"
    fold = page.locator("summary", has_text="The points").first
    fold.focus()
    page.keyboard.press("Enter")
    assert page.locator("caption", has_text="every point").first.is_visible()


def test_a_screen_reader_hears_plots_tables_and_the_verdict(desk: Open) -> None:
    page = desk(golden("worse")).page
    assert page.get_by_role("heading", level=1).inner_text() == "delay: worse than v1.2.0"
    plot = page.get_by_role("img", name="Calibration")
    assert plot.count() == 1
    assert "observed share by predicted probability" in page.locator("svg desc").first.text_content().lower()  # type: ignore[union-attr]
    for name in ("Gates", "Metrics", "Slices", "Curves", "Confusion matrix"):
        assert page.get_by_role("region", name=name, exact=True).count() == 1, name
    # On a phone the cells of a table are laid out as blocks; it must stay a table.
    page.set_viewport_size({"width": PHONE, "height": 800})
    metrics = page.get_by_role("region", name="Metrics", exact=True)
    assert metrics.get_by_role("table").count() == 1
    assert metrics.get_by_role("rowheader").count() == len(load("worse").metrics)


def test_paper_gets_what_is_folded_and_no_navigation(desk: Open) -> None:
    page = desk(golden("hostile")).page
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(26, 34, 44)"
    software = page.locator("details:not(.points) table").first
    assert software.evaluate("one => one.checkVisibility({contentVisibilityAuto: true})")
    assert software.bounding_box()["height"] > 20  # type: ignore[index]
