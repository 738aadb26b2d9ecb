"""Curves of both models in one square plot, with the counts of rows above it where they are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from gitops_mlops.domain.statistics.results import PlotCurve
from gitops_mlops.reports.rendering.markup import Markup, fragment, tag
from gitops_mlops.reports.rendering.mermaid import PLOTS, sides
from gitops_mlops.reports.rendering.svg import Point, Scale, bar, label, line, polyline, ticks

_WIDTH, _HEIGHT = 360, 322
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 350.0, 10.0, 276.0
_STRIP = 44.0
_MODELS = ("champion", "challenger")


class _Axes(NamedTuple):
    x: Scale
    y: Scale


def lines_plot(curve: PlotCurve, identity: str, title: str, level: float | None = None) -> Markup | None:
    """The curve as a picture with a title and a description; None when there is nothing to draw.

    `identity` makes its ids unique in the page; `level` is the height of a horizontal line of reference.
    """
    drawn = {model: points for model, points in sides(curve).items() if len(points) > 1}
    if not drawn:
        return None
    rows = _rows(curve)
    axes = _axes(curve.name, drawn, _TOP + (_STRIP if rows else 0.0))
    plot = PLOTS.get(curve.name)
    parts = [
        tag("title", title, id=f"{identity}-title"),
        tag("desc", description(curve), id=f"{identity}-desc"),
        *_frame(axes, plot.x if plot else "x", plot.y if plot else "y"),
        *_references(axes, bool(plot and plot.diagonal), level),
        *(_counts(rows, curve.x, axes.x) if rows else ()),
        *(part for model, points in drawn.items() for part in _curve(points, axes, model, dots=bool(rows))),
    ]
    return tag(
        "svg",
        fragment(parts),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        class_="plot",
        role="img",
        aria_labelledby=f"{identity}-title {identity}-desc",
    )


def description(curve: PlotCurve) -> str:
    """What the plot shows, in words: both axes, and where each line starts and ends."""
    plot = PLOTS.get(curve.name)
    axes = f"{plot.y} by {plot.x}" if plot else "y by x"
    told = [
        f"{model} from {points[0][1]:.3g} at {points[0][0]:.3g} to {points[-1][1]:.3g} at {points[-1][0]:.3g}"
        for model, points in sides(curve).items()
        if points
    ]
    return f"{axes[:1].upper()}{axes[1:]}: {'; '.join(told)}. The table below has every point."


def _axes(name: str, drawn: dict[str, list[Point]], top: float) -> _Axes:
    points = [point for line_ in drawn.values() for point in line_]
    if name in PLOTS:
        # Shares: one square from 0, so that the diagonal is one, up to 1 but for calibrations of rare labels.
        largest = max((value for point in points for value in point), default=1.0)
        high = min(math.ceil(min(max(largest, 0.1), 1.0) * 10 - 1e-9) / 10, 1.0)
        return _Axes(Scale(0.0, high, _LEFT, _RIGHT), Scale(0.0, high, _BOTTOM, top))
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return _Axes(Scale(*_range(xs), _LEFT, _RIGHT), Scale(*_range(ys), _BOTTOM, top))


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _frame(axes: _Axes, x_name: str, y_name: str) -> list[Markup]:
    top = axes.y.end
    middle = (_BOTTOM + top) / 2
    parts = []
    for value, text in ticks(axes.x.low, axes.x.high):
        x = axes.x.at(value)
        parts += [line(x, top, x, _BOTTOM, "grid"), label(x, _BOTTOM + 17, text, class_="tick")]
    for value, text in ticks(axes.y.low, axes.y.high):
        y = axes.y.at(value)
        parts += [line(_LEFT, y, _RIGHT, y, "grid"), label(_LEFT - 6, y + 4, text, "end", "tick")]
    y_label = tag("text", y_name, transform=f"translate(12 {middle:g}) rotate(-90)", text_anchor="middle")
    return [*parts, label((_LEFT + _RIGHT) / 2, _BOTTOM + 38, x_name), y_label]


def _references(axes: _Axes, diagonal: bool, level: float | None) -> list[Markup]:
    parts = []
    if diagonal:
        low, high = max(axes.x.low, axes.y.low), min(axes.x.high, axes.y.high)
        parts.append(line(axes.x.at(low), axes.y.at(low), axes.x.at(high), axes.y.at(high), "reference"))
    if level is not None and axes.y.holds(level):
        parts.append(line(_LEFT, axes.y.at(level), _RIGHT, axes.y.at(level), "reference"))
    return parts


def _curve(points: Sequence[Point], axes: _Axes, model: str, dots: bool) -> list[Markup]:
    places = [(axes.x.at(x), axes.y.at(y)) for x, y in points]
    marks = [_mark(x, y, model) for x, y in places] if dots else []
    return [polyline(places, f"curve {model}"), *marks]


def _mark(x: float, y: float, model: str) -> Markup:
    if model == "champion":
        return bar(x - 3.5, y - 3.5, 7, 7, "mark champion")
    return tag("circle", cx=x, cy=y, r=4.0, class_="mark challenger")


def _rows(curve: PlotCurve) -> dict[str, tuple[int, ...]]:
    """The rows behind the points of each model, where every point has its count."""
    counts = {"champion": curve.champion_rows, "challenger": curve.challenger_rows}
    fits = {model: rows for model, rows in counts.items() if len(rows) == len(curve.x) > 1 and min(rows) >= 0}
    return {model: rows for model, rows in fits.items() if max(rows) > 0}


def _counts(rows: dict[str, tuple[int, ...]], centres: Sequence[float], scale: Scale) -> list[Markup]:
    """A strip of bars above the plot: how many rows lie behind the points, as far as the scale goes."""
    width = abs(scale.at(centres[1]) - scale.at(centres[0])) / len(rows)
    largest = max(max(counts) for counts in rows.values())
    bottom, height = _TOP + _STRIP - 8, _STRIP - 8
    parts = [line(_LEFT, bottom, _RIGHT, bottom, "grid"), label(_LEFT - 6, bottom, "rows", "end", "tick")]
    for index, (model, counts) in enumerate(rows.items()):
        for centre, number in zip(centres, counts, strict=True):
            # By integers: a count of a thousand digits is no float.
            tall = height * (number * 1000 // largest) / 1000
            left = scale.at(centre) + (index - len(rows) / 2) * width
            if scale.holds(centre) and number:
                parts.append(bar(left + 1, bottom - max(tall, 1.0), width - 2, max(tall, 1.0), f"count {model}"))
    return parts
