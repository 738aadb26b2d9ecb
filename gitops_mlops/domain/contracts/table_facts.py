"""What is asked of a table to describe its columns, as Polars expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from gitops_mlops.domain.contracts.contract import ColumnType
from gitops_mlops.domain.contracts.inference import TEXT_SHAPES
from gitops_mlops.domain.contracts.polars_types import POLARS, exactly, type_name
from gitops_mlops.domain.contracts.table_checks import ReadableTable
from gitops_mlops.domain.contracts.temporal_values import python_values
from gitops_mlops.domain.contracts.text_values import parsed
from gitops_mlops.domain.document.pattern import whole

TEXT_TYPES = (
    ColumnType.BOOL,
    ColumnType.INT64,
    ColumnType.UINT64,
    ColumnType.FLOAT64,
    ColumnType.DATE,
    ColumnType.DATETIME,
)
"""What text may be: the first type that all values fit is taken."""

_CODE = r"^[+-]?0[0-9]|^[+-]?[0-9]{19,}$"
"""Digits that no number keeps: a leading zero (`00501`), or more than a float holds."""

_UNITS = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}

_FIRST_ROWS, _FIRST_CELLS = 1000, 1_000_000
_NAME, _TEXT = "column", "text"

Misfit = Callable[[str, Any], pl.Expr]
Count = Callable[[pl.LazyFrame, Sequence[pl.Expr]], Sequence[int]]


def misfit_of_type(name: str, kind: ColumnType) -> pl.Expr:
    """How many texts of a column are no values of a type, as `validate` reads them, or would lose digits in it."""
    text = exactly(name)
    misfit = text.is_not_null() & parsed(text, POLARS[kind]).is_null()
    if kind == ColumnType.FLOAT64:
        misfit |= text.str.contains(_CODE)
    elif kind.integer_range:
        misfit |= text.str.contains("^[+-]?0[0-9]")
    return misfit.sum()


def misfit_of_shape(name: str, shape: str) -> pl.Expr:
    """How many texts of a column do not match one of `TEXT_SHAPES`."""
    return (~exactly(name).cast(pl.String).str.contains(whole(TEXT_SHAPES[shape]))).sum()


def fitting(
    frame: pl.LazyFrame, names: Sequence[str], possible: Sequence[Any], misfit: Misfit, count: Count
) -> dict[str, Any]:
    """For each column of text the first of what is possible that all its rows fit, if any.

    The first rows rule most out, so that the pass over all of them asks little.
    """
    if not names:
        return {}
    first = min(_FIRST_ROWS, max(_FIRST_CELLS // len(names), 1))
    rows = frame.head(first).select(exactly(name).cast(pl.String) for name in names).collect(engine="streaming")
    left = _fitting_first(rows, possible, misfit)
    asked = [(name, one) for name, those in left.items() for one in those]
    if rows.height == first and asked:
        numbers = count(frame, [misfit(name, one).alias(str(index)) for index, (name, one) in enumerate(asked)])
        fits = {pair for pair, number in zip(asked, numbers, strict=True) if not number}
        left = {name: [one for one in those if (name, one) in fits] for name, those in left.items()}
    return {name: those[0] for name, those in left.items() if those}


def _fitting_first(rows: pl.DataFrame, possible: Sequence[Any], misfit: Misfit) -> dict[str, list[Any]]:
    """For each column all of what is possible that some rows fit.

    The columns are put below each other: an expression a column and possibility takes longer to plan than to run.
    """
    if not rows.height:
        return {name: list(possible) for name in rows.columns}
    below = rows.unpivot(variable_name=_NAME, value_name=_TEXT).group_by(_NAME)
    misfits = below.agg(misfit(_TEXT, one).alias(str(at)) for at, one in enumerate(possible))
    found = {name: numbers for name, *numbers in misfits.iter_rows()}
    return {
        name: [one for one, number in zip(possible, found[name], strict=True) if not number] for name in rows.columns
    }


def facts(table: ReadableTable, name: str) -> Iterator[pl.Expr]:
    """Nulls, about how many different values, the least and the greatest one."""
    column, dtype = exactly(name), table.schema[name]
    yield table.missing(name).sum().alias(f"nulls of {name}")
    kind = type_name(dtype)
    if kind is None:
        return
    yield column.approx_n_unique().alias(f"different of {name}")
    if kind.has_order:
        # Python has no dates outside the years 1 to 9999, so they come as the numbers that they are.
        known = column.fill_nan(None) if dtype.is_float() else column.to_physical()
        yield known.min().alias(f"low of {name}")
        yield known.max().alias(f"high of {name}")


def edge(dtype: pl.DataType, value: Any) -> Any:
    """The least or greatest value as Python has it; text for a date that Python has not. Times are UTC."""
    if value is None or not dtype.is_temporal():
        return value
    try:
        if dtype == pl.Date:
            return date(1970, 1, 1) + timedelta(days=value)
        unit = _UNITS[getattr(dtype, "time_unit", None) or "us"]
        return datetime(1970, 1, 1) + timedelta(seconds=value // unit)
    except OverflowError:
        return python_values(pl.Series([value], dtype=pl.Int64).cast(dtype))[0]


def edges(dtype: pl.DataType, found: Mapping[str, Any], name: str) -> tuple[Any, Any]:
    """The least and the greatest value of a column out of what its `facts` found."""
    return edge(dtype, found.get(f"low of {name}")), edge(dtype, found.get(f"high of {name}"))
