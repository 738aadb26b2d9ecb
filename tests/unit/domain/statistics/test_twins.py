"""A copied test set is found, and one that only looks alike is not: how often, by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from gitops_mlops.domain.statistics.twins import ALPHA, Keys, twins_of

COPIED = (0.0, 0.01, 0.05, 0.5, 1.0)


def population(kind: str, size: int, generator: np.random.Generator) -> Keys:
    """Rows of a table: all different, of so many equally likely cells, or one in three of 20 frequent values."""
    if kind == "continuous":
        return generator.integers(0, 2**62, size).astype(np.uint64)
    if kind == "mixed":
        rows = generator.integers(100, 2**62, size)
        return np.where(generator.random(size) < 0.3, generator.integers(0, 20, size), rows).astype(np.uint64)
    return generator.integers(0, int(kind), size).astype(np.uint64)


def blocked(kind: str, rows: int, training: int, copied: float, times: int) -> float:
    """How often a test set is suspected of which a share was copied from training."""
    generator, found = np.random.default_rng(0), 0
    for _ in range(times):
        train, test = population(kind, training, generator), population(kind, rows, generator)
        if count := round(copied * rows):
            test[:count] = generator.choice(train, count, replace=False)
        found += twins_of(test, train).p_value < ALPHA
    return found / times


# The shares are those of docs/comparison.md: 0, 1, 5, 50 and 100 % copied, 100 times each.
@pytest.mark.parametrize(
    ("kind", "rows", "training", "shares"),
    [
        ("continuous", 100, 400, (0, 0, 1, 1, 1)),
        ("continuous", 500, 2000, (0, 1, 1, 1, 1)),
        ("continuous", 1000, 4000, (0, 1, 1, 1, 1)),
        ("continuous", 1000, 1000, (0, 0, 1, 1, 1)),
        ("100000", 1000, 4000, (0, 0.1, 1, 1, 1)),
        ("10000", 1000, 4000, (0, 0, 0.2, 1, 1)),
        ("2000", 1000, 4000, (0, 0, 0, 1, 1)),
        ("mixed", 1000, 4000, (0, 1, 1, 1, 1)),
        ("20", 1000, 4000, (0, 0, 0, 0, 0)),
    ],
)
def test_how_often_a_copy_is_found(kind: str, rows: int, training: int, shares: tuple[float, ...]) -> None:
    found = [blocked(kind, rows, training, copied, 100) for copied in COPIED]
    assert found[0] <= 0.03, "of 100 test sets without a copy, one is suspected at most on average"
    assert found[1:] == pytest.approx(shares[1:], abs=0.1)


@pytest.mark.parametrize(("rows", "training"), [(1, 1), (1, 1000), (1000, 1), (6, 14), (0, 5), (5, 0)])
def test_tiny_tables(rows: int, training: int) -> None:
    keys = np.arange(1000, dtype=np.uint64)
    alone = twins_of(keys[:rows], keys[::-1][:training] + np.uint64(2000))
    assert (alone.twins.sum(), alone.p_value) == (0, 1.0)
    copied = twins_of(keys[:rows], keys[:training])
    assert 0 < copied.p_value <= 1
    found = (rows, training) in ((6, 14), (1, 1000))
    assert (copied.p_value < ALPHA) == found, "a row of one or two is no evidence, 6 of 6 are, as 1 of 1 among 1000"


def test_large_tables() -> None:
    generator = np.random.default_rng(1)
    training, rows = (generator.integers(0, 10**6, size).astype(np.uint64) for size in (200_000, 40_000))
    honest = twins_of(rows, training)
    assert honest.expected == pytest.approx(np.count_nonzero(honest.twins), rel=0.1)
    assert honest.p_value > ALPHA
    rows[:2000] = training[:2000]
    assert twins_of(rows, training).p_value < ALPHA


def test_where_every_row_is_repeated_nothing_can_be_told() -> None:
    training = np.repeat(np.arange(50, dtype=np.uint64), 3)
    assert twins_of(training[:30], training).p_value == 1.0
