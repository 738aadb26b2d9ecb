"""A bundle of a small real model, and a client of a server process."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gitops_mlops.domain.contracts.contract import parse_contract
from gitops_mlops.domain.deployment.bundle import dump_bundle, make_golden, parse_bundle
from gitops_mlops.runtime.admitted_frame import admitted_frame
from gitops_mlops.runtime.skops_model import EstimatorModel

ROOT = Path(__file__).parents[3]
CONTRACT = """\
version: 1
columns:
  distance: {type: float64, min: 0, max: 5000}
  hour: {type: int64, min: 0, max: 23}
  carrier: {type: string, allowed: [AA, UA, DL]}
  wind: {type: float64, nullable: true}
  tail: {type: string, pattern: '(N[0-9]+)*', max-length: 40, required: false, default: N1}
"""
ROW = {"distance": 800.5, "hour": 17, "carrier": "UA", "wind": 3.25, "tail": "N12"}
GOLDEN = [ROW, {**ROW, "wind": None, "hour": 3}, {**ROW, "carrier": "AA", "distance": 50.0}]


def write_bundle(folder: Path) -> Path:
    """A whole bundle of a binary classifier in `folder`."""
    import numpy as np
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    random = np.random.default_rng(0)
    rows = 400
    data = pd.DataFrame(
        {
            "distance": random.uniform(0, 3000, rows),
            "hour": random.integers(0, 24, rows),
            "carrier": random.choice(["AA", "UA", "DL"], rows),
            "wind": random.normal(5, 3, rows),
        }
    )
    late = data["hour"] + 3 * (data["carrier"] == "UA") + random.normal(0, 4, rows) > 14
    features = ColumnTransformer(
        [("category", OneHotEncoder(), ["carrier"]), ("number", SimpleImputer(), ["distance", "hour", "wind"])]
    )
    estimator = make_pipeline(features, LogisticRegression(max_iter=2000)).fit(data, late.to_numpy())
    return pack(folder, estimator, CONTRACT, GOLDEN, "binary-classification", positive=True, threshold=0.3)


def pack(
    folder: Path,
    estimator: Any,
    contract: str,
    rows: list[dict[str, Any]],
    task: str,
    positive: Any = None,
    threshold: float | None = None,
) -> Path:
    """A bundle of any fitted estimator."""
    import skops.io

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.skops").write_bytes(skops.io.dumps(estimator))
    (folder / "contract.yaml").write_text(contract)
    trusted = skops.io.get_untrusted_types(data=(folder / "model.skops").read_bytes())
    (folder / "trusted-types.yaml").write_text(json.dumps(trusted))
    (folder / "README.md").write_text("# a model\n")
    columns = {name: [row.get(name) for row in rows] for name in rows[0]}
    seen = EstimatorModel(estimator).predict(admitted_frame(parse_contract(contract, "c"), columns))
    golden = make_golden(rows, seen, positive=positive, threshold=threshold)
    manifest = {
        "model": "delay",
        "version": "v1.2.3",
        "commit": "a" * 40,
        "task": task,
        "packages": {"scikit-learn": metadata.version("scikit-learn")},
        "positive": positive,
        "threshold": threshold,
        "golden": golden.model_dump(mode="json"),
    }
    return seal(folder, manifest)


def seal(folder: Path, manifest: dict[str, Any]) -> Path:
    """Write the manifest of a folder with the digests of what is in it."""
    (folder / "bundle.json").unlink(missing_ok=True)
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    (folder / "bundle.json").write_bytes(dump_bundle(parse_bundle(json.dumps({**manifest, "files": files}).encode())))
    return folder


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Running:
    """A server process."""

    def __init__(self, process: subprocess.Popen[str], first_line: str) -> None:
        self.process = process
        self.first_line = first_line.strip()
        self.address = urlsplit(self.first_line.rpartition(" ")[2])

    def connect(self) -> http.client.HTTPConnection:
        assert self.address.hostname
        return http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=30)

    def call(self, path: str, body: Any = None, method: str = "", **headers: str) -> Reply:
        """GET, or POST `body` (JSON unless it is bytes)."""
        connection = self.connect()
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        wanted = {"content-type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
        connection.request(method or ("GET" if body is None else "POST"), path, content, wanted)
        response = connection.getresponse()
        reply = Reply(response.status, {k.lower(): v for k, v in response.headers.items()}, response.read())
        connection.close()
        return reply

    def predict(self, *rows: dict[str, Any]) -> Reply:
        return self.call("/invocations", {"dataframe_records": list(rows or (ROW,))})

    def stop(self, number: int = 15) -> tuple[int, str]:
        """Send a signal, wait; the exit code and what was said on standard error."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=30)
        return self.process.returncode, err


def until(holds: Callable[[], bool]) -> None:
    """Ask until something holds, which it must within a minute."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def command(bundle: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "gitops_mlops.serving", "--bundle", str(bundle), "--port", "0", *options]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


Serve = Callable[..., Running]


Refuse = Callable[..., tuple[int, str]]
