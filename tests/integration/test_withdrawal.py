"""A tag that was made, never pushed and deleted on purpose wedges nothing; and nobody hides a moved tag that way."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.conftest import Cli, Repo
from tests.integration.registry_project import Commands, Project

ERRORS = ("tag-differs-from-remote", "tag-contradicted", "ledger-contradicts", "tags-unpushed", "ledger-incomplete")


@pytest.fixture
def project(repo: Repo, tmp_path: Path) -> Project:
    made = Project.trained(repo)
    made.publish(tmp_path / "origin.git")
    return made


@pytest.fixture
def run(project: Project, cli: Cli) -> Commands:
    return Commands(cli, project)


def ill(run: Commands, folder: Path | None = None) -> list[str]:
    """What is wrong with the registry and its ledger."""
    run("ledger", "verify", folder=folder)
    answer = run._cli("doctor", "--json", folder=folder or run.root)
    return [each["id"] for each in answer.json["findings"] if each["id"] in ERRORS]


def make(run: Commands, kind: str) -> str:
    """A tag of a kind, here alone; its name. What it stands on is pushed."""
    if kind == "version":
        run.release()
        return "delay@v0.0.1"
    run.release("--push")
    if kind == "stage":
        run("promote", "delay", "staging")
        return "delay#staging#1"
    if kind == "unassign":
        run("promote", "delay", "staging", "--push")
        run("retire", "delay#staging", "--reason", "no")
        return "delay#staging!#2"
    run("retire", *{"deregister": ["delay@v0.0.1"], "deprecate": ["delay"]}[kind], "--reason", "no")
    return {"deregister": "delay@v0.0.1!", "deprecate": "delay@deprecated"}[kind]


KINDS = ("version", "stage", "unassign", "deregister", "deprecate")


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_deleted_before_it_was_pushed_wedges_nothing(
    project: Project, run: Commands, tmp_path: Path, kind: str
) -> None:
    tag = make(run, kind)
    project.repo.git("tag", "--delete", tag)
    if kind == "deregister" or kind == "deprecate":
        run("retire", *{"deregister": ["delay@v0.0.1"], "deprecate": ["delay"]}[kind], "--reason", "no", "--push")
    else:
        run.release("--push")
        run("promote", "delay", "staging", "--push", *(["--revive"] if kind == "unassign" else []))
    assert tag not in project.tags()
    assert ill(run) == []
    project.repo.git("clone", "--quiet", str(tmp_path / "origin.git"), str(tmp_path / "clone"))
    assert ill(run, tmp_path / "clone") == []
    assert f"tag {tag}: was withdrawn by" in run("ledger", "verify", folder=tmp_path / "clone").out


@pytest.mark.parametrize("kind", KINDS)
def test_what_doctor_advises_leads_to_no_error_of_doctor(project: Project, run: Commands, kind: str) -> None:
    tag = make(run, kind)
    run("ledger", "sync", "--push")
    (found,) = (each for each in run("doctor", "--json", code=1).json["findings"] if each["id"] == "tags-unpushed")
    assert shlex.join(["gitops-mlops", "ledger", "withdraw", tag, "--reason", "WHY"]) in found["mend"]
    run("ledger", "withdraw", tag, "--reason", "made by mistake", "--push")
    assert tag not in project.tags()
    assert ill(run) == []
    assert "already" in run("ledger", "withdraw", tag, "--reason", "again").out


def test_a_tag_that_was_deleted_by_hand_is_withdrawn_by_hand(project: Project, run: Commands) -> None:
    run.release()
    run("ledger", "sync", "--push")
    project.repo.git("tag", "--delete", "delay@v0.0.1")
    # The remote's ledger has it: another clone may have seen the tag, so that a person decides.
    run.release("--push")
    assert "delay@v0.0.2" in project.tags()
    answer = run("ledger", "verify", code=1)
    assert "gitops-mlops ledger withdraw 'delay@v0.0.1' --reason WHY" in answer.out
    run("ledger", "withdraw", "delay@v0.0.1", "--reason", "wrong commit", "--push")
    assert ill(run) == []


def test_what_the_remote_has_or_something_is_built_on_is_not_withdrawn(project: Project, run: Commands) -> None:
    run.release("--push")
    assert "origin has delay@v0.0.1" in run("ledger", "withdraw", "delay@v0.0.1", "--reason", "x", code=1).out
    run("promote", "delay", "staging", "--push")
    # Somebody deletes the version everywhere: it was promoted, so no withdrawal makes that good.
    project.repo.git("push", "--quiet", "origin", ":refs/tags/delay@v0.0.1")
    answer = run("ledger", "withdraw", "delay@v0.0.1", "--reason", "x", code=1)
    assert "assignment of v0.0.1 is built on it" in answer.out
    assert "delay@v0.0.1" in project.tags()
    run("ledger", "withdraw", "nothing", "--reason", "x", code=2)
    run("ledger", "withdraw", "delay@v7.0.0", "--reason", "x", code=3)


def test_a_withdrawal_hides_no_tag_that_was_moved(project: Project, run: Commands) -> None:
    """Row 11: the name of what was withdrawn is never good again, neither moved nor as it was."""
    first = project.repo.git("rev-parse", "HEAD").strip()
    run.release()
    run("ledger", "withdraw", "delay@v0.0.1", "--reason", "x", "--push")
    project.train(b"two")
    project.repo.tag("delay@v0.0.1", message="Register delay v0.0.1\n\nVerdict: pass")
    assert "tag delay@v0.0.1: was withdrawn by" in run("ledger", "verify", code=1).out
    assert "the tag that was made" in run("promote", "delay@v0.0.1", "staging", code=1).out
    project.repo.git("tag", "--delete", "delay@v0.0.1")
    words = ("register", "delay", "--report", "report.json", "--rev", first)
    assert "the tag delay@v0.0.1 is there" in run(*words, "--version", "v0.0.1", code=1).out
    run(*words)
    assert project.tags() == ["delay@v0.0.2"]
