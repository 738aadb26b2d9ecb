"""`lock push`: what a run left comes onto the branch once, whoever pushes meanwhile, and nothing else does."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gitops_mlops import bootstrap
from gitops_mlops.adapters.git.branch import GitBranch
from gitops_mlops.domain.pipeline.lock_text import PushedLock
from gitops_mlops.usecases.pipeline.lock_push import push_lock
from tests.conftest import Answer, Cli, Repo
from tests.integration import training_project

FILES = ["dvc.lock", "metrics.json", "sub/dvc.lock"]


@dataclass
class World:
    """A remote whose branch `feature` ran at `expected`, what that run left, an author, and the job that pushes."""

    origin: Path
    left: Path
    author: Repo
    job: Repo
    expected: str

    def tip(self, branch: str = "feature") -> str:
        return self.author.run("git", "-C", str(self.origin), "rev-parse", branch).strip()

    def push(self, message: str = "change", **files: str) -> str:
        """The author pushes a commit to the branch."""
        self.author.git("pull", "--quiet", "--rebase")
        made = self.author.commit(message, **files)
        self.author.git("push", "--quiet", "origin", "HEAD:feature")
        return made

    def show(self, revision: str, path: str) -> str:
        return self.author.run("git", "-C", str(self.origin), "show", f"{revision}:{path}")


@pytest.fixture(scope="module")
def reproduced_branch(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("push")
    project = training_project.make(folder)
    project.git("checkout", "--quiet", "-b", "feature")
    expected = project.commit("another model", **{"train.py": "a longer model\n"})
    project.git("push", "--quiet", "origin", "feature")
    runner = training_project.clone(project, folder / "runner")
    runner.git("checkout", "--quiet", "feature")
    repository = bootstrap.repository(runner.root)
    with bootstrap.checkout(repository) as checkout:
        from gitops_mlops.usecases.pipeline.repro import ReproRequest, reproduce

        assert reproduce(checkout, ReproRequest(push=True), bootstrap.timer(), lambda _: None).lock_files == FILES
    return World(folder / "origin.git", runner.root / ".gitops-mlops/lock", project, runner, expected)


@pytest.fixture
def world(reproduced_branch: World, tmp_path: Path) -> World:
    shutil.copytree(reproduced_branch.origin, tmp_path / "origin.git")
    shutil.copytree(reproduced_branch.left, tmp_path / "left")
    clones = []
    for name in ("author", "job"):
        words = ["git", "clone", "--quiet", str(tmp_path / "origin.git"), str(tmp_path / name)]
        subprocess.run(words, check=True, capture_output=True)
        clones.append(Repo(tmp_path / name))
    clones[0].git("checkout", "--quiet", "feature")
    return World(tmp_path / "origin.git", tmp_path / "left", clones[0], clones[1], reproduced_branch.expected)


Push = Callable[..., Answer]


@pytest.fixture
def push(world: World, cli: Cli) -> Push:
    def call(*words: str, expected: str = "", left: Path | None = None) -> Answer:
        given = ["--branch", "feature", "--expected", expected or world.expected, *words, "--json"]
        return cli("lock", "push", str(left or world.left), *given, folder=world.job.root)

    return call


def test_what_a_run_left_is_on_the_branch_once(world: World, push: Push, cli: Cli) -> None:
    answer = push()
    assert (answer.code, answer.json["outcome"], answer.json["files"]) == (0, "pushed", FILES), answer.err
    tip = world.tip()
    assert tip == answer.json["commit"]
    world.author.git("pull", "--quiet")
    assert (
        world.author.git("log", "-1", "--format=%P %B").split("\n", 1)[0] == f"{world.expected} Update dvc.lock files"
    )
    assert f"\nDvc-Lock-Of: {world.expected}\n" in world.author.git("log", "-1", "--format=%B")
    assert world.author.git("diff", "--name-only", "HEAD~1").split() == FILES
    assert cli("lock", "check", folder=world.author.root).code == 0
    # The checkout that the job is started in is left alone.
    assert world.job.git("status", "--short") == ""
    again = push()
    assert (again.code, again.json["outcome"], again.json["commit"], world.tip()) == (0, "already", tip, tip)


@pytest.mark.parametrize("known", [False, True])
def test_who_commits(world: World, push: Push, known: bool) -> None:
    home = Path(os.environ["HOME"])
    if not known:
        (home / ".gitconfig").unlink()
    assert push().code == 0
    log = subprocess.run(
        ["git", "-C", world.origin, "log", "-1", "--format=%an %ae %cn", "feature"], capture_output=True
    )
    name = (
        "Ada Tester ada@example.org Ada Tester"
        if known
        else ("github-actions[bot] 41898282+github-actions[bot]@users.noreply.github.com github-actions[bot]")
    )
    assert log.stdout.decode().strip() == name


def test_a_commit_of_ours_is_not_followed_by_another_for_the_same_inputs(world: World, push: Push) -> None:
    assert push().code == 0
    ours = world.tip()
    # A run at our own commit that came out otherwise, as one does whose stage is not deterministic.
    metrics = world.left / "metrics.json"
    metrics.write_text("7\n")
    answer = push(expected=ours)
    assert (answer.code, answer.json["outcome"], world.tip()) == (0, "already", ours)
    assert push().json["outcome"] == "already"
    # With the same trailer but another input it is the author's, and no longer ours.
    world.author.git("pull", "--quiet")
    world.author.write("each.py", "amended\n")
    world.author.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    world.author.git("push", "--quiet", "--force", "origin", "feature")
    amended = push(expected=world.tip())
    assert amended.code == 3, "not taken for a loop, and then refused: the metrics are not those of the lock"


def test_a_branch_that_moved_elsewhere_gets_it_on_top(world: World, push: Push, cli: Cli) -> None:
    newer = world.push(**{"README.md": "new\n"})
    answer = push()
    assert (answer.json["outcome"], answer.json["files"]) == ("pushed", FILES), answer.err
    assert world.author.run("git", "-C", str(world.origin), "rev-parse", "feature~1").strip() == newer
    assert world.show("feature", "README.md") == "new\n"


def test_a_branch_whose_lock_moved_is_merged_stage_by_stage(world: World, push: Push, cli: Cli) -> None:
    lock = (world.author.root / "dvc.lock").read_text()
    other = lock.replace("cmd: echo a > each_a.txt", "cmd: echo other > each_a.txt")
    pipeline = training_project.PIPELINE.replace("echo ${item} >", "echo other >")
    assert other != lock
    newer = world.push(**{"dvc.lock": other, "dvc.yaml": pipeline})
    answer = push()
    assert answer.json["outcome"] == "pushed", answer.err
    merged = world.show("feature", "dvc.lock")
    assert "cmd: echo other > each_a.txt" in merged
    assert merged.replace("echo other >", "echo a >") == (world.left / "dvc.lock").read_text()
    assert world.show(newer, "dvc.lock") != merged


@pytest.mark.parametrize("path", ["train.py", "params.yaml", "sub/score.py"])
def test_a_branch_whose_inputs_moved_is_left_to_its_own_run(world: World, push: Push, path: str) -> None:
    newer = world.push(**{path: "rate: 7\n"})
    answer = push()
    assert (answer.code, answer.json["outcome"], world.tip()) == (0, "moved", newer)


def test_what_a_commit_of_ours_left_to_run_is_committed_too(world: World, push: Push) -> None:
    world.push(**{"each.py": "another\n"})
    ours = push().json["commit"]
    # The run of the author's commit was cancelled for that of ours, which ran what was left.
    lock = world.show("feature", "dvc.lock")
    digest = hashlib.md5(b"another\n", usedforsecurity=False).hexdigest()
    known = hashlib.md5(b"each\n", usedforsecurity=False).hexdigest()
    (world.left / "dvc.lock").write_text(lock.replace(f"{known}\n      size: 5", f"{digest}\n      size: 8"))
    answer = push(expected=ours)
    assert (answer.json["outcome"], answer.json["files"]) == ("pushed", ["dvc.lock"]), answer.err
    (world.left / "metrics.json").write_text("7\n")
    assert push(expected=answer.json["commit"]).json["outcome"] == "already"


def test_metrics_that_both_changed(world: World, push: Push) -> None:
    newer = world.push(**{"metrics.json": "another\n"})
    assert (push().json["outcome"], world.tip()) == ("moved", newer)


def test_a_branch_that_is_gone_or_was_rewritten(world: World, push: Push) -> None:
    world.author.git("checkout", "--quiet", "-B", "feature", "origin/main")
    rewritten = world.author.commit("another history", **{"train.py": "rewritten\n"})
    world.author.git("push", "--quiet", "--force", "origin", "feature")
    answer = push()
    assert (answer.code, answer.json["outcome"], world.tip()) == (0, "moved", rewritten), answer.err
    world.author.git("push", "--quiet", "--delete", "origin", "feature")
    assert (push().json["outcome"], world.author.git("ls-remote", "origin", "feature")) == ("gone", "")


def test_a_shallow_clone_of_another_branch_will_do(world: World, cli: Cli, tmp_path: Path) -> None:
    words = [
        "git",
        "clone",
        "--quiet",
        "--depth=1",
        "--branch=main",
        f"file://{world.origin}",
        str(tmp_path / "shallow"),
    ]
    subprocess.run(words, check=True, capture_output=True)
    world.push(note="x")
    given = [str(world.left), "--branch", "feature", "--expected", world.expected]
    for outcome in ("pushed", "already"):
        answer = cli("lock", "push", *given, "--json", folder=tmp_path / "shallow")
        assert (answer.code, answer.json["outcome"]) == (0, outcome), answer.err
    assert world.author.run("git", "-C", str(world.origin), "rev-list", "--count", "feature").strip() == "4"


def test_nothing_to_commit(world: World, push: Push) -> None:
    for path in FILES:
        (world.left / path).write_text(world.show(world.expected, path))
    assert (push().json["outcome"], world.tip()) == ("unchanged", world.expected)


def test_one_file_is_the_lock_of_the_root(world: World, push: Push) -> None:
    (world.left / "alone").write_bytes((world.left / "dvc.lock").read_bytes())
    # Its metrics are not there, and a lock without them would not be true.
    answer = push(left=world.left / "alone")
    assert (answer.code, world.tip()) == (3, world.expected)
    assert "metrics" not in world.author.git("log", "-1", "--name-only", "--format=", "origin/feature")


class Meanwhile(GitBranch):
    """The branch, on which somebody else acts between our look at it and our push."""

    def __init__(self, world: World, before: list[Callable[[], Any]], after: list[Callable[[], Any]]) -> None:
        super().__init__(world.job.root, "origin", "feature")
        self.before, self.after = before, after

    def push(self, commit: str) -> bool:
        if self.before:
            self.before.pop(0)()
        done = super().push(commit)
        if self.after:
            self.after.pop(0)()
        return done


def pushed(world: World, before: list[Callable[[], Any]], after: list[Callable[[], Any]]) -> PushedLock:
    target = bootstrap.lock_target(bootstrap.repository(world.job.root), "origin", "feature")
    branch = Meanwhile(world, before, after)
    return push_lock(type(target)(branch, target.tree_at), bootstrap.run_files(world.left), world.expected)


def test_a_push_that_lost_a_race_looks_again(world: World) -> None:
    done = pushed(world, [lambda: world.push(note0="x"), lambda: world.push(note1="x")], [])
    assert (done.outcome, world.tip()) == ("pushed", done.commit)
    assert world.show("feature", "note1") == "x"
    subjects = world.author.run("git", "-C", str(world.origin), "log", "--format=%s", "feature")
    assert subjects.count("Update dvc.lock") == 1
    moved = pushed(world, [], [])
    assert moved.outcome == "already"


def test_a_race_that_changes_the_inputs_is_lost_for_good(world: World) -> None:
    done = pushed(world, [lambda: world.push(**{"train.py": "newer\n"})], [])
    assert done.outcome == "moved"
    assert "Update dvc.lock" not in world.author.run("git", "-C", str(world.origin), "log", "--format=%s", "feature")


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_before_and_after_the_push(world: World, push: Push, when: str) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pushed(world, [die] if when == "before" else [], [die] if when == "after" else [])
    answer = push()
    assert (answer.code, answer.json["outcome"]) == (0, "pushed" if when == "before" else "already")
    subjects = world.author.run("git", "-C", str(world.origin), "log", "--format=%s", "feature")
    assert subjects.count("Update dvc.lock") == 1


def test_many_jobs_at_once_make_one_commit(world: World, tmp_path: Path) -> None:
    jobs = []
    for i in range(4):
        shutil.copytree(world.job.root, tmp_path / f"job{i}", symlinks=True)
        words = [sys.executable, "-m", "gitops_mlops", "-C", str(tmp_path / f"job{i}"), "lock", "push"]
        words += [str(world.left), "--branch", "feature", "--expected", world.expected]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        jobs.append(subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    ended = [(*job.communicate(), job.returncode) for job in jobs]
    assert [code for *_, code in ended] == [0] * 4, ended
    # In the same second two of them may make the very same commit.
    assert any(out.startswith(b"pushed") for out, *_ in ended)
    subjects = world.author.run("git", "-C", str(world.origin), "log", "--format=%s", "feature")
    assert subjects.count("Update dvc.lock") == 1


HOSTILE: dict[str, tuple[int, str]] = {
    "schema: '2.0'\nstages: !!python/object/apply:os.system [id]\n": (2, "dvc.lock"),
    "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nstages: {}\n": (2, "dvc.lock"),
    "[" * 5000: (2, "dvc.lock"),
    "schema: '2.0'\nstages: {}\nrun: rm\n": (2, "run"),
    "schema: '2.0'\nstages: {}\n": (3, "was not computed from"),
    "\x00\x01": (2, "dvc.lock"),
    "": (2, "dvc.lock"),
}


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_locks_are_refused(world: World, push: Push, content: str) -> None:
    code, said = HOSTILE[content]
    (world.left / "dvc.lock").write_text(content)
    answer = push()
    assert (answer.code, said in answer.err, world.tip()) == (code, True, world.expected), answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"md5: [0-9a-f]{32}", "md5: ffffffffffffffffffffffffffffffff"),
        (r"md5: [0-9a-f]{32}", "md5: 00000000000000000000000000000000"),
        ("cmd: cat clean", "cmd: rm clean"),
        ("rate: 1", "rate: 2"),
        ("  train:\n", "  renamed:\n"),
        (r"\Z", "  added:\n    cmd: id\n"),
    ],
)
def test_a_lock_of_something_else_is_missing_evidence(world: World, push: Push, old: str, new: str) -> None:
    lock = world.left / "dvc.lock"
    head, mark, rest = lock.read_text().partition("  train:\n")
    lock.write_text(head + re.sub(old, new, mark + rest, count=1))
    answer = push()
    assert (answer.code, world.tip()) == (3, world.expected), answer.err
    assert answer.err.startswith(
        ("error: dvc.lock: was not computed from ", "error: dvc.lock: stage 'train' does not")
    )


def test_only_declared_files_are_read(world: World, push: Push) -> None:
    (world.left / ".github/workflows").mkdir(parents=True)
    (world.left / ".github/workflows/evil.yml").write_text("on: push\n")
    (world.left / "train.py").write_text("evil\n")
    (world.left / "mlops.yaml").write_text("version: 1\n")
    answer = push()
    assert (answer.json["outcome"], answer.json["files"]) == ("pushed", FILES), answer.err


@pytest.mark.parametrize(
    "path", [".github/workflows/x.yml", "mlops.yaml", "raw.csv.dvc", "sub/.hidden", "CODEOWNERS"]
)
def test_a_pipeline_may_not_claim_what_is_checked_run_or_reviewed(world: World, push: Push, path: str) -> None:
    pipeline = training_project.PIPELINE.replace("- metrics.json", f"- {path}")
    expected = world.push(**{"dvc.yaml": pipeline})
    (world.left / path).parent.mkdir(parents=True, exist_ok=True)
    (world.left / path).write_text("evil\n")
    answer = push(expected=expected)
    assert (answer.code, path in answer.err, world.tip()) == (2, True, expected)


def test_paths_that_leave_the_folder(world: World, push: Push, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret\n")
    (world.left / "metrics.json").unlink()
    (world.left / "metrics.json").symlink_to(tmp_path / "secret")
    answer = push()
    assert (answer.code, "leads out" in answer.err, world.tip()) == (2, True, world.expected)
    (world.left / "metrics.json").unlink()
    expected = world.push(**{"dvc.yaml": training_project.PIPELINE.replace("- metrics.json", "- ../secret")})
    assert "secret" not in push(expected=expected).err
    assert world.tip() == expected


def test_a_file_that_is_too_large(world: World, push: Push) -> None:
    with (world.left / "metrics.json").open("wb") as file:
        file.truncate(11 * 1024 * 1024)
    answer = push()
    assert (answer.code, "larger than" in answer.err, world.tip()) == (2, True, world.expected)


def test_a_symlink_on_the_branch_is_not_replaced(world: World, push: Push) -> None:
    (world.author.root / "metrics.json").unlink()
    (world.author.root / "metrics.json").symlink_to("params.yaml")
    expected = world.author.commit("a symlink")
    world.author.git("push", "--quiet", "origin", "HEAD:feature")
    answer = push(expected=expected)
    assert (answer.code, "symlink" in answer.err, world.tip()) == (2, True, expected)


@pytest.mark.parametrize(
    "words", [["--branch", "a b"], ["--branch", "x\ny"], ["--branch", ""], ["--expected", "HEAD"]]
)
def test_names_that_cannot_be(world: World, push: Push, words: list[str]) -> None:
    answer = push(*words)
    assert (answer.code, answer.err.count("\n")) == (2, 1)


def test_odd_names_of_branches_are_names(world: World, push: Push) -> None:
    odd = "-x;$(touch${IFS}pwned)"
    world.author.git("push", "--quiet", "origin", f"HEAD:refs/heads/{odd}")
    answer = push("--branch", odd)
    assert (answer.code, answer.json["outcome"]) == (0, "pushed")
    assert not list(world.job.root.parent.rglob("pwned"))


def test_a_remote_that_does_not_answer(world: World, push: Push) -> None:
    shutil.rmtree(world.origin)
    answer = push()
    assert (answer.code, answer.err.count("\n")) == (4, 1)
    assert push(left=world.left / "nothing").code == 3
