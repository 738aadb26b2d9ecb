"""What people, other tools and attackers leave in a registry, and what they type at it."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from tests.conftest import Cli, Repo
from tests.integration.registry_project import MLOPS, Commands, Project

# What a shell, git, a trailer or a terminal would act on.
HOSTILE = [
    "$(touch owned)",
    "`touch owned`",
    "x; touch owned",
    "x | touch owned",
    "--output=owned",
    "-rf",
    "../../etc/passwd",
    "a: b: c",
    "one\nVerdict: pass",
    "one\r\nModel-SHA256: 0000",
    "one\n\nVerdict: pass\n",
    "trailing colon:",
    "  kept spaces  ",
    "\x1b]0;title\x07\x1b[31m",
    "\u202etxt.exe",
    "back\\slash \\n",
    "# no comment",
    "---",
    "-----BEGIN PGP SIGNATURE-----",
    "@org/team <!-- --> | *x*",
    "é漢字🙂",
    "x" * 65_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_values_come_back_as_they_were(run: Commands, registry_project: Project, text: str) -> None:
    """As git has them too, one trailer each; on a terminal nothing of it acts."""
    values = {"Run": text, "Pull-Request": text, "Registered-By": text}
    words = [f"--run={text}", f"--pull-request={text}", f"--by={text}"]
    run.release(*words)
    run("promote", "delay", "staging", *words)
    run("retire", "delay#staging", f"--reason={text}", *words)
    for tag, reason in (("delay@v0.0.1", {}), ("delay#staging#1", {}), ("delay#staging!#2", {"Reason": text})):
        event = next(each for each in run("history", "--json").json if each["tag"] == tag)
        told = {key: found for key, found in event["evidence"].items() if key in {*values, "Reason"}}
        assert told == {key: [value] for key, value in (values | reason).items()}
        message = registry_project.repo.git("for-each-ref", "--format=%(contents)", f"refs/tags/{tag}")
        parsed = subprocess.run(
            ["git", "interpret-trailers", "--parse"], input=message, capture_output=True, text=True, check=True
        )
        assert len(parsed.stdout.splitlines()) == sum(len(found) for found in event["evidence"].values())
    for look in (["show"], ["show", "delay@v0.0.1"], ["history"], ["show", "delay#staging"]):
        answer = run(*look, code=3 if look[-1] == "delay#staging" else 0)
        assert not {"\x1b", "\x07", "\u202e", "\r"} & {*answer.out, *answer.err}
    assert not (registry_project.repo.root / "owned").exists()


NAMES = [
    "$(touch owned)",
    "x;touch owned",
    "--output=owned",
    "-x",
    "a\nb",
    "../x",
    "m@v1.0.0",
    "",
    " ",
    "é",
    "x" * 2000,
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_names_that_are_none_end_in_a_line(run: Commands, cli: Cli, registry_project: Project, name: str) -> None:
    run.release()
    run("promote", "delay", "staging")
    before = registry_project.repo.git("for-each-ref")
    for words in (
        ["register", "--version", name, "delay"],
        ["register", "--rev", name, "delay"],
        ["promote", "--", f"delay@{name}", "staging"],
        ["rollback", "--", name, "staging"],
        ["rollback", "--", "delay", name],
        ["retire", "--reason", "x", "--", name],
        ["retire", "--reason", "x", "--", f"delay@{name}"],
        ["retire", "--reason", "x", "--", f"delay#{name}"],
        ["show", "--", f"delay#{name}"],
        ["history", "--", name],
    ):
        answer = cli(*words, folder=run.root)
        assert answer.code in (2, 3), (words, answer)
        assert answer.err.startswith(("error: ", "Usage: "))
    assert registry_project.repo.git("for-each-ref") == before
    assert not (registry_project.repo.root / "owned").exists()


@pytest.mark.parametrize("size", [65_536, 2_000_000])
def test_a_message_of_any_size_is_read(run: Commands, registry_project: Project, size: int) -> None:
    run.release()
    body = "\n".join("x" * 79 for _ in range(size // 80))
    registry_project.repo.write("message", f"by hand\n\n{body}\n\nRun: https://ci.example/1\nReason: a: b\n")
    registry_project.repo.git("tag", "--annotate", "--file", "message", "delay#staging#1")
    evidence = run("show", "delay#staging", "--json").json["assignment"]["evidence"]
    assert evidence == {"Run": ["https://ci.example/1"], "Reason": ["a: b"]}
    assert run("history").out.count("staging") == 1
    assert run("promote", "delay", "production", "--dry-run").code == 0


def test_a_version_that_was_moved(run: Commands, registry_project: Project) -> None:
    """The stage keeps its commit; what has no version any more is shown as the commit that it is."""
    first = registry_project.repo.git("rev-parse", "HEAD").strip()
    run.release()
    run("promote", "delay", "staging")
    second = registry_project.train(b"two")
    registry_project.repo.git("tag", "--force", "--annotate", "--message", "moved", "delay@v0.0.1")
    held = run("show", "delay#staging", "--json").json["assignment"]
    assert (held["commit"], held["version"]) == (first, None)
    assert run("show", "delay@v0.0.1", "--json").json["version"]["commit"] == second


def test_a_version_that_was_deleted(run: Commands, registry_project: Project) -> None:
    run.release()
    run("promote", "delay", "staging")
    registry_project.repo.git("tag", "--delete", "delay@v0.0.1")
    assert "no such active version" in run("promote", "delay@v0.0.1", "production", code=3).err
    assert run("show", "delay#staging", "--json").json["assignment"]["version"] is None
    # The ledger knows its name, so that it is not given again, not even for the same commit.
    assert run.release("--json").json["version"] == "v0.0.2"
    assert run("show", "delay#staging", "--json").json["assignment"]["version"] == "v0.0.2"


def test_a_commit_that_no_branch_has(run: Commands, registry_project: Project, tmp_path: Path) -> None:
    """A tag keeps its commit alive: after a rebase, a version is as good as before, where it need not be on main."""
    registry_project.repo.write("mlops.yaml", MLOPS.replace("{port:", "{allow-unmerged: true, port:"))
    registry_project.repo.commit("allow")
    registry_project.train(b"two")
    registry_project.report(b"two")
    run.release()
    registry_project.repo.git("reset", "--quiet", "--hard", "HEAD~1")
    registry_project.repo.git("reflog", "expire", "--expire=now", "--all")
    registry_project.repo.git("gc", "--quiet", "--prune=now")
    run("promote", "delay@v0.0.1", "staging")
    remote = registry_project.publish(tmp_path / "remote.git")
    run("promote", "delay", "production", "--push")
    registry_project.repo.git("clone", "--quiet", str(remote), str(tmp_path / "clone"))
    assert (
        run("show", "delay#production", "--json", folder=tmp_path / "clone").json["assignment"]["version"] == "v0.0.1"
    )


def test_two_versions_on_one_commit(run: Commands, registry_project: Project) -> None:
    """A stage's tag names a commit, so it could only ever mean one of them."""
    run.release()
    registry_project.repo.git("tag", "-a", "-m", "by hand\n\nVerdict: pass", "delay@v2.0.0")
    refused = run("promote", "delay@v0.0.1", "staging", code=1)
    assert "one version a commit: v2.0.0 is registered at the same commit" in refused.out
    run("promote", "delay@v2.0.0", "staging")
    assert run("show", "delay#staging", "--json").json["assignment"]["version"] == "v2.0.0"


def test_a_created_tag_is_read(run: Commands, registry_project: Project) -> None:
    registry_project.repo.tag("delay@created")
    run.release()
    assert [event["event"] for event in run("history", "--json").json] == ["registration", "creation"]


def test_equal_times_are_told_in_one_order(run: Commands, registry_project: Project) -> None:
    run.release()
    when = run("history", "--json").json[0]["created"]
    stamp = f"@{int(datetime.fromisoformat(when).timestamp())} +0000"
    for name in ("delay#staging#1", "delay#staging#2", "delay#production#3"):
        registry_project.repo.run("env", f"GIT_COMMITTER_DATE={stamp}", "git", "tag", "-a", "-m", "x", name)
    orders = {tuple(event["tag"] for event in run("history", "--json").json) for _ in range(3)}
    assert orders == {("delay#production#3", "delay#staging#2", "delay#staging#1", "delay@v0.0.1")}
    assert run("promote", "delay", "staging", "--json").json["state"] == "unchanged"


def test_a_clone_without_tags_gets_them_by_push(run: Commands, registry_project: Project, tmp_path: Path) -> None:
    run.release()
    remote = registry_project.publish(tmp_path / "remote.git")
    registry_project.repo.git("push", "--quiet", "--tags")
    clone = tmp_path / "clone"
    registry_project.repo.git("clone", "--quiet", "--no-tags", str(remote), str(clone))
    assert "without tags" in run("promote", "delay", "staging", code=3, folder=clone).err
    assert run("promote", "delay", "staging", "--push", "--json", folder=clone).json["state"] == "written"


def test_a_shallow_clone_does_not_decide_on_what_it_could_fetch(
    run: Commands, registry_project: Project, tmp_path: Path
) -> None:
    run.release()
    registry_project.repo.commit("more")
    remote = registry_project.publish(tmp_path / "remote.git")
    registry_project.repo.git("push", "--quiet", "--tags")
    clone = tmp_path / "clone"
    registry_project.repo.git("clone", "--quiet", "--depth", "1", f"file://{remote}", str(clone))
    for words in (
        ["promote", "delay", "staging"],
        ["rollback", "delay", "staging"],
        ["retire", "delay", "--reason", "x"],
    ):
        assert "the clone is shallow" in run(*words, "--push", code=3, folder=clone).err
    assert Repo(clone).git("tag", "--list") == ""


def test_what_was_deleted_on_the_remote_stays_deleted(
    run: Commands, registry_project: Project, tmp_path: Path
) -> None:
    """A change sends its own tags, and those it builds on: no other tag of this clone."""
    run.release()
    run("promote", "delay", "staging")
    run("promote", "delay", "production")
    registry_project.publish(tmp_path / "remote.git")
    registry_project.repo.git("push", "--quiet", "--tags")
    registry_project.repo.git("push", "--quiet", "--delete", "origin", "delay#staging#1")
    run("retire", "delay#production", "--reason", "x", "--push")
    assert "delay#staging#1" not in registry_project.repo.git("ls-remote", "--tags", "origin")
