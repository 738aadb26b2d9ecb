from __future__ import annotations

import re

from hypothesis import given

from gitops_mlops.domain.statistics.results import PlotCurve
from gitops_mlops.reports.rendering.mermaid import POINTS, chart
from tests.unit.reports.hostile import curves

NUMBER = r"-?\d+\.\d{3,6}"
# The part of Mermaid's xychart grammar that we write; `NaN`, `inf` and `1e-5` are no part of it.
GRAMMAR = re.compile(
    r'%%\{init: \{"themeVariables": \{"xyChart": \{"plotColorPalette": "#[0-9a-f]{6}(?:, #[0-9a-f]{6})*"\}\}, '
    r'"xyChart": \{"width": 420, "height": 320\}\}\}%%\n'
    r"xychart-beta\n"
    r'    title "[A-Za-z ]+"\n'
    rf'    x-axis "[a-z ]+" ({NUMBER}) --> ({NUMBER})\n'
    rf'    y-axis "[a-z ]+" ({NUMBER}) --> ({NUMBER})\n'
    rf"(?:    line \[{NUMBER}(?:, {NUMBER})*\]\n?)+"
)


@given(curves)
def test_every_chart_keeps_to_the_grammar(curve: PlotCurve) -> None:
    drawn = chart(curve)
    if drawn is None:
        return
    source, legend = drawn
    match = GRAMMAR.fullmatch(source)
    assert match, source
    left, right, bottom, top = map(float, match.groups())
    assert left < right
    assert bottom < top
    lines = re.findall(r"line \[(.*)\]", source)
    assert len(lines) == len(legend.split(" · ")) == source.count("#")
    assert all(len(line.split(", ")) == POINTS <= 50 for line in lines)


def test_lines_are_read_off_at_even_steps() -> None:
    drawn = chart(PlotCurve(name="roc", x=(0.0, 0.1, 1.0), champion=(0.0, 0.6, 1.0), challenger=(0.0, None, 1.0)))
    assert drawn is not None
    diagonal, champion, challenger = re.findall(r"line \[(.*)\]", drawn[0])
    # At 0.05 and 0.10, on the straight lines between the points that are given.
    assert champion.startswith("0.000, 0.300, 0.600, ")
    assert diagonal == challenger
    assert drawn[1] == "⚪ chance · 🔵 champion · 🟠 challenger"


def test_lines_share_the_range_that_both_have() -> None:
    drawn = chart(
        PlotCurve(name="other", x=(0.0, 1.0, 2.0, 3.0), champion=(1.0, 2.0, 3.0), challenger=(None, 5.0, 6.0, 7.0))
    )
    assert drawn is not None
    assert 'x-axis "x" 1.000 --> 2.000' in drawn[0]
    assert 'title "Curve"' in drawn[0]


def test_what_cannot_be_drawn_is_not() -> None:
    assert chart(PlotCurve(name="roc", x=(0.0,), challenger=(1.0,))) is None
    assert chart(PlotCurve(name="roc", x=(0.0, 1.0), challenger=(None, 1.0))) is None
    assert chart(PlotCurve(name="roc", x=(0.0, 1e-9), challenger=(0.0, 1.0))) is None
    assert chart(PlotCurve(name="roc", x=(0.0, 1.0), challenger=(0.0, 1e300))) is None
    assert (
        chart(PlotCurve(name="roc", x=(0.0, 1.0, 2.0, 3.0), champion=(0.0, 1.0), challenger=(None, None, 0.0, 1.0)))
        is None
    )


def test_a_flat_line_gets_a_range() -> None:
    drawn = chart(PlotCurve(name="other", x=(0.0, 1.0), challenger=(0.5, 0.5)))
    assert drawn is not None
    assert 'y-axis "y" 0.000 --> 1.000' in drawn[0]


def test_a_line_that_is_flat_but_for_rounding_gets_a_range_too() -> None:
    drawn = chart(PlotCurve(name="other", x=(0.0, 1.0), challenger=(-1e-9, 1e-9)))
    assert drawn is not None
    assert 'y-axis "y" -0.500 --> 0.500' in drawn[0]
