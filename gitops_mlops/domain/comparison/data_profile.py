"""How the columns of one table differ from those of another: population stability, gaps, categories.

The population stability index is Σ (aᵢ − bᵢ)·ln(aᵢ / bᵢ) over bins. Without any shift it is not 0 but about
(B − 1)(1/n + 1/m) on average (Yurdakul and Naranjo 2020, Journal of Risk Model Validation 14(4): (1/n + 1/m) times
χ² with B − 1 degrees of freedom), so that much is taken off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from gitops_mlops.domain.shortening import VALUE, shorten

MOST_ROWS = 200_000
BINS = 10
_TOP = 20
_FEW_VALUES = 20
_MOST_CATEGORIES = 20_000
# What nobody would act on: an index, and a share of missing values.
_HARDLY = 0.01
_GAPS = 0.001

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MeasuredShift:
    """A column then and now. `psi` is debiased, None where it means nothing; shares are of the rows.

    `came` and `went` are values of a column of categories that the other side does not have, the most frequent first.
    """

    column: str
    psi: float | None
    missing_then: float
    missing_now: float
    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()
    note: str = ""

    @property
    def moved(self) -> bool:
        """Whether there is anything to show."""
        gaps = abs(self.missing_now - self.missing_then) >= _GAPS
        return bool(gaps or (self.psi or 0.0) >= _HARDLY or self.note or self.came or self.went)


def stability(then: Sequence[int] | Counts, now: Sequence[int] | Counts) -> float:
    """The plain index of two histograms over the same bins; an empty bin counts as half a row."""
    before, after = (np.asarray(counts, dtype=np.float64) for counts in (then, now))
    used = (before + after) > 0
    if not before.sum() or not after.sum():
        return 0.0
    a, b = (np.maximum(counts[used], 0.5) / counts.sum() for counts in (before, after))
    return float(np.sum((a - b) * np.log(a / b)))


def debiased(then: Sequence[int] | Counts, now: Sequence[int] | Counts) -> float:
    """The index less what chance alone gives; it may fall below 0."""
    before, after = np.asarray(then), np.asarray(now)
    if not before.sum() or not after.sum():
        return 0.0
    bins = int(np.count_nonzero(before + after))
    return stability(before, after) - (bins - 1) * (1 / float(before.sum()) + 1 / float(after.sum()))


def shifts(then: pl.DataFrame, now: pl.DataFrame, columns: Iterable[str]) -> list[MeasuredShift]:
    """Each column that both have, the most changed first. More than 200,000 rows are sampled."""
    then, now = _sampled(then), _sampled(now)
    found = [_shift(name, then[name], now[name]) for name in columns]
    return sorted(found, key=lambda one: (-_weight(one), one.column))


def _weight(one: MeasuredShift) -> float:
    return 100.0 if one.note else max(one.psi or 0.0, 0.0) + abs(one.missing_now - one.missing_then)


def _sampled(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sample(MOST_ROWS, seed=0) if frame.height > MOST_ROWS else frame


def _shift(name: str, then: pl.Series, now: pl.Series) -> MeasuredShift:
    before, after = _values(then), _values(now)
    missing = _share_missing(before, then), _share_missing(after, now)
    if before is None or after is None:
        return MeasuredShift(name, None, *missing)
    if _kind(before.dtype) != _kind(after.dtype) and pl.Null not in (then.dtype, now.dtype):
        return MeasuredShift(name, None, *missing, note=f"{_kind(then.dtype)} became {_kind(now.dtype)}")
    if before.dtype.is_integer() != after.dtype.is_integer() and before.dtype.is_numeric():
        before, after = before.cast(pl.Float64), after.cast(pl.Float64)
    if before.dtype.is_numeric() and after.dtype.is_numeric() and _many(before, after):
        floats = before.cast(pl.Float64), after.cast(pl.Float64)
        return MeasuredShift(name, debiased(*_quantile_counts(*floats)), *missing)
    return _categories(name, before.cast(pl.String), after.cast(pl.String), missing)


def _values(values: pl.Series) -> pl.Series | None:
    kind = values.dtype
    if kind.is_integer():
        # A float has no digits for all of them, such as ids.
        return values
    if kind.is_numeric() or isinstance(kind, pl.Boolean | pl.Null):
        return values.cast(pl.Float64).fill_nan(None)
    if isinstance(kind, pl.String | pl.Categorical | pl.Enum):
        return values.cast(pl.String)
    return None


def _kind(kind: pl.DataType) -> str:
    return "numbers" if kind.is_numeric() else "text" if isinstance(kind, pl.String) else shorten(str(kind), VALUE)


def _share_missing(read: pl.Series | None, values: pl.Series) -> float:
    return (values if read is None else read).null_count() / max(values.len(), 1)


def _many(before: pl.Series, after: pl.Series) -> bool:
    return before.n_unique() > _FEW_VALUES or after.n_unique() > _FEW_VALUES


def _quantile_counts(before: pl.Series, after: pl.Series) -> tuple[Counts, Counts]:
    """Rows by tenth of what was there before, then those without a value."""
    known = np.sort(before.drop_nulls().to_numpy())
    if not len(known):
        known = np.sort(after.drop_nulls().to_numpy())
    places = (np.arange(1, BINS) * len(known)) // BINS
    edges = np.unique(known[places]) if len(known) else known
    counts = [
        np.bincount(np.searchsorted(edges, side.drop_nulls().to_numpy(), side="right"), minlength=len(edges) + 1)
        for side in (before, after)
    ]
    return np.append(counts[0], before.null_count()), np.append(counts[1], after.null_count())


def _categories(name: str, before: pl.Series, after: pl.Series, missing: tuple[float, float]) -> MeasuredShift:
    tables = [
        pl.DataFrame({"value": side}).drop_nulls().group_by("value").agg(pl.len().alias("rows"))
        for side in (before, after)
    ]
    if max(table.height for table in tables) > _MOST_CATEGORIES:
        return MeasuredShift(name, None, *missing)
    both = (
        tables[0]
        .join(tables[1], on="value", how="full", coalesce=True, suffix="_now")
        .with_columns(pl.col("rows", "rows_now").fill_null(0))
        .sort([pl.col("rows") + pl.col("rows_now"), "value"], descending=[True, False])
    )
    top, rest = both.head(_TOP), both.slice(_TOP)
    counts = [
        np.array([*top[side].to_list(), int(rest[side].sum()), gone.null_count()])
        for side, gone in (("rows", before), ("rows_now", after))
    ]
    came = both.filter(pl.col("rows") == 0)["value"].to_list()
    went = both.filter(pl.col("rows_now") == 0)["value"].to_list()
    return MeasuredShift(name, debiased(*counts), *missing, tuple(came), tuple(went))
