"""A small pipeline of two `dvc.yaml`, its data on a DVC remote, and clones of it that hold no data."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.conftest import Repo

PIPELINE = """\
stages:
  clean:
    cmd: tr a-z A-Z < raw.csv > clean.txt
    deps: [raw.csv]
    outs: [clean.txt]
  train:
    cmd: cat clean.txt train.py > model.bin && wc -c < model.bin > metrics.json && echo trained
    deps: [clean.txt, train.py]
    params: [rate]
    outs: [model.bin]
    metrics:
      - metrics.json: {cache: false}
  each:
    foreach: [a, b]
    do:
      cmd: echo ${item} > each_${item}.txt
      deps: [each.py]
      outs: ["each_${item}.txt"]
"""
BELOW = """\
stages:
  score:
    cmd: cat ../model.bin score.py > score.bin
    deps: [../model.bin, score.py]
    outs: [score.bin]
  folder:
    cmd: mkdir -p parts && cp score.py parts/one && echo two > parts/two
    deps: [score.py]
    outs: [parts]
  count:
    cmd: ls parts > count.txt
    deps: [parts]
    outs: [count.txt]
"""
FILES = {
    "dvc.yaml": PIPELINE,
    "sub/dvc.yaml": BELOW,
    "params.yaml": "rate: 1\n",
    "train.py": "one\n",
    "each.py": "each\n",
    "sub/score.py": "score\n",
    "raw.csv": "some data\n",
    "mlops.yaml": "version: 1\n",
    ".gitignore": "/.gitops-mlops/\n/report.json\n",
}


def make(folder: Path) -> Repo:
    """The project in `folder`/project, run, committed, pushed to `folder`/origin.git and `folder`/storage."""
    root = folder / "project"
    root.mkdir(parents=True)
    project = Repo(root)
    for path, content in FILES.items():
        project.write(path, content)
    project.git("init", "--quiet", "--initial-branch", "main")
    project.run("dvc", "init", "--quiet")
    project.run("dvc", "remote", "add", "--quiet", "--default", "storage", str(folder / "storage"))
    project.run("dvc", "add", "--quiet", "raw.csv")
    project.run("dvc", "repro", "--quiet", "--all-pipelines")
    project.commit("the pipeline ran")
    project.run("dvc", "push", "--quiet")
    project.git("init", "--quiet", "--bare", "--initial-branch", "main", str(folder / "origin.git"))
    project.git("remote", "add", "origin", str(folder / "origin.git"))
    project.git("push", "--quiet", "--set-upstream", "origin", "main")
    return project


def clone(project: Repo, folder: Path) -> Repo:
    """A clone of the remote, without any data."""
    origin = project.root.parent / "origin.git"
    subprocess.run(["git", "clone", "--quiet", str(origin), str(folder)], check=True, capture_output=True)
    return Repo(folder)
