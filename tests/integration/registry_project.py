"""A project with a model, without the seconds that DVC would take to make it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.conftest import Repo

MLOPS = """\
version: 1
datasets:
  rows: {path: data/rows.csv}
models:
  delay:
    task: regression
    evaluation: {dataset: rows, target: y}
    gates: [{metric: mae, max: 1}]
environments:
  staging: {port: 8081}
  production: {port: 8080, after: staging}
"""


class Project:
    """A repository whose `dvc.lock` and DVC cache hold one model, `delay`."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        repo.write("mlops.yaml", MLOPS)
        repo.write("dvc.yaml", "artifacts:\n  delay: {path: models/delay.skops, type: model}\n")
        repo.write(".gitignore", "/report.json\n/.dvc/cache\n")

    def train(self, weights: bytes) -> str:
        """Another model, committed; the commit."""
        self.lock(weights)
        return self.repo.commit(f"train {weights!r}")

    def lock(self, weights: bytes) -> None:
        md5 = hashlib.md5(weights).hexdigest()
        self.repo.write(f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}", weights)
        self.repo.write(
            "dvc.lock",
            "schema: '2.0'\nstages:\n  train:\n    cmd: train\n    outs:\n"
            f"    - {{path: models/delay.skops, hash: md5, md5: {md5}, size: {len(weights)}}}\n",
        )

    def report(self, weights: bytes, **changes: Any) -> Path:
        """A report about these weights; `changes` replace its fields."""
        report = {
            "schema": "gitops-mlops/report/1",
            "model": "delay",
            "task": "regression",
            "verdict": "pass",
            "champion": None,
            "challenger": {
                "revision": "workspace",
                "model_sha256": hashlib.sha256(weights).hexdigest(),
                "data_md5": {"data/rows=1.csv": "0" * 32},
            },
            "evaluation": {"dataset": "rows", "rows": 100},
            "metrics": [
                {
                    "name": "mae",
                    "higher_is_better": False,
                    "challenger": 0.398,
                    "champion": 0.412,
                    "challenger_ci": {"low": 0.39, "high": 0.406, "level": 0.9},
                }
            ],
            "gates": [{"id": "mae", "metric": "mae", "demand": "at most 1", "status": "pass", "reason": "0.398"}],
            **changes,
        }
        return self.repo.write("report.json", json.dumps(report))

    def tags(self) -> list[str]:
        return self.repo.git("tag", "--list", "--sort=creatordate").split()
