"""doctor on real repositories: each finding red once, and what --fix does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import gitops_mlops
from gitops_mlops import bootstrap
from gitops_mlops.usecases.registry.register import RegisterRequest, register
from tests.conftest import Answer, Cli, Repo
from tests.integration.registry_project import Project

pytestmark = pytest.mark.usefixtures("preloaded")

IGNORE = "/report.json\n/.gitops-mlops/\n/.dvc/cache\n/models/\n/data/\n"
DVC_YAML = """\
stages:
  train: {cmd: train, outs: [models/delay.skops, data/rows.csv]}
artifacts:
  delay: {path: models/delay.skops, type: model}
"""


class Clinic:
    """A project that is well, with a remote that has all of it."""

    def __init__(self, repo: Repo, cli: Cli, home: Path) -> None:
        self.repo, self.root, self.home, self._cli = repo, repo.root, home, cli
        self.project = Project(repo)
        repo.write("dvc.yaml", DVC_YAML)
        repo.write(".gitignore", IGNORE)
        repo.write(".dvc/config", "[core]\n    remote = s3\n['remote \"s3\"']\n    url = s3://b\n    verify = true\n")
        self.lock(b"one")
        self.commit = repo.commit("train")
        self.project.report(b"one")
        self.remote = home / "remote.git"
        repo.git("init", "--quiet", "--bare", "--initial-branch", "main", str(self.remote))
        repo.git("remote", "add", "origin", str(self.remote))
        repo.git("push", "--quiet", "--set-upstream", "origin", "main")
        assert cli("register", "delay", "--report", "report.json", "--push", folder=self.root).code == 0
        assert cli("promote", "delay", "staging", "--push", folder=self.root).code == 0

    def lock(self, weights: bytes) -> None:
        self.project.lock(weights)
        text = (self.root / "dvc.lock").read_text()
        self.repo.write("dvc.lock", f"{text}    - {{path: data/rows.csv, hash: md5, md5: {'a' * 32}, size: 3}}\n")

    def __call__(self, *words: str, folder: Path | None = None) -> Answer:
        return self._cli("doctor", *words, folder=folder or self.root)

    def ids(self, *words: str, folder: Path | None = None) -> list[str]:
        """The ids of what is found."""
        return [finding["id"] for finding in self(*words, "--json", folder=folder).json["findings"]]

    def clone(self, *words: str) -> Path:
        folder = self.home / f"clone-{len(list(self.home.iterdir()))}"
        self.repo.git("clone", "--quiet", *words, f"file://{self.remote}", str(folder))
        return folder

    def refs(self, folder: Path | None = None) -> dict[str, str]:
        """Every reference and its object."""
        told = self.repo.git("-C", str(folder or self.root), "for-each-ref", "--format=%(refname) %(objectname)")
        return dict(line.split(" ") for line in told.splitlines())


@pytest.fixture
def clinic(repo: Repo, cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    return Clinic(repo, cli, tmp_path_factory.mktemp("clinic"))


def test_a_repository_that_is_well(clinic: Clinic) -> None:
    before = clinic.refs()
    answer = clinic("--fix")
    assert (answer.code, answer.out, answer.err) == (0, "Nothing is wrong\n", "")
    assert clinic.refs() == before
    assert clinic("--json").json == {"healthy": True, "findings": [], "skipped": [], "fixed": []}


def test_a_fresh_clone_is_well(clinic: Clinic) -> None:
    assert clinic.ids(folder=clinic.clone()) == []


def test_a_shallow_clone_is_made_whole(clinic: Clinic) -> None:
    clinic.repo.commit("later", other="x")
    clinic.repo.git("push", "--quiet")
    shallow = clinic.clone("--depth", "1", "--no-single-branch")
    answer = clinic("--json", folder=shallow)
    assert (answer.code, answer.json["findings"][0]["id"]) == (1, "shallow-clone")
    assert any("the ledger was not verified" in line for line in answer.json["skipped"])
    mended = clinic("--fix", folder=shallow)
    assert mended.code == 0, mended.out
    assert mended.out.startswith("fixed shallow-clone, this clone: fetched the history that was cut off\n")
    assert {ref for ref in clinic.refs(shallow) if "tags" in ref} == {ref for ref in clinic.refs() if "tags" in ref}
    assert clinic("--fix", folder=shallow).out == "Nothing is wrong\n"


def test_a_clone_without_tags_gets_them(clinic: Clinic) -> None:
    folder = clinic.clone("--no-tags")
    assert "clone-without-tags" in clinic.ids(folder=folder)
    assert clinic("--fix", folder=folder).code == 0
    assert clinic.ids(folder=folder) == []


def test_tags_that_only_the_remote_has_are_fetched(clinic: Clinic) -> None:
    clinic.repo.git("tag", "--delete", "delay@v0.0.1", "delay#staging#1")
    assert {"tags-unfetched", "ledger-contradicts"} == set(clinic.ids())
    answer = clinic("--fix", "--json")
    assert (answer.code, [each["action"] for each in answer.json["fixed"]]) == (
        0,
        ["fetched the tags that were missing"],
    )


def test_a_tag_that_a_checkout_made_lightweight_is_fetched_and_no_other(clinic: Clinic) -> None:
    good = clinic.refs()
    clinic.repo.git("tag", "--force", "delay@v0.0.1", clinic.commit)
    other = clinic.repo.commit("other", file="x")
    clinic.repo.git("tag", "--force", "delay#staging#1", other)
    assert "tag-lightweight" in clinic.ids()
    clinic("--fix")
    after = clinic.refs()
    assert after["refs/tags/delay@v0.0.1"] == good["refs/tags/delay@v0.0.1"]
    assert after["refs/tags/delay#staging#1"] == other
    assert "tag-differs-from-remote" in clinic.ids("--fix")
    assert clinic.refs() == after


def test_a_tag_that_was_moved_on_the_remote_is_told_and_left(clinic: Clinic) -> None:
    attacker = clinic.clone()
    Repo(attacker).commit("poison", **{"models.txt": "x"})
    Repo(attacker).tag("delay@v0.0.1x")
    clinic.repo.git("-C", str(attacker), "tag", "--force", "--annotate", "--message", "x", "delay@v0.0.1", "HEAD")
    clinic.repo.git("-C", str(attacker), "push", "--quiet", "--force", "origin", "delay@v0.0.1")
    before = clinic.refs()
    answer = clinic("--fix", "--json")
    (finding,) = answer.json["findings"]
    assert (answer.code, finding["id"], finding["severity"]) == (1, "tag-differs-from-remote", "error")
    assert f"is at {clinic.commit[:10]} here" in finding["message"]
    assert clinic.refs() == before


def test_a_tag_that_was_made_anew_at_its_commit_is_told(clinic: Clinic) -> None:
    clinic.repo.git("tag", "--force", "--annotate", "--message", "x", "delay@v0.0.1", clinic.commit)
    findings = {each["id"]: each["message"] for each in clinic("--json").json["findings"]}
    assert "at the same commit" in findings["tag-differs-from-remote"]
    assert {"tag-contradicted", "ledger-contradicts"} <= findings.keys()


def test_a_deleted_tag_is_told_by_the_ledger(clinic: Clinic) -> None:
    clinic.repo.git("push", "--quiet", "--delete", "origin", "delay#staging#1")
    clinic.repo.git("tag", "--delete", "delay#staging#1")
    (finding,) = clinic("--fix", "--json").json["findings"]
    assert (finding["id"], finding["where"]) == ("ledger-contradicts", "tag delay#staging#1")


def test_tags_that_only_this_clone_has(clinic: Clinic) -> None:
    clinic.repo.tag("delay#production#2", clinic.commit, when=datetime.now(UTC))
    (unpushed, unrecorded) = clinic("--json").json["findings"]
    assert (unpushed["id"], unrecorded["id"]) == ("tags-unpushed", "ledger-incomplete")
    push, back = unpushed["fix"].split("; or delete it: ")
    assert push == "git push --atomic origin 'refs/tags/delay#production#2'"
    assert back == "gitops-mlops ledger withdraw 'delay#production#2' --reason WHY"
    assert clinic.ids("--fix") == ["tags-unpushed", "ledger-unpushed"]


def test_tags_that_stray(clinic: Clinic) -> None:
    later = datetime.now(UTC) + timedelta(days=400)
    orphan = clinic.repo.git("commit-tree", "HEAD^{tree}", "-m", "orphan").strip()
    clinic.repo.tag("delay@1.0.0")
    clinic.repo.git("tag", "delay@v7.0.0", clinic.commit)
    clinic.repo.tag("delay@v2.0.0", clinic.commit)
    clinic.repo.tag("delay@v3.0.0", orphan)
    clinic.repo.tag("delay#production#2", clinic.commit, when=later)
    found = [(each["id"], each["where"]) for each in clinic("--offline", "--json").json["findings"]]
    assert ("tag-ignored", "tag delay@1.0.0") in found
    assert ("tag-ignored", "tag delay@v7.0.0") in found
    assert ("tag-ambiguous", "tag delay@v0.0.1") in found
    assert ("tag-off-branches", "tag delay@v3.0.0") in found
    assert ("tag-in-future", "tag delay#production#2") in found


def test_a_stale_lock_is_removed_and_a_fresh_one_left(clinic: Clinic) -> None:
    stale, fresh = (clinic.root / f".git/refs/tags/delay@v{number}.0.0.lock" for number in (8, 9))
    for lock in (stale, fresh):
        lock.touch()
    hour_ago = time.time() - 3600
    os.utime(stale, (hour_ago, hour_ago))
    assert clinic.ids() == ["lock-stale"]
    answer = clinic("--fix")
    assert (answer.code, stale.exists(), fresh.exists()) == (0, False, True)
    assert "removed the stale lock" in answer.out


def test_what_our_commands_write_is_ignored_once(clinic: Clinic) -> None:
    clinic.repo.write(".gitignore", "/.dvc/cache\n/models/\n/data/")
    assert clinic.ids() == ["not-ignored", "not-ignored"]
    assert clinic("--fix").code == 0
    written = (clinic.root / ".gitignore").read_text()
    assert written == "/.dvc/cache\n/models/\n/data/\n/.gitops-mlops/\n/report.json\n"
    assert clinic("--fix").out == "Nothing is wrong\n"
    assert (clinic.root / ".gitignore").read_text() == written


def test_the_merge_driver_that_attributes_name_is_configured(clinic: Clinic) -> None:
    clinic.repo.write(".gitattributes", "dvc.lock merge=dvc-lock\n")
    assert clinic.ids() == ["merge-driver-missing"]
    assert clinic("--fix").code == 0
    driver = clinic.repo.git("config", "--local", "merge.dvc-lock.driver")
    assert driver == "gitops-mlops lock merge %O %A %B %P\n"
    assert clinic.ids() == []


def test_a_fix_that_fails_says_why_and_leaves_the_others(clinic: Clinic, tmp_path: Path) -> None:
    (clinic.root / ".gitignore").unlink()
    (clinic.root / ".gitignore").symlink_to(tmp_path / "outside")
    lock = clinic.root / ".git/refs/tags/x.lock"
    lock.touch()
    os.utime(lock, (0, 0))
    answer = clinic("--fix")
    assert answer.code == 1
    assert "could not fix not-ignored, .gitignore: " in answer.out
    assert not lock.exists()
    assert not (tmp_path / "outside").exists()


def test_a_remote_that_does_not_answer(clinic: Clinic) -> None:
    clinic.repo.git("remote", "set-url", "origin", str(clinic.home / "gone"))
    assert clinic.ids() == ["remote-unreachable"]
    offline = clinic("--offline")
    assert (offline.code, offline.err) == (0, "skipped: the remote was not queried (--offline)\n")


def test_no_remote_at_all(clinic: Clinic) -> None:
    clinic.repo.git("remote", "remove", "origin")
    assert clinic("--json").json["skipped"] == ["no remote was queried: none is called origin"]


def test_git_does_not_know_who_writes(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(clinic.home / "nobody"))
    clinic.repo.git("config", "user.useConfigOnly", "true")
    assert clinic.ids() == ["git-identity"]


WORKFLOW = f"""\
on: pull_request
jobs:
  review:
    steps:
      - uses: OWNER/gitops-mlops/actions/review@{"0" * 40}
"""


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("mlops.yaml", "task: regression", "task: divination", "config-invalid"),
        ("dvc.yaml", "cmd: train", "cmd: train --again", "lock-out-of-step"),
        ("dvc.yaml", "artifacts:", "artifacts:\n  other: {path: models/o, type: model}", "artifact-unused"),
        (".dvc/config", "verify = true", "", "dvc-remote-unverified"),
        (".dvc/config", "['remote \"s3\"']", "[s3]", "dvc-remote-missing"),
        (".pre-commit-config.yaml", "", "repos: []", "hooks-not-installed"),
        (".github/workflows/review.yml", "", WORKFLOW, "workflow-not-on-edited"),
    ],
)
def test_the_set_up(clinic: Clinic, path: str, old: str, new: str, expected: str) -> None:
    place = clinic.root / path
    clinic.repo.write(path, (place.read_text() if place.exists() else "").replace(old, new))
    assert clinic.ids() == [expected]


def test_a_hook_that_git_runs_is_found_where_git_looks(clinic: Clinic) -> None:
    clinic.repo.write(".pre-commit-config.yaml", "repos: []")
    clinic.repo.git("config", "core.hooksPath", ".hooks")
    clinic.repo.write(".hooks/pre-commit", "#!/bin/sh\n").chmod(0o755)
    assert clinic.ids() == []


def test_a_model_in_git_belongs_to_dvc(clinic: Clinic) -> None:
    clinic.repo.write("weights.skops", b"x" * 2000)
    clinic.repo.git("add", "weights.skops")
    assert clinic.ids() == ["large-file"]


def test_the_users_own_dvc_configuration_counts(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    config = clinic.home / "xdg/dvc/config"
    config.parent.mkdir(parents=True)
    config.write_text("['remote \"s3\"']\n    verify = false\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config.parents[1]))
    assert clinic.ids() == []
    clinic.repo.write(".dvc/config.local", "['remote \"s3\"']\n    verify = no\n")
    assert clinic.ids() == ["dvc-remote-unverified"]


def test_nothing_but_a_folder_under_git(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    empty = cli("doctor", "--json", folder=repo.root)
    assert [each["id"] for each in empty.json["findings"]] == ["config-missing"]
    repo.commit("one")
    assert cli("doctor", folder=repo.root).code == 1
    bare = tmp_path / "elsewhere"
    bare.mkdir()
    none = cli("doctor", folder=bare)
    assert (none.code, none.err.count("\n")) == (2, 1)


def test_a_change_that_was_cut_off_is_told(clinic: Clinic) -> None:
    """The tag is there, and nobody was told; test_registry_kills kills commands at every step."""
    clinic.lock(b"two")
    clinic.repo.commit("two")
    clinic.repo.git("push", "--quiet")
    repository = bootstrap.repository(clinic.root)
    registrar = bootstrap.registrar(repository)
    change = register(RegisterRequest("delay", push=True), registrar, bootstrap.data_store(repository))
    assert clinic.ids() == ["ledger-incomplete", "change-unfinished"]
    assert clinic._cli("register", "delay", "--push", folder=clinic.root).code == 0
    registrar.acknowledge(change)
    assert clinic.ids() == []


HOSTILE = (
    "delay@v1;$(touch${IFS}pwned)",
    "delay@`touch pwned`".replace(" ", "\u00a0"),
    "delay#prod#\u202e1",
    "--upload-pack=touch@v1.0.0",
    "delay@v1.0.0'\"",
    "m" * 200 + "@v1.0.0",
)


def test_hostile_names_and_messages_do_nothing(clinic: Clinic) -> None:
    for name in HOSTILE:
        clinic.repo.git("update-ref", f"refs/tags/{name}", clinic.commit)
    clinic.repo.git("config", "user.name", "evil\x1b[31m\u202e")
    clinic.repo.tag("delay@v5.0.0", clinic.commit, message="x\n\nModel-MD5: \x1b]0;t\x07\nVersion: \u202e")
    clinic.repo.git("push", "--quiet", "origin", "--tags")
    for name in HOSTILE:
        clinic.repo.git("update-ref", "-d", f"refs/tags/{name}")
    for words in ((), ("--fix",)):
        answer = clinic(*words)
        assert answer.code == 1
        assert not {"\x1b", "\x07", "\u202e"} & set(answer.out + answer.err)
    assert not (clinic.root / "pwned").exists()


def test_it_imports_no_data_library(clinic: Clinic) -> None:
    ours = str(Path(gitops_mlops.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gitops_mlops", "-C", str(clinic.root), "doctor"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": ours},
    )
    assert done.stdout == "Nothing is wrong\n"
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert not imported & {"pandas", "polars", "numpy", "scipy", "sklearn", "skops", "pandera", "dvc", "urllib3"}


def test_the_benefit_of_the_doubt_ends_with_a_parsing_error(clinic: Clinic) -> None:
    """A dvc.lock that cannot be read at a version's commit is no contradiction, and no traceback."""
    clinic.repo.write("dvc.lock", "stages: [")
    broken = clinic.repo.commit("broken")
    message = clinic.repo.git("tag", "--list", "--format=%(contents)", "delay@v0.0.1")
    clinic.repo.git("tag", "--annotate", "--message", message, "delay@v9.0.0", broken)
    assert "tag-contradicted" not in clinic.ids("--offline")
