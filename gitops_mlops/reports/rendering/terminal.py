"""Results as aligned plain text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import accumulate, takewhile


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Columns aligned by what a terminal shows; those whose index is in `right` to the right."""
    cells = [[printable(cell) for cell in row] for row in (headers, *rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(headers))]
    return "\n".join(
        "  ".join(_pad(cell, widths[i], i in right) for i, cell in enumerate(row)).rstrip() for row in cells
    )


def printable(text: str) -> str:
    """Text from outside without what a terminal obeys: line ends, control, bidirectional, invisible characters."""
    return "".join("�" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") else c for c in text)


def fit(text: str, width: int) -> str:
    """At most `width` columns of a terminal, the last one `…` when something was cut off."""
    text = printable(text)
    if _width(text) <= width:
        return text
    taken = accumulate(map(_width, text))
    return f"{text[: sum(1 for _ in takewhile(lambda used: used < width, taken))]}…"


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space
