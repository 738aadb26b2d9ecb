"""A project whose versions can be deployed: real scikit-learn models, made in a second instead of by DVC."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import os
import shutil
import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gitops_mlops.domain.deployment.reconciliation import Place
from gitops_mlops.domain.registry.evidence import write_message
from tests.conftest import Repo
from tests.ports import free_ports

MLOPS = """\
version: 1
datasets:
  test: {{path: data/test.parquet}}
models:
  credit:
    task: binary-classification
    input: contracts/credit.yaml
    evaluation: {{dataset: test, target: late, positive: 1, threshold: {threshold}}}
    gates: [{{metric: roc_auc, min: 0.5}}]
environments:
  staging: {{port: {staging}, health: {{timeout: 20s, interval: 0.05s}}}}
  production: {{port: {production}, after: staging, health: {{timeout: 20s, interval: 0.05s}}}}
"""

CONTRACT = """\
version: 1
columns:
  income: {type: float64, min: 0}
  age: {type: int64, min: 18, max: 120}
  region: {type: string, allowed: [north, south]}
  since: {type: date, nullable: true, required: false}
"""

DVC_YAML = """\
stages:
  train: {cmd: 'true', outs: [models/credit.skops]}
artifacts:
  credit: {path: models/credit.skops, type: model}
"""

ROW = {"income": 1000.0, "age": 40, "region": "north"}


@functools.cache
def trained(seed: int) -> bytes:
    """A skops file; every seed is another model."""
    import numpy as np
    import pandas as pd
    import skops.io
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    random = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "income": random.uniform(0, 2000, 200),
            "age": random.integers(18, 90, 200),
            "region": random.choice(["north", "south"], 200).astype(object),
        }
    )
    labels = (rows["income"] / 2000 + random.normal(0, 0.3, 200) > 0.5).astype(int)
    encode = ColumnTransformer([("region", OneHotEncoder(), ["region"])], remainder="passthrough")
    content: bytes = skops.io.dumps(make_pipeline(encode, LogisticRegression(max_iter=5000)).fit(rows, labels))
    return content


@functools.cache
def evaluation_rows() -> bytes:
    import polars as pl

    frame = pl.DataFrame(
        {
            # The first row breaks the contract: no golden prediction can be made of it.
            "income": [-1.0, *(float(100 * number) for number in range(29))],
            "age": [20 + number for number in range(30)],
            "region": ["north", "south"] * 15,
            "since": pl.Series([None] * 30, dtype=pl.Date),
            "late": [0, 1] * 15,
        }
    )
    content = io.BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


class DeployProject:
    """A repository with the model `credit`, two environments on free ports, and every process that it starts."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        self.root = repo.root
        self.staging, self.production = free_ports(2)
        self.configure()
        repo.write("contracts/credit.yaml", CONTRACT)
        repo.write("dvc.yaml", DVC_YAML)
        repo.write(".dvc/config", "")
        repo.write(".gitignore", "/models/\n/data/\n/.dvc/cache/\n/.gitops-mlops/\n")

    def configure(self, changed: Mapping[str, str] | None = None, threshold: float = 0.5) -> None:
        """Write mlops.yaml, with other words in it."""
        text = MLOPS.format(staging=self.staging, production=self.production, threshold=threshold)
        for old, new in (changed or {}).items():
            text = text.replace(old, new)
        self.repo.write("mlops.yaml", text)

    def cache(self, content: bytes) -> str:
        """Put content into DVC's cache; its MD5."""
        md5 = hashlib.md5(content).hexdigest()
        self.repo.write(f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}", content)
        return md5

    def cached(self, content: bytes) -> Path:
        md5 = hashlib.md5(content).hexdigest()
        return self.root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]

    def release(self, version: str, seed: int, *stages: str, sha256: str | None = None) -> str:
        """Commit a model, tag it as a version and assign it to stages; the commit."""
        model = trained(seed)
        outs = [
            {"path": path, "hash": "md5", "md5": self.cache(content), "size": len(content)}
            for path, content in (("models/credit.skops", model), ("data/test.parquet", evaluation_rows()))
        ]
        lock = {"schema": "2.0", "stages": {"train": {"cmd": "true", "outs": outs}}}
        self.repo.write("dvc.lock", json.dumps(lock))
        commit = self.repo.commit(version)
        trailer = [("Model-SHA256", hashlib.sha256(model).hexdigest() if sha256 is None else sha256)]
        self.repo.tag(f"credit@{version}", message=write_message(f"credit {version}", trailer))
        for stage in stages:
            self.assign(stage, commit)
        return commit

    def assign(self, stage: str, commit: str = "HEAD") -> None:
        number = len(self.repo.git("tag", "--list").split())
        self.repo.tag(f"credit#{stage}#{number}", commit)

    def place(self, environment: str = "staging") -> Place:
        return Place(environment, "credit", "127.0.0.1", getattr(self, environment))

    def record(self, environment: str = "staging") -> Any:
        return json.loads((self.root / f".gitops-mlops/processes/{environment}/credit.json").read_text())

    def servers(self) -> set[int]:
        """The process ids of every server that was started for this repository and lives."""
        found = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and self._serves(entry):
                found.add(int(entry.name))
        return found

    def servers_on(self, port: int) -> set[int]:
        """The servers of this repository, which must answer on the port."""
        with socket.create_connection(("127.0.0.1", port)):
            return self.servers()

    def clean_up(self) -> None:
        for pid in self.servers():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.root / ".gitops-mlops", ignore_errors=True)

    def _serves(self, process: Path) -> bool:
        try:
            words = os.fsdecode((process / "cmdline").read_bytes()).split("\0")
        except OSError:
            return False
        return "gitops_mlops.serving" in words and any(word.startswith(f"{self.root}/") for word in words)
