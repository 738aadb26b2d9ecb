"""The forest plot: differences with their intervals, one row each, beside the words of a table.

A row holds no text, so that it can shrink to a phone; the table it stands in is its description. Right of the zero
line is better. The shaded band is the margin: how much worse is still tolerated.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from gitops_mlops.domain.statistics.results import MetricResult, MetricVerdict
from gitops_mlops.reports.rendering.markup import Markup, fragment, tag
from gitops_mlops.reports.rendering.svg import Scale, arrow, bar, label, line, ticks

WIDTH, HEIGHT = 260.0, 26.0
_PAD = 8.0
_MIDDLE = HEIGHT / 2
# Zero and margin go on into the padding of their cell, so that rows of any height join to one plot.
_OVER = 300.0
# The side of zero on which nothing lies is still seen.
_LEAST_SIDE = 0.25
# An interval so much wider than the usual one is cut, lest it flatten all others.
_WIDEST = 4.0


def own_scales(metrics: Sequence[MetricResult]) -> list[Scale | None]:
    """For each metric a scale of its own, all with zero at the same place; None where there is no difference."""
    reaches = [_reach(metric) for metric in metrics]
    sizes = [max(reach) if reach else 0.0 for reach in reaches]
    shares = [
        (reach[0] / size, reach[1] / size) for reach, size in zip(reaches, sizes, strict=True) if reach and size
    ]
    left = max([_LEAST_SIDE, *(share[0] for share in shares)])
    right = max([_LEAST_SIDE, *(share[1] for share in shares)])
    return [
        None if reach is None else Scale(-left * (size or 1.0), right * (size or 1.0), _PAD, WIDTH - _PAD)
        for reach, size in zip(reaches, sizes, strict=True)
    ]


def common_scale(metrics: Sequence[MetricResult]) -> Scale | None:
    """One scale for differences of one metric; None where there is none. Extreme intervals reach beyond it."""
    reaches = [reach for metric in metrics if (reach := _reach(metric))]
    if not reaches:
        return None
    usual = _WIDEST * median(max(reach) for reach in reaches)
    left, right = (min(max(reach[side] for reach in reaches), usual) for side in (0, 1))
    least = _LEAST_SIDE * max(left, right) or 1.0
    return Scale(-max(left, least), max(right, least), _PAD, WIDTH - _PAD)


def _reach(metric: MetricResult) -> tuple[float, float] | None:
    """How far a metric's interval and margin go to the left and to the right of zero; None without a difference."""
    if metric.delta is None:
        return None
    low, high = (metric.ci.low, metric.ci.high) if metric.ci else (metric.delta, metric.delta)
    return max(-low, -metric.delta, metric.margin or 0.0, 0.0), max(high, metric.delta, 0.0)


def forest_row(metric: MetricResult, scale: Scale | None) -> Markup:
    """One difference; the zero line alone where there is none."""
    zero = (scale or Scale(-1, 1, _PAD, WIDTH - _PAD)).at(0.0)
    parts = [line(zero, -_OVER, zero, HEIGHT + _OVER, "zero")]
    if scale is not None and metric.delta is not None:
        parts = [
            *_margin(metric, scale),
            *parts,
            *_interval(metric, scale),
            _dot(metric.delta, metric.verdict, scale),
        ]
    return tag(
        "svg",
        fragment(parts),
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        class_=f"forest {metric.verdict}",
        aria_hidden="true",
        focusable="false",
    )


def _margin(metric: MetricResult, scale: Scale) -> list[Markup]:
    if not metric.margin or metric.margin <= 0:
        return []
    left, zero = scale.at(-metric.margin), scale.at(0.0)
    edge = [line(left, -_OVER, left, HEIGHT + _OVER, "margin")] if scale.holds(-metric.margin) else []
    return [bar(left, -_OVER, zero - left, HEIGHT + 2 * _OVER, "tolerated"), *edge]


def _interval(metric: MetricResult, scale: Scale) -> list[Markup]:
    if metric.ci is None:
        return []
    low, high = scale.at(metric.ci.low), scale.at(metric.ci.high)
    ends = [
        line(x, _MIDDLE - 4, x, _MIDDLE + 4, "interval") if scale.holds(value) else arrow(x, _MIDDLE, right, "dot")
        for x, value, right in ((low, metric.ci.low, False), (high, metric.ci.high, True))
    ]
    return [line(low, _MIDDLE, high, _MIDDLE, "interval"), *ends]


def _dot(delta: float, verdict: MetricVerdict, scale: Scale) -> Markup:
    """A mark that differs by more than its colour."""
    x = scale.at(delta)
    if not scale.holds(delta):
        return arrow(x, _MIDDLE, delta > 0, "dot")
    if verdict == "regressed":
        points = f"{x - 6:.2f},{_MIDDLE} {x:.2f},{_MIDDLE - 6} {x + 6:.2f},{_MIDDLE} {x:.2f},{_MIDDLE + 6}"
        return tag("polygon", points=points, class_="dot")
    if verdict == "non_inferior":
        return bar(x - 4.5, _MIDDLE - 4.5, 9, 9, "dot")
    return tag("circle", cx=x, cy=_MIDDLE, r=5.0, class_="dot" if verdict == "improved" else "dot hollow")


def forest_axis(scale: Scale | None, labelled: bool) -> Markup:
    """The head of the plot's column: which side is better, and the values where all rows share one scale."""
    found = scale or Scale(-1, 1, _PAD, WIDTH - _PAD)
    zero = found.at(0.0)
    marks = ticks(found.low, found.high, 5) if labelled else [(0.0, "0")]
    parts = [label(found.at(value), 27, text, class_="tick") for value, text in marks]
    for x, text, anchor in ((zero - 6, "← worse", "end"), (zero + 6, "better →", "start")):
        if min(x, WIDTH - x) > 56:
            parts.append(label(x, 11, text, anchor, "side"))
    drawn = tag("svg", fragment(parts), viewBox=f"0 0 {WIDTH:g} 30", class_="forest-axis", aria_hidden="true")
    return fragment([drawn, tag("span", "Plot", class_="unseen")])
