"""retire on real repositories: GTO and we agree that it is out of use."""

from __future__ import annotations

import json
import shlex
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gto.api
import pytest

from gitops_mlops import bootstrap
from gitops_mlops.adapters.git.repository import GitRepository
from gitops_mlops.domain.lineage.openlineage import deployment_lines
from gitops_mlops.domain.registry.ledger import LedgerEvent
from gitops_mlops.domain.registry.registry import Registry
from tests.conftest import Repo
from tests.integration.registry_project import Commands, Project


@pytest.fixture
def two_versions(repo: Repo, run: Commands) -> Project:
    """Both were in both stages, the second holds them."""
    made = Project(repo)
    for weights in (b"one", b"two"):
        made.train(weights)
        made.report(weights)
        run.release()
        for stage in ("staging", "production"):
            run("promote", "delay", stage)
    return made


@pytest.fixture
def remote_with_tags(two_versions: Project, tmp_path: Path) -> Path:
    """The bare repository that is the project's origin, with main and the tags."""
    path = two_versions.publish(tmp_path / "remote.git")
    two_versions.repo.git("push", "--quiet", "--tags", "origin")
    return path


def remote_tags(project: Project, remote: Path) -> set[str]:
    return set(project.repo.git("--git-dir", str(remote), "tag", "--list").split())


def theirs(project: Project) -> Any:
    """What `gto show` says of the model; None when it hides it."""
    return gto.api.show(str(project.repo.root)).get("delay")


def ours(project: Project) -> Registry:
    return Registry.from_tags(GitRepository(project.repo.root).tags())


def test_a_retired_model_is_out_of_every_stage(run: Commands, two_versions: Project) -> None:
    before = two_versions.tags()
    answer = run.retire("delay", "--json", "--by", "bob", "--run", "https://ci.example/7").json
    assert answer["state"] == "written"
    assert answer["summary"] == "delay is retired: production held v0.0.2, staging held v0.0.2"
    assert [tag for tag in two_versions.tags() if tag not in before] == answer["tags"]
    assert answer["tags"][-1] == "delay@deprecated"
    assert (theirs(two_versions), ours(two_versions).artifacts()) == (None, [])
    assert ours(two_versions).live("delay") == {"production": [], "staging": []}

    assert "delay\nretired by bob on " in run("show", "delay").out
    assert ": no longer sold\n" in run("show", "delay").out
    assert run("show", "delay", "--json").json["retired"]["reason"] == "no longer sold"
    for reference in ("delay@latest", "delay#production", "delay@v0.0.1"):
        assert "was retired by bob" in run("show", reference, code=3).err
    newest = run("history", "delay", "--json").json[0]
    assert (newest["event"], newest["evidence"]["Run"]) == ("deprecation", ["https://ci.example/7"])


def test_an_emptied_stage_does_not_fall_back(run: Commands, two_versions: Project) -> None:
    answer = run.retire("delay#production", "--json").json
    assert (answer["version"], answer["stage"]) == ("v0.0.2", "production")
    assert answer["tags"] == ["delay#production!#5", "delay#production!#6"]
    assert theirs(two_versions)["stage"] == {"staging": "v0.0.2"}
    assert list(ours(two_versions).assignments("delay")) == ["staging"]
    missing = run("show", "delay#production", code=3).err
    assert "delay#production: was emptied by Ada Tester on " in missing
    assert "no longer sold" in missing
    assert "production was emptied by Ada Tester" in run("show", "delay").out
    assert "v0.0.1 was taken out of production by Ada" in run("promote", "delay@v0.0.1", "production", code=1).out
    run("promote", "delay@v0.0.1", "production", "--revive")
    assert theirs(two_versions)["stage"]["production"] == "v0.0.1"
    assert "holds v0.0.1" in run("show", "delay#production").out


def test_a_version_in_use_is_not_taken_out_of_use(run: Commands, two_versions: Project) -> None:
    before = two_versions.tags()
    answer = run.retire("delay@v0.0.2", code=1)
    assert "delay v0.0.2 is not taken out of use" in answer.out
    assert "production holds v0.0.2 → needed: gitops-mlops retire delay#production" in answer.out
    assert two_versions.tags() == before

    assert run.retire("delay@v0.0.1", "--json").json["tags"] == ["delay@v0.0.1!"]
    assert ours(two_versions).version("delay", "v0.0.1") is None
    assert theirs(two_versions)["version"] == "v0.0.2"
    assert "was taken out of use by Ada Tester" in run("show", "delay@v0.0.1", code=3).err
    for stage in ("staging", "production"):
        run.retire(f"delay#{stage}")
    run.retire("delay@latest")
    assert theirs(two_versions)["version"] is None
    assert theirs(two_versions)["stage"] == {}


@pytest.mark.parametrize("target", ["delay", "delay#production", "delay@v0.0.1"])
def test_retiring_again_changes_nothing_and_sends_what_did_not_arrive(
    run: Commands, two_versions: Project, remote_with_tags: Path, target: str
) -> None:
    planned = run.retire(target, "--dry-run", "--json").json
    assert planned["state"] == "planned"
    first = run.retire(target, "--json").json
    assert (first["state"], first["tags"]) == ("written", planned["tags"])
    tags = two_versions.tags()
    for _ in range(2):
        again = run.retire(target, "--push", "--json").json
        assert again["state"] == "unchanged"
        assert "already, by Ada Tester on" in again["summary"]
    assert two_versions.tags() == tags
    assert remote_tags(two_versions, remote_with_tags) == set(tags)


@pytest.mark.parametrize("target", ["delay", "delay#production"])
@pytest.mark.parametrize("kept", [0, 1, 2, 3, 4])
def test_what_was_cut_off_is_finished_by_the_same_command(
    run: Commands, two_versions: Project, remote_with_tags: Path, target: str, kept: int
) -> None:
    """However many of the tags were written before the end: the rest comes, and all of it is pushed."""
    tags = run.retire(target, "--json").json["tags"]
    gone = tags[kept:]
    if gone:
        two_versions.repo.git("tag", "--delete", *gone)
    # The stage keeps its version until the last tag: it never falls back on the way.
    holds = {stage: held.version for stage, held in ours(two_versions).assignments("delay").items()}
    assert set(holds.values()) <= {"v0.0.2"}
    again = run.retire(target, "--push", "--json").json
    assert (again["state"], again["pushed"]) == (("written", True) if gone else ("unchanged", False))
    assert remote_tags(two_versions, remote_with_tags) == set(two_versions.tags())
    assert ours(two_versions).assignment("delay", "production") is None
    assert ours(two_versions).deprecated("delay") == (target == "delay")
    assert theirs(two_versions) is None if target == "delay" else "production" not in theirs(two_versions)["stage"]


def test_parts_of_a_retired_model_are_not_retired_once_more(run: Commands, two_versions: Project) -> None:
    """Any later event would revive the model."""
    run.retire("delay")
    tags = two_versions.tags()
    for part in ("delay#production", "delay#nowhere", "delay@v0.0.1", "delay@latest"):
        assert run.retire(part, "--json").json["state"] == "unchanged"
    assert two_versions.tags() == tags


def test_a_retired_model_comes_back_on_purpose_only(run: Commands, two_versions: Project) -> None:
    run.retire("delay")
    tags = two_versions.tags()
    assert "was retired by Ada" in run("promote", "delay", "staging", code=3).err
    assert "was retired by Ada" in run("rollback", "delay", "staging", code=3).err
    refused = run("register", "delay", code=1).out
    assert "v0.0.2 was taken out of use by Ada Tester on" in refused
    assert "no longer sold → needed: another commit, or --revive" in refused
    two_versions.train(b"three")
    refused = run("register", "delay", code=1).out
    assert "a retired model stays retired: delay was retired by Ada Tester on" in refused
    assert two_versions.tags() == tags

    assert run("register", "delay", "--revive", "--json").json["version"] == "v0.0.3"
    assert theirs(two_versions) == {"version": "v0.0.3", "stage": {}, "registered": True, "active": True}
    assert [version.version for version in ours(two_versions).versions("delay") if version.active] == [
        "v0.0.3",
        "v0.0.2",
        "v0.0.1",
    ]
    again = run.retire("delay", "--json").json
    assert again["tags"] == ["delay@deprecated#9"]
    assert theirs(two_versions) is None


def test_a_version_comes_back_on_purpose_only_with_its_evidence(run: Commands, two_versions: Project) -> None:
    before = run("show", "delay@v0.0.1", "--json").json["version"]["evidence"]
    run.retire("delay@v0.0.1")
    first = ("register", "delay", "--rev", "delay@v0.0.1")
    assert "what is out of use stays so: v0.0.1 was taken out of use by Ada" in run(*first, code=1).out
    assert "one version a commit" in run(*first, "--version", "v7.0.0", "--revive", code=1).out
    change = run(*first, "--revive", "--by", "bob", "--json").json
    assert (change["version"], change["tags"]) == ("v0.0.1", ["delay@v0.0.1#5"])
    after = run("show", "delay@v0.0.1", "--json").json["version"]
    assert after["evidence"] == {**before, "Registered-By": ["bob"]}
    assert run(*first, "--revive", "--json").json["state"] == "unchanged"
    assert {each.version for each in gto.api._get_state(str(run.root)).artifacts["delay"].get_versions()} == {
        "v0.0.1",
        "v0.0.2",
    }
    assert run.retire("delay@v0.0.1", "--json").json["tags"] == ["delay@v0.0.1!#6"]
    assert ours(two_versions).version("delay", "v0.0.1") is None


def test_a_model_that_gto_retired_is_not_revived_into_its_stages(run: Commands, two_versions: Project) -> None:
    when = ours(two_versions).events()[0].created + timedelta(seconds=1)
    two_versions.repo.tag("delay@deprecated", message="by gto", when=when)
    refused = run("register", "delay", "--revive", code=1).out
    assert "a revived model is in no stage: production, staging would hold what they held before" in refused
    run.retire("delay")
    run("register", "delay", "--revive")
    assert theirs(two_versions)["stage"] == {}
    assert "v0.0.2 was taken out of staging" in run("promote", "delay", "staging", code=1).out
    run("promote", "delay", "staging", "--revive")
    assert theirs(two_versions)["stage"] == {"staging": "v0.0.2"}


def test_what_gto_deprecated_is_emptied_too(run: Commands, two_versions: Project) -> None:
    when = ours(two_versions).events()[0].created + timedelta(seconds=1)
    two_versions.repo.tag("delay@deprecated", message="by gto", when=when)
    assert theirs(two_versions) is None
    assert ": by gto" in run("show", "delay").out
    tags = run.retire("delay", "--json").json["tags"]
    assert tags[-1] == "delay@deprecated#9"
    assert ours(two_versions).live("delay") == {"production": [], "staging": []}
    assert theirs(two_versions) is None
    assert run.retire("delay", "--json").json["state"] == "unchanged"


def test_a_stage_of_bare_commits_and_of_versions_out_of_use_is_emptied(run: Commands, two_versions: Project) -> None:
    when = ours(two_versions).events()[0].created.replace(year=2027)
    two_versions.repo.commit("no version")
    two_versions.repo.tag("delay#canary#70", when=when)
    two_versions.repo.tag("delay@v0.0.1!", "delay@v0.0.1^{}", when=when.replace(second=1))
    two_versions.repo.tag("delay#canary#71", "delay@v0.0.1^{}", when=when.replace(second=2))
    assert run.retire("delay#canary", "--json").json["tags"] == ["delay#canary!#72", "delay#canary!#73"]
    assert ours(two_versions).live("delay")["canary"] == []


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["delay"], 2, "give a reason"),
        (["delay", "--reason", " \n"], 2, "give a reason"),
        (["dely", "--reason", "x"], 3, "perhaps you meant 'delay'"),
        (["delay#prodution", "--reason", "x"], 3, "perhaps you meant 'production'"),
        (["delay@v9.0.0", "--reason", "x"], 3, "no such active version"),
        (["delay@v1", "--reason", "x"], 2, "names no model"),
        (["$(id)", "--reason", "x"], 2, "names no model"),
        ([], 2, "name what to retire"),
        (["delay", "--proposed"], 2, "--proposed lists"),
    ],
)
def test_what_cannot_be_retired(
    run: Commands, two_versions: Project, words: list[str], code: int, message: str
) -> None:
    before = two_versions.tags()
    assert message in run("retire", *words, code=code).err
    assert two_versions.tags() == before


def test_a_reason_imitates_nothing(run: Commands, two_versions: Project) -> None:
    run("retire", "delay", "--reason", "x\n\nRegistered-By: eve\x1b[31m", "--by", "bob")
    retired = run("show", "delay", "--json").json["retired"]
    assert (retired["by"], retired["reason"]) == ("bob", "x\n\nRegistered-By: eve\x1b[31m")
    assert "\x1b" not in run("show", "delay").out


def test_a_shallow_clone_retires_nothing(run: Commands, two_versions: Project, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    two_versions.repo.git("clone", "--quiet", "--depth", "1", f"file://{run.root}", str(shallow))
    assert "shallow" in run.retire("delay", code=3, folder=shallow).err


POLICY = """\
    gates: [{metric: mae, max: 1}]
    retirement: {max-age: 30d, unused: 30d, drift: 2}
"""


def monitored(project: Project, *statuses: str) -> None:
    """A monitor's runs in the ledger, one for each status, as OpenLineage events."""
    lines = []
    for day, status in enumerate(statuses, start=1):
        moment = datetime(2026, 2, day, tzinfo=UTC)
        told = LedgerEvent(moment, "monitor", "delay", "v0.0.1", "a" * 40, "production", run=str(uuid.UUID(int=day)))
        start, end = map(json.loads, deployment_lines(told))
        end["run"]["facets"]["test"] = {"tests": [{"name": "ks", "status": status, "severity": "error"}]}
        lines += [json.dumps(start), json.dumps(end)]
    ledger = bootstrap.ledger(bootstrap.repository(project.repo.root))
    ledger.append({"environments/production/2026-02.jsonl": lines})


def test_proposals_are_commands_that_work(run: Commands, repo: Repo) -> None:
    project = Project(repo)
    assert run("retire", "--proposed").out == "nothing is proposed for retirement\n"
    path = project.repo.root / "mlops.yaml"
    path.write_text(path.read_text().replace("    gates: [{metric: mae, max: 1}]\n", POLICY))
    for version, stage in (("v0.0.1", "production"), ("v0.0.2", "staging"), ("v0.0.3", "")):
        project.repo.commit(version)
        project.repo.tag(f"delay@{version}")
        if stage:
            project.repo.tag(f"delay#{stage}#{version[-1]}")
    before = project.tags()
    first = run("retire", "--proposed")
    assert "delay#production: the ledger has no drift record, so drift is not judged" in first.err
    assert [line.split()[:3] for line in first.out.splitlines()[:4]] == [
        ["TARGET", "VERSION", "RULE"],
        ["delay#production", "v0.0.1", "max-age"],
        ["delay#staging", "v0.0.2", "max-age"],
        ["delay@v0.0.3", "v0.0.3", "unused"],
    ]
    monitored(project, "fail", "pass", "fail")
    found = run("retire", "--proposed", "--json").json
    assert found["not_judged"] == ["delay#staging: the ledger has no drift record, so drift is not judged"]
    drifted = [each for each in found["proposals"] if each["rule"] == "drift"]
    assert [(each["target"], each["observed"], each["threshold"]) for each in drifted] == [("delay#production", 2, 2)]
    assert project.tags() == before
    for each in found["proposals"]:
        program, *words = shlex.split(each["command"])
        assert program == "gitops-mlops"
        run(*words)
    assert (ours(project).assignments("delay"), ours(project).version("delay", "v0.0.3")) == ({}, None)
    left = [each["target"] for each in run("retire", "--proposed", "--json").json["proposals"]]
    assert left == []
