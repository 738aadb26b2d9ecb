"""The hooks' commands on real repositories: what is staged counts, whatever lies on disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gitops_mlops import bootstrap

CONTRACT = "version: 1\ncolumns:\n  a: {type: int64}\n  b: {type: string}\n"
TOKEN = "ghp_" + "a1B2" * 9

# What the injection row of the threat model names, as file names.
ODD = [
    "with space.txt",
    "new\nline.txt",
    "-rf.txt",
    "--help",
    "--max-kb=999999",
    "ünïcödé 名前.txt",
    "quo'te\".txt",
    "$(touch pwned).txt",
    ";ls.txt",
    "tab\there.txt",
    ":(exclude)x.txt",
    "back\\slash.txt",
    "*.txt",
]


@pytest.mark.parametrize("name", ODD)
def test_a_secret_is_found_whatever_the_files_name(repo: Any, cli: Any, name: str) -> None:
    repo.write(name, f"token: {TOKEN}\n")
    repo.git("add", "--all")
    answer = cli("hook", "no-secrets", "--", name, folder=repo.root)
    assert answer.code == 1
    assert answer.out.splitlines()[0].endswith("pragma: allowlist secret")
    assert answer.out.count("\n") == 2, "one line a problem, and the count"
    assert TOKEN not in answer.out
    assert sorted(path.name for path in repo.root.iterdir() if path.name != ".git") == [name]


@pytest.mark.parametrize("name", ["--help", "--max-kb=999999", "--json"])
def test_a_file_cannot_pose_as_an_option_where_the_dashes_were_lost(repo: Any, cli: Any, name: str) -> None:
    repo.write(name, "x" * 600_000)
    repo.git("add", "--all")
    answer = cli("hook", "no-large-files", "--max-kb=500", name, folder=repo.root)
    assert (answer.code, "a file has the name of an option" in answer.err) == (2, True)


def test_a_name_that_is_not_utf8(repo: Any) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    (repo.root / name).write_text(TOKEN)
    repo.git("add", "--all")
    done = subprocess.run(
        [sys.executable, "-m", "gitops_mlops", "-C", str(repo.root), "hook", "no-secrets", "--", name],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout.count(b"\n"), done.stderr) == (1, 2, b"")


def test_what_is_staged_counts_and_not_what_is_on_disk(repo: Any, cli: Any) -> None:
    repo.write("a.txt", TOKEN)
    repo.git("add", "--all")
    repo.write("a.txt", "mended on disk, not staged")
    assert cli("hook", "no-secrets", "--", "a.txt", folder=repo.root).code == 1
    repo.git("add", "--all")
    repo.write("a.txt", TOKEN)
    assert cli("hook", "no-secrets", "--", "a.txt", folder=repo.root).code == 0


def test_names_are_relative_to_where_one_stands(repo: Any, cli: Any) -> None:
    repo.write("sub/a.txt", TOKEN)
    repo.git("add", "--all")
    answer = cli("hook", "no-secrets", "--json", "--", "a.txt", folder=repo.root / "sub")
    assert [problem["path"] for problem in answer.json["problems"]] == ["sub/a.txt"]
    assert cli("hook", "no-secrets", "--", "../../x", folder=repo.root / "sub").code == 2
    assert cli("hook", "no-secrets", "--", "other.txt", folder=repo.root).code == 2


def test_every_tracked_file_without_names(repo: Any, cli: Any) -> None:
    repo.commit("one", **{"a.txt": TOKEN, "b.txt": "x", "c.txt": TOKEN})
    (repo.root / "link").symlink_to("a.txt")
    repo.git("add", "--all")
    answer = cli("hook", "no-secrets", "--json", folder=repo.root)
    assert [problem["path"] for problem in answer.json["problems"]] == ["a.txt", "c.txt"]


def test_large_and_typed_files_belong_to_dvc(repo: Any, cli: Any) -> None:
    repo.write("big file.csv", b"x" * (1024 * 1024 + 1))
    repo.write("fits.csv", b"x" * (1024 * 1024))
    repo.write("model.skops", b"x")
    repo.write("DATA.PARQUET", b"x")
    repo.write("lfs.pkl", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
    repo.write("model.skops.dvc", "outs: []\n")
    repo.git("add", "--all")
    answer = cli("hook", "no-large-files", folder=repo.root)
    assert answer.code == 1
    assert answer.out.splitlines() == [
        "DATA.PARQUET: a data file belongs to DVC → git rm --cached DATA.PARQUET, then dvc add DATA.PARQUET;"
        " or exclude it in .pre-commit-config.yaml",
        "big file.csv: 1,024 KiB, and 1,024 are allowed → git rm --cached 'big file.csv', then dvc add"
        " 'big file.csv'; or exclude it in .pre-commit-config.yaml",
        "model.skops: a model file belongs to DVC → git rm --cached model.skops, then dvc add model.skops;"
        " or exclude it in .pre-commit-config.yaml",
        "3 problems",
    ]
    assert cli("hook", "no-large-files", "--max-kb=2000", "--", "big file.csv", folder=repo.root).code == 0
    assert cli("hook", "no-large-files", "--max-kb=0", "--", "fits.csv", folder=repo.root).code == 2


def test_contracts_are_read_as_staged(repo: Any, cli: Any) -> None:
    repo.write("contracts/a.yaml", CONTRACT.replace("int64", "integer"))
    repo.git("add", "--all")
    repo.write("contracts/a.yaml", CONTRACT)
    answer = cli("hook", "contracts", "--", "contracts/a.yaml", folder=repo.root)
    assert (answer.code, answer.out.startswith("contracts/a.yaml:3:7: columns.a.type: must be one of")) == (2, True)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("  b: {type: string}\n", "", 1),
        ("int64", "float64", 1),
        ("string}", "string}\n  c: {type: int64, required: false}", 0),
        ("version: 1", "description: text\nversion: 1", 0),
    ],
)
def test_a_contract_that_breaks_somebody_is_refused(repo: Any, cli: Any, old: str, new: str, code: int) -> None:
    repo.commit("contract", **{"contracts/a.yaml": CONTRACT})
    repo.write("contracts/a.yaml", CONTRACT.replace(old, new))
    repo.git("add", "--all")
    answer = cli("hook", "contract-compat", "--", "contracts/a.yaml", folder=repo.root)
    assert answer.code == code, answer.out
    assert ("SKIP=mlops-contract-compat git commit" in answer.out) == bool(code)


def test_a_first_commit_and_a_new_contract_break_nobody(repo: Any, cli: Any) -> None:
    repo.write("contracts/a.yaml", CONTRACT)
    repo.git("add", "--all")
    assert cli("hook", "contract-compat", "--", "contracts/a.yaml", folder=repo.root).code == 0
    repo.commit("first")
    repo.write("contracts/b.yaml", CONTRACT)
    repo.git("add", "--all")
    assert cli("hook", "contract-compat", "--", "contracts/b.yaml", folder=repo.root).code == 0


def test_the_index_that_git_prepared_for_a_partial_commit(repo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit("one", **{"a.txt": "1", "b.txt": "1"})
    repo.write("a.txt", "2")
    repo.write("b.txt", "2")
    # In a hook of `git commit -- a.txt` GIT_INDEX_FILE names an index with a.txt only; see githooks(5).
    repo.write(
        ".git/hooks/pre-commit",
        f"#!/bin/sh\ncd '{repo.root}' && exec '{sys.executable}' -c '"
        "from pathlib import Path; from gitops_mlops import bootstrap; "
        "tree = bootstrap.staged_tree(bootstrap.repository(Path())); "
        'print(tree.read("a.txt"), tree.read("b.txt"))'
        "' > seen.txt\n",
    ).chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    repo.git("commit", "--quiet", "--message", "partial", "--", "a.txt")
    assert (repo.root / "seen.txt").read_text() == "b'2' b'1'\n"


def test_the_index_of_another_repository_is_not_ours(
    repo: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repo.commit("one", **{"a.txt": "1"})
    (tmp_path / "index").write_bytes(b"")
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert bootstrap.staged_tree(bootstrap.repository(repo.root)).paths() == ["a.txt"]


def test_config_and_lock_as_staged(repo: Any, cli: Any) -> None:
    repo.write("mlops.yaml", "version: 2\n")
    repo.write("dvc.yaml", "stages:\n  a: {cmd: x, outs: [y]}\n")
    repo.git("add", "--all")
    repo.write("mlops.yaml", "version: 1\n")
    repo.write("dvc.yaml", "stages: {}\n")
    config, lock = cli("hook", "config", folder=repo.root), cli("hook", "dvc-lock", folder=repo.root)
    assert (config.code, config.out) == (2, "mlops.yaml:1:1: version: must be 1, not 2\n1 problem\n")
    assert lock.code == 1
    assert lock.out.startswith("dvc.yaml:2:3: stages.a: was never run: dvc.lock does not know it → dvc repro")


DATA = {
    "mlops.yaml": "version: 1\ndatasets:\n  git: {path: a.csv, contract: contracts/a.yaml}\n"
    "  dvc: {path: b.csv, contract: contracts/a.yaml}\n  free: {path: c.csv}\n",
    "contracts/a.yaml": CONTRACT,
    "a.csv": "a,b\n1,x\n",
    "b.csv.dvc": "outs:\n- {path: b.csv, hash: md5, md5: 9dd4e461268c8034f5c8564e155c67a6, size: 1}\n",
    ".gitignore": "/b.csv\n",
}


@pytest.fixture
def data(repo: Any) -> Any:
    """A dataset in git and one that DVC tracks ("x"), both committed."""
    repo.write("b.csv", "x")
    repo.commit("data", **DATA)
    return repo


def test_unchanged_data_is_not_read(data: Any, cli: Any) -> None:
    (data.root / "b.csv").unlink()
    assert (cli("hook", "data", folder=data.root).out) == "no problem found\n"


def test_changed_data_is_held_against_its_contract(data: Any, cli: Any) -> None:
    data.write("a.csv", "a,b\n1,x\n2,y\n")
    data.git("add", "--all")
    assert cli("hook", "data", folder=data.root).code == 0
    data.write("a.csv", "a,b\nten,x\n")
    data.git("add", "--all")
    answer = cli("hook", "data", "--json", folder=data.root)
    assert (answer.code, [one["dataset"] for one in answer.json]) == (1, ["git"])


def test_what_is_on_disk_must_be_what_is_committed(data: Any, cli: Any) -> None:
    data.write("a.csv", "a,b\n2,y\n")
    data.git("add", "--all")
    data.write("a.csv", "a,b\n1,staged no more\n")
    answer = cli("hook", "data", folder=data.root)
    assert (answer.code, "what is on disk is not what is staged" in answer.err) == (3, True)


@pytest.mark.parametrize(("on_disk", "says"), [(None, "is not on disk"), ("z", "is not what DVC recorded")])
def test_dvc_data_must_be_the_recorded_data(data: Any, cli: Any, on_disk: str | None, says: str) -> None:
    data.write("b.csv.dvc", DATA["b.csv.dvc"].replace("9dd4", "0000"))
    data.git("add", "--all")
    if on_disk is None:
        (data.root / "b.csv").unlink()
    answer = cli("hook", "data", folder=data.root)
    assert (answer.code, says in answer.err) == (3, True), answer.err


def test_without_the_ml_extra_it_says_what_is_missing(data: Any, tmp_path: Path) -> None:
    data.write("a.csv", "a,b\n2,y\n")
    data.git("add", "--all")
    code = (
        "import sys, importlib.util as util; found = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'polars' else found(name, *rest)\n"
        "from gitops_mlops.cli.app import run; sys.exit(run(['hook', 'data']))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=data.root, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert 'additional_dependencies: [".[ml]"]' in done.stderr
