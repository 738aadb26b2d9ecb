"""Numbers and counts as the reasons of gates write them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gitops_mlops.domain.shortening import first_of

_NAMED = 3
_MOST_DECIMALS = 25


def plain(value: float, digits: int = 4) -> str:
    """A number in so many significant digits, with a true minus and never an exponent."""
    if not math.isfinite(value):
        return str(value)
    rounded = float(f"{value:.{max(digits, len(str(int(abs(value)))))}g}")
    leading = max(0, -math.floor(math.log10(abs(rounded)))) if rounded else 0
    text = f"{rounded:z.{min(leading + digits, _MOST_DECIMALS)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers in as many digits as it takes to tell them apart: `0.79996` and `0.8`."""
    for digits in range(4, 18):
        texts = plain(one, digits), plain(other, digits)
        if one == other or texts[0] != texts[1]:
            break
    return texts


def about(number: int) -> str:
    """`4,700` for 4,623: no more digits than an estimate has, and never fewer than are needed."""
    step = 10 ** max(0, len(str(number)) - 2)
    return f"{-(-number // step) * step:,}"


def difference(value: float) -> str:
    """A number with its sign."""
    text = plain(value, 3)
    return text if text.startswith("−") else f"+{text}"


def probability(p: float) -> str:
    """`p = 0.012`."""
    return "p < 0.0001" if p < 0.0001 else f"p = {plain(p, 2)}"


def parts(number: int, kind: str) -> str:
    """`1 slice`, `12 slices`."""
    return f"{number:,} {kind}{'' if number == 1 else 's'}"


def cannot_be_judged(number: int, kind: str, named: Sequence[str]) -> str:
    """`2 slices cannot be judged: a, b`, with the first of them by name; "" when there is none."""
    if not number:
        return ""
    return f"{parts(number, kind)} cannot be judged: {first_of(named, _NAMED)}"
