"""Models that are no binary classifier: what they answer and what is kept of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from gitops_mlops.domain.errors import BundleError
from gitops_mlops.runtime.served_model import ModelFailure, load_bundle
from tests.integration.serving.running import Serve, pack, seal

pytestmark = pytest.mark.usefixtures("preloaded")

CONTRACT = "version: 1\ncolumns:\n  x: {type: float64, nullable: true}\n"
ROWS: list[dict[str, Any]] = [{"x": -3.0}, {"x": 0.1}, {"x": 4.0}]
X = pd.DataFrame({"x": np.linspace(-5, 5, 60)})


def test_several_classes(tmp_path: Path, serve: Serve) -> None:
    target = np.repeat(["low", "middle", "high"], 20)
    bundle = pack(tmp_path / "b", LogisticRegression().fit(X, target), CONTRACT, ROWS, "multiclass-classification")
    running = serve(bundle, "--log-dir", str(tmp_path / "log"))
    inputs = [{"name": "x", "shape": [3], "datatype": "FP32", "data": [row["x"] for row in ROWS]}]
    label, probabilities, identity = running.call("/v2/models/delay/infer", {"inputs": inputs}).json["outputs"]
    assert (label["datatype"], label["data"]) == ("BYTES", ["low", "middle", "high"])
    assert (probabilities["shape"], probabilities["parameters"]) == ([3, 3], {"classes": ["high", "low", "middle"]})
    assert np.reshape(probabilities["data"], (3, 3)).sum(axis=1) == pytest.approx([1, 1, 1])
    (answer,) = running.predict({"x": -3.0}).json["predictions"]
    assert answer["probabilities"] == pytest.approx(probabilities["data"][:3])
    late = {"predictions": [{"id": identity["data"][0], "label": "huge"}]}
    assert "→ 'high', 'low', 'middle'" in running.call("/feedback", late).json["error"]
    assert running.stop() == (0, "")
    log = pl.concat([pl.read_parquet(path) for path in (tmp_path / "log" / "predictions").iterdir()])
    assert log.schema["prediction_probabilities"] == pl.List(pl.Float64)
    assert log["prediction_label"].to_list() == ["low", "middle", "high", "low"]


def test_a_regression(tmp_path: Path, serve: Serve) -> None:
    bundle = pack(tmp_path / "b", LinearRegression().fit(X, 2 * X["x"] + 1), CONTRACT, ROWS, "regression")
    running = serve(bundle, "--log-dir", str(tmp_path / "log"))
    answers = running.predict(*ROWS).json["predictions"]
    assert [answer["label"] for answer in answers] == pytest.approx([-5, 1.2, 9])
    assert set(answers[0]) == {"label", "prediction_id"}
    assert [output["name"] for output in running.call("/v2/models/delay").json["outputs"]] == [
        "label",
        "prediction_id",
    ]
    late = [{"id": answers[0]["prediction_id"], "label": label} for label in (3, 2.5)]
    assert running.call("/feedback", {"predictions": late}).status == 202
    for label in (True, "3", 10**400):
        assert running.call("/feedback", {"predictions": [{**late[0], "label": label}]}).status == 422
    assert running.stop() == (0, "")
    feedback = pl.concat([pl.read_parquet(path) for path in (tmp_path / "log" / "feedback").iterdir()])
    assert feedback["label"].to_list() == [3.0, 2.5]


def test_a_model_that_fails_on_what_its_contract_admits_is_a_500_that_tells_clients_nothing(
    tmp_path: Path, serve: Serve
) -> None:
    # A linear model has no answer to NaN, though the contract allows null.
    bundle = pack(tmp_path / "b", LinearRegression().fit(X, X["x"]), CONTRACT, ROWS, "regression")
    running = serve(bundle)
    reply = running.predict({"x": None})
    assert (reply.status, reply.json) == (500, {"error": "the model failed on rows that its contract admits"})
    assert running.predict({"x": 1.0}).status == 200
    code, err = running.stop()
    assert (code, err.count("\n")) == (0, 1)
    asked = f"error: /invocations (request {reply.headers['x-request-id']})"
    assert err.startswith(f"{asked}: the model failed (ValueError: Input X contains NaN")


def test_a_prediction_that_is_not_finite_is_a_failure(tmp_path: Path) -> None:
    model = LinearRegression().fit(X, X["x"])
    model.coef_ = np.array([1e308])
    served = load_bundle(pack(tmp_path / "b", model, CONTRACT, [{"x": 0.5}], "regression"))
    with np.errstate(over="ignore"), pytest.raises(ModelFailure, match="not finite"):
        served.answer({"x": [100.0]})


def test_a_positive_class_needs_two_classes(tmp_path: Path) -> None:
    target = np.repeat(["a", "b", "c"], 20)
    folder = pack(tmp_path / "b", LogisticRegression().fit(X, target), CONTRACT, ROWS, "multiclass-classification")
    manifest = json.loads((folder / "bundle.json").read_bytes())
    seal(folder, {**manifest, "positive": "a", "threshold": 0.5})
    with pytest.raises(BundleError, match="positive is 'a', classes are"):
        load_bundle(folder)
