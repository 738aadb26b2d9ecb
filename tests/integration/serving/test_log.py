from __future__ import annotations

import contextlib
import resource
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from gitops_mlops.domain.deployment.bundle import bundle_digest
from tests.integration.serving.running import GOLDEN, ROW, Running, Serve, command, environment, until
from tests.ports import free_ports

pytestmark = pytest.mark.usefixtures("preloaded")


def written(folder: Path, kind: str) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in sorted((folder / kind).glob("*.parquet"))])


def metric(running: Running, name: str) -> float:
    lines = running.call("/metrics").body.decode().splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)), 0.0)


def shows(running: Running, name: str, value: float) -> bool:
    return metric(running, name) == value


def test_what_was_asked_and_answered_is_in_the_log_when_the_server_has_ended(
    made_bundle: Path, serve: Serve, tmp_path: Path
) -> None:
    running = serve(made_bundle, "--log-dir", str(tmp_path))
    before = datetime.now(UTC)
    answers = running.predict(*GOLDEN).json["predictions"]
    infer = [
        {"name": name, "shape": [1], "datatype": kind, "data": [ROW[name]]}
        for name, kind in (("distance", "FP64"), ("hour", "INT64"), ("carrier", "BYTES"), ("wind", "FP64"))
    ]
    single = running.call("/v2/models/delay/infer", {"inputs": infer})
    assert running.predict({**ROW, "hour": 24}).status == 422
    assert running.stop() == (0, "")

    log = written(tmp_path, "predictions")
    assert log.schema == {
        "prediction_id": pl.String,
        "prediction_time": pl.Datetime("us", "UTC"),
        "model": pl.String,
        "model_version": pl.String,
        "bundle_digest": pl.String,
        "prediction_label": pl.Boolean,
        "prediction_probability": pl.Float64,
        "distance": pl.Float64,
        "hour": pl.Int64,
        "carrier": pl.String,
        "wind": pl.Float64,
        "tail": pl.String,
    }
    assert log["prediction_id"].to_list() == [
        *(answer["prediction_id"] for answer in answers),
        f"{single.headers['x-request-id']}-0",
    ]
    assert log["prediction_probability"].to_list()[:3] == [answer["probability"] for answer in answers]
    assert log["prediction_label"].to_list()[:3] == [answer["label"] for answer in answers]
    assert log.select(list(ROW)).to_dicts() == [*GOLDEN, {**ROW, "tail": "N1"}]
    assert all(before <= time <= before + timedelta(minutes=2) for time in log["prediction_time"])
    digest = bundle_digest((made_bundle / "bundle.json").read_bytes())
    assert log.select("model", "model_version", "bundle_digest").unique().rows() == [("delay", "v1.2.3", digest)]


def test_nothing_is_kept_unless_a_folder_is_named(made_bundle: Path, serve: Serve, tmp_path: Path) -> None:
    running = serve(made_bundle)
    assert running.predict().status == 200
    reply = running.call("/feedback", {"predictions": []})
    assert (reply.status, "--log-dir" in reply.json["error"]) == (404, True)


def test_a_column_that_is_excluded_is_in_no_file(made_bundle: Path, serve: Serve, tmp_path: Path) -> None:
    running = serve(made_bundle, "--log-dir", str(tmp_path), "--log-exclude", "tail", "--log-exclude", "wind")
    assert running.predict({**ROW, "tail": "N987654321"}).status == 200
    assert running.stop() == (0, "")
    assert not {"tail", "wind"} & set(written(tmp_path, "predictions").columns)
    assert all(b"N987654321" not in path.read_bytes() for path in tmp_path.rglob("*.parquet"))


def test_files_are_closed_by_time_while_the_server_runs(made_bundle: Path, serve: Serve, tmp_path: Path) -> None:
    running = serve(made_bundle, "--log-dir", str(tmp_path), "--log-seconds", "0.1")
    for files in (1, 2):
        running.predict()
        until(partial(shows, running, 'gitops_mlops_logged_total{kind="predictions"}', files))
        assert len(list((tmp_path / "predictions").iterdir())) == files
    assert len(written(tmp_path, "predictions")) == 2


def test_late_labels_join_their_predictions(made_bundle: Path, serve: Serve, tmp_path: Path) -> None:
    running = serve(made_bundle, "--log-dir", str(tmp_path))
    answers = running.predict(*GOLDEN).json["predictions"]
    late = [{"id": answer["prediction_id"], "label": not answer["label"]} for answer in answers]
    reply = running.call("/feedback", {"predictions": late})
    assert (reply.status, reply.json) == (202, {"accepted": 3})
    assert running.stop() == (0, "")
    joined = written(tmp_path, "predictions").join(written(tmp_path, "feedback"), on="prediction_id")
    assert (len(joined), (joined["prediction_label"] != joined["label"]).all()) == (3, True)


ID = "0" * 32 + "-0"


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 400, "predictions must be a list"),
        ({"predictions": []}, 400, "no rows"),
        ({"predictions": [3]}, 400, "must be an object"),
        ({"predictions": [{"id": ID}]}, 400, "must have id and label"),
        ({"predictions": [{"id": ID, "label": True, "who": "me"}]}, 400, "nothing else"),
        ({"predictions": [{"id": "../../etc", "label": True}]}, 422, "id is not that of a prediction"),
        ({"predictions": [{"id": ID + "\n", "label": True}]}, 422, "id is not that of a prediction"),
        ({"predictions": [{"id": ID, "label": 1}]}, 422, "→ False, True"),
        ({"predictions": [{"id": ID, "label": "late"}]}, 422, "label is not one of the model"),
        ({"predictions": [{"id": ID, "label": None}]}, 422, "label is not one of the model"),
        ({"predictions": [{"id": ID, "label": [True]}]}, 422, "label is not one of the model"),
    ],
)
def test_what_no_label_may_be(logging_server: Running, body: dict[str, Any], status: int, says: str) -> None:
    reply = logging_server.call("/feedback", body)
    assert (reply.status, says in reply.json["error"]) == (status, True), reply.json


DROPPED = 'gitops_mlops_log_dropped_total{kind="predictions",reason="failed"}'
WRITTEN = 'gitops_mlops_logged_total{kind="predictions"}'


def test_a_log_that_cannot_be_written_costs_records_and_no_prediction(
    made_bundle: Path, serve: Serve, tmp_path: Path
) -> None:
    """A file where the folder should be stops root, too. What is in the way goes: the log goes on by itself."""
    folder = tmp_path / "log"
    folder.write_text("")
    running = serve(made_bundle, "--log-dir", str(folder), "--log-seconds", "0.05")
    for lost in (1, 2, 3):
        assert running.predict().status == 200
        until(partial(shows, running, DROPPED, lost))
    folder.unlink()
    assert running.predict().status == 200
    until(lambda: metric(running, WRITTEN) == 1)
    code, err = running.stop()
    first, last = err.splitlines()
    assert (code, f"{folder}: rows will be lost" in first, "Not a directory" in first or "exists" in first) == (
        0,
        True,
        True,
    ), err
    assert "3 rows are lost" in last
    assert len(written(folder, "predictions")) == 1


def test_a_full_disk_costs_records_and_no_prediction(made_bundle: Path, serve: Serve, tmp_path: Path) -> None:
    """Files that may not grow fail as on a full disk (EFBIG for ENOSPC), for root, too."""
    running = serve(made_bundle, "--log-dir", str(tmp_path), "--log-seconds", "0.05")
    pid = running.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    for lost in (1, 2):
        assert running.predict().status == 200
        until(partial(shows, running, DROPPED, lost))
    assert running.call("/v2/health/ready").status == 200
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
    assert running.predict().status == 200
    until(lambda: metric(running, WRITTEN) == 1)
    code, err = running.stop()
    assert (code, ["1 rows are lost" in line for line in err.splitlines()]) == (0, [True, True]), err
    assert [path.suffix for path in (tmp_path / "predictions").iterdir()] == [".parquet"]


LABELS_LOST = 'gitops_mlops_log_dropped_total{kind="feedback",reason="failed"}'


@pytest.mark.parametrize("obstacle", ["file", "disk"])
def test_labels_that_are_not_on_disk_are_not_accepted(
    made_bundle: Path, serve: Serve, tmp_path: Path, obstacle: str
) -> None:
    """503 until there is room, whatever `--log-seconds` says; predictions are answered all the while."""
    folder = tmp_path / "log"
    if obstacle == "file":
        folder.write_text("")
    running = serve(made_bundle, "--log-dir", str(folder))
    pid = running.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    if obstacle == "disk":
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    (answer,) = running.predict().json["predictions"]
    label = {"predictions": [{"id": answer["prediction_id"], "label": True}]}
    for lost in (1, 2):
        reply = running.call("/feedback", label)
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
        assert "the labels could not be kept (" in reply.json["error"]
        assert metric(running, LABELS_LOST) == lost
        assert running.predict().status == 200
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
    folder.unlink() if obstacle == "file" else None
    reply = running.call("/feedback", label)
    assert (reply.status, reply.json) == (202, {"accepted": 1})
    assert written(folder, "feedback")["prediction_id"].to_list() == [answer["prediction_id"]]
    running.process.kill()
    running.process.wait(30)
    assert len(written(folder, "feedback")) == 1


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_that_takes_nothing_does_not_end_the_server(made_bundle: Path, tmp_path: Path, stream: str) -> None:
    """/dev/full is a full disk for whoever writes to it."""
    folder = tmp_path / "log"
    folder.write_text("")
    (port,) = free_ports(1)
    words = [*command(made_bundle, "--log-dir", str(folder), "--log-seconds", "0.05"), "--port", str(port)]
    with Path("/dev/full").open("wb") as full:
        streams: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: full}
        process = subprocess.Popen(words, env=environment(), **streams)
    try:
        running = Running(process, f"http://127.0.0.1:{port}")
        until(lambda: process.poll() is not None or answers(port))
        assert running.predict().status == 200
        until(lambda: metric(running, DROPPED) == 1)
        assert running.predict().status == 200
    finally:
        process.terminate()
        code = process.wait(30)
    assert code == 0


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False
