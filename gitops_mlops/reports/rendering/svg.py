"""What plots are drawn with: scales, ticks and lines, in the units of a view box. Colours are CSS classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from gitops_mlops.reports.rendering.markup import Markup, tag

Point = tuple[float, float]


class Scale(NamedTuple):
    """Maps values from `low` to `high` onto plot units from `start` to `end`; what lies outside, onto the ends."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The place of a value. Numbers of any size stay finite."""
        largest = max(abs(self.low), abs(self.high)) or 1.0
        low, high = self.low / largest, self.high / largest
        share = (value / largest - low) / (high - low) if high > low else 0.5
        return self.start + (self.end - self.start) * min(max(share, 0.0), 1.0)

    def holds(self, value: float) -> bool:
        """Whether a value lies on the scale."""
        return self.low <= value <= self.high


def ticks(low: float, high: float, about: int = 5) -> list[tuple[float, str]]:
    """Round values from `low` to `high` and how they are written; none where the range is too odd for labels."""
    span = high - low
    if not math.isfinite(span) or span <= 0 or not 1e-9 < span < 1e9 or max(abs(low), abs(high)) > 1e6 * span:
        return []
    power = 10.0 ** math.floor(math.log10(span / about))
    step = next(m * power for m in (1, 2, 5, 10) if span / (m * power) <= about + 0.5)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(n * step, f"{n * step:,.{decimals}f}".replace("-", "−")) for n in range(first, last + 1)]


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def polyline(points: Sequence[Point], class_: str) -> Markup:
    """A line through points."""
    return tag("polyline", points=" ".join(f"{x:.2f},{y:.2f}" for x, y in points), class_=class_)


def bar(x: float, y: float, width: float, height: float, class_: str) -> Markup:
    """A rectangle from its upper left corner."""
    return tag("rect", x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), class_=class_)


def label(x: float, y: float, text: str, anchor: str = "middle", class_: str | None = None) -> Markup:
    """A text; `anchor` is start, middle or end."""
    return tag("text", text, x=x, y=y, text_anchor=anchor, class_=class_)


def arrow(x: float, y: float, right: bool, class_: str) -> Markup:
    """The head of an arrow whose tip is at x: what it ends goes on outside."""
    back = x - 6 if right else x + 6
    return tag("polygon", points=f"{x:.2f},{y:.2f} {back:.2f},{y - 4:.2f} {back:.2f},{y + 4:.2f}", class_=class_)
