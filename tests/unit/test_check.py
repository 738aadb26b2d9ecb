"""`check` on real repositories, with DVC's files written by hand: nothing here needs DVC."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MLOPS = """\
version: 1
datasets:
  flights: {path: data/test.csv, contract: contracts/flights.yaml}
models:
  delay:
    task: binary-classification
    input: contracts/input.py:Input
    trusted-types: trusted.yaml
    evaluation: {dataset: flights, target: delayed, id: row, cluster-by: day, slices: [carrier]}
    gates: [{metric: roc_auc, rule: superior}]
environments:
  production: {port: 8080}
"""
CONTRACT = """\
version: 1
columns:
  row: {type: int64}
  day: {type: date}
  carrier: {type: string}
  delayed: {type: bool}
"""
PYTHON = """\
import pandera.polars as pa
raise SystemExit("contracts are never run by check")


class Input(pa.DataFrameModel):
    carrier: str = pa.Field(alias="Carrier")
"""


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


DVC = """\
stages:
  train:
    cmd: python train.py
    deps: [train.py, data/test.csv]
    params: [rate]
    outs: [model.skops]
artifacts:
  delay: {path: model.skops, type: model}
"""
LOCK = f"""\
schema: '2.0'
stages:
  train:
    cmd: python train.py
    deps:
    - {{path: data/test.csv, hash: md5, md5: {md5("x")}, size: 1}}
    - {{path: train.py, hash: md5, md5: {md5("print()")}, size: 7}}
    params:
      params.yaml: {{rate: 0.001}}
    outs:
    - {{path: model.skops, hash: md5, md5: {md5("m")}, size: 1}}
"""
FILES = {
    "mlops.yaml": MLOPS,
    "contracts/flights.yaml": CONTRACT,
    "contracts/input.py": PYTHON,
    "trusted.yaml": "- sklearn.tree._tree.Tree\n",
    "dvc.yaml": DVC,
    "dvc.lock": LOCK,
    "params.yaml": "rate: 1e-3\n",
    "train.py": "print()",
    "data/test.csv.dvc": f"outs:\n- {{path: test.csv, hash: md5, md5: {md5('x')}, size: 1}}\n",
    ".gitignore": "data/test.csv\nmodel.skops\n",
}


@pytest.fixture
def checked_project(repo: Any) -> Any:
    """A project in which there is nothing to find."""
    for path, content in FILES.items():
        repo.write(path, content)
    repo.commit("a project")
    return repo


def test_a_sound_project_is_one_line(checked_project: Any, cli: Any) -> None:
    answer = cli("check", folder=checked_project.root)
    assert (answer.code, answer.out, answer.err) == (0, "6 files checked, no problem found\n", "")


def test_what_no_run_has_written_yet_is_an_output_all_the_same(checked_project: Any, cli: Any) -> None:
    """A new project is checked before its first `dvc repro`."""
    checked_project.write("mlops.yaml", MLOPS.replace("data/test.csv", "data/new.csv"))
    checked_project.write("dvc.yaml", DVC.replace("outs: [model.skops]", "outs: [model.skops, data/new.csv]"))
    (checked_project.root / "dvc.lock").unlink()
    told = cli("check", folder=checked_project.root).out
    assert told.count("\n") == 1
    assert told.startswith("dvc.yaml:2:3: stages.train: was never run")


@pytest.mark.parametrize(
    ("path", "old", "new", "says"),
    [
        (
            "mlops.yaml",
            "  delay:\n",
            "  dealy:\n",
            "mlops.yaml:5:3: models.dealy: no artifact of dvc.yaml is called 'dealy' → perhaps you meant 'delay'",
        ),
        (
            "mlops.yaml",
            "data/test.csv",
            "data/tset.csv",
            "mlops.yaml:3:13: datasets.flights.path: 'data/tset.csv' is neither an output of dvc.yaml, nor added to"
            " DVC, nor a file → perhaps you meant 'data/test.csv'",
        ),
        (
            "mlops.yaml",
            "target: delayed",
            "seeds: data/seeds.json, target: delayed",
            "mlops.yaml:9:36: models.delay.evaluation.seeds: 'data/seeds.json' is neither an output of dvc.yaml nor a"
            " file → perhaps you meant 'data/test.csv'",
        ),
        (
            "mlops.yaml",
            "target: delayed",
            "target: delay",
            "mlops.yaml:9:36: models.delay.evaluation.target: contracts/flights.yaml has no column 'delay'"
            " → perhaps you meant 'delayed'",
        ),
        (
            "mlops.yaml",
            "[carrier]",
            "[carrier, origin]",
            "mlops.yaml:9:97: models.delay.evaluation.slices[1]: contracts/flights.yaml has no column 'origin'"
            " → known: carrier, day, delayed, row",
        ),
        (
            "mlops.yaml",
            "contracts/flights.yaml",
            "contracts/gone.yaml",
            "mlops.yaml:3:34: datasets.flights.contract: there is no file 'contracts/gone.yaml'"
            " → write it, or fix the path",
        ),
        (
            "mlops.yaml",
            "py:Input",
            "py:Imput",
            "contracts/input.py: there is no class 'Imput' in it → perhaps you meant 'Input'",
        ),
        ("contracts/input.py", "class Input(", "class Input((", "contracts/input.py:5:1: not Python ("),
        ("contracts/input.py", "import", "im\0port", "contracts/input.py: not Python ("),
        (
            "contracts/flights.yaml",
            "bool",
            "boolean",
            "contracts/flights.yaml:6:13: columns.delayed.type: must be one of",
        ),
        ("trusted.yaml", "- ", "types: ", "trusted.yaml:1:1: must be a list of type names"),
        ("dvc.yaml", "cmd: python", "cmd: python3", "dvc.yaml:3:5: stages.train.cmd: its command changed"),
        ("train.py", "()", "(1)", "dvc.yaml:4:5: stages.train.deps: its dependency 'train.py' changed"),
        (
            "params.yaml",
            "1e-3",
            "1e-2",
            "dvc.yaml:5:5: stages.train.params: its parameter 'rate' is 0.01 in params.yaml and 0.001 in dvc.lock",
        ),
        (
            "data/test.csv.dvc",
            md5("x"),
            md5("y"),
            "dvc.yaml:4:5: stages.train.deps: its dependency 'data/test.csv' changed since the stage ran",
        ),
        ("dvc.lock", "  train:", "  old:", "dvc.yaml:2:3: stages.train: was never run: dvc.lock does not know it"),
        ("dvc.lock", "md5, ", "md5, ]", "dvc.lock:6:40: not YAML:"),
    ],
)
def test_each_broken_link_is_told_with_its_place(
    checked_project: Any, cli: Any, path: str, old: str, new: str, says: str
) -> None:
    assert old in FILES[path]
    checked_project.write(path, FILES[path].replace(old, new, 1))
    answer = cli("check", folder=checked_project.root)
    assert answer.code == 2
    assert answer.out.startswith(says), answer.out
    assert answer.out.count("\n") == 1, answer.out


def test_everything_at_once_in_the_order_of_the_files(checked_project: Any, cli: Any) -> None:
    checked_project.write(
        "mlops.yaml", MLOPS.replace("target: delayed", "target: x").replace("trusted.yaml", "no.yaml")
    )
    checked_project.write("params.yaml", "rate: 2\n")
    checked_project.write("contracts/input.py", "x = 1\n")
    found = cli("check", "--json", folder=checked_project.root)
    assert found.code == 2
    assert [(problem["path"], problem["where"]) for problem in found.json["problems"]] == [
        ("contracts/input.py", ""),
        ("dvc.yaml", "stages.train.params"),
        ("mlops.yaml", "models.delay.trusted-types"),
        ("mlops.yaml", "models.delay.evaluation.target"),
    ]


def test_a_path_may_not_leave_by_a_symlink(checked_project: Any, cli: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text(CONTRACT)
    target = checked_project.root / "contracts" / "flights.yaml"
    target.unlink()
    target.symlink_to(secret)
    answer = cli("check", folder=checked_project.root)
    assert (answer.code, "leads out of the repository" in answer.out) == (2, True), answer.out


def test_an_open_contract_may_have_other_columns(checked_project: Any, cli: Any) -> None:
    checked_project.write(
        "contracts/flights.yaml", "strict: false\n" + CONTRACT.replace("  delayed: {type: bool}\n", "")
    )
    assert cli("check", folder=checked_project.root).code == 0


def test_no_configuration_and_no_repository(repo: Any, cli: Any, tmp_path: Path) -> None:
    answer = cli("check", folder=repo.root)
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "mlops.yaml: there is no such file → add one;" in answer.err
    assert cli("check", folder=tmp_path).code == 2


def test_a_path_that_is_the_repository_itself(checked_project: Any, cli: Any) -> None:
    checked_project.write("mlops.yaml", MLOPS.replace("data/test.csv", "."))
    assert "the path '.' is the repository itself" in cli("check", folder=checked_project.root).out


def test_it_imports_no_data_library(checked_project: Any) -> None:
    code = (
        "import sys; from gitops_mlops.cli.app import run; code = run(['check'])\n"
        "heavy = {'polars', 'pandas', 'numpy', 'pandera', 'sklearn', 'skops', 'dvc', 'urllib3'} & set(sys.modules)\n"
        "assert code == 0 and not heavy, (code, heavy)"
    )
    root = str(Path(__file__).parents[2])
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=checked_project.root,
        env={"PYTHONPATH": root, "PATH": "/usr/bin:/bin"},
        check=True,
    )
