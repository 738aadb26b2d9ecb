"""A project with data and models that are really trained, without the seconds that DVC would take to run them."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gitops_mlops.domain.comparison.frames import to_pandas
from tests.conftest import Answer, Cli, Repo

FEATURES = ("speed", "load", "age")
GATES = "[{metric: log_loss, rule: non-inferior, margin: 2%}, {metric: roc_auc, min: 0.6}]"
MLOPS = """\
version: 1
datasets:
  test: {{path: data/test.parquet}}
  train: {{path: data/train.parquet}}
models:
  fault:
    task: {task}
    evaluation: {{dataset: test, target: broken, {evaluation}}}
    gates: {gates}
environments:
  production: {{port: 8080}}
"""
DVC = """\
stages:
  train:
    cmd: python train.py
    params: [train.seed]
    outs: [data/test.parquet, data/train.parquet, models/fault.skops]
artifacts:
  fault: {path: models/fault.skops, type: model}
"""


def machines(rows: int = 900, seed: int = 0, first: int = 0) -> pl.DataFrame:
    """Machines on 30 days; the chance that one breaks depends on speed, load and a little on age."""
    generator = np.random.default_rng(seed)
    speed, load, age = generator.normal(size=(3, rows))
    chance = 1 / (1 + np.exp(-(1.4 * speed + 0.8 * load + 0.3 * age - 0.7)))
    return pl.DataFrame(
        {
            "row": np.arange(first, first + rows),
            "day": [f"2026-03-{1 + i % 30:02d}" for i in range(rows)],
            "site": [["north", "south", "tiny"][0 if i % 9 < 4 else 1 if i % 9 < 8 else 2] for i in range(rows)],
            "speed": speed,
            "load": load,
            "age": age,
            "broken": (generator.random(rows) < chance).astype(np.int64),
        }
    )


def parquet(frame: pl.DataFrame) -> bytes:
    """The frame as a file."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


class ComparisonProject:
    """A repository whose `dvc.lock` and DVC cache hold a model `fault` and its data."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        self.root = repo.root
        self.tracked: dict[str, bytes] = {}
        self.parameters: dict[str, Any] = {"train.seed": 1}
        repo.write("dvc.yaml", DVC)
        repo.write(".dvc/config", "[core]\n    analytics = false\n")
        repo.write(".gitignore", "/report.json\n/.dvc/cache\n/.dvc/tmp\n/data\n/models\n")
        self.configure()
        self.data("data/train.parquet", machines(1500, seed=1, first=10_000))
        self.data("data/test.parquet", machines())

    def configure(
        self, evaluation: str = "cluster-by: day", gates: str = GATES, task: str = "binary-classification"
    ) -> None:
        self.repo.write("mlops.yaml", MLOPS.format(evaluation=evaluation, gates=gates, task=task))

    def data(self, path: str, frame: pl.DataFrame | bytes) -> None:
        """Another content of a data file, recorded."""
        self.track(path, frame if isinstance(frame, bytes) else parquet(frame))

    def train(self, *features: str, estimator: Any = None, target: Any = None) -> None:
        """Another model, trained on the training data and recorded."""
        frame = pl.read_parquet(io.BytesIO(self.tracked["data/train.parquet"]))
        labels = frame["broken"].to_numpy() if target is None else target(frame)
        made = estimator if estimator is not None else make_pipeline(StandardScaler(), LogisticRegression())
        made.fit(to_pandas(frame.select(features or FEATURES)), labels)
        self.track("models/fault.skops", skops.io.dumps(made))

    def track(self, path: str, content: bytes) -> None:
        md5 = hashlib.md5(content).hexdigest()
        self.repo.write(f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}", content)
        self.tracked[path] = content
        entries = {
            name: f"    - {{path: {name}, hash: md5, md5: {hashlib.md5(held).hexdigest()}, size: {len(held)}}}\n"
            for name, held in self.tracked.items()
        }
        parameters = "".join(f"        {key}: {json.dumps(value)}\n" for key, value in self.parameters.items())
        self.repo.write("params.yaml", f"train: {{seed: {self.parameters['train.seed']}}}\n")
        self.repo.write(
            "dvc.lock",
            "schema: '2.0'\nstages:\n  train:\n    cmd: python train.py\n"
            f"    params:\n      params.yaml:\n{parameters}    outs:\n{''.join(entries.values())}",
        )

    def release(self, when: datetime | None = None) -> str:
        """Commit what there is and let it be the champion, now or at a moment; the commit."""
        commit = self.repo.commit("train")
        count = len(self.repo.git("tag", "--list").split())
        self.repo.tag(f"fault@v0.0.{count + 1}", commit, when=when)
        self.repo.tag(f"fault#production#{count + 2}", commit, when=when)
        return commit


def asking(cli: Cli, project: ComparisonProject, verb: str) -> Callable[..., Answer]:
    """A command on the project: words and the exit code that they must end with, to its answer."""

    def call(*words: str, code: int = 0) -> Answer:
        answer = cli(verb, *words, folder=project.root)
        assert answer.code == code, (answer.out, answer.err)
        assert "Traceback" not in answer.err
        return answer

    return call
