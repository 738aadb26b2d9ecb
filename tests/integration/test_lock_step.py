"""Ours against DVC's: after any edits, the stages that we call out of step are those of `dvc status`."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitops_mlops import bootstrap
from gitops_mlops.usecases.pipeline.lock_status import lock_step

pytestmark = pytest.mark.usefixtures("preloaded")

PIPELINE = """\
vars:
  - opts: {rate: 1e-3, fast: true}
  - more.yaml:names,words
stages:
  prepare:
    cmd: cp src/a.py out.txt
    deps: [src/a.py, raw.csv]
    params: [lr, n.m, list.1]
    outs: [out.txt]
  train:
    cmd:
      - cat out.txt src/b.py > model.bin
      - echo ${opts.rate} ${opts.fast} > metrics.json
    deps: [out.txt, src]
    params:
      - p.toml: [x]
      - p.json: [deep.y]
      - whole.yaml:
    outs: [model.bin]
    metrics:
      - metrics.json: {cache: false}
  low:
    wdir: sub
    cmd: cp in.txt w.txt
    deps: [in.txt, ../src/a.py]
    params: [z]
    outs: [w.txt]
  each:
    foreach: ${names}
    do:
      cmd: echo ${item} > e_${item}.txt
      deps: [src/a.py]
      outs: ["e_${item}.txt"]
  keyed:
    foreach: {p: {v: 1}, q: {v: 2}}
    do:
      cmd: echo ${key} ${item.v} \\${HOME} > k_${key}.txt
      deps: [src/b.py]
      outs: ["k_${key}.txt"]
  grid:
    matrix:
      x: [1, 2]
      y: ${words}
    cmd: echo ${item.x}${item.y} ${key} > m_${key}.txt
    deps: [src/b.py]
    outs: ["m_${key}.txt"]
  anchored: &anchored
    cmd: cp src/b.py anchored.txt
    deps: [src/b.py]
    outs: [anchored.txt]
  merged:
    <<: *anchored
    cmd: cp src/b.py merged.txt
    outs: [merged.txt]
"""
FILES = {
    "dvc.yaml": PIPELINE,
    "params.yaml": "lr: 1e-3\nn: {m: 1_000, o: 010}\nlist: [a, b]\nflag: yes\n",
    "more.yaml": "names: [a, b]\nwords: [u]\nunused: {names: 1}\n",
    "p.toml": "x = 2\n",
    "p.json": '{"deep": {"y": [1, 2.5, null]}}',
    "whole.yaml": "q: [1, 2]\nr: {s: yes, t: 0b11, u: ~}\n",
    "sub/params.yaml": "z: 1\n",
    "sub/in.txt": "x\n",
    "src/a.py": "a\n",
    "src/b.py": "b\n",
    "raw.csv": "r\n",
    ".gitignore": "__pycache__/\n",
}


def swap(path: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        target = root / path
        if target.exists():
            target.write_text(target.read_text().replace(old, new, 1))

    return edit


def add_data(root: Path) -> None:
    (root / "raw.csv").write_text("another\n")
    subprocess.run(["dvc", "add", "--quiet", "raw.csv"], cwd=root, check=True, capture_output=True)


EDITS: dict[str, Callable[[Path], object]] = {
    "command": swap("dvc.yaml", "cp src/a.py out.txt", "cp  src/a.py out.txt"),
    "command in a list": swap("dvc.yaml", "- cat", "- cat -u"),
    "variable": swap("dvc.yaml", "rate: 1e-3", "rate: 0.01"),
    "variable, written otherwise": swap("dvc.yaml", "rate: 1e-3", "rate: 0.001"),
    "parameter": swap("params.yaml", "lr: 1e-3", "lr: 2e-3"),
    "parameter, written otherwise": swap("params.yaml", "lr: 1e-3", "lr: 0.0010"),
    "parameter that no stage uses": swap("params.yaml", "flag: yes", "flag: no"),
    "parameter in depth": swap("params.yaml", "1_000", "1001"),
    "parameter in a list": swap("params.yaml", "[a, b]", "[a, c]"),
    "parameter gone": swap("params.yaml", "lr: 1e-3\n", ""),
    "toml": swap("p.toml", "2", "3"),
    "json": swap("p.json", "2.5", "2.6"),
    "json layout": swap("p.json", ", null", ",\n null"),
    "whole file": swap("whole.yaml", "[1, 2]", "[2, 1]"),
    "whole file, a key more": swap("whole.yaml", "q:", "new: 1\nq:"),
    "whole file, a key less": swap("whole.yaml", "q: [1, 2]\n", ""),
    "wdir parameter": swap("sub/params.yaml", "1", "2"),
    "wdir source": swap("sub/in.txt", "x", "y"),
    "source": swap("src/a.py", "a", "aa"),
    "other source": swap("src/b.py", "b", "bb"),
    "source gone": lambda root: (root / "src/a.py").unlink(missing_ok=True),
    "source more": lambda root: (root / "src/c.py").write_text("c\n"),
    "tracked data": add_data,
    "metrics": swap("metrics.json", "0", "1"),
    "turn more": swap("more.yaml", "names: [a, b]", "names: [a, b, c]"),
    "turn less": swap("more.yaml", "names: [a, b]", "names: [a]"),
    "grid more": swap("more.yaml", "[u]", "[u, w]"),
    "item of a turn": swap("dvc.yaml", "{v: 1}", "{v: 3}"),
    "dependency more": swap("dvc.yaml", "[src/a.py, raw.csv]", "[src/a.py, raw.csv, whole.yaml]"),
    "dependency less": swap("dvc.yaml", "[src/a.py, raw.csv]", "[src/a.py]"),
    "output more": swap("dvc.yaml", "outs: [model.bin]", "outs: [model.bin, other.bin]"),
    "output gone": swap("dvc.yaml", "outs: [w.txt]\n", "desc: none\n"),
    "stage renamed": swap("dvc.yaml", "  low:", "  lower:"),
    "command of a frozen stage": swap("dvc.yaml", "cp in.txt w.txt\n", "cp in.txt  w.txt\n    frozen: true\n"),
    "stage frozen": swap("dvc.yaml", "    params: [lr,", "    frozen: true\n    params: [lr,"),
    "stage unlocked": swap("dvc.lock", "  low:", "  gone:"),
    "lock edited": swap("dvc.lock", "z: 1", "z: 7"),
    "comment": swap("dvc.yaml", "stages:", "# nothing\nstages:"),
}


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline that DVC ran, committed."""
    root = tmp_path_factory.mktemp("pipeline")
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(root.parent)}
    for path, content in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for words in (
        ("git", "init", "--quiet"),
        ("dvc", "init", "--quiet"),
        ("dvc", "add", "--quiet", "raw.csv"),
        ("dvc", "repro", "--quiet"),
        ("git", "add", "--all"),
        ("git", *identity, "commit", "--quiet", "--message", "ran"),
    ):
        done = subprocess.run(words, cwd=root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def pipeline(reproduced: Path, tmp_path: Path) -> Path:
    root = tmp_path / "clone"
    shutil.copytree(reproduced, root, symlinks=True)
    return root


def said_by_dvc(root: Path) -> set[str]:
    """The stages that `dvc status` lists, where all data is on disk."""
    from dvc.repo import Repo

    with Repo(str(root)) as repo:
        status: dict[str, list[Any]] = repo.status()
    changed = {stage for stage, entries in status.items() if entries != ["always changed"]}
    # Seen from another folder a stage is called path/dvc.yaml:name.
    return {stage.rpartition(":")[2] for stage in changed if not stage.endswith(".dvc")}


def said_by_us(root: Path) -> tuple[set[str], set[str]]:
    """Of what is on disk, and of what is staged."""
    repository = bootstrap.repository(root)
    on_disk = lock_step(bootstrap.tree(repository)).changed
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    return on_disk, lock_step(bootstrap.staged_tree(repository)).changed


def test_a_pipeline_that_ran_is_in_step_without_a_remark(pipeline: Path) -> None:
    report = lock_step(bootstrap.tree(bootstrap.repository(pipeline)))
    assert (report.problems, report.remarks, said_by_dvc(pipeline)) == ([], [], set())


@pytest.mark.parametrize("name", EDITS)
def test_each_edit_is_judged_as_dvc_judges_it(pipeline: Path, name: str) -> None:
    EDITS[name](pipeline)
    expected = said_by_dvc(pipeline)
    assert said_by_us(pipeline) == (expected, expected)


@pytest.mark.parametrize("seed", range(12))
def test_several_edits_together_too(pipeline: Path, seed: int) -> None:
    chosen = random.Random(seed).sample(sorted(EDITS), 4)
    for name in chosen:
        EDITS[name](pipeline)
    expected = said_by_dvc(pipeline)
    assert said_by_us(pipeline) == (expected, expected), chosen


def test_a_clone_without_data_says_the_same(pipeline: Path, tmp_path: Path) -> None:
    """What DVC tracks is compared by what its files record."""
    clone = tmp_path / "bare-clone"
    subprocess.run(["git", "clone", "--quiet", str(pipeline), str(clone)], check=True)
    tree = bootstrap.staged_tree(bootstrap.repository(clone))
    assert lock_step(tree).problems == []
    EDITS["source"](clone)
    assert said_by_us(clone)[1] == {"prepare", "train", "low", "each@a", "each@b"}


@pytest.mark.parametrize("rules", ["c.py", "/src/*.py\n!a.py\n!b.py", "src/*\n!src/[ab].py", "**/c.py", "c.py/", ""])
def test_files_that_dvc_leaves_out_are_left_out_or_the_stage_is_not_checked(pipeline: Path, rules: str) -> None:
    (pipeline / ".dvcignore").write_text(rules)
    EDITS["source more"](pipeline)
    report = lock_step(bootstrap.tree(bootstrap.repository(pipeline)))
    if "[" in rules:
        assert report.unchecked == {"train"}
        (remark,) = report.remarks
        assert "'src': .dvcignore has a pattern that is not supported here" in remark
    else:
        assert (report.changed, report.remarks) == (said_by_dvc(pipeline), [])
        assert report.changed == ({"train"} if rules in ("c.py/", "") else set())


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("src/.dvcignore", "it holds a .dvcignore, which DVC refuses"),
        ("src/other/.dvc/config", "it holds another repository of DVC, which DVC leaves out"),
    ],
)
def test_a_folder_that_dvc_reads_in_its_own_way_is_not_checked(pipeline: Path, path: str, says: str) -> None:
    (pipeline / path).parent.mkdir(parents=True, exist_ok=True)
    (pipeline / path).write_text("x\n")
    report = lock_step(bootstrap.tree(bootstrap.repository(pipeline)))
    assert (report.changed, report.unchecked) == (set(), {"train"})
    assert says in report.remarks[0]
