"""What `doctor` advises about tags, ledger and registry is done as printed, and leads to no error of its own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import Cli, Repo
from tests.integration.registry_project import Commands, Project

pytestmark = pytest.mark.usefixtures("preloaded")

FUTURE = datetime(2099, 1, 1, tzinfo=UTC)
Fault = Callable[["Ill"], None]


class Ill:
    """A clone with a version in staging, all of it pushed; `fault` makes something wrong with it."""

    def __init__(self, repo: Repo, cli: Cli, home: Path) -> None:
        self.project = Project.trained(repo)
        self.project.publish(home / "origin.git")
        self.home, self.repo, self.cli, self.folder = home, repo, cli, repo.root
        self.run = Commands(cli, repo.root)
        self.run.release("--push")
        self.run("promote", "delay", "staging", "--push")

    def clone(self, *words: str) -> None:
        self.folder = self.home / "clone"
        self.repo.git("clone", "--quiet", *words, f"file://{self.home}/origin.git", str(self.folder))

    def train(self) -> str:
        commit = self.project.train(b"two")
        self.project.report(b"two")
        self.repo.git("push", "--quiet", "origin", "main")
        return commit

    def foreign(self, name: str, *, pushed: bool = True, recorded: bool = True, when: datetime | None = None) -> None:
        """A tag that another tool wrote."""
        self.repo.tag(name, self.train(), when=when)
        if pushed:
            self.repo.git("push", "--quiet", "origin", f"refs/tags/{name}")
        if recorded:
            self.run("ledger", "sync", "--push")

    def findings(self) -> list[dict[str, str]]:
        answer = self.cli("doctor", "--json", folder=self.folder)
        return list(answer.json["findings"])

    def codes(self) -> dict[str, int]:
        """How the commands end that rely on the registry."""
        asked = ("ledger verify", "promote delay@v0.0.1 production --dry-run", "deploy staging --dry-run")
        return {words: self.cli(*words.split(), folder=self.folder).code for words in asked}

    def errors(self) -> set[str]:
        return {each["id"] for each in self.findings() if each["severity"] == "error"}


def commands(mend: str) -> list[list[str]]:
    """The commands that a hint prints, one after the other."""
    ways = (re.search(r"(?:^|: )((?:gitops-mlops|git|rm) .*)", way) for way in mend.split("; "))
    lines = (line for way in ways if way for line in way[1].split(" && "))
    return [shlex.split(re.sub(r" \(.*\)$", "", line)) for line in lines]


def lightweight(ill: Ill) -> None:
    ill.repo.git("tag", "--force", "delay@v0.0.1", "delay@v0.0.1^{}")


def shallow(ill: Ill) -> None:
    ill.train()
    ill.clone("--depth", "1")


def unfetched(ill: Ill) -> None:
    ill.repo.git("tag", "--delete", "delay#staging#1")


def stale_lock(ill: Ill) -> None:
    lock = ill.repo.write(".git/refs/tags/delay@v0.0.1.lock", "")
    os.utime(lock, (time.time() - 3600,) * 2)


def unpushed(ill: Ill) -> None:
    ill.train()
    ill.run.release()


def lost(ill: Ill) -> None:
    unpushed(ill)
    ill.run("ledger", "sync", "--push")
    ill.repo.git("tag", "--delete", "delay@v0.0.2")


def withdrawn(ill: Ill) -> None:
    unpushed(ill)
    ill.run("ledger", "withdraw", "delay@v0.0.2", "--reason", "x", "--push")


def withdrawn_elsewhere(ill: Ill) -> None:
    """Another clone still has the tag."""
    unpushed(ill)
    kept = ill.repo.git("rev-parse", "delay@v0.0.2").strip()
    ill.run("ledger", "withdraw", "delay@v0.0.2", "--reason", "x", "--push")
    ill.repo.git("update-ref", "refs/tags/delay@v0.0.2", kept)


def built_on(ill: Ill) -> None:
    """Somebody promoted a version of the future."""
    ill.foreign("delay@v9.0.0", when=FUTURE)
    ill.foreign("delay#staging#90", when=FUTURE)


def later(ill: Ill) -> None:
    ill.train()
    ill.run.release()
    ill.repo.git("push", "--quiet", "--tags")


TABLE: dict[str, tuple[str, Fault]] = {
    "a shallow clone": ("shallow-clone", shallow),
    "no tags": ("clone-without-tags", lambda ill: ill.clone("--no-tags")),
    "a lightweight tag": ("tag-lightweight", lightweight),
    "a lock": ("lock-stale", stale_lock),
    "a tag that the remote has": (
        "tags-unfetched",
        unfetched,
    ),
    "a version that was not pushed": ("tags-unpushed", unpushed),
    "a version that is lost": ("ledger-contradicts", lost),
    "a version that was withdrawn": ("tag-withdrawn", withdrawn),
    "a version that was withdrawn elsewhere": ("ledger-contradicts", withdrawn_elsewhere),
    "a version that is not recorded": ("ledger-incomplete", lambda ill: ill.foreign("delay@v9.0.0", recorded=False)),
    "a ledger that was not pushed": ("ledger-unpushed", later),
    "a version of the future": ("tag-in-future", lambda ill: ill.foreign("delay@v9.0.0", when=FUTURE)),
    "an assignment of the future": (
        "tag-in-future",
        lambda ill: ill.foreign("delay#staging#9", when=FUTURE, pushed=False),
    ),
    "a retirement of the future": ("tag-in-future", lambda ill: ill.foreign("delay@v0.0.1!#9", when=FUTURE)),
    "a version of the future that is in use": ("tag-in-future", built_on),
}


@pytest.mark.parametrize("case", TABLE)
def test_no_advice_of_doctor_leads_to_an_error(repo: Repo, cli: Cli, tmp_path: Path, case: str) -> None:
    name, fault = TABLE[case]
    ill = Ill(repo, cli, tmp_path)
    well = ill.codes()
    fault(ill)
    errors = ill.errors()
    for _ in range(3):
        found = [each for each in ill.findings() if each["id"] == name]
        if not found:
            break
        advised = commands(found[0]["fix"])
        assert advised, found[0]["fix"]
        for program, *words in advised:
            if program == "gitops-mlops":
                # Of several ways out, one that is closed says so.
                assert cli(*words, folder=ill.folder).code in (0, 1), words
            else:
                subprocess.run([program, *words], cwd=ill.folder, check=True, capture_output=True)
        assert ill.errors() <= errors
    # A withdrawal is told for ever.
    assert bool(found) == (name == "tag-withdrawn")
    assert ill.codes() == well
