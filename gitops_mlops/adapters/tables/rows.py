"""Tables in Parquet, CSV, JSON and JSON-lines files, as rows of JSON-ready values."""

from __future__ import annotations

import datetime
import decimal
import io
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitops_mlops.domain.errors import MissingEvidence, UsageError

if TYPE_CHECKING:
    import polars as pl

_FORMATS = (".parquet", ".csv", ".json", ".jsonl", ".ndjson")
_KNOWN = f"end its name in one of {', '.join(_FORMATS)}"

Write = Callable[[Path, bytes], None]


class TableRows:
    """Rows of files; `write` puts bytes into a file, whole or not at all."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def spread(self, path: Path, name: str, count: int, text: Collection[str] = ()) -> list[dict[str, Any]]:
        """At most `count` rows, evenly spread over the table, the same ones each time."""
        import polars as pl

        with _reading(name):
            table = _scan(path, name, text)
            height = int(table.select(pl.len()).collect().item())
            frame = table.gather_every(max(1, height // count)).head(count).collect()
        return _plain(frame)

    def batches(self, path: Path, name: str, size: int, text: Collection[str] = ()) -> Iterator[list[dict[str, Any]]]:
        """All rows, in order, at most `size` at a time."""
        with _reading(name):
            frame = _scan(path, name, text).collect()
        if not frame.height:
            raise MissingEvidence("has no rows", where=name, hint="give at least one row")
        for part in frame.iter_slices(size):
            yield _plain(part)

    def require_format(self, name: str) -> None:
        """Raise UsageError unless a table can be written to a file of this name."""
        _ending(name)

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
        raise UsageError(f"{ending or 'a name without an extension'} is not a table format", where=name, hint=_KNOWN)
    return ending


@contextmanager
def _reading(name: str) -> Iterator[None]:
    import polars as pl

    try:
        yield
    except FileNotFoundError as error:
        raise UsageError("there is no such file", where=name, hint="check the path, or dvc pull") from error
    # A damaged Parquet file may end in a panic of the library underneath.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        hint = "save it as UTF-8" if "utf-8" in reason.lower() else "make it again, or dvc checkout --force"
        raise MissingEvidence(
            f"is not a complete {_ending(name)[1:]} file ({reason})", where=name, hint=hint
        ) from error


def _scan(path: Path, name: str, text: Collection[str]) -> pl.LazyFrame:
    """The table at `path`, which may have another ending than its `name` (DVC's cache has none)."""
    import polars as pl

    from gitops_mlops.domain.contracts.csv_fields import count_fields
    from gitops_mlops.domain.contracts.csv_text import require_whole_rows

    ending = _ending(name)
    if ending == ".parquet":
        return pl.scan_parquet(path, glob=False)
    if ending == ".csv":
        with path.open("rb") as file:
            require_whole_rows(count_fields(file), name)
        names = pl.scan_csv(path, glob=False, infer_schema=False).collect_schema().names()
        kept = {column: pl.String for column in names if column in text}
        return pl.scan_csv(path, glob=False, schema_overrides=kept, infer_schema_length=None)
    if ending == ".json":
        return pl.read_json(path, infer_schema_length=None).lazy()
    return pl.scan_ndjson(path, infer_schema_length=None)


def _plain(frame: pl.DataFrame) -> list[dict[str, Any]]:
    from gitops_mlops.domain.contracts.temporal_values import python_rows

    return [{name: _json(value, name) for name, value in row.items()} for row in python_rows(frame)]


def _json(value: Any, name: str) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | decimal.Decimal):
        return None if math.isnan(value) else float(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise UsageError(f"holds a {type(value).__name__}, which models cannot read", where=f"column {name!r}")
