"""Tables in Parquet, CSV, JSON and JSON-lines files, as rows of JSON-ready values."""

from __future__ import annotations

import datetime
import decimal
import io
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitops_mlops.domain.errors import EvidenceMissing, UsageError

if TYPE_CHECKING:
    import polars as pl

_FORMATS = (".parquet", ".csv", ".json", ".jsonl", ".ndjson")

Write = Callable[[Path, bytes], None]


class TableRows:
    """Rows of files; `write` puts bytes into a file, whole or not at all."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def spread(self, path: Path, name: str, count: int, text: Collection[str] = ()) -> list[dict[str, Any]]:
        """At most `count` rows, evenly spread over the table, the same ones each time."""
        frame = _read(path, name, text)
        step = max(1, frame.height // count)
        return _plain(frame.gather_every(step).head(count))

    def batches(self, path: Path, name: str, size: int, text: Collection[str] = ()) -> Iterator[list[dict[str, Any]]]:
        """All rows, in order, at most `size` at a time."""
        for part in _read(path, name, text).iter_slices(size):
            yield _plain(part)

    def write(self, path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        """A table in a new file, in the format of its ending."""
        import polars as pl

        frame = pl.DataFrame(list(rows), infer_schema_length=None)
        content = io.BytesIO()
        ending = _ending(path.name)
        if ending == ".parquet":
            frame.write_parquet(content)
        elif ending == ".csv":
            frame.write_csv(content)
        elif ending == ".json":
            frame.write_json(content)
        else:
            frame.write_ndjson(content)
        self._write(path, content.getvalue())


def _ending(name: str) -> str:
    ending = Path(name).suffix.lower()
    if ending not in _FORMATS:
        raise UsageError(f"is no table that can be read here → {', '.join(_FORMATS)}", where=name)
    return ending


def _read(path: Path, name: str, text: Collection[str]) -> pl.DataFrame:
    import polars as pl

    ending = _ending(name)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError("there is no such file", where=name) from error
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", where=name) from error
    try:
        if ending == ".parquet":
            frame = pl.read_parquet(io.BytesIO(content))
        elif ending == ".csv":
            names = pl.read_csv(io.BytesIO(content), n_rows=0).columns
            kept = {column: pl.String for column in names if column in text}
            frame = pl.read_csv(io.BytesIO(content), schema_overrides=kept, infer_schema_length=None)
        elif ending == ".json":
            frame = pl.read_json(io.BytesIO(content), infer_schema_length=None)
        else:
            frame = pl.read_ndjson(io.BytesIO(content), infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError, ValueError, BaseExceptionGroup) as error:
        reason = str(error).partition("\n")[0]
        raise EvidenceMissing(
            f"is no whole {ending[1:]} file ({reason})", where=name, hint="write it again"
        ) from error
    if not frame.height:
        raise EvidenceMissing("has no rows", where=name)
    return frame


def _plain(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return [{name: _json(value, name) for name, value in row.items()} for row in frame.iter_rows(named=True)]


def _json(value: Any, name: str) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | decimal.Decimal):
        return None if math.isnan(value) else float(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise UsageError(f"holds a {type(value).__name__}, which no model reads", where=f"column {name!r}")
