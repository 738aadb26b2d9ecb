"""Which evaluation rows are training rows, and what is said of it: ids of every kind, and rows without any."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from gitops_mlops.domain.comparison.data_checks import training_rows
from gitops_mlops.domain.comparison.overlap import overlap_of


def rows(ids: list[Any] | None, seed: int, count: int = 200) -> pl.DataFrame:
    """Rows of continuous features, with a label, and the ids that are given (repeated if they are too few)."""
    frame = pl.DataFrame({"x": np.random.default_rng(seed).normal(size=count), "y": [0, 1] * (count // 2)})
    if ids is None:
        return frame
    named = pl.Series("id", [ids[i % len(ids)] for i in range(count)], strict=False)
    return frame.with_columns(named)


def judged(here: pl.DataFrame, there: pl.DataFrame, row_id: str | None = "id") -> tuple[int, str, str]:
    """How many rows count as training rows, the check's status, and what it says."""
    found = overlap_of(here, there, "y", row_id)
    check = training_rows(found, 0)
    return int(found.rows.sum()), check.status, check.finding


NUMBERS = list(range(200))


@pytest.mark.parametrize(
    ("here", "there", "count", "status", "says"),
    [
        (NUMBERS, [1000 + i for i in NUMBERS], 0, "pass", "0 of 200 rows have the id of a training row"),
        (NUMBERS, [190 + i for i in NUMBERS], 10, "block", "10 of 200 rows have the id of a training row"),
        (NUMBERS, [190.0 + i for i in NUMBERS], 10, "block", "10 of 200 rows have the id"),
        (NUMBERS, [str(190 + i) for i in NUMBERS], 10, "block", "10 of 200 rows have the id"),
        ([f"r{i}" for i in NUMBERS], [f"r{190 + i}" for i in NUMBERS], 10, "block", "10 of 200 rows have the id"),
        ([i + 0.5 for i in NUMBERS], [190.5 + i for i in NUMBERS], 10, "block", "10 of 200 rows have the id"),
        (NUMBERS, [199, 199, 199, 1000], 1, "block", "1 of 200 rows have the id"),
        (NUMBERS, [None, 1000, None], 0, "pass", "133 training rows have no id"),
        (NUMBERS, [float("nan"), 199.0], 1, "block", "100 training rows have no id"),
        (NUMBERS, [None], 0, "pass", "the id 'id' cannot be used: no training row has one; no row of 200 looks like"),
        (NUMBERS, [f"r{i}" for i in NUMBERS], 0, "pass", "it holds numbers here and text in the training data"),
        ([date(2026, 1, 1)], NUMBERS, 0, "pass", "it holds times here and numbers in the training data"),
    ],
)
def test_ids(here: list[Any], there: list[Any], count: int, status: str, says: str) -> None:
    found = judged(rows(here, 1), rows(there, 2))
    assert (found[0], found[1]) == (count, status)
    assert says in found[2]


def test_ids_that_tell_nothing_leave_it_to_the_features() -> None:
    here, there = rows(NUMBERS, 1), rows([f"r{i}" for i in NUMBERS], 2)
    copied = pl.concat([there[:50].with_columns(id=pl.int_range(50) + 500), here[50:]])
    assert judged(copied, there)[:2] == (50, "block")
    assert judged(copied, there.drop("id"))[:2] == (50, "block")
    assert "the training data has no such column" in judged(copied, there.drop("id"))[2]


def test_twins_by_content_only_warn_where_there_are_ids() -> None:
    here, there = rows(NUMBERS, 1), rows([1000 + i for i in NUMBERS], 2)
    copied = pl.concat([there[:50].with_columns(id=pl.int_range(50)), here[50:]])
    assert judged(copied, there)[:2] == (0, "warn")
    one = pl.concat([there[:1].with_columns(id=pl.lit(0, pl.Int64)), here[1:]])
    assert judged(one, there) == (
        0,
        "note",
        "0 of 200 rows have the id of a training row; 1 of 200 rows look like a training row, chance gives about 0"
        " (p = 0.67)",
    )


def test_a_counter_hides_no_copy_and_no_column_is_no_twin() -> None:
    there = rows(None, 2).with_row_index("n")
    copied = rows(None, 2).sample(fraction=1, shuffle=True, seed=0).with_row_index("n")
    assert judged(copied, there, None)[:2] == (200, "block")
    assert judged(copied.select("y"), there, None) == (0, "pass", "no row of 200 looks like a training row")


def test_ids_in_types_without_a_text_are_none() -> None:
    here = rows(NUMBERS, 1).with_columns(id=pl.concat_list("id"))
    assert judged(here, here)[:2] == (200, "block"), "the features tell"
