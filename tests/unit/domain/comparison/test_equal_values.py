from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from gitops_mlops.domain.comparison.overlap import overlap_of
from gitops_mlops.domain.comparison.rows import seen_in

NOON = [datetime(2024, 5, 1, 12), datetime(3024, 5, 1, 12, 30)]
DAYS = [date(2024, 5, 1), date(1970, 1, 1)]
# Columns of one row of values each, that are all equal within a family.
FAMILIES: dict[str, dict[str, pl.Series]] = {
    "whole numbers": {
        "i8": pl.Series([7, -1], dtype=pl.Int8),
        "i64": pl.Series([7, -1]),
        "f32": pl.Series([7.0, -1.0], dtype=pl.Float32),
        "f64": pl.Series([7.0, -1.0]),
        "decimal": pl.Series([Decimal("7.00"), Decimal("-1.00")], dtype=pl.Decimal(10, 2)),
        "no decimals": pl.Series([Decimal(7), Decimal(-1)], dtype=pl.Decimal(20, 0)),
        "text": pl.Series(["7", "-1"]),
        "text of floats": pl.Series(["7.0", "-1.0"]),
        "categories": pl.Series(["7", "-1"], dtype=pl.Categorical),
    },
    "fractions": {
        "f32": pl.Series([0.1, 2.5], dtype=pl.Float32),
        "f64": pl.Series([0.1, 2.5]),
        "decimal": pl.Series([Decimal("0.100"), Decimal("2.500")], dtype=pl.Decimal(10, 3)),
        "text": pl.Series(["0.1", "2.5"]),
    },
    "truth values": {
        "bool": pl.Series([True, False]),
        "i64": pl.Series([1, 0]),
        "f64": pl.Series([1.0, -0.0]),
    },
    "said in text": {"bool": pl.Series([True, False]), "text": pl.Series(["True", "False"])},
    "large numbers": {
        "u64": pl.Series([2**63 + 1, 2**53 + 1], dtype=pl.UInt64),
        "i128": pl.Series([2**63 + 1, 2**53 + 1], dtype=pl.Int128),
        "text": pl.Series([str(2**63 + 1), str(2**53 + 1)]),
    },
    "moments": {
        **{unit: pl.Series(NOON).cast(pl.Datetime(unit)) for unit in ("ms", "us")},
        "UTC": pl.Series(NOON).dt.replace_time_zone("UTC"),
        "Tokyo": pl.Series(NOON).dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo"),
        "text": pl.Series(["2024-05-01 12:00:00", "3024-05-01T12:30:00Z"]),
    },
    "days": {
        "date": pl.Series(DAYS),
        **{unit: pl.Series(DAYS).cast(pl.Datetime(unit)) for unit in ("ms", "us", "ns")},
        "text": pl.Series(["2024-05-01", "1970-01-01"]),
    },
    "spans": {
        unit: pl.Series([timedelta(1), timedelta(0, 1)]).cast(pl.Duration(unit)) for unit in ("ms", "us", "ns")
    },
}
TEXTS = {"text", "text of floats", "categories"}
PAIRS = [(name, *pair) for name, family in FAMILIES.items() for pair in itertools.product(family, repeat=2)]


@pytest.mark.parametrize(("family", "one", "other"), PAIRS)
def test_equal_values_of_two_types_are_one_row(family: str, one: str, other: str) -> None:
    here, there = FAMILIES[family][one], FAMILIES[family][other]
    if one != other and "text of floats" in (one, other) and {one, other} <= TEXTS:
        assert not _seen(here, there).any(), "two texts are as they are written"
        return
    assert _seen(here, there).tolist() == [True, True]
    assert _seen(here, there.reverse().head(1)).tolist() == [False, True]


def _seen(here: pl.Series, there: pl.Series) -> Any:
    return seen_in(pl.DataFrame({"x": here}), pl.DataFrame({"x": there}), [])


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (pl.Series([2**63], dtype=pl.UInt64), pl.Series([2**63 + 1], dtype=pl.UInt64)),
        (pl.Series([2**63], dtype=pl.UInt64), pl.Series([None], dtype=pl.Int64)),
        (pl.Series([1_234_567_891]), pl.Series([1_234_567_892.0])),
        (pl.Series(["1.0"]), pl.Series(["1"])),
        (pl.Series(["unknown"]), pl.Series([None], dtype=pl.Float64)),
        (pl.Series(["07"]), pl.Series([7])),
        (pl.Series([datetime(2024, 5, 1, 0, 0, 0, 1)]), pl.Series([date(2024, 5, 1)])),
        (pl.Series([datetime(2024, 5, 1, 12, tzinfo=UTC)]), pl.Series([datetime(2024, 5, 1, 14)])),
    ],
)
def test_other_values_are_other_rows(here: pl.Series, there: pl.Series) -> None:
    assert not _seen(here, there).any()
    assert not _seen(there, here).any()


# No id is a span, a fraction or a truth value, and a text of a time is as it is written.
ID_PAIRS = [
    (family, one, other)
    for family, one, other in PAIRS
    if family in ("whole numbers", "large numbers", "moments", "days")
    if one == other or not {one, other} <= TEXTS
    if not (family in ("moments", "days") and "text" in (one, other))
]


@pytest.mark.parametrize(("family", "one", "other"), ID_PAIRS)
def test_an_id_is_one_in_every_type(family: str, one: str, other: str) -> None:
    here, there = FAMILIES[family][one], FAMILIES[family][other]
    frame, training = (pl.DataFrame({"id": ids, "y": [0, 1]}) for ids in (here, there))
    shared = overlap_of(frame, training, "y", "id").shared
    assert shared is not None
    assert shared.tolist() == [True, True]
