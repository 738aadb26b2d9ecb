"""register, promote, rollback and retire, killed at every step: the same command again ends as if it had not been.

A step is a start of git: nothing else that they do can be seen from outside. The git that is at work when its
parent is killed comes to its end, as it does when a job is cancelled.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gitops_mlops.adapters.git.repository import GitRepository
from gitops_mlops.cli.app import run
from gitops_mlops.domain.errors import DONE
from tests.conftest import Repo
from tests.integration.registry_project import Project

COMMANDS = {
    "register": ["register", "delay", "--report", "report.json"],
    "promote": ["promote", "delay@v0.0.2", "production", "--by", "ada"],
    "rollback": ["rollback", "delay", "staging", "--reason", "slow"],
    "retire-stage": ["retire", "delay#staging", "--reason", "no longer sold"],
    "retire-model": ["retire", "delay", "--reason", "no longer sold"],
}
WRITING = {"tag", "push", "fetch", "fast-import", "update-ref"}


class World(NamedTuple):
    """A clone and its remote, side by side."""

    root: Path

    @property
    def clone(self) -> Path:
        return self.root / "clone"

    @property
    def remote(self) -> Path:
        return self.root / "remote.git"

    def copy(self, to: Path) -> World:
        shutil.copytree(self.root, to, symlinks=True)
        return World(to)


@pytest.fixture(scope="module")
def three_versions(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Three versions that were in staging and a commit that has none, all on the remote."""
    world = World(tmp_path_factory.mktemp("template"))
    world.clone.mkdir()
    repo = Repo(world.clone)
    repo.git("init", "--quiet", "--template=", "--initial-branch", "main")
    repo.git("config", "user.name", "Ada")
    repo.git("config", "user.email", "ada@example.org")
    project = Project(repo)
    for weights in (b"one", b"two", b"three"):
        project.train(weights)
        project.report(weights)
        assert run(["-C", str(world.clone), "register", "delay", "--report", "report.json"]) == DONE
        assert run(["-C", str(world.clone), "promote", "delay", "staging"]) == DONE
    project.train(b"four")
    project.report(b"four")
    repo.git("init", "--quiet", "--template=", "--bare", "--initial-branch", "main", str(world.remote))
    # Relative, so that a copy of both is a world of its own.
    repo.git("remote", "add", "origin", "../remote.git")
    repo.git("push", "--quiet", "--tags", "origin", "main", "mlops-ledger")
    return world


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git that counts its starts, and kills whoever started it at the one that `kill` names. Its folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script, real = folder / "git", shutil.which("git")
    script.write_text(
        f"""#!/bin/sh
echo "$1" >> {folder}/starts
[ -e {folder}/kill ] || exec {real} "$@"
read -r kill < {folder}/kill
at=0
while read -r _; do at=$((at + 1)); done < {folder}/starts
[ "$kill" != "$at before" ] || {{ kill -9 $PPID; exit 1; }}
[ "$kill" = "$at after" ] || exec {real} "$@"
{real} "$@"
code=$?
kill -9 $PPID
exit $code
"""
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return folder


def alone(words: list[str], out: Path) -> int:
    """Run a command line in a process of its own; its exit code, negative for the signal that ended it."""

    def child() -> None:
        with out.open("w") as sys.stdout:
            sys.stderr = sys.stdout
            code = run(words)
            sys.stdout.flush()
            os._exit(code)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


def tags(folder: Path) -> dict[str, tuple[str, str]]:
    """Commit and message of each tag: all but its time."""
    return {tag.name: (tag.commit, tag.message) for tag in GitRepository(folder).tags()}


def left_over(world: World) -> list[str]:
    """Files that only an unfinished command needs."""
    found = [path for path in world.root.rglob("*") if path.suffix == ".lock" and path.name != "dvc.lock"]
    return [str(path) for path in [*found, *(world.clone / ".git/gitops-mlops").rglob("*.json")]]


def ended(world: World) -> dict[str, Any]:
    """What there is to see when all is over."""
    ledger = Repo(world.clone).run("git", "ls-tree", "-r", "--name-only", "mlops-ledger").split()
    events = {name: lines(world.clone, name) for name in ledger}
    return {
        "clone": tags(world.clone),
        "remote": tags(world.remote),
        "ledger": events,
        "left over": left_over(world),
    }


def lines(folder: Path, name: str) -> int:
    return Repo(folder).git("show", f"mlops-ledger:{name}").count("\n")


def points(starts: list[str]) -> list[str]:
    """Before the first step, before and after each that writes, and after the last.

    Between two steps that only read there is nothing that could be left half-done.
    """
    found = ["1 before"]
    for at, start in enumerate(starts, start=1):
        found += [f"{at} before", f"{at} after"] if start in WRITING else []
    return [*found, f"{len(starts)} after"]


@pytest.mark.parametrize("push", [(), ("--push",)], ids=["here", "push"])
@pytest.mark.parametrize("command", COMMANDS)
def test_killed_at_any_step(
    command: str, push: tuple[str, ...], three_versions: World, git: Path, tmp_path: Path
) -> None:
    def words(world: World) -> list[str]:
        return ["-C", str(world.clone), *COMMANDS[command], *push, "--json"]

    out = tmp_path / "out"
    calm = three_versions.copy(tmp_path / "calm")
    assert alone(words(calm), out) == DONE
    starts = (git / "starts").read_text().split()
    wanted, answer = ended(calm), json.loads(out.read_text())
    assert wanted["left over"] == []
    assert (wanted["remote"] == wanted["clone"]) == bool(push)
    assert {"tag", *(["push", "fetch"] if push else [])} <= {*starts}
    for point in points(starts):
        world = three_versions.copy(tmp_path / "world")
        (git / "starts").unlink()
        (git / "kill").write_text(f"{point}\n")
        assert alone(words(world), out) == -signal.SIGKILL, point
        (git / "kill").unlink()
        assert alone(words(world), out) == DONE, (point, out.read_text())
        assert json.loads(out.read_text()) == answer, point
        assert ended(world) == wanted, point
        shutil.rmtree(world.root)
