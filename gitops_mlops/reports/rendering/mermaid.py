"""Curves as Mermaid charts, in the small part of its language that GitHub draws without fail.

No text from outside gets in: titles and axes are ours. `NaN`, `inf` and `1e-5` do not parse, so numbers have
fixed decimals; a chart without two points, or with numbers that it cannot draw, is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from gitops_mlops.domain.statistics.results import PlotCurve

POINTS = 21
_LARGEST = 1e6
_NARROWEST = 1e-4
# Told apart in light and dark, and by people who see colours differently; the circles of the legend.
_DIAGONAL, _CHAMPION, _CHALLENGER = "#9ca3af", "#3b82f6", "#e67e22"


class Plot(NamedTuple):
    """Our words for a known curve. `diagonal`: what the 45° line means, "" where there is none."""

    title: str
    x: str
    y: str
    diagonal: str = ""


PLOTS = {
    "calibration": Plot("Calibration", "predicted probability", "observed share", "perfect"),
    "roc": Plot("ROC", "false positive rate", "true positive rate", "chance"),
    "precision_recall": Plot("Precision and recall", "recall", "precision"),
}
_UNKNOWN = Plot("Curve", "x", "y")

Point = tuple[float, float]


def chart(curve: PlotCurve) -> tuple[str, str] | None:
    """The chart's source and its legend; None when there is nothing to draw.

    An xychart spreads the values of a line evenly, so that every line is read off at the same even steps.
    """
    plot = PLOTS.get(curve.name, _UNKNOWN)
    lines = {legend: points for legend, points in sides(curve).items() if len(points) > 1}
    if not lines:
        return None
    low = max(points[0][0] for points in lines.values())
    high = min(points[-1][0] for points in lines.values())
    if plot.diagonal:
        lines = {plot.diagonal: [(low, low), (high, high)], **lines}
    largest = max(abs(number) for points in lines.values() for point in points for number in point)
    if high - low < _NARROWEST or largest > _LARGEST:
        return None
    return _source(plot, lines, low, high), _legend(list(lines))


def sides(curve: PlotCurve) -> dict[str, list[Point]]:
    """The points of each model that are there, by x; of several at one x the last."""
    return {
        "champion": _points(curve.champion_x or curve.x, curve.champion),
        "challenger": _points(curve.challenger_x or curve.x, curve.challenger),
    }


def _points(x: Sequence[float | None], y: Sequence[float | None]) -> list[Point]:
    pairs = {at: value for at, value in zip(x, y, strict=False) if at is not None and value is not None}
    return sorted(pairs.items())


def _at(x: float, points: list[Point]) -> float:
    """The line through the points, read off at x."""
    for (x0, y0), (x1, y1) in pairwise(points):
        if x <= x1:
            return y0 + (y1 - y0) * max(x - x0, 0.0) / (x1 - x0)
    return points[-1][1]


def _source(plot: Plot, lines: dict[str, list[Point]], low: float, high: float) -> str:
    steps = [low + (high - low) * step / (POINTS - 1) for step in range(POINTS)]
    drawn = {legend: [_at(x, points) for x in steps] for legend, points in lines.items()}
    decimals = 3 if high - low > 0.01 else 6
    bottom = round(min(min(values) for values in drawn.values()), decimals)
    top = round(max(max(values) for values in drawn.values()), decimals)
    if bottom == top:
        bottom, top = bottom - 0.5, top + 0.5
    palette = ", ".join(_COLOURS.get(legend, _DIAGONAL) for legend in drawn)
    return "\n".join(
        [
            f'%%{{init: {{"themeVariables": {{"xyChart": {{"plotColorPalette": "{palette}"}}}}, '
            '"xyChart": {"width": 420, "height": 320}}}%%',
            "xychart-beta",
            f'    title "{plot.title}"',
            f'    x-axis "{plot.x}" {low:.{decimals}f} --> {high:.{decimals}f}',
            f'    y-axis "{plot.y}" {bottom:.{decimals}f} --> {top:.{decimals}f}',
            *(f"    line [{', '.join(f'{v:.{decimals}f}' for v in values)}]" for values in drawn.values()),
        ]
    )


_COLOURS = {"champion": _CHAMPION, "challenger": _CHALLENGER}
_CIRCLES = {"champion": "🔵", "challenger": "🟠"}


def _legend(names: list[str]) -> str:
    return " · ".join(f"{_CIRCLES.get(name, '⚪')} {name}" for name in names)
