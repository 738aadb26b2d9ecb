from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.comparison.report_parts import DataCheck, DataChecks
from gitops_mlops.domain.statistics.results import ConfusionMatrix, MetricResult, PlotCurve
from gitops_mlops.reports.comparison.html import SECTIONS, report_html
from gitops_mlops.reports.rendering.escape import html, visible
from gitops_mlops.reports.rendering.markup import Markup, fragment, tag
from tests.unit.reports import github, page
from tests.unit.reports.comparison.test_golden_reports import NAMES, load
from tests.unit.reports.comparison.test_markdown import MINIMAL, _huge
from tests.unit.reports.corpus import COUNT, hostile_report
from tests.unit.reports.hostile import ATTACKS, joined, texts


def shown(html: str) -> str:
    """All text of a page, in its order."""
    return " ".join(" ".join(page.read(html).texts).split())


@pytest.mark.slow
def test_hostile_reports_give_pages_in_which_nothing_runs_loads_or_breaks() -> None:
    for number in (0, *range(7, COUNT, 50)):
        assert page.problems(report_html(hostile_report(number), github.WEB)) == [], number


@pytest.mark.parametrize("name", NAMES)
def test_what_people_look_at_holds_the_same_rules(name: str) -> None:
    assert page.problems(report_html(load(name), github.WEB)) == []


@pytest.mark.parametrize(
    ("markup", "problem"),
    [
        ("<script>1</script>", "element script"),
        ("<p onclick='x'>a</p>", "p: attribute onclick"),
        ("<p style='color:red'>a</p>", "p: attribute style"),
        ("<p>a", "never ended: p"),
        ("<p><em>a</p></em>", "</p> ends something else"),
        ("<a href='//evil.example'>a</a>", "link to"),
        ("<a href='#nowhere'>a</a>", "nothing has the id nowhere"),
        ("<p id='a'></p><p id='a'></p>", "id a twice"),
        ("<p>a\u202eb</p>", "invisible U+202E"),
        ("<!-- a -->", "comment"),
        ("<svg><line x1='nan'></line></svg>", "line: x1 is 'nan'"),
    ],
)
def test_the_reading_sees_what_it_is_there_to_see(markup: str, problem: str) -> None:
    assert [one for one in page.problems(markup) if one.startswith(problem)]


@given(texts | joined | st.text(max_size=60))
def test_text_is_text_wherever_it_stands(text: str) -> None:
    read = page.read(tag("p", text, title=text, class_=text))
    assert read.problems == []
    assert "".join(read.texts) == (visible(text) if visible(text).strip() else "")


@pytest.mark.parametrize("attack", [*ATTACKS, "a\"b'c", "]]>"])
def test_an_escaped_text_leaves_neither_element_nor_quotes(attack: str) -> None:
    assert not re.search(r"[<>\"']|&(?!(?:amp|lt|gt|quot|#x27);)", html(attack))


def test_elements_are_built_and_only_markup_is_taken_as_it_is() -> None:
    assert tag("td", "a<b", Markup("<br>"), None, class_="x", data_label=None, hidden=True, focusable=False) == (
        '<td class="x" hidden>a&lt;b<br></td>'
    )
    assert (
        tag("rect", x=0, y=1.0, width=2.345, height=1e300)
        == f'<rect x="0" y="1" width="2.35" height="{1e300:.0f}"></rect>'
    )
    assert tag("br") == "<br>"
    assert fragment(["<", tag("em", "&"), None]) == "&lt;<em>&amp;</em>"


def test_the_verdict_and_its_number_come_first() -> None:
    text = shown(report_html(load("better")))
    start = text.index("Skip to the evidence")
    assert text[start:].startswith(
        "Skip to the evidence ✓ Pass delay : better than v1.2.0 log-loss 0.4120 → 0.3981 (−3.4%) : better by 0.0139, "
        "90% interval 0.0099 to 0.0179, on 54,321 rows in 61 groups by date"
    )
    assert "<title>✅ delay: better than v1.2.0</title>" in report_html(load("better"))


def test_every_section_that_has_something_to_say_is_there_and_linked() -> None:
    html = report_html(load("worse"))
    headings = re.findall(r"<h2[^>]*>([^<]*)</h2>", html)
    assert headings == [section.title for section in SECTIONS if section.title in headings]
    assert set(headings) >= {
        "This change edits the gates",
        "Gates",
        "Metrics",
        "Slices",
        "Curves",
        "Confusion matrix",
    }
    assert re.findall(r'<a href="#part-\d+">([^<]*)</a>', html) == headings
    few = re.findall(r"<h2[^>]*>([^<]*)</h2>", report_html(MINIMAL))
    assert few == ["Gates", "Metrics", "What changed", "What was compared", "How to read this"]


def test_commits_are_linked_only_where_the_repository_is_known() -> None:
    report = load("worse")
    assert report.champion is not None
    assert "http:" not in report_html(report)
    assert "https:" not in report_html(report)
    linked = report_html(report, github.WEB)
    for address in (
        f"{github.WEB}/commit/{report.champion.commit}",
        f"{github.WEB}/tree/delay%40v1.2.0",
        f"{github.WEB}/compare/{report.champion.commit}...{report.challenger.commit}",
    ):
        assert f'href="{address}"' in linked


def test_a_page_of_any_length_is_whole() -> None:
    html = report_html(_huge("<b>"))
    assert page.problems(html) == []
    assert "The 200 worst of 1,000 are shown; report.json has all." in html
    assert len(html) < 6_000_000


def dots(report: Report) -> list[tuple[str, float]]:
    """The verdict and the place of the mark in each row of the forest plot."""
    found = []
    for verdict, body in re.findall(r'class="forest (\w+)"(.*?)</svg>', report_html(report)):
        mark = re.search(r'cx="([\d.]+)"|<polygon points="[\d.]+,[\d.]+ ([\d.]+)', body)
        assert mark
        found.append((verdict, float(mark[1] or mark[2])))
    return found


def metric(delta: float, low: float, high: float, verdict: str, margin: float | None = None) -> MetricResult:
    return MetricResult.model_validate(
        {
            "name": "f1",
            "higher_is_better": True,
            "champion": 0.5,
            "challenger": 0.5 + delta,
            "delta": delta,
            "ci": {"low": low, "high": high, "level": 0.9},
            "verdict": verdict,
            "margin": margin,
        }
    )


def zero_of(html: str) -> float:
    return float(re.search(r'<line x1="([\d.]+)"[^>]*class="zero"', html)[1])  # type: ignore[index]


def test_the_forest_plot_has_better_to_the_right_of_zero_and_worse_to_the_left() -> None:
    better, worse = metric(0.2, 0.1, 0.3, "improved"), metric(-20.0, -30.0, -10.0, "regressed", 5.0)
    report = MINIMAL.model_copy(update={"metrics": (better, worse)})
    html = report_html(report)
    zero = zero_of(html)
    (first, right), (second, left) = dots(report)
    assert (first, second) == ("improved", "regressed")
    # Each on its own scale: two thirds of the way to the end of the longer side.
    assert right - zero == pytest.approx((260 - 8 - zero) * 2 / 3, abs=0.1)
    assert zero - left == pytest.approx((zero - 8) * 2 / 3, abs=0.1)
    margin = float(re.search(r'<line x1="([\d.]+)"[^>]*class="margin"', html)[1])  # type: ignore[index]
    assert zero - margin == pytest.approx((zero - 8) / 6, abs=0.1)


def test_the_side_on_which_nothing_lies_gets_little_room() -> None:
    better = MINIMAL.model_copy(update={"metrics": (metric(0.2, 0.1, 0.3, "improved"),)})
    worse = MINIMAL.model_copy(update={"metrics": (metric(-0.2, -0.3, -0.1, "regressed"),)})
    assert zero_of(report_html(better)) == pytest.approx(8 + 244 * 0.2, abs=0.1)
    assert zero_of(report_html(worse)) == pytest.approx(8 + 244 * 0.8, abs=0.1)


def test_an_interval_without_end_does_not_flatten_the_others() -> None:
    from gitops_mlops.reports.rendering.forest_plot import common_scale

    rows = [metric(0.1, 0.0, 0.2, "improved")] * 4
    scale = common_scale([*rows, metric(0.0, -1e308, 1e308, "inconclusive")])
    assert scale is not None
    assert scale.high == pytest.approx(0.8)
    assert scale.at(0.2) - scale.at(0.0) > 25
    assert common_scale([]) is None


def test_a_curve_runs_where_its_points_are() -> None:
    curve = PlotCurve(name="roc", x=(0.0, 0.5, 1.0), champion=(0.0, 0.5, 1.0), challenger=(0.0, 1.0, 1.0))
    html = report_html(MINIMAL.model_copy(update={"curves": (curve,)}))
    assert re.findall(r'<polyline points="([^"]*)" class="curve (\w+)"', html) == [
        ("46.00,276.00 198.00,143.00 350.00,10.00", "champion"),
        ("46.00,276.00 198.00,10.00 350.00,10.00", "challenger"),
    ]
    assert "True positive rate by false positive rate: champion from 0 at 0 to 1 at 1" in html
    assert "ROC: every point" in html


def test_calibration_lies_at_the_predictions_and_shows_its_rows() -> None:
    curve = PlotCurve(
        name="calibration",
        x=(0.25, 0.75),
        challenger=(0.1, 0.8),
        challenger_x=(0.2, 0.6),
        challenger_rows=(100, 10**400),
    )
    html = report_html(MINIMAL.model_copy(update={"curves": (curve,)}))
    assert html.count('class="count challenger"') == 2
    assert re.findall(r'<polyline points="([^"]*)"', html) == ["122.00,248.25 274.00,54.00"]
    assert "predicted probability, middle of the bin" in html


def test_what_cannot_be_drawn_is_no_section() -> None:
    curve = PlotCurve(name="roc", x=(0.0,), challenger=(1.0,))
    assert "Curves" not in report_html(MINIMAL.model_copy(update={"curves": (curve,)}))


def test_the_confusion_matrix_says_counts_and_shares_of_the_label() -> None:
    matrix = ConfusionMatrix(labels=("no", "yes"), champion=((90, 10), (5, 5)), challenger=((100, 0), (2, 8)))
    text = shown(report_html(MINIMAL.model_copy(update={"confusion": matrix})))
    assert "Champion, rows and share of the label predicted no predicted yes is no 90 90% 10 10% is yes 5 50%" in text
    assert "is yes 2 20% 8 80%" in text
    wrong = MINIMAL.model_copy(update={"confusion": ConfusionMatrix(labels=("a", "b"), challenger=((1, 2), (3,)))})
    assert "does not fit its labels" in report_html(wrong)


def test_our_own_signs_are_not_written_out() -> None:
    found = DataChecks(checks=(DataCheck(id="time order", status="block", finding="1 of 2 rows"),))
    text = shown(report_html(MINIMAL.model_copy(update={"data_checks": found})))
    assert "Data checks: 1 suspicion" in text
    assert "FE0F" not in text
