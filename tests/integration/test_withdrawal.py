"""A tag that was made, never pushed and deleted on purpose wedges nothing; and nobody hides a moved tag that way."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitops_mlops.domain.lineage.withdrawal import withdrawal_command
from tests.conftest import Repo
from tests.integration.registry_project import Commands, Project

ERRORS = ("tag-differs-from-remote", "tag-contradicted", "ledger-contradicts", "tags-unpushed", "ledger-incomplete")


@pytest.fixture
def published_project(registry_project: Project, tmp_path: Path) -> Project:
    """Trained, and on an origin."""
    registry_project.publish(tmp_path / "origin.git")
    return registry_project


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
    published_project: Project, run: Commands, tmp_path: Path, kind: str
) -> None:
    tag = make(run, kind)
    published_project.repo.git("tag", "--delete", tag)
    if kind == "deregister" or kind == "deprecate":
        run("retire", *{"deregister": ["delay@v0.0.1"], "deprecate": ["delay"]}[kind], "--reason", "no", "--push")
    elif kind == "unassign":
        run("retire", "delay#staging", "--reason", "no", "--push")
    else:
        run.release("--push")
        run("promote", "delay", "staging", "--push")
    assert tag not in published_project.tags()
    assert ill(run) == []
    published_project.repo.git("clone", "--quiet", str(tmp_path / "origin.git"), str(tmp_path / "clone"))
    assert ill(run, tmp_path / "clone") == []
    assert f"tag {tag}: was withdrawn by" in run("ledger", "verify", folder=tmp_path / "clone").out


@pytest.mark.parametrize("kind", KINDS)
def test_what_doctor_advises_leads_to_no_error_of_doctor(
    published_project: Project, run: Commands, kind: str
) -> None:
    tag = make(run, kind)
    run("ledger", "sync", "--push")
    (found,) = (each for each in run("doctor", "--json", code=1).json["findings"] if each["id"] == "tags-unpushed")
    back = withdrawal_command(tag)
    assert back in found["fix"]
    run(*shlex.split(back)[1:], "--push")
    assert tag not in published_project.tags()
    assert ill(run) == []
    assert "already" in run("ledger", "withdraw", tag, "--reason", "again").out


def test_a_tag_that_was_deleted_by_hand_is_withdrawn_by_hand(published_project: Project, run: Commands) -> None:
    run.release()
    run("ledger", "sync", "--push")
    published_project.repo.git("tag", "--delete", "delay@v0.0.1")
    # The remote's ledger has it: another clone may have seen the tag, so that a person decides.
    run.release("--push")
    assert "delay@v0.0.2" in published_project.tags()
    answer = run("ledger", "verify", code=1)
    assert "gitops-mlops ledger withdraw delay@v0.0.1 --reason WHY" in answer.out
    run("ledger", "withdraw", "delay@v0.0.1", "--reason", "wrong commit", "--push")
    assert ill(run) == []


def test_what_the_remote_has_or_something_is_built_on_is_not_withdrawn(
    published_project: Project, run: Commands
) -> None:
    run.release("--push")
    assert "origin has delay@v0.0.1" in run("ledger", "withdraw", "delay@v0.0.1", "--reason", "x", code=1).out
    run("promote", "delay", "staging", "--push")
    # Somebody deletes the version everywhere: it was promoted, so no withdrawal makes that good.
    published_project.repo.git("push", "--quiet", "origin", ":refs/tags/delay@v0.0.1")
    answer = run("ledger", "withdraw", "delay@v0.0.1", "--reason", "x", code=1)
    assert "assignment of v0.0.1 is built on it" in answer.out
    assert "delay@v0.0.1" in published_project.tags()
    run("ledger", "withdraw", "nothing", "--reason", "x", code=2)
    run("ledger", "withdraw", "delay@v7.0.0", "--reason", "x", code=3)


def test_a_withdrawal_hides_no_tag_that_was_moved(published_project: Project, run: Commands) -> None:
    """Row 11: the name of what was withdrawn is never good again, neither moved nor as it was."""
    first = published_project.repo.git("rev-parse", "HEAD").strip()
    run.release()
    run("ledger", "withdraw", "delay@v0.0.1", "--reason", "x", "--push")
    published_project.train(b"two")
    published_project.repo.tag("delay@v0.0.1", message="Register delay v0.0.1\n\nVerdict: pass")
    assert "tag delay@v0.0.1: was withdrawn by" in run("ledger", "verify", code=1).out
    assert "the tag that was made" in run("promote", "delay@v0.0.1", "staging", code=1).out
    published_project.repo.git("tag", "--delete", "delay@v0.0.1")
    words = ("register", "delay", "--report", "report.json", "--rev", first)
    assert "the tag delay@v0.0.1 exists, or existed" in run(*words, "--version", "v0.0.1", code=1).out
    run(*words)
    assert published_project.tags() == ["delay@v0.0.2"]


def test_history_tells_of_what_was_withdrawn(published_project: Project, run: Commands) -> None:
    run.release()
    run("ledger", "withdraw", "delay@v0.0.1", "--reason", "wrong commit")
    for words in (("history",), ("history", "delay")):
        (event,) = run(*words, "--json").json
        assert (event["event"], event["artifact"], event["version"]) == ("withdrawal", "delay", "v0.0.1")
        assert (event["stage"], event["tag"], event["message"]) == (None, "delay@v0.0.1", "wrong commit")
        assert event["commit"] == published_project.repo.git("rev-parse", "HEAD").strip()
        assert event["author"]
        assert event["evidence"] == {}
    run.release("--push")
    run("promote", "delay", "staging")
    run("ledger", "withdraw", "delay#staging#1", "--reason", "wrong stage")
    # What does not count, since something is built on it, is a warning alone.
    lines = run("history", "delay").out.splitlines()[1:]
    found = [tuple(line.split()[2:6]) for line in lines]
    assert sorted(found) == [
        ("delay", "registration", "v0.0.2", "–"),
        ("delay", "withdrawal", "v0.0.1", "–"),
        ("delay", "withdrawal", "v0.0.2", "staging"),
    ]
    times = [line[:19] for line in lines]
    assert times == sorted(times, reverse=True)


RETIREMENTS = {"unassign": "delay v0.0.1 in staging", "deregister": "delay v0.0.1", "deprecate": "delay"}


@pytest.mark.parametrize(("kind", "what"), RETIREMENTS.items())
def test_what_a_retirement_kept_out_of_use_returns_on_purpose_only(
    published_project: Project, run: Commands, kind: str, what: str
) -> None:
    tag = make(run, kind)
    words = ("ledger", "withdraw", tag, "--reason", "by mistake")
    assert f"{what} would be in use again → needed: --revive" in run(*words, code=1).out
    assert tag in published_project.tags()
    # Nor is it enough to delete the tag: no other command takes it back without a word.
    published_project.repo.git("tag", "--delete", tag)
    run.release("--push")
    assert f"tag {tag}: is in the ledger and not in this clone" in run("ledger", "verify", code=1).out
    assert "would be in use again" in run(*words, code=1).out
    run(*words, "--revive", "--push")
    assert f"by mistake; {what} is in use again" in run("ledger", "verify").out
    assert f"tag {tag}: was withdrawn by" in run("history", "delay").err
    assert ill(run) == []


@pytest.fixture
def loser(published_project: Project, run: Commands, tmp_path: Path) -> Path:
    """A clone that made delay@v0.0.1 without pushing it, while another one made and pushed its own."""
    folder = tmp_path / "loser"
    published_project.repo.git("clone", "--quiet", str(tmp_path / "origin.git"), str(folder))
    first = published_project.repo.git("rev-parse", "HEAD").strip()
    (folder / "report.json").write_bytes((published_project.repo.root / "report.json").read_bytes())
    (folder / "note").write_text("x")
    Repo(folder).commit("another commit")
    (folder / ".dvc").mkdir(exist_ok=True)
    run("register", "delay", "--report", "report.json", folder=folder)
    run("register", "delay", "--report", "report.json", "--rev", first, "--push")
    return folder


@pytest.mark.parametrize("fetched", [False, True])
def test_who_lost_a_name_drops_what_nobody_else_saw(
    published_project: Project, run: Commands, loser: Path, fetched: bool
) -> None:
    if fetched:
        Repo(loser).git("tag", "--delete", "delay@v0.0.1")
        Repo(loser).git("fetch", "--quiet", "--tags")
    Repo(loser).git("fetch", "--quiet")
    if fetched:
        assert withdrawal_command("delay@v0.0.1") in run("ledger", "verify", folder=loser, code=1).out
    run("ledger", "withdraw", "delay@v0.0.1", "--reason", "lost", "--push", folder=loser)
    assert Repo(loser).git("rev-parse", "delay@v0.0.1") == published_project.repo.git("rev-parse", "delay@v0.0.1")
    assert ill(run, loser) == []
    assert (
        "origin has delay@v0.0.1"
        in run("ledger", "withdraw", "delay@v0.0.1", "--reason", "again", folder=loser, code=1).out
    )
    run("promote", "delay", "staging", "--push", folder=loser)
    published_project.repo.git("fetch", "--quiet", "--tags", "origin")
    run("ledger", "sync", "--push")
    assert ill(run) == []


def test_what_the_remote_was_seen_to_have_is_not_dropped(
    published_project: Project, run: Commands, loser: Path
) -> None:
    """Somebody moves the tag on the remote: the ledger there tells of the one that was made."""
    published_project.train(b"two")
    published_project.repo.git("tag", "--force", "--annotate", "--message", "moved", "delay@v0.0.1")
    published_project.repo.git("push", "--quiet", "--force", "origin", "refs/tags/delay@v0.0.1")
    answer = run("ledger", "withdraw", "delay@v0.0.1", "--reason", "x", code=1)
    assert "origin has delay@v0.0.1" in answer.out
    run("ledger", "verify", code=1)


def test_a_tag_of_the_future_is_taken_back_as_doctor_says(
    published_project: Project, run: Commands, tmp_path: Path
) -> None:
    """As printed, command by command; also where somebody pushed the tag."""
    run.release("--push")
    run("promote", "delay", "staging", "--push")
    commit = published_project.train(b"two")
    future = datetime(2099, 1, 1, tzinfo=UTC)
    for name, pushed in (("delay@v9.0.0", True), ("delay#staging#9", False), ("delay@v0.0.1!#9", True)):
        published_project.repo.tag(name, commit, when=future)
        run("ledger", "sync", "--push")
        if pushed:
            published_project.repo.git("push", "--quiet", "origin", f"refs/tags/{name}")
        found = [each for each in run("doctor", "--json", code=1).json["findings"] if each["id"] == "tag-in-future"]
        assert [each["where"] for each in found] == [f"tag {name}"]
        for line in found[0]["fix"].partition("if it is a mistake: ")[2].split(" && "):
            program, *words = shlex.split(line)
            assert published_project.repo.git(*words) == "" if program == "git" else run(*words)
        assert ill(run) == []
        assert name not in published_project.tags()
    run("promote", "delay@v0.0.1", "production", "--dry-run")
    assert "nothing" not in run("show", "delay#staging").out
