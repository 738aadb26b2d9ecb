"""Numbers as people read them: fixed decimals, a true minus, never an exponent in e-notation."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

from pydantic import JsonValue

from gitops_mlops.domain.comparison.gate_reasons import about
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.statistics.results import Interval, MetricResult

NOTHING = "–"
MAX_DECIMALS = 6
_LARGE = 10**15
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def decimals_of(metric: MetricResult) -> int:
    """How many decimals a metric deserves: two significant digits of its uncertainty."""
    spread = (metric.ci.high - metric.ci.low) / 2 if metric.ci else metric.se
    if spread is None or not math.isfinite(spread) or spread <= 0:
        size = max((abs(value) for value in (metric.champion, metric.challenger) if value is not None), default=0)
        return 4 if size < 10 else 2 if size < 1000 else 0
    return min(max(1 - math.floor(math.log10(spread)), 0), MAX_DECIMALS)


def fixed(value: float | None, decimals: int) -> str:
    """`−0.0140`; a dash for what is missing or no number, a power of ten for what is too long to read."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if abs(value) >= _LARGE:
        return _power_of_ten(value)
    text = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and any(digit in "123456789" for digit in text)
    return f"−{text}" if negative else text


def signed(value: float | None, decimals: int) -> str:
    """As `fixed`, with a plus where it is positive."""
    text = fixed(value, decimals)
    return f"+{text}" if value is not None and value > 0 and any(digit in "123456789" for digit in text) else text


def between(interval: Interval, decimals: int, sign: int = 1) -> str:
    """`0.0120 to 0.0161`; with `sign` −1 the interval of the opposite difference."""
    low, high = sorted((sign * interval.low, sign * interval.high))
    return f"{fixed(low, decimals)} to {fixed(high, decimals)}"


def percent(share: float) -> str:
    """`3.4%`: one decimal below 10 %, none above."""
    value = share * 100
    return f"{fixed(value, 1 if abs(value) < 9.95 else 0)}%"


def level(interval: Interval) -> str:
    """`90%` or `97.5%`."""
    return f"{fixed(interval.level * 100, 1).removesuffix('.0')}%"


def count(number: int) -> str:
    """`54,321`."""
    if abs(number) >= _LARGE:
        return _power_of_ten(number)
    return f"{number:,}".replace("-", "−")


def estimate(number: int) -> str:
    """`4,700` for 4,623, as gates write it."""
    return count(number) if abs(number) >= _LARGE else about(number)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 row`, `54,321 rows`."""
    return f"{count(number)} {one if number == 1 else many or f'{one}s'}"


def size(octets: float) -> str:
    """`12.3 MB`, in powers of 1000."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if abs(octets) < 1000 or unit == "TB":
            break
        octets /= 1000
    return f"{fixed(octets, 0 if unit == 'bytes' or abs(octets) >= 100 else 1)} {unit}"


def value_text(value: JsonValue) -> str:
    """A configured value as a person writes it: text as it is, everything else as compact JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and abs(value) >= _LARGE:
        return count(value)
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "), default=str)


def data_text(value: JsonValue, word: Callable[[str], str]) -> str:
    """`12.3 MB, 54,321 rows, a1b2c3d4`: what is known about a data file; `word` writes text from outside."""
    if value is None:
        return NOTHING
    if not isinstance(value, dict):
        return word(short_sha(value_text(value)))
    told = []
    if isinstance(octets := value.get("size"), int | float):
        told.append(size(octets))
    told += [f"{count(n)} {key}" for key in ("rows", "files") if isinstance(n := value.get(key), int)]
    if isinstance(digest := value.get("md5"), str):
        told.append(word(short_sha(digest)))
    return ", ".join(told) or word(value_text(value))


def pair_text(old: JsonValue, new: JsonValue, limit: int) -> tuple[str, str]:
    """Both sides of a change, in at most `limit` characters, such that they can be told apart."""
    shown = (value_text(old), value_text(new))
    if shown[0] == shown[1]:
        shown = (json.dumps(old), json.dumps(new))
    if max(map(len, shown)) <= limit:
        return shown
    same = next((i for i, (a, b) in enumerate(zip(*shown, strict=False)) if a != b), min(map(len, shown)))
    start = same - 10 if same > limit - 10 else 0
    before, after = (f"…{text[start:]}" if start > 0 else text for text in shown)
    return before, after


def _power_of_ten(value: float) -> str:
    # By logarithm: an integer of a thousand digits is no float.
    exponent = math.floor(math.log10(abs(value)))
    mantissa = value / 10**exponent
    return f"{'−' if value < 0 else ''}{abs(mantissa):.1f}×10{str(exponent).translate(_SUPERSCRIPT)}"
