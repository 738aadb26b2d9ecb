from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from gitops_mlops.runtime.served_model import ServedModel, load_bundle
from gitops_mlops.serving.prediction_log import PredictionLog
from tests.integration.serving.running import ROW, until


@pytest.fixture(scope="module")
def served_model(made_bundle: Path) -> ServedModel:
    return load_bundle(made_bundle)


class Counts:
    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], int] = {}

    def __call__(self, kind: str, what: str, rows: int) -> None:
        self.seen[kind, what] = self.seen.get((kind, what), 0) + rows


def ask(log: PredictionLog, served: ServedModel, rows: int = 1) -> bool:
    columns = {name: [value] * rows for name, value in ROW.items()}
    return log.predictions([f"{'0' * 32}-{row}" for row in range(rows)], columns, served.answer(columns))


def test_a_file_is_closed_as_soon_as_it_is_large_enough(served_model: ServedModel, tmp_path: Path) -> None:
    counts = Counts()
    log = PredictionLog(tmp_path, served_model, "i", counts, file_rows=3)
    assert ask(log, served_model, 2)
    assert not list((tmp_path / "predictions").iterdir())
    assert ask(log, served_model, 2)
    until(lambda: counts.seen == {("predictions", "written"): 4})
    log.close()
    (path,) = (tmp_path / "predictions").iterdir()
    assert len(pl.read_parquet(path)) == 4


def test_what_does_not_fit_is_dropped_and_counted_and_never_waited_for(
    served_model: ServedModel, tmp_path: Path
) -> None:
    counts = Counts()
    log = PredictionLog(tmp_path, served_model, "i", counts, capacity=3)
    assert ask(log, served_model, 3)
    assert not ask(log, served_model)
    log.close()
    assert not ask(log, served_model)
    assert counts.seen == {("predictions", "written"): 3, ("predictions", "queue_full"): 2}


def test_files_grow_old_by_their_names_and_only_ours_are_deleted(served_model: ServedModel, tmp_path: Path) -> None:
    folder = tmp_path / "predictions"
    folder.mkdir()
    for name in ("20200101T000000Z-x-000001.parquet", "notes.parquet", "20991231T000000Z-x-000001.parquet"):
        (folder / name).write_bytes(b"")
    log = PredictionLog(tmp_path, served_model, "i", Counts(), keep_days=30)
    ask(log, served_model)
    log.close()
    left = {path.name for path in folder.iterdir()}
    assert left >= {"notes.parquet", "20991231T000000Z-x-000001.parquet"}
    assert "20200101T000000Z-x-000001.parquet" not in left
    assert len(left) == 3


def test_an_empty_log_leaves_no_file(served_model: ServedModel, tmp_path: Path) -> None:
    PredictionLog(tmp_path, served_model, "i", Counts()).close()
    assert not list(tmp_path.rglob("*.parquet"))
