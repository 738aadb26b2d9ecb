"""register, promote, show and history on real repositories."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from tests.integration.registry_project import Commands, Project, refuse

pytestmark = pytest.mark.usefixtures("registry_project")


def remote_tags(project: Project, remote: Path) -> set[str]:
    return set(project.repo.git("--git-dir", str(remote), "tag", "--list").split())


def test_a_release_from_first_version_to_production(run: Commands, registry_project: Project) -> None:
    run.release("--run", "https://ci.example/1", "--by", "ada\nVerdict: forged")
    run("promote", "delay", "staging")
    run("promote", "delay@v0.0.1", "production")
    assert registry_project.tags() == ["delay@v0.0.1", "delay#staging#1", "delay#production#2"]
    overview = run("show").out.splitlines()
    assert [line.split() for line in overview] == [
        ["MODEL", "LATEST", "#staging", "#production"],
        ["delay", "v0.0.1", "v0.0.1", "v0.0.1"],
    ]
    evidence = run("show", "delay@v0.0.1", "--json").json["version"]["evidence"]
    assert evidence == {
        "Model-SHA256": [hashlib.sha256(b"one").hexdigest()],
        "Model-MD5": [hashlib.md5(b"one").hexdigest()],
        "Data-MD5": ["data/rows=1.csv=" + "0" * 32],
        "Verdict": ["pass"],
        "Metric": ["mae=0.398 [0.39, 0.406] champion=0.412"],
        "Gate": ["mae=pass"],
        "Report-SHA256": [hashlib.sha256((registry_project.repo.root / "report.json").read_bytes()).hexdigest()],
        "Run": ["https://ci.example/1"],
        "Registered-By": ["ada\nVerdict: forged"],
    }
    history = run("history", "delay", "--json").json
    assert [(event["event"], event["stage"], event["version"]) for event in history] == [
        ("assignment", "production", "v0.0.1"),
        ("assignment", "staging", "v0.0.1"),
        ("registration", None, "v0.0.1"),
    ]
    assert run("show", "delay#production").out.startswith("delay#production holds v0.0.1\n")
    assert "staging, production" in run("show", "delay").out


def test_events_of_one_second_keep_their_order(run: Commands, registry_project: Project) -> None:
    """GTO orders by the tagger's time at 1 s resolution."""
    future = registry_project.repo.git("log", "-1", "--format=%ct").strip()
    run.release()
    for stage in ("staging", "production"):
        run("promote", "delay", stage)
    dates = registry_project.repo.git("for-each-ref", "--format=%(taggerdate:unix)", "refs/tags").split()
    assert len(set(dates)) == 3
    assert all(date > future for date in dates)


def test_registering_again_changes_nothing(run: Commands, registry_project: Project) -> None:
    run.release()
    assert "already" in run.release().out
    assert run.release("--json").json["state"] == "unchanged"
    assert run.release("--version", "v0.0.1", "--json").json["state"] == "unchanged"
    assert "one version a commit" in run("register", "delay", "--version", "v2.0.0", code=1).out
    registry_project.repo.commit("docs", README="x")
    assert "the same model file" in run.release().out
    assert run.release("--bump-minor", "--json").json["version"] == "v0.1.0"
    assert registry_project.tags() == ["delay@v0.0.1", "delay@v0.1.0"]


@pytest.mark.parametrize(
    ("words", "version"),
    [
        ((), "v0.0.1"),
        (("--bump-minor",), "v0.1.0"),
        (("--bump-major",), "v1.0.0"),
        (("--version", "v3.0.0-rc.1"), "v3.0.0-rc.1"),
    ],
)
def test_the_first_version(run: Commands, words: tuple[str, ...], version: str) -> None:
    assert run("register", "delay", "--dry-run", "--json", *words).json["version"] == version
    assert run("register", "delay", "--json", *words).json["version"] == version


def test_a_taken_version_is_refused_and_an_automatic_one_avoids_it(run: Commands, registry_project: Project) -> None:
    run.release()
    registry_project.repo.tag("delay@v0.0.2")
    registry_project.repo.tag("delay@v0.0.2!")
    registry_project.train(b"two")
    answer = run("register", "delay", "--version", "v0.0.2", code=1)
    assert "a version is registered once" in answer.out
    assert run("register", "delay", "--json").json["version"] == "v0.0.3"


def test_a_report_that_blocks_refuses_and_names_the_gate(run: Commands, registry_project: Project) -> None:
    gate = {
        "id": "mae",
        "metric": "mae",
        "requirement": "at most 0.3",
        "status": "block",
        "reason": "0.398 is above 0.3",
    }
    registry_project.report(b"one", verdict="block", gates=[gate])
    answer = run("register", "delay", "--report", "report.json", code=1)
    assert "gate mae: 0.398 is above 0.3 → needed: at most 0.3" in answer.out
    registry_project.report(b"one", verdict="incomparable", gates=[])
    assert "verdict: incomparable" in run("register", "delay", "--report", "report.json", code=1).out
    assert registry_project.tags() == []


def test_a_report_about_something_else_is_no_evidence(run: Commands, registry_project: Project) -> None:
    registry_project.report(b"another")
    assert "another model file" in run("register", "delay", "--report", "report.json", code=3).err
    registry_project.report(b"one", model="other")
    assert "'other'" in run("register", "delay", "--report", "report.json", code=2).err
    registry_project.report(b"one", challenger={"revision": "workspace"})
    assert "which model file" in run("register", "delay", "--report", "report.json", code=3).err
    (registry_project.repo.root / "report.json").write_bytes(b"{")
    assert "not a report" in run("register", "delay", "--report", "report.json", code=3).err
    assert "there is no such file" in run("register", "delay", "--report", "absent.json", code=3).err
    assert registry_project.tags() == []


def test_what_git_and_dvc_do_not_hold_cannot_be_registered(run: Commands, registry_project: Project) -> None:
    assert "perhaps you meant 'delay'" in run("register", "dely", code=2).err
    assert "no such revision" in run("register", "delay", "--rev", "nowhere", code=3).err
    registry_project.lock(b"two")
    assert "dvc.lock: is changed but not committed" in run("register", "delay", code=2).err
    registry_project.repo.git("checkout", "--", "dvc.lock")
    registry_project.repo.write("dvc.lock", "schema: '2.0'\nstages: {}\n")
    registry_project.repo.commit("forget the model")
    assert "is not in dvc.lock" in run("register", "delay", code=3).err
    assert run("register", "delay", "--rev", "HEAD~1", "--json").json["version"] == "v0.0.1"


def test_a_model_file_that_is_nowhere(run: Commands, registry_project: Project) -> None:
    shutil.rmtree(registry_project.repo.root / ".dvc" / "cache")
    (registry_project.repo.root / ".dvc" / "config").write_text("")
    assert "is not cached, and no DVC remote provided it" in run("register", "delay", code=3).err
    run.release()
    assert run("show", "delay@latest", "--json").json["version"]["evidence"]["Model-SHA256"]


@pytest.mark.parametrize(
    "name", ["../x", "$(id)", "a;b", "-rf", "a b", "a\nb", "m@v1.0.0", "m#prod", "", "a..b:m", "@org/team", "m\0"]
)
def test_names_of_the_injection_matrix_are_refused(run: Commands, registry_project: Project, name: str) -> None:
    if "\0" not in name:
        assert run("register", "--", name, code=2).err.startswith("error: ")
    assert run("promote", "--", f"{name}@v1.0.0", "staging", code=2).err.startswith("error: ")
    assert run("promote", "--", "delay", name, code=2).err.startswith("error: ")
    assert registry_project.tags() == []


def test_promotion_follows_the_order_of_stages(run: Commands, registry_project: Project) -> None:
    run.release()
    answer = run("promote", "delay", "production", code=1)
    assert "production comes after staging: staging holds no version" in answer.out
    assert "needed: gitops-mlops promote delay@v0.0.1 staging" in answer.out
    run("promote", "delay", "staging")
    registry_project.train(b"two")
    registry_project.report(b"two")
    run.release()
    run("promote", "delay", "staging")
    assert "staging holds v0.0.2" in run("show", "delay#staging").out.replace("delay#", "")
    # It was in staging before v0.0.2 took its place.
    assert run("promote", "delay@v0.0.1", "production", "--json").json["state"] == "written"
    assert run("promote", "delay@v0.0.1", "production", "--json").json["state"] == "unchanged"
    assert "Replaces" not in run("show", "delay#production").out
    run("promote", "delay", "production")
    assert "v0.0.1" in run("show", "delay#production").out


def test_a_version_without_a_comparison_is_not_promoted(run: Commands, registry_project: Project) -> None:
    run("register", "delay")
    assert "no comparison is recorded for this version" in run("promote", "delay", "staging", code=3).err
    registry_project.report(b"another")
    assert "another model file" in run("promote", "delay", "staging", "--report", "report.json", code=3).err
    registry_project.report(b"one", verdict="block", reasons=["worse"])
    assert "verdict: block" in run("promote", "delay", "staging", "--report", "report.json", code=1).out
    registry_project.report(b"one", verdict="warn")
    run("promote", "delay", "staging", "--report", "report.json")
    assert run("show", "delay#staging", "--json").json["assignment"]["evidence"]["Verdict"] == ["warn"]


def test_a_version_registered_as_blocked_is_not_promoted(run: Commands, registry_project: Project) -> None:
    registry_project.repo.tag("delay@v1.0.0", message="by hand\n\nVerdict: block")
    assert "verdict: block" in run("promote", "delay", "staging", code=1).out


def test_promotion_of_what_is_not_there(run: Commands) -> None:
    assert "no such model" in run("promote", "delay", "staging", code=3).err
    assert "perhaps you meant 'staging'" in run("promote", "delay", "stagin", code=2).err
    run.release()
    assert "no such active version" in run("promote", "delay@v9.0.0", "staging", code=3).err
    assert "a version is promoted" in run("promote", "delay#staging", "staging", code=2).err


def test_rolling_back_goes_further_each_time(run: Commands, registry_project: Project, remote: Path) -> None:
    assert "no such model" in run("rollback", "delay", "staging", code=3).err
    for weights in (b"one", b"two", b"three"):
        registry_project.train(weights)
        registry_project.report(weights)
        run.release()
        run("promote", "delay", "staging")
    assert "v0.0.3 to v0.0.2" in run("rollback", "delay", "staging", "--dry-run").out
    answer = run("rollback", "delay", "staging", "--reason", "slow", "--push", "--json").json
    assert (answer["version"], answer["tags"], answer["pushed"]) == ("v0.0.2", ["delay#staging#4"], True)
    assert {"delay@v0.0.2", "delay#staging#4"} <= remote_tags(registry_project, remote)
    evidence = run("show", "delay#staging", "--json").json["assignment"]["evidence"]
    assert (evidence["Reason"], evidence["Replaces"]) == (["slow"], ["v0.0.3"])
    assert run("rollback", "delay", "staging", "--json").json["version"] == "v0.0.1"
    assert "held no other version" in run("rollback", "delay", "staging", code=3).err
    assert "holds no version" in run("rollback", "delay", "production", code=3).err
    assert "write MODEL STAGE" in run("rollback", "delay@v0.0.1", "staging", code=2).err


def test_a_rollback_skips_what_is_out_of_use(run: Commands, registry_project: Project) -> None:
    for weights in (b"one", b"two", b"three"):
        registry_project.train(weights)
        registry_project.report(weights)
        run.release()
        run("promote", "delay", "staging")
    newest = run("history", "delay", "--json").json[0]["created"]
    registry_project.repo.git(
        "tag", "-a", "-m", "x", "delay@v0.0.2!", "delay@v0.0.2^{}", when=datetime.fromisoformat(newest)
    )
    assert run("rollback", "delay", "staging", "--json").json["version"] == "v0.0.1"


def test_a_dry_run_writes_nothing(run: Commands, registry_project: Project) -> None:
    assert "would be registered" in run.release("--dry-run").out
    assert registry_project.tags() == []
    run.release()
    assert "delay#staging#1 (dry run" in run("promote", "delay", "staging", "--dry-run").out
    assert registry_project.tags() == ["delay@v0.0.1"]


def test_a_push_sends_the_version_with_its_stage(run: Commands, registry_project: Project, remote: Path) -> None:
    run.release()
    assert remote_tags(registry_project, remote) == set()
    run("promote", "delay", "staging", "--push")
    assert remote_tags(registry_project, remote) == {"delay@v0.0.1", "delay#staging#1"}
    assert run("promote", "delay", "staging", "--push", "--json").json["state"] == "unchanged"


def test_a_tag_that_was_made_but_not_pushed_is_pushed_the_next_time(
    run: Commands, registry_project: Project, remote: Path
) -> None:
    run.release()
    run.release("--push")
    assert remote_tags(registry_project, remote) == {"delay@v0.0.1"}


def test_a_remote_that_refuses_leaves_nothing_behind(run: Commands, registry_project: Project, remote: Path) -> None:
    refuse(remote)
    answer = run("register", "delay", "--report", "report.json", "--push", code=4)
    assert "the new tag was deleted" in answer.err
    assert registry_project.tags() == []
    run.release()
    assert "the new tag was deleted" in run("promote", "delay", "staging", "--push", code=4).err
    assert registry_project.tags() == ["delay@v0.0.1"]


def test_with_push_the_remote_s_tags_are_decided_on(
    run: Commands, registry_project: Project, remote: Path, tmp_path: Path
) -> None:
    run.release("--push")
    other = tmp_path / "other"
    registry_project.repo.git("clone", "--quiet", str(remote), str(other))
    run("promote", "delay", "staging", "--push", folder=other)
    before = registry_project.repo.git("--git-dir", str(remote), "show-ref", "--tags")
    assert run("promote", "delay", "staging", "--by", "bob", "--push", "--json").json["state"] == "unchanged"
    assert registry_project.repo.git("--git-dir", str(remote), "show-ref", "--tags") == before
    assert registry_project.repo.git("show-ref", "--tags") == before


def test_a_shallow_clone_does_not_decide(run: Commands, registry_project: Project, tmp_path: Path) -> None:
    """INTEROP trap 6: a depth-1 clone shows a partial registry without a word."""
    run.release()
    registry_project.repo.commit("more")
    shallow = tmp_path / "shallow"
    registry_project.repo.git("clone", "--quiet", "--depth", "1", f"file://{run.root}", str(shallow))
    for words in (["register", "delay"], ["promote", "delay", "staging"]):
        assert "shallow" in run(*words, code=3, folder=shallow).err
    answer = run("show", folder=shallow)
    assert answer.err.startswith("warning: the clone is shallow")
    assert run("history", folder=shallow).err.startswith("warning: the clone is shallow")


def test_a_clone_without_tags_does_not_decide(run: Commands, registry_project: Project, tmp_path: Path) -> None:
    run.release()
    bare = tmp_path / "bare"
    registry_project.repo.git("clone", "--quiet", "--no-tags", str(run.root), str(bare))
    assert "without tags" in run("register", "delay", code=3, folder=bare).err
    assert "without tags" in run("show", folder=bare).err
    registry_project.repo.git("-C", str(bare), "fetch", "--quiet", "--tags")
    assert run("show", folder=bare).err == ""


def test_a_stray_tag_is_said_and_hides_nothing(run: Commands, registry_project: Project) -> None:
    run.release()
    registry_project.repo.git("tag", "delay@v9.0.0")
    answer = run("show")
    assert "v0.0.1" in answer.out
    assert answer.err.startswith("warning: tag delay@v9.0.0: is lightweight")


def test_an_empty_registry_says_what_to_do(run: Commands) -> None:
    assert "gitops-mlops register" in run("show").out
    assert "gitops-mlops register" in run("history").out
    assert "no such model" in run("show", "delay", code=3).err
    assert "no such model" in run("history", "delay", code=3).err
    assert "is of a model" in run("history", "delay@v1.0.0", code=2).err


def test_looking_imports_nothing_heavy(registry_project: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gitops_mlops", "-C", str(registry_project.repo.root), "show"],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "click" in imported
    assert not imported & {"pydantic", "yaml", "dvc", "pandas", "numpy"}


def test_hostile_tags_do_not_reach_the_terminal_raw(run: Commands, registry_project: Project) -> None:
    registry_project.repo.git("config", "user.name", "evil\x1b[31m\u202e")
    registry_project.repo.tag("delay@v1.0.0", message="x\n\nRun: \x1b]0;title\x07")
    for words in (["show"], ["show", "delay"], ["show", "delay@v1.0.0"], ["history"]):
        out = run(*words).out
        assert "\x1b" not in out
        assert "\u202e" not in out
