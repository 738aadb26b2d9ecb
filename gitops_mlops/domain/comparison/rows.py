"""Evaluation rows: a table in memory, and which of its rows count."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs

from gitops_mlops.domain.comparison.equal_values import comparable
from gitops_mlops.domain.contracts.csv_fields import count_fields
from gitops_mlops.domain.contracts.csv_text import require_whole_rows
from gitops_mlops.domain.contracts.temporal_values import with_text_for_unknown_times
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.names import suggest
from gitops_mlops.domain.shortening import first_line
from gitops_mlops.domain.statistics.sample import Ints, Mask

# A date, a week or a month in ISO 8601, perhaps with a time: their order as text is that of time.
_DATE = r"^\d{4}-(?:\d{2}(?:-\d{2}(?:[T ][\d:.]+)?)?|W\d{2})$"
_DEPENDENT = re.compile(
    r"(?:^|_)(?:date|datetime|day|week|month|timestamp|user|customer|client|account|group|session|patient|household)"
    r"(?:_?id)?$",
    re.IGNORECASE,
)


def parse_rows(content: bytes, name: str) -> pl.DataFrame:
    """The table in a Parquet or CSV file; the name's ending says which. Raises EvidenceMissing for anything else."""
    again = "dvc pull, or dvc repro the stage that writes it"
    if not content:
        raise MissingEvidence("the file is empty", where=name, hint=again)
    try:
        if name.endswith((".parquet", ".pq")):
            frame = pl.read_parquet(io.BytesIO(content))
        elif name.endswith((".csv", ".tsv")):
            separator = "\t" if name.endswith(".tsv") else ","
            require_whole_rows(count_fields(io.BytesIO(content), separator), name)
            frame = pl.read_csv(
                io.BytesIO(content), separator=separator, try_parse_dates=True, infer_schema_length=None
            )
        else:
            raise UsageError("neither .parquet nor .csv", where=name, hint="evaluate on a Parquet or CSV file")
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        reason = first_line(error)
        raise MissingEvidence(f"cannot be read as a table ({reason})", where=name, hint=again) from error
    except BaseException as error:
        # A damaged file makes polars' Rust code panic, and a panic is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise MissingEvidence("cannot be read as a table (the file is damaged)", where=name, hint=again) from error
    if frame.height == 0:
        raise MissingEvidence("the table has no rows", where=name, hint=again)
    return with_text_for_unknown_times(frame)


def require_columns(frame: pl.DataFrame, wanted: Iterable[tuple[str, str]], name: str) -> None:
    """Raise UsageError unless the table has each column; `wanted` pairs a setting with the column it names."""
    for setting, column in wanted:
        if column not in frame.columns:
            raise UsageError(
                f"{name} has no column {column!r}",
                where=f"mlops.yaml: {setting}",
                hint=suggest(column, frame.columns),
            )


def require_values(frame: pl.DataFrame, column: str, what: str, name: str) -> None:
    """Raise EvidenceMissing when a value of the column is missing."""
    if missing := _missing(frame[column]):
        raise MissingEvidence(
            f"{missing} of {frame.height} rows have no {what} (column {column!r})",
            where=name,
            hint="remove or fix them",
        )


def require_unique(frame: pl.DataFrame, column: str, name: str) -> None:
    """Raise EvidenceMissing when an id is missing or appears twice."""
    require_values(frame, column, "id", name)
    if twice := frame.height - frame[column].n_unique():
        raise MissingEvidence(f"{twice} rows repeat an id (column {column!r})", where=name, hint="make ids unique")


def require_ordered(frame: pl.DataFrame, column: str, name: str) -> None:
    """Raise EvidenceMissing unless the column holds dates, times or numbers, whose order is that of time."""
    kind = frame.schema[column]
    if not (kind.is_temporal() or kind.is_numeric()):
        raise MissingEvidence(
            f"column {column!r} is {kind}, which has no order in time",
            where=name,
            hint="write dates as 2026-01-31, or number the points in time",
        )


def require_nested(frame: pl.DataFrame, inner: str, outer: str, name: str) -> None:
    """Raise EvidenceMissing when the rows of one `inner` group fall into several `outer` ones."""
    spread = frame.group_by(inner).agg(pl.col(outer).n_unique()).filter(pl.col(outer) > 1).height
    if spread:
        raise MissingEvidence(
            f"{spread} values of {inner!r} are in more than one {outer!r}",
            where=name,
            hint="cluster by something that holds whole queries",
        )


def naive_errors(
    training: pl.DataFrame, rows: pl.DataFrame, target: str, time: str, series: str | None, season: int
) -> npt.NDArray[np.float64]:
    """For each row, how wrong the naive forecast is on its series in training; shape (rows,), NaN where unknown.

    The naive forecast is the value one `season` earlier, its error the mean absolute one: what MASE is relative to
    (Hyndman and Koehler 2006, International Journal of Forecasting 22:679-688).
    """
    needed = [target, time, *([series] if series else [])]
    if any(name not in training.columns for name in needed):
        return np.full(rows.height, np.nan)
    value = pl.col(target).cast(pl.Float64, strict=False)
    steps = (value - value.shift(season)).abs().mean()
    ordered = training.sort(time)
    if series is None:
        found = ordered.select(steps).item()
        return np.full(rows.height, np.nan if found is None else found)
    kinds = training.schema[series], rows.schema[series]
    key = comparable(series, *kinds).alias("gitops-mlops: series")
    errors = ordered.group_by(key, maintain_order=True).agg(steps.alias("gitops-mlops: error"))
    mine = rows.select(comparable(series, *kinds[::-1]).alias("gitops-mlops: series"))
    joined = mine.join(errors, on="gitops-mlops: series", how="left", maintain_order="left")
    return joined["gitops-mlops: error"].cast(pl.Float64).fill_null(np.nan).to_numpy()


def seen_in(frame: pl.DataFrame, training: pl.DataFrame, without: Sequence[str]) -> Mask:
    """Which rows stand in `training` too, by every shared column but `without`; shape (rows,).

    Equal is what `comparable` makes so: floats at nine significant digits, NaN as missing. The hashes live in this
    process only: they differ between versions of polars.
    """
    shared = [name for name in frame.columns if name in training.columns and name not in without]
    if not shared:
        return np.zeros(frame.height, dtype=np.bool_)
    return np.isin(row_keys(frame, training, shared), np.unique(row_keys(training, frame, shared)))


def row_keys(frame: pl.DataFrame, other: pl.DataFrame, columns: Sequence[str]) -> npt.NDArray[np.uint64]:
    """A key for each row by some columns, equal where `seen_in` takes rows of `frame` and `other` for equal."""
    return _comparable(frame, other, columns).hash_rows(seed=0).to_numpy()


def repeats(frame: pl.DataFrame, target: str, without: Sequence[str]) -> tuple[int, int]:
    """How many rows repeat an earlier one but for its label, and how many stand in groups whose labels differ.

    Equal is what `seen_in` takes for equal.
    """
    columns = [name for name in frame.columns if name != target and name not in without]
    if not columns:
        return 0, 0
    groups = pl.DataFrame({"hash": row_keys(frame, frame, columns), "label": frame[target]}).group_by("hash")
    sizes = groups.agg(pl.len().alias("rows"), pl.col("label").n_unique().alias("labels"))
    return frame.height - sizes.height, int(sizes.filter(pl.col("labels") > 1)["rows"].sum())


def cluster_codes(column: pl.Series) -> Ints:
    """The number of each row's group, from 0; shape (rows,)."""
    return column.rank("dense").to_numpy().astype(np.int64) - 1


def is_time(column: pl.Series) -> bool:
    """Whether groups follow one another in time: dates, or texts that are all written like one."""
    if isinstance(column.dtype, pl.String):
        return bool(column.str.contains(_DATE).all())
    return column.dtype.is_temporal()


def dependent_columns(frame: pl.DataFrame, known: Iterable[str]) -> list[str]:
    """Columns that look like a time or a group, of which rows may depend on one another."""
    candidates = [name for name in frame.columns if name not in set(known)]
    temporal = set(frame.select(cs.temporal()).columns)
    return [name for name in candidates if name in temporal or _DEPENDENT.search(name)]


def _missing(column: pl.Series) -> int:
    nan = int(column.is_nan().sum()) if column.dtype.is_float() else 0
    return column.null_count() + nan


def _comparable(frame: pl.DataFrame, other: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    return frame.select(comparable(name, frame.schema[name], other.schema[name]) for name in columns)
