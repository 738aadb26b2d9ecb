"""A project with a model, without the seconds that DVC would take to make it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.conftest import Answer, Cli, Repo

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

    @classmethod
    def trained(cls, repo: Repo) -> Project:
        """With a first model, committed, and the report that speaks for it."""
        made = cls(repo)
        made.train(b"one")
        made.report(b"one")
        return made

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
            "schema": "gitops-mlops/report/2",
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
            "gates": [
                {"id": "mae", "metric": "mae", "requirement": "at most 1", "status": "pass", "reason": "0.398"}
            ],
            **changes,
        }
        return self.repo.write("report.json", json.dumps(report))

    def tags(self) -> list[str]:
        return self.repo.git("tag", "--list", "--sort=creatordate").split()

    def publish(self, path: Path) -> Path:
        """A bare repository as origin, with main in it."""
        self.repo.git("init", "--quiet", "--bare", "--initial-branch", "main", str(path))
        self.repo.git("remote", "add", "origin", str(path))
        self.repo.git("push", "--quiet", "--set-upstream", "origin", "main")
        return path


class Commands:
    """The command line in a folder; the exit code must be `code`, an error one line. `talks`: of progress, too."""

    def __init__(self, cli: Cli, root: Path, *, talks: bool = False) -> None:
        self._cli = cli
        self.root = root
        self._talks = talks

    def __call__(self, *words: str, code: int = 0, folder: Path | None = None) -> Answer:
        answer = self._cli(*words, folder=folder or self.root)
        assert answer.code == code, (answer.out, answer.err)
        assert sum(line.startswith("error:") for line in answer.err.splitlines()) == (code > 1)
        assert answer.err.count("\n") <= 1 or code == 0 or self._talks
        return answer

    def release(self, *words: str) -> Answer:
        return self("register", "delay", "--report", "report.json", *words)

    def retire(self, *words: str, code: int = 0, folder: Path | None = None) -> Answer:
        return self("retire", *words, "--reason", "no longer sold", code=code, folder=folder)


def hook(folder: Path, name: str, script: str) -> None:
    """A hook of a repository, by its git folder."""
    path = folder / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def refuse(remote: Path) -> None:
    """Every push is refused from now on."""
    hook(remote, "pre-receive", "echo not today >&2\nexit 1")
