"""`lock merge` as git calls it: real merges, rebases and cherry-picks of locks that DVC wrote."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import Cli, Repo

pytestmark = pytest.mark.usefixtures("preloaded")

PIPELINE = """\
stages:
  one:
    cmd: cp one.in one.out
    deps: [one.in]
    outs: [one.out]
  two:
    cmd: cp two.in two.out
    deps: [two.in]
    outs: [two.out]
  three:
    cmd: cat one.out three.in > three.out
    deps: [one.out, three.in]
    outs: [three.out]
"""


@pytest.fixture(scope="module")
def merge_branches(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Branches that ran the pipeline on other data, in a repository that merges locks."""
    project = Repo(tmp_path_factory.mktemp("merge"))
    project.git("init", "--quiet", "--initial-branch", "main")
    project.run("dvc", "init", "--quiet")
    for name in ("one.in", "two.in", "three.in"):
        project.write(name, f"{name}\n")
    project.write("dvc.yaml", PIPELINE)
    project.write(".gitattributes", "dvc.lock merge=dvc-lock\n")
    source = Path(__file__).parents[2]
    driver = f"PYTHONPATH='{source}' '{sys.executable}' -m gitops_mlops lock merge %O %A %B %P"
    project.git("config", "merge.dvc-lock.driver", driver)
    project.run("dvc", "repro", "--quiet")
    project.commit("base")
    for branch, name in {"one": "one.in", "two": "two.in", "three": "three.in", "other": "one.in"}.items():
        project.git("checkout", "--quiet", "-b", branch, "main")
        project.write(name, f"{branch} changed\n")
        project.run("dvc", "repro", "--quiet")
        project.commit(branch)
    return project


@pytest.fixture
def merge_clone(merge_branches: Repo, tmp_path: Path) -> Repo:
    """A copy in which a test may merge."""
    shutil.copytree(merge_branches.root, tmp_path / "clone", symlinks=True)
    return Repo(tmp_path / "clone")


@pytest.mark.parametrize("how", ["merge --no-edit", "rebase", "cherry-pick"])
def test_stages_of_two_branches_meet(merge_clone: Repo, cli: Cli, how: str) -> None:
    merge_clone.git("checkout", "--quiet", "two")
    merge_clone.git(*how.split(), "one")
    assert cli("lock", "check", folder=merge_clone.root).code == 0
    merge_clone.run("dvc", "checkout", "--quiet")
    before = (merge_clone.root / "dvc.lock").read_bytes()
    merge_clone.run("dvc", "repro", "--quiet")
    # DVC agrees, and would have written it like this.
    assert (merge_clone.root / "dvc.lock").read_bytes() == before


def test_a_stage_that_both_changed_is_a_conflict_which_cannot_be_overlooked(merge_clone: Repo, cli: Cli) -> None:
    merge_clone.git("checkout", "--quiet", "one")
    merge_clone.run("git", "merge", "--no-edit", "other", check=False)
    assert "UU dvc.lock" in merge_clone.git("status", "--short")
    text = (merge_clone.root / "dvc.lock").read_text()
    # Stage one, and three that was computed with it; stage two is left alone.
    assert text.count("<<<<<<< ours\n") == 2
    assert "  two:\n" not in "".join(part.partition(">>>>>>> theirs")[0] for part in text.split("<<<<<<< ours")[1:])
    answer = cli("lock", "check", folder=merge_clone.root)
    assert (answer.code, "dvc.lock:" in answer.out) == (1, True)


def test_a_merge_that_leaves_a_stage_stale_says_so(merge_clone: Repo, cli: Cli, tmp_path: Path) -> None:
    sides = {}
    for name in ("main", "one", "three"):
        sides[name] = tmp_path / name
        sides[name].write_text(merge_clone.git("show", f"{name}:dvc.lock"))
    # Both changed stage three: taken from one side alone, it was computed with the old output of stage one.
    text = sides["one"].read_text()
    third = merge_clone.git("show", "main:dvc.lock")
    sides["one"].write_text(text[: text.index("  three:")] + third[third.index("  three:") :])
    answer = cli(
        "lock", "merge", *(str(sides[name]) for name in ("main", "one", "three")), "sub/dvc.lock", folder=tmp_path
    )
    assert (answer.code, answer.out) == (0, "sub/dvc.lock: merged stage by stage\n")
    assert answer.err == "sub/dvc.lock: 'three' was computed with another 'one.out' → run dvc repro after the merge\n"


def test_a_side_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    answer = cli("lock", "merge", "a", "b", "c", "dvc.lock", folder=tmp_path)
    assert (answer.code, answer.err.count("\n")) == (3, 1)


@pytest.mark.parametrize(
    "garbage", [b"\xff\xfe\x00", b"stages: [", b"<<<<<<< ours\n", b"a: !!python/object:os.system x"]
)
def test_hostile_sides_conflict_whole(cli: Cli, tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / "base").write_bytes(b"")
    (tmp_path / "ours").write_bytes(b"schema: '2.0'\nstages: {}\n")
    (tmp_path / "theirs").write_bytes(garbage)
    answer = cli("lock", "merge", "base", "ours", "theirs", "dvc.lock", folder=tmp_path)
    assert (answer.code, answer.err.count("\n")) == (1, 1), answer.err
    assert garbage.rstrip(b"\n") in (tmp_path / "ours").read_bytes()
