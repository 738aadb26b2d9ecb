"""What was asked and answered, and the labels that come later, as Parquet files that appear whole.

Requests only append to memory; one thread writes. A file is written beside its place and renamed, so a
reader of `*.parquet` never sees half of one. When writing cannot keep up, or the folder cannot be written, rows
are dropped and counted: a prediction is worth more than its record. Each file is tried afresh, so that the log goes
on as soon as there is room again. Labels are written at once, and who sent them is told when they are on disk.

    <folder>/predictions/20260131T120000Z-<instance>-000001.parquet
    <folder>/feedback/…
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from gitops_mlops.domain.contracts.polars_types import POLARS
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.runtime.served_model import ServedModel, ServedPredictions, label_type
from gitops_mlops.serving.alarm import Alarm

PREDICTIONS = "predictions"
FEEDBACK = "feedback"
_LABELS: dict[type, type[pl.DataType]] = {bool: pl.Boolean, int: pl.Int64, float: pl.Float64, str: pl.String}
_TOO_SLOW = "writing cannot keep up"
Count = Callable[[str, str, int], None]


class _PendingRows:
    """Rows of one kind that wait to be written."""

    def __init__(self, kind: str, schema: dict[str, pl.DataType]) -> None:
        self.kind = kind
        self.schema = schema
        self.batches: list[dict[str, Sequence[Any]]] = []
        self.rows = 0
        self.due = 0.0
        # Of those who wait until their rows are on disk: why they are not, "" when they are.
        self.receipts: list[Future[str]] = []

    def take(self) -> _RowBatch:
        taken = _RowBatch(self, self.batches, self.rows, self.receipts)
        self.batches, self.rows, self.receipts = [], 0, []
        return taken


class _RowBatch(NamedTuple):
    """What becomes one file."""

    lane: _PendingRows
    batches: list[dict[str, Sequence[Any]]]
    rows: int
    receipts: list[Future[str]]


class PredictionLog:
    """The log of one server below `folder`. `exclude` names input columns that are not to be kept.

    A file is closed after `seconds`, or when `file_rows` wait; at most `capacity` rows wait. Files older than
    `keep_days` are deleted. `count(kind, what, rows)` is told what became of rows: written, queue_full, failed.
    A folder that cannot be written is said at once, then once in `say_seconds` for as long as rows are dropped.
    Raises UsageError for an excluded column that is none.
    """

    def __init__(
        self,
        folder: Path,
        served: ServedModel,
        instance: str,
        count: Count,
        *,
        exclude: Sequence[str] = (),
        seconds: float = 60.0,
        file_rows: int = 50_000,
        capacity: int = 200_000,
        keep_days: float | None = None,
        say_seconds: float = 60.0,
    ) -> None:
        self._folder = folder
        self._instance = instance
        self._count = count
        self._seconds = seconds
        self._file_rows = file_rows
        self._capacity = capacity
        self._keep = None if keep_days is None else timedelta(days=keep_days)
        self._files = 0
        self._identity = (served.bundle.model, served.bundle.version, served.digest)
        self._positive = served.positive_column
        self._inputs = _inputs(served, exclude)
        self._lanes = {lane.kind: lane for lane in _lanes(served, self._inputs)}
        self._changed = threading.Condition()
        self._closing = False
        self._alarm = Alarm(folder, say_seconds)
        for kind in self._lanes:
            if reason := _prepare(folder / kind):
                self._alarm.lost(0, reason)
        self._writer = threading.Thread(target=self._write_until_closed, name="prediction-log", daemon=True)
        self._writer.start()

    def predictions(
        self, ids: Sequence[str], columns: Mapping[str, Sequence[Any]], answer: ServedPredictions
    ) -> bool:
        """Keep predictions and what they were made from; False when they were dropped."""
        rows = len(ids)
        model, version, digest = self._identity
        batch: dict[str, Sequence[Any]] = {
            "prediction_id": ids,
            "prediction_time": [datetime.now(UTC)] * rows,
            "model": [model] * rows,
            "model_version": [version] * rows,
            "bundle_digest": [digest] * rows,
            **{name: columns[name] for name in self._inputs},
            "prediction_label": answer.labels,
        }
        if self._positive is not None:
            batch["prediction_probability"] = [row[self._positive] for row in answer.probabilities]
        elif answer.probabilities:
            batch["prediction_probabilities"] = answer.probabilities
        return self._keep_batch(PREDICTIONS, batch, rows)

    def feedback(self, ids: Sequence[str], labels: Sequence[Any]) -> Future[str]:
        """Write true labels that came late; why they are not on disk, "" as soon as they are."""
        times = [datetime.now(UTC)] * len(ids)
        receipt: Future[str] = Future()
        batch: dict[str, Sequence[Any]] = {"prediction_id": ids, "feedback_time": times, "label": labels}
        if not self._keep_batch(FEEDBACK, batch, len(ids), receipt):
            receipt.set_result(_TOO_SLOW)
        return receipt

    def trouble(self) -> str:
        """Why rows are dropped now, "" when they are not."""
        return self._alarm.now()

    def close(self, patience: float = 30.0) -> None:
        """Write what waits, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._writer.join(patience)

    def _keep_batch(
        self, kind: str, batch: dict[str, Sequence[Any]], rows: int, receipt: Future[str] | None = None
    ) -> bool:
        lane = self._lanes[kind]
        with self._changed:
            if self._closing or lane.rows + rows > self._capacity:
                self._count(kind, "queue_full", rows)
                self._alarm.lost(rows, _TOO_SLOW)
                return False
            if not lane.batches:
                lane.due = time.monotonic() + self._seconds
                self._changed.notify()
            lane.batches.append(batch)
            lane.rows += rows
            if receipt is not None:
                lane.receipts.append(receipt)
            if receipt is not None or lane.rows >= self._file_rows:
                lane.due = 0.0
                self._changed.notify()
            return True

    def _write_until_closed(self) -> None:
        closing = False
        while not closing:
            with self._changed:
                # Not wait_for: how long to wait changes with the first row that comes.
                while not self._closing and not self._due():
                    self._changed.wait(self._patience())
                closing = self._closing
                work = [
                    lane.take()
                    for lane in self._lanes.values()
                    if lane.batches and (closing or lane.due <= time.monotonic())
                ]
            for taken in work:
                lost = self._write(taken.lane, taken.batches, taken.rows)
                for receipt in taken.receipts:
                    receipt.set_result(lost)
        self._alarm.close()

    def _due(self) -> bool:
        return any(lane.batches and lane.due <= time.monotonic() for lane in self._lanes.values())

    def _patience(self) -> float | None:
        waiting = [lane.due for lane in self._lanes.values() if lane.batches]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _write(self, lane: _PendingRows, batches: list[dict[str, Sequence[Any]]], rows: int) -> str:
        """Write a file; why it could not be written, "" when it is on disk."""
        self._files += 1
        now = datetime.now(UTC)
        name = f"{now:%Y%m%dT%H%M%SZ}-{self._instance}-{self._files:06d}.parquet"
        temporary = self._folder / lane.kind / f".{name}.tmp"
        try:
            data = {key: [value for batch in batches for value in batch[key]] for key in lane.schema}
            temporary.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                pl.DataFrame(data, schema=lane.schema).write_parquet(file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(temporary.with_name(name))
            _sync(temporary.parent)
        except BaseException as error:
            # A full disk must not end the thread: what comes later may find room. A panic of polars is no Exception.
            self._count(lane.kind, "failed", rows)
            reason = getattr(error, "strerror", "") or f"{type(error).__name__}: {error}"
            self._alarm.lost(rows, reason)
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            return reason.partition("\n")[0]
        self._count(lane.kind, "written", rows)
        self._alarm.written()
        self._forget(lane.kind, now)
        return ""

    def _forget(self, kind: str, now: datetime) -> None:
        if self._keep is None:
            return
        # Names begin with the time of writing, so that a copied file does not grow younger.
        oldest = f"{now - self._keep:%Y%m%dT%H%M%SZ}"
        for path in (self._folder / kind).glob("[0-9]*Z-*.parquet"):
            if path.name < oldest:
                with contextlib.suppress(OSError):
                    path.unlink()


def _inputs(served: ServedModel, exclude: Sequence[str]) -> list[str]:
    if unknown := [name for name in exclude if name not in served.contract.columns]:
        raise UsageError(f"there is no input column {unknown[0]!r}", where="--log-exclude")
    return [name for name in served.contract.columns if name not in exclude]


def _lanes(served: ServedModel, inputs: Sequence[str]) -> list[_PendingRows]:
    label = _LABELS[label_type(served)]()
    schema: dict[str, pl.DataType] = {
        "prediction_id": pl.String(),
        "prediction_time": pl.Datetime("us", "UTC"),
        "model": pl.String(),
        "model_version": pl.String(),
        "bundle_digest": pl.String(),
        "prediction_label": label,
    }
    if served.positive_column is not None:
        schema["prediction_probability"] = pl.Float64()
    elif served.classes:
        schema["prediction_probabilities"] = pl.List(pl.Float64())
    if clash := [name for name in inputs if name in schema]:
        raise UsageError(
            f"the input column {clash[0]!r} has the name of one of the log's own",
            where="--log-dir",
            hint=f"--log-exclude {clash[0]}",
        )
    schema |= {name: POLARS[served.contract.columns[name].type] for name in inputs}
    feedback: dict[str, pl.DataType] = {
        "prediction_id": pl.String(),
        "feedback_time": pl.Datetime("us", "UTC"),
        "label": label,
    }
    return [_PendingRows(PREDICTIONS, schema), _PendingRows(FEEDBACK, feedback)]


def _sync(folder: Path) -> None:
    """Let the names in a folder survive a crash of the machine, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _prepare(folder: Path) -> str:
    """Why a folder cannot be written, "" when it can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A full disk takes an empty file.
        with tempfile.NamedTemporaryFile(prefix=".probe-", dir=folder) as probe:
            probe.write(b"probe")
            probe.flush()
    except OSError as error:
        return error.strerror or str(error)
    return ""
