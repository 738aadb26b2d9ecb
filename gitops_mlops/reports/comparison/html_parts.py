"""What the sections of the HTML page are made of: text from outside, tables, folds, chips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gitops_mlops.domain.comparison.report_parts import GateStatus, Verdict
from gitops_mlops.domain.shortening import shorten
from gitops_mlops.domain.statistics.results import MetricVerdict
from gitops_mlops.reports.comparison.words import METRIC_WORDS
from gitops_mlops.reports.rendering.markup import Markup, fragment, tag
from gitops_mlops.reports.rendering.numbers import NOTHING

_LONGEST = 2000
_LONGEST_VALUE = 300
_GATE_CHIPS: dict[GateStatus, tuple[str, str]] = {
    "pass": ("good", "✓ passed"),
    "warn": ("unsure", "! warns"),
    "block": ("bad", "✕ blocks"),
}
_METRIC_CHIPS: dict[MetricVerdict, tuple[str, str]] = {
    "improved": ("good", "●"),
    "non_inferior": ("fine", "■"),
    "inconclusive": ("unsure", "○"),
    "cannot_be_judged": ("none", "–"),
    "regressed": ("bad", "◆"),
    "undefined": ("none", "–"),
}
VERDICT_CHIPS: dict[Verdict, tuple[str, str]] = {
    "pass": ("good", "✓ Pass"),
    "warn": ("unsure", "! Warning"),
    "block": ("bad", "✕ Blocked"),
    "incomparable": ("unsure", "? Not comparable"),
}


class TableRow(NamedTuple):
    """The cells of a table's row; the first is its header. `note` is shown below them, over the whole width."""

    cells: Sequence[str]
    note: str = ""


def sentence(text: str) -> Markup:
    """Text from outside as a part of a sentence; whichever way it is written, it leaves its surroundings alone."""
    return tag("bdi", shorten(" ".join(text.split()), _LONGEST) or "(empty)")


def value(text: str, limit: int = _LONGEST_VALUE) -> Markup:
    """Text from outside as a value."""
    return tag("code", shorten(text, limit)) if text.strip() else tag("em", "(blank)" if text else "(empty)")


def value_or_nothing(text: str) -> Markup:
    """A value, or a dash for what is not there."""
    return value(text) if text else Markup(NOTHING)


def link(address: str, content: str) -> Markup:
    """A link, or the content alone where there is no address."""
    return tag("a", content, href=address, rel="noreferrer") if address else fragment([content])


def paragraph(*parts: str, class_: str | None = None) -> Markup:
    """A paragraph."""
    return tag("p", *parts, class_=class_)


def bullets(items: Iterable[str]) -> Markup:
    """A list; nothing when it is empty."""
    found = [tag("li", item) for item in items]
    return tag("ul", *found) if found else Markup()


def fold(summary: str, *parts: str, class_: str | None = None) -> Markup:
    """Something to open."""
    return tag("details", tag("summary", summary), *parts, class_=class_)


def chip(kind: str, text: str) -> Markup:
    """A coloured word; `kind` is good, fine, unsure, bad or none."""
    return tag("span", text, class_=f"chip {kind}")


def gate_chip(status: GateStatus) -> Markup:
    """What became of a gate."""
    return chip(*_GATE_CHIPS[status])


def metric_chip(verdict: MetricVerdict) -> Markup:
    """What became of a metric, with the mark that stands for it in the plot."""
    kind, mark = _METRIC_CHIPS[verdict]
    return chip(kind, f"{mark} {METRIC_WORDS[verdict]}")


def box(content: Markup, name: str | None = None) -> Markup:
    """A box that scrolls when its content is too large; with a name the keyboard reaches it."""
    return tag(
        "div", content, class_="wide", tabindex="0" if name else None, role="group" if name else None, aria_label=name
    )


def table(
    caption: str, headers: Sequence[str], rows: Iterable[TableRow], class_: str = "", name: str | None = None
) -> Markup:
    """A table in a box with this name; on a phone, cells stand below each other with their headers.

    The roles are said again because browsers forget them when a cell is laid out otherwise.
    """
    head = tag("tr", *(tag("th", text, scope="col", role="columnheader") for text in headers), role="row")
    body = [part for row in rows for part in _row(row, headers)]
    made = tag(
        "table",
        tag("caption", caption),
        tag("thead", head, role="rowgroup"),
        tag("tbody", *body, role="rowgroup"),
        class_=f"stack {class_}".rstrip(),
        role="table",
    )
    return box(made, name)


def _row(row: TableRow, headers: Sequence[str]) -> list[Markup]:
    first, *rest = row.cells
    named = (None if isinstance(header, Markup) else header for header in headers[1:])
    cells = [
        tag("th", first, scope="row", role="rowheader"),
        *(tag("td", cell, role="cell", data_label=name) for cell, name in zip(rest, named, strict=True)),
    ]
    made = [tag("tr", *cells, role="row")]
    if row.note:
        note = tag("td", row.note, colspan=len(headers), role="cell")
        made.append(tag("tr", note, role="row", class_="note"))
    return made
