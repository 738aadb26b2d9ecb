"""The published hooks in pre-commit and in prek, on real commits.

What a clone would install is this very environment here: each hook of .pre-commit-hooks.yaml becomes a local
one with the same arguments and filters, so that no package is fetched.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
MANIFEST = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
RUNNERS = ("pre-commit", "prek")
TOKEN = "ghp_" + "a1B2" * 9

SOUND = {
    "mlops.yaml": (
        "version: 1\n"
        "datasets:\n  d: {path: data.csv, contract: contracts/d.yaml}\n"
        "models:\n  m:\n    task: regression\n    evaluation: {dataset: d, target: y}\n"
        "    gates: [{metric: mae, rule: superior}]\n"
    ),
    "contracts/d.yaml": "version: 1\ncolumns:\n  x: {type: int64}\n  y: {type: float64}\n",
    "data.csv": "x,y\n1,2.5\n",
    "dvc.yaml": "artifacts:\n  m: {path: m.skops, type: model}\n",
}
# One mistake for each hook; two in file names that a careless program would take for something else.
BAD = {
    "mlops.yaml": SOUND["mlops.yaml"].replace("target: y", "target: z"),
    "contracts/bad.yaml": "version: 1\ncolumns: 3\n",
    "contracts/d.yaml": SOUND["contracts/d.yaml"].replace("x: {type: int64}", "w: {type: string}"),
    "dvc.yaml": SOUND["dvc.yaml"] + "stages:\n  s: {cmd: x, outs: [m.skops]}\n",
    "data.csv": "w,y\n1,two\n",
    "model.pkl": "x",
    "with space\n--json.txt": TOKEN,
    "--help": TOKEN,
}
SAID = {
    "mlops-config": "contracts/d.yaml has no column 'z'",
    "mlops-contracts": "columns: must be a mapping",
    "mlops-contract-compat": "SKIP=mlops-contract-compat",
    "mlops-dvc-lock": "stages.s: was never run",
    "mlops-data": "data.csv",
    "mlops-no-large-files": "model.pkl: a model file belongs to DVC",
    "mlops-no-secrets": "--help:1:1: a GitHub token",
}


@pytest.fixture(params=RUNNERS)
def runner(request: pytest.FixtureRequest, repo: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A project with every hook installed by one of the runners; its first commit is sound."""
    name = str(request.param)
    binaries = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{binaries}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    monkeypatch.setenv("PREK_HOME", str(tmp_path / "prek"))
    # An entry is split like a shell's words, and is no shell.
    program = f"{shlex.quote(sys.executable)} -m gitops_mlops"
    hooks = [
        {**hook, "language": "system", "entry": hook["entry"].replace("gitops-mlops", program, 1)}
        for hook in MANIFEST
    ]
    for hook in hooks:
        hook.pop("additional_dependencies", None)
    repo.write(".pre-commit-config.yaml", yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}))
    for path, content in SOUND.items():
        repo.write(path, content)
    repo.commit("a sound project")
    repo.run(name, "install")
    return name


def commit(repo: Any) -> tuple[int, str]:
    """`git add --all && git commit`; the exit code and what the hooks said."""
    repo.git("add", "--all")
    done = subprocess.run(
        ["git", "commit", "--message", "change"], cwd=repo.root, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_every_hook_refuses_and_says_why(repo: Any, runner: str) -> None:
    before = repo.git("rev-parse", "HEAD")
    for path, content in BAD.items():
        repo.write(path, content)
    code, said = commit(repo)
    assert (code, "Traceback" in said) == (1, False), said
    for hook, line in SAID.items():
        assert hook in said
        assert line in said
    assert repo.git("rev-parse", "HEAD") == before


def test_a_break_that_is_meant_passes_when_it_is_skipped(
    repo: Any, runner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write("contracts/d.yaml", SOUND["contracts/d.yaml"] + "  z: {type: int64, required: true}\n")
    assert commit(repo)[0] == 1
    monkeypatch.setenv("SKIP", "mlops-contract-compat,mlops-data")
    code, said = commit(repo)
    assert code == 0, said


def test_a_part_of_the_changes_is_judged_alone(repo: Any, runner: str) -> None:
    """`git commit PATH` has an index of its own, and what is not staged stays out of it."""
    repo.write("notes.txt", "harmless")
    repo.write("secret.txt", TOKEN)
    repo.git("add", "notes.txt")
    repo.git("commit", "--quiet", "--message", "part", "--", "notes.txt")
    assert repo.git("show", "--name-only", "--format=", "HEAD").split() == ["notes.txt"]


def test_all_files_at_once(repo: Any, runner: str) -> None:
    """What CI runs."""
    done = subprocess.run([runner, "run", "--all-files"], cwd=repo.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_manifest_is_valid_and_ends_options_before_file_names() -> None:
    done = subprocess.run(
        ["pre-commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    for hook in MANIFEST:
        assert hook.get("pass_filenames") is False or hook["args"][-1] == "--", hook["id"]
        assert hook["entry"] == f"gitops-mlops hook {hook['id'].removeprefix('mlops-')}"


def test_only_one_hook_needs_more_than_the_light_core() -> None:
    assert [hook["id"] for hook in MANIFEST if hook.get("additional_dependencies")] == ["mlops-data"]
    for name in ("config", "contracts", "contract-compat", "dvc-lock", "no-large-files", "no-secrets"):
        code = (
            "import sys; from gitops_mlops.cli.app import run; run(['hook', sys.argv[1]])\n"
            "heavy = {'polars', 'pandas', 'numpy', 'pandera', 'sklearn', 'dvc', 'urllib3'} & set(sys.modules)\n"
            "assert not heavy, heavy"
        )
        subprocess.run([sys.executable, "-c", code, name], cwd=ROOT, check=True, capture_output=True)
