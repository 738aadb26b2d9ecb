"""Two writers at once, and remotes that say no: what --push promises."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitops_mlops import bootstrap
from gitops_mlops.adapters.git.repository import GitRepository
from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.usecases.registry.registrar import Registrar
from gitops_mlops.usecases.registry.rollback import RollbackRequest, rollback
from tests.conftest import Repo
from tests.integration.registry_project import Commands, Project, hook, refuse

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def other(registry_project: Project, remote: Path, tmp_path: Path) -> Repo:
    """Another clone, with the model's file and report."""
    root = tmp_path / "other"
    registry_project.repo.git("clone", "--quiet", str(remote), str(root))
    shutil.copytree(registry_project.repo.root / ".dvc", root / ".dvc")
    return Repo(root)


def release(run: Commands, project: Project, *stages: str) -> None:
    """Three versions on the remote, each of which was in the stages."""
    for weights in (b"one", b"two", b"three"):
        project.train(weights)
        project.report(weights)
        run.release("--push")
        for stage in stages:
            run("promote", "delay", stage, "--push")
    project.repo.git("push", "--quiet")


def meanwhile(project: Project, moment: str, *commands: str, once: bool = True) -> None:
    """Let `commands` run in the middle of our next push: after our tag is made, or when the remote was looked at.

    git calls the first hook when the tag is there and nothing was sent, the second when it has seen the remote's
    tags: one race is lost at the client, the other one at the server.
    """
    folder = project.repo.root / ".git"
    guard = f"mkdir {shlex.quote(str(folder / 'once'))} 2>/dev/null || exit 0\n" if once else ""
    when = '[ "$1" = committed ] || exit 0\ngrep -q "^0* .*refs/tags/delay" || exit 0\n' if moment == "sent" else ""
    leave = "unset $(git rev-parse --local-env-vars) GIT_COMMITTER_DATE\n"
    hook(
        folder,
        "reference-transaction" if moment == "sent" else "pre-push",
        when + guard + leave + "\n".join(commands) + "\nexit 0",
    )


def ours(other: Repo, words: str) -> str:
    return (
        f"cd {shlex.quote(str(ROOT))} && "
        f"{shlex.quote(sys.executable)} -m gitops_mlops -C {shlex.quote(str(other.root))} {words} >&2"
    )


def tags(folder: Path) -> dict[str, str]:
    """Object IDs by the name of the tag."""
    lines = Repo(folder).git("for-each-ref", "--format=%(refname:strip=2) %(objectname)", "refs/tags").splitlines()
    return dict(line.split(" ") for line in lines)


BOTH = pytest.mark.parametrize("moment", ["sent", "seen"])


@BOTH
def test_a_lost_race_for_the_same_change_is_no_change(
    run: Commands, registry_project: Project, remote: Path, other: Repo, moment: str
) -> None:
    release(run, registry_project)
    other.git("fetch", "--quiet", "--tags")
    meanwhile(registry_project, moment, ours(other, "promote delay@v0.0.3 staging --by bob --push"))
    answer = run("promote", "delay", "staging", "--by", "ada", "--push", "--json").json
    assert (answer["state"], answer["tags"]) == ("unchanged", ["delay#staging#1"])
    assert tags(registry_project.repo.root) == tags(remote) == tags(other.root)
    assert run("show", "delay#staging", "--json").json["assignment"]["evidence"]["Registered-By"] == ["bob"]


@BOTH
def test_a_lost_race_for_the_number_takes_the_next_one_later(
    run: Commands, registry_project: Project, remote: Path, other: Repo, moment: str
) -> None:
    release(run, registry_project)
    other.git("fetch", "--quiet", "--tags")
    meanwhile(registry_project, moment, ours(other, "promote delay@v0.0.2 staging --push"))
    answer = run("promote", "delay@v0.0.1", "staging", "--push", "--json").json
    assert (answer["state"], answer["tags"], answer["pushed"]) == ("written", ["delay#staging#2"], True)
    events = run("history", "delay", "--json").json
    assert [event["tag"] for event in events[:2]] == ["delay#staging#2", "delay#staging#1"]
    assert events[0]["created"] > events[1]["created"]
    assert "Replaces: v0.0.2" in registry_project.repo.git("tag", "--list", "--format=%(contents)", "delay#staging#2")
    assert tags(registry_project.repo.root) == tags(remote)


@BOTH
def test_a_lost_race_for_a_version_takes_the_next_one(
    run: Commands, registry_project: Project, remote: Path, other: Repo, moment: str
) -> None:
    run.release("--push")
    theirs = registry_project.train(b"two")
    registry_project.repo.git("push", "--quiet")
    other.git("pull", "--quiet")
    shutil.copytree(registry_project.repo.root / ".dvc", other.root / ".dvc", dirs_exist_ok=True)
    mine = registry_project.train(b"three")
    registry_project.report(b"three")
    meanwhile(registry_project, moment, ours(other, "register delay --push"))
    assert run.release("--push", "--json").json["version"] == "v0.0.3"
    registered = {event["version"]: event["commit"] for event in run("history", "delay", "--json").json}
    assert (registered["v0.0.2"], registered["v0.0.3"]) == (theirs, mine)
    assert tags(registry_project.repo.root) == tags(remote)


@BOTH
def test_a_lost_race_that_the_rules_refuse_now(
    run: Commands, registry_project: Project, other: Repo, remote: Path, moment: str
) -> None:
    """What was right before the other writer's change is judged anew after it."""
    theirs = registry_project.train(b"two")
    registry_project.repo.git("push", "--quiet")
    other.git("pull", "--quiet")
    shutil.copytree(registry_project.repo.root / ".dvc", other.root / ".dvc", dirs_exist_ok=True)
    registry_project.train(b"three")
    meanwhile(registry_project, moment, ours(other, "register delay --version v1.0.0 --push"))
    answer = run("register", "delay", "--version", "v1.0.0", "--push", code=1)
    assert "a version is registered once: the tag delay@v1.0.0 exists, or existed" in answer.out
    assert tags(registry_project.repo.root) == tags(remote)
    assert registry_project.repo.git("rev-parse", "delay@v1.0.0^{commit}").strip() == theirs


@BOTH
def test_two_rollbacks_at_once_go_back_once(
    run: Commands, registry_project: Project, remote: Path, other: Repo, moment: str
) -> None:
    release(run, registry_project, "staging")
    other.git("fetch", "--quiet", "--tags")
    meanwhile(registry_project, moment, ours(other, "rollback delay staging --by bob --push"))
    answer = run("rollback", "delay", "staging", "--push", code=1)
    assert "staging held v0.0.3 in this clone, and holds v0.0.2 on the remote (delay#staging#4)" in answer.out
    assert tags(registry_project.repo.root) == tags(remote)
    assert run("show", "delay#staging", "--json").json["assignment"]["version"] == "v0.0.2"


def test_a_rollback_leaves_what_was_seen_here(
    run: Commands, registry_project: Project, remote: Path, other: Repo
) -> None:
    release(run, registry_project, "staging")
    other.git("fetch", "--quiet", "--tags")
    run("rollback", "delay", "staging", "--push", folder=other.root)
    assert "staging is not rolled back" in run("rollback", "delay", "staging", "--push", code=1).out
    assert run("rollback", "delay", "staging", "--push", "--json").json["version"] == "v0.0.1"
    assert tags(registry_project.repo.root) == tags(remote)


def wrap(folder: Path, monkeypatch: pytest.MonkeyPatch, before: str = "", after: str = "") -> None:
    """A git on PATH that does something before and after each call."""
    script = folder / "bin/git"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\n{before}\n{shutil.which("git")} "$@" || exit\n{after}\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent), prepend=":")


class Waits:
    """Time that passes at once; what was waited."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def seconds(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def registrar(project: Project, timer: Waits) -> Registrar:
    made = bootstrap.registrar(GitRepository(project.repo.root))
    return Registrar(made.repository, made.clock, timer, made.journal, made.ledger)


def test_a_race_that_is_lost_every_time_ends(run: Commands, registry_project: Project, remote: Path) -> None:
    release(run, registry_project, "staging")
    before = tags(registry_project.repo.root)
    # The remote takes the very name that is being pushed, each time: for another stage, so that nothing else changes.
    hook(
        remote,
        "pre-receive",
        "read old new ref\nunset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY\n"
        'while [ "$ref" ]; do case $ref in *#staging#*) git update-ref "$ref" HEAD;; esac; read old new ref; done',
    )
    waits = Waits()
    with pytest.raises(ExternalError, match="run the same command again"):
        rollback(RollbackRequest("delay", "staging", push=True), registrar(registry_project, waits))
    assert len(waits.slept) == 4
    assert all(0 < seconds < 4 for seconds in waits.slept)
    assert tags(registry_project.repo.root).items() >= before.items()


def test_a_remote_that_refuses_for_good_is_asked_once(run: Commands, registry_project: Project, remote: Path) -> None:
    release(run, registry_project, "staging")
    before = tags(registry_project.repo.root)
    refuse(remote)
    waits = Waits()
    with pytest.raises(ExternalError, match=r"the new tag was deleted"):
        rollback(RollbackRequest("delay", "staging", push=True), registrar(registry_project, waits))
    assert waits.slept == []
    assert tags(registry_project.repo.root) == before
    (remote / "hooks/pre-receive").unlink()
    assert (
        rollback(RollbackRequest("delay", "staging", push=True), registrar(registry_project, waits)).version
        == "v0.0.2"
    )


def test_without_a_remote_nothing_is_written(run: Commands, registry_project: Project, tmp_path: Path) -> None:
    assert "error: git fetch origin" in run("register", "delay", "--push", code=4).err
    registry_project.repo.git("remote", "add", "origin", str(tmp_path / "nowhere.git"))
    assert "git remote -v" in run("register", "delay", "--push", code=4).err
    assert registry_project.tags() == []


def test_a_push_whose_answer_is_lost(
    run: Commands, registry_project: Project, remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks when the remote has the tags: they are there, and said to be."""
    wrap(tmp_path, monkeypatch, after='[ "$1" != push ] || { echo cut >&2; exit 128; }')
    assert run.release("--push", "--json").json["pushed"] is True
    assert tags(registry_project.repo.root) == tags(remote)


def test_a_tag_that_is_another_one_there_is_never_overwritten(
    run: Commands, registry_project: Project, remote: Path, other: Repo
) -> None:
    run.release()
    other.tag("delay@v0.0.1", message="another")
    other.git("push", "--quiet", "origin", "delay@v0.0.1")
    before = tags(registry_project.repo.root)
    for words in (["register", "delay"], ["promote", "delay", "staging"]):
        answer = run(*words, "--push", code=4)
        assert "tag delay@v0.0.1: differs from the one on origin" in answer.err
        assert "git tag -d -- delay@v0.0.1 && git fetch --tags origin" in answer.err
    assert tags(registry_project.repo.root) == before
    registry_project.repo.git("tag", "--delete", "delay@v0.0.1")
    registry_project.repo.git("fetch", "--quiet", "--tags", "origin")
    assert run("register", "delay", "--push", "--json").json["state"] == "unchanged"


def test_a_killed_command_gives_way_to_who_was_faster(
    run: Commands,
    registry_project: Project,
    remote: Path,
    other: Repo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its tag never left this clone, and its own note says so: that one is not in the way of the other's."""
    release(run, registry_project)
    other.git("fetch", "--quiet", "--tags")
    words = ["promote", "delay@v0.0.1", "staging", "--push"]
    with monkeypatch.context() as patch:
        wrap(tmp_path, patch, before='[ "$1" != push ] || { kill -9 $PPID; exit 1; }')
        done = subprocess.run(
            [sys.executable, "-m", "gitops_mlops", "-C", str(run.root), *words], cwd=ROOT, check=False
        )
    assert done.returncode == -signal.SIGKILL
    assert "delay#staging#1" in tags(registry_project.repo.root)
    run("promote", "delay@v0.0.2", "staging", "--push", folder=other.root)
    assert run(*words, "--json").json["tags"] == ["delay#staging#2"]
    assert tags(registry_project.repo.root) == tags(remote)
    assert run("show", "delay#staging", "--json").json["assignment"]["version"] == "v0.0.1"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("fetch.prune", "true"),
        ("fetch.pruneTags", "true"),
        ("remote.origin.prune", "true"),
        ("remote.origin.fetch", "+refs/tags/*:refs/tags/*"),
        ("remote.origin.tagOpt", "--no-tags"),
        ("push.followTags", "true"),
    ],
)
def test_no_setting_of_git_costs_a_tag(
    run: Commands, registry_project: Project, remote: Path, other: Repo, key: str, value: str
) -> None:
    registry_project.repo.git("config", "--add", key, value)
    registry_project.repo.tag("mine")
    registry_project.repo.tag("v1", message="here")
    other.tag("v1", message="there")
    other.tag("delay@v9.0.0", message="theirs")
    other.git("push", "--quiet", "--tags")
    before = tags(registry_project.repo.root)
    registry_project.train(b"two")
    assert run("register", "delay", "--push", "--json").json["version"] == "v9.0.1"
    assert tags(registry_project.repo.root).items() >= before.items()
    assert "mine" not in tags(remote)


def test_a_tag_that_is_not_the_registry_s_may_differ(
    run: Commands, registry_project: Project, remote: Path, other: Repo
) -> None:
    """A floating v1 is moved on purpose."""
    registry_project.repo.tag("v1", message="here")
    other.tag("v1", message="there")
    other.git("push", "--quiet", "--tags")
    assert run("register", "delay", "--push", "--json").json["state"] == "written"
    assert tags(registry_project.repo.root)["v1"] != tags(remote)["v1"]


def test_clocks_that_differ_keep_the_order(run: Commands, registry_project: Project, remote: Path) -> None:
    """A clone whose clock is ahead: what follows is dated after it, not before."""
    run.release("--push")
    ahead = datetime.now(UTC).timestamp() + 1800
    registry_project.repo.tag("delay#staging#1", when=datetime.fromtimestamp(ahead, UTC))
    answer = run("promote", "delay", "production", "--push", "--json").json
    assert answer["warnings"] == []
    newest, before = run("history", "delay", "--json").json[:2]
    assert (newest["tag"], before["tag"]) == ("delay#production#2", "delay#staging#1")
    assert (datetime.fromisoformat(newest["created"]) - datetime.fromisoformat(before["created"])).seconds == 1


def test_a_tag_from_the_future_is_followed_with_a_warning(run: Commands, registry_project: Project) -> None:
    run.release()
    registry_project.repo.git("tag", "-a", "-m", "x", "delay#staging#1", when=datetime(2090, 1, 1, tzinfo=UTC))
    answer = run("promote", "delay", "production")
    assert answer.err.startswith("warning: tag delay#staging#1: is dated 2090-01-01 00:00 UTC, in the future")
    assert run("show", "delay#production", "--json").json["assignment"]["created"].startswith("2090-01-01T00:00:01")


def test_a_tag_at_the_end_of_the_calendar_ends_the_matter(run: Commands, registry_project: Project) -> None:
    run.release()
    last = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
    content = f"object {registry_project.repo.git('rev-parse', 'HEAD').strip()}\ntype commit\ntag x\n"
    registry_project.repo.write("tag.txt", f"{content}tagger Eve <eve@example.org> {last} +0000\n\nx\n")
    made = registry_project.repo.git("hash-object", "-t", "tag", "-w", "tag.txt").strip()
    registry_project.repo.git("update-ref", "refs/tags/delay#staging#1", made)
    assert "nothing can be dated later" in run("promote", "delay", "production", code=3).err
    assert registry_project.tags() == ["delay@v0.0.1", "delay#staging#1"]


def test_a_number_that_an_ignored_tag_has_is_not_free(run: Commands, registry_project: Project) -> None:
    """A lightweight tag tells nothing, but its name is taken."""
    run.release()
    registry_project.repo.git("tag", "delay#staging#7")
    assert run("promote", "delay", "staging", "--json").json["tags"] == ["delay#staging#8"]


def test_a_name_that_is_taken_while_the_tag_is_made(
    run: Commands, registry_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writers in one clone: the second decides anew."""
    run.release()
    git = shutil.which("git")
    wrap(tmp_path, monkeypatch, f'[ "$1" != tag ] || {git} tag -a -m other "delay#staging#1" HEAD 2>/dev/null')
    assert run("promote", "delay", "production", "--dry-run", code=1)
    assert run("promote", "delay", "staging", "--json").json["state"] == "unchanged"
    assert registry_project.tags() == ["delay@v0.0.1", "delay#staging#1"]


def test_a_hook_of_the_clone_that_says_no(run: Commands, registry_project: Project) -> None:
    run.release()
    hook(registry_project.repo.root / ".git", "reference-transaction", '[ "$1" != prepared ]')
    assert run("promote", "delay", "staging", code=4).err.startswith("error: tag delay#staging#1: ")
    assert registry_project.tags() == ["delay@v0.0.1"]


def test_a_lock_that_a_killed_git_left_is_named(run: Commands, registry_project: Project) -> None:
    run.release()
    lock = registry_project.repo.root / ".git/refs/tags/delay#staging#1.lock"
    lock.touch()
    error = run("promote", "delay", "staging", code=4).err
    assert "delay#staging#1.lock" in error
    assert "if no git process runs there, remove that file" in error
    assert registry_project.tags() == ["delay@v0.0.1"]
    lock.unlink()
    run("promote", "delay", "staging")


def test_a_tag_that_cannot_be_taken_back_is_said(run: Commands, registry_project: Project, remote: Path) -> None:
    run.release("--push")
    refuse(remote)
    registry_project.repo.git("config", "core.packedRefsTimeout", "0")
    # Deleting a tag rewrites the packed ones.
    (registry_project.repo.root / ".git/packed-refs.lock").touch()
    error = run("promote", "delay", "staging", "--push", code=4).err
    assert "could not be deleted" in error
    assert "git tag -d 'delay#staging#1'" in error
    (registry_project.repo.root / ".git/packed-refs.lock").unlink()
    (remote / "hooks/pre-receive").unlink()
    assert run("promote", "delay", "staging", "--push", "--json").json["state"] == "written"
    assert tags(registry_project.repo.root) == tags(remote)
