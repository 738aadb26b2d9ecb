"""release: what a commit records becomes versions, with evidence that is measured here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn.dummy import DummyClassifier

from gitops_mlops.domain.registry.release import ModelRelease, Release, ReleaseResult
from gitops_mlops.reports.registry.release import release_markdown
from tests.conftest import Answer, Cli, Repo
from tests.fakes.forge import TOKEN, running
from tests.integration.comparison_project import ComparisonProject, asking, machines

pytestmark = pytest.mark.usefixtures("preloaded")

Run = Callable[..., Answer]

KILLED = """\
import os, sys
from gitops_mlops.adapters.git.{module} import {owner}
from gitops_mlops.cli.app import run
real = {owner}.{step}
def killed(*words, **more):
    {before}
    os.kill(os.getpid(), 9)
{owner}.{step} = killed
run(sys.argv[1:])
"""


@pytest.fixture
def pushed_training(repo: Repo, tmp_path: Path) -> ComparisonProject:
    """Trained, committed, and with an origin that has all of it."""
    made = ComparisonProject(repo)
    made.train()
    repo.commit("train")
    repo.git("init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    repo.git("push", "--quiet", "--set-upstream", "origin", "main")
    return made


@pytest.fixture
def release(pushed_training: ComparisonProject, cli: Cli) -> Run:
    return asking(cli, pushed_training, "release")


def tags(project: ComparisonProject, where: str = "") -> list[str]:
    folder = str(project.root.parent / where) if where else str(project.root)
    return project.repo.git("-C", folder, "tag", "--list").split()


def enter(project: ComparisonProject, number: int, stage: str = "production") -> None:
    project.repo.tag(f"fault#{stage}#{number}")


def retrain(project: ComparisonProject, *features: str) -> str:
    """Another model on main; the commit."""
    project.train(*features)
    return project.repo.commit("retrain")


def test_a_first_version_has_its_evidence(pushed_training: ComparisonProject, release: Run) -> None:
    commit = pushed_training.repo.git("rev-parse", "HEAD").strip()
    out = pushed_training.root / "release.json"
    answer = release("--push", "--out", "release.json", "--pull-request", "7", "--run", "https://ci.example/1")
    assert answer.out.split()[:5] == ["MODEL", "RESULT", "VERSION", "VERDICT", "WHY"]
    data = json.loads(out.read_text())
    (model,) = data["models"]
    assert (data["schema"], data["commit"], data["code"]) == ("gitops-mlops/release/2", commit, 0)
    assert (model["result"], model["version"], model["verdict"]) == ("released", "v0.0.1", "pass")
    assert (model["tags"], model["pushed"]) == (["fault@v0.0.1"], True)
    assert (model["report"]["kind"], model["report"]["champion"]) == ("release", None)
    message = pushed_training.repo.git(
        "-C", str(pushed_training.root.parent / "origin.git"), "tag", "-n99", "--list", "fault@v0.0.1"
    )
    assert f"Model-SHA256: {model['report']['challenger']['model_sha256']}" in message
    assert "Verdict: pass" in message
    assert "Pull-Request: 7" in message
    assert "Run: https://ci.example/1" in message
    assert "mlops-ledger" in pushed_training.repo.git("ls-remote", "--heads", "origin")


@pytest.mark.parametrize(("said", "code"), [("", 3), ("warn", 0), ("block", 3)])
def test_a_stage_that_cannot_be_checked(
    pushed_training: ComparisonProject, release: Run, said: str, code: int
) -> None:
    """The column of docs/training.md."""
    dep = "deps: [{path: ../outside.csv, hash: md5, md5: d41d8cd98f00b204e9800998ecf8427e, size: 0}]"
    for path, old, new in (
        ("dvc.yaml", "    params:", "    deps: [../outside.csv]\n    params:"),
        ("dvc.lock", "    params:", f"    {dep}\n    params:"),
        ("mlops.yaml", "version: 1\n", f"version: 1\nunchecked-stages: {said}\n" if said else "version: 1\n"),
    ):
        pushed_training.repo.write(path, (pushed_training.root / path).read_text().replace(old, new, 1))
    pushed_training.repo.commit("reads what is outside")
    answer = release("--json", code=code)
    heard = "1 stage not checked: train"
    if code:
        assert (heard in answer.err, tags(pushed_training)) == (True, []), answer.err
    else:
        assert answer.json["warnings"] == [f"dvc.lock: {heard}"]
        assert tags(pushed_training) == ["fault@v0.0.1"]


def test_the_same_command_again_changes_nothing(pushed_training: ComparisonProject, release: Run) -> None:
    release("--push")
    before = pushed_training.repo.git("ls-remote", "origin")
    again = release("--push", "--json").json
    assert [(one["result"], one["version"]) for one in again["models"]] == [("unchanged", "v0.0.1")]
    assert pushed_training.repo.git("ls-remote", "origin") == before
    # Another commit with the same model.
    pushed_training.repo.commit("words", **{"README.md": "words"})
    later = release("--push", "--json").json
    assert [(one["result"], one["version"]) for one in later["models"]] == [("unchanged", "v0.0.1")]
    assert tags(pushed_training) == ["fault@v0.0.1"]


def test_a_tag_that_was_never_pushed_is_pushed_by_the_next_run(
    pushed_training: ComparisonProject, release: Run
) -> None:
    release()
    assert (tags(pushed_training), tags(pushed_training, "origin.git")) == (["fault@v0.0.1"], [])
    assert release("--push", "--json").json["models"][0]["result"] == "unchanged"
    assert tags(pushed_training, "origin.git") == ["fault@v0.0.1"]


def test_a_worse_model_is_not_registered(pushed_training: ComparisonProject, release: Run) -> None:
    release("--push")
    enter(pushed_training, 2)
    pushed_training.train(estimator=DummyClassifier(strategy="prior"))
    pushed_training.repo.commit("worse")
    (model,) = release("--push", "--json", code=1).json["models"]
    assert (model["result"], model["version"], model["verdict"], model["code"]) == ("blocked", None, "block", 1)
    assert "roc_auc" in model["reason"]
    assert tags(pushed_training, "origin.git") == ["fault@v0.0.1"]
    # A commit that asks for less is judged by what was asked before; what comes next is judged by it.
    before = pushed_training.repo.git("rev-parse", "HEAD").strip()
    pushed_training.configure(gates="[{metric: roc_auc, min: 0.4}]")
    pushed_training.repo.commit("ask for less")
    asked = release("--push", "--json", code=1).json
    assert (asked["gates_from"], asked["models"][0]["verdict"]) == (before, "block")
    assert {"model": "fault", "name": "gate roc_auc min", "new": "roc_auc at least 0.4"}.items() <= (
        asked["gate_edits"][-1].items()
    )
    pushed_training.repo.commit("go on", **{"note.md": "1"})
    assert release("--json").json["models"][0]["version"] == "v0.0.2"


@pytest.mark.parametrize("registered", [False, True])
def test_no_push_lowers_the_gates_for_the_model_that_it_brings(
    pushed_training: ComparisonProject, release: Run, cli: Cli, registered: bool
) -> None:
    """Row 22: a rebase merge brings both in commits of their own. A ledger without releases has registrations."""
    if registered:
        assert cli("register", "fault", folder=pushed_training.root).code == 0
    else:
        assert "No commit was judged before: this commit's own gates decided." in release().out
    enter(pushed_training, 2)
    before = pushed_training.repo.git("rev-parse", "HEAD").strip()
    pushed_training.configure(gates="[{metric: roc_auc, min: 0.1}]")
    pushed_training.repo.commit("lower")
    pushed_training.train(estimator=DummyClassifier(strategy="prior"))
    pushed_training.repo.commit("worse")
    answer = release("--out", "release.json", code=1)
    assert f"This commit edits the gates. Those of {before[:10]} decided" in answer.out
    assert "fault: gate roc_auc min: roc_auc at least 0.6 → roc_auc at least 0.1" in answer.out
    data = json.loads((pushed_training.root / "release.json").read_text())
    assert (data["gates_from"], data["models"][0]["result"]) == (before, "blocked")
    assert [change["name"] for change in data["models"][0]["report"]["gate_changes"]] == [
        change["name"] for change in data["gate_edits"]
    ]
    assert tags(pushed_training) == ["fault#production#2", "fault@v0.0.1"]


def test_a_commit_is_judged_once_in_the_ledger(pushed_training: ComparisonProject, release: Run, cli: Cli) -> None:
    """Whatever comes of it, and however often; a branch that was judged is not the one that is released."""
    first = pushed_training.repo.git("rev-parse", "HEAD").strip()
    for _ in range(2):
        release("--push")
    pushed_training.repo.git("switch", "--quiet", "--create", "aside")
    pushed_training.configure(gates="[{metric: roc_auc, min: 0.1}]")
    pushed_training.repo.commit("lower")
    release("--push")
    pushed_training.repo.git("switch", "--quiet", "main")
    retrain(pushed_training, "speed", "load", "age")
    assert release("--push", "--json").json["gates_from"] == first
    shown = cli("ledger", "show", "--json", folder=pushed_training.root).json
    judged = [run for run in shown if run["job"]["name"] == "fault.release" and run["eventType"] == "COMPLETE"]
    assert len(judged) == 3
    assert cli("ledger", "verify", folder=pushed_training.root).code == 0


def test_the_champions_own_file_is_nothing_new(pushed_training: ComparisonProject, release: Run) -> None:
    first = pushed_training.repo.git("rev-parse", "HEAD").strip()
    release()
    enter(pushed_training, 2)
    retrain(pushed_training, "speed", "load")
    assert release("--json").json["models"][0]["version"] == "v0.0.2"
    pushed_training.repo.git("checkout", "--quiet", first, "--", "dvc.lock")
    pushed_training.repo.commit("back to the first model")
    (model,) = release("--json").json["models"]
    assert (model["result"], model["version"]) == ("unchanged", "v0.0.1")


@pytest.mark.parametrize("path", ["dvc.lock", "mlops.yaml", "dvc.yaml", "params.yaml"])
def test_only_what_is_committed_is_released(pushed_training: ComparisonProject, release: Run, path: str) -> None:
    with (pushed_training.root / path).open("a") as file:
        file.write("\n")
    assert f"{path}: is changed but not committed" in release(code=2).err
    assert tags(pushed_training) == []


def test_a_lock_that_does_not_fit_the_parameters_stops_it(pushed_training: ComparisonProject, release: Run) -> None:
    pushed_training.repo.commit("params", **{"params.yaml": "train: {seed: 2}\n"})
    answer = release("--json", code=1)
    assert answer.json["models"] == []
    assert ["train.seed" in problem and "dvc repro" in problem for problem in answer.json["out_of_date"]] == [True]
    assert "dvc repro" in release(code=1).out
    assert tags(pushed_training) == []


def test_bytes_that_were_changed_are_not_released(pushed_training: ComparisonProject, release: Run) -> None:
    (entry,) = [path for path in (pushed_training.root / ".dvc/cache").rglob("*") if _is_model(path, pushed_training)]
    entry.write_bytes(entry.read_bytes() + b"x")
    answer = release("--push", "--json", code=3)
    assert "damaged" in answer.json["models"][0]["reason"]
    assert answer.json["models"][0]["result"] == "failed"
    assert tags(pushed_training) == []


def _is_model(path: Path, project: ComparisonProject) -> bool:
    return path.is_file() and path.read_bytes() == project.tracked["models/fault.skops"]


def test_an_output_that_was_swapped_is_not_released(pushed_training: ComparisonProject, release: Run) -> None:
    pushed_training.repo.write("models/fault.skops", b"anything else")
    assert "differs from what dvc.lock records" in release("--json", code=3).json["models"][0]["reason"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("owner", "step"),
    [
        ("repository.GitRepository", "create_tag"),
        ("repository.GitRepository", "push"),
        ("ledger.GitLedger", "append"),
    ],
)
def test_a_release_that_was_killed_is_finished_by_the_next(
    pushed_training: ComparisonProject, release: Run, owner: str, step: str, after: bool
) -> None:
    module, _, name = owner.partition(".")
    script = KILLED.format(module=module, owner=name, step=step, before="real(*words, **more)" if after else "pass")
    words = [sys.executable, "-c", script, "-C", str(pushed_training.root), "release", "--push"]
    source = str(Path(__file__).parents[2])
    ended = subprocess.run(words, env={**os.environ, "PYTHONPATH": source}, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    (model,) = release("--push", "--json").json["models"]
    assert (model["version"], model["result"]) in (("v0.0.1", "released"), ("v0.0.1", "unchanged"))
    assert tags(pushed_training, "origin.git") == ["fault@v0.0.1"]
    assert "fault" in pushed_training.repo.git("show", "mlops-ledger:models/fault/" + _month(pushed_training))
    assert release("--push", "--json").json["models"][0]["result"] == "unchanged"


def _month(project: ComparisonProject) -> str:
    return project.repo.git("ls-tree", "--name-only", "mlops-ledger:models/fault").strip()


def test_a_shallow_clone_is_refused(pushed_training: ComparisonProject, cli: Cli, tmp_path: Path) -> None:
    clone = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth=1", f"file://{tmp_path}/origin.git", str(clone)],
        check=True,
        capture_output=True,
    )
    answer = cli("release", folder=clone)
    assert (answer.code, "shallow" in answer.err) == (3, True)


def test_what_was_retired_stays_so(pushed_training: ComparisonProject, release: Run, cli: Cli) -> None:
    release()
    assert cli("retire", "fault", "--reason", "no longer asked", folder=pushed_training.root).code == 0
    retrain(pushed_training, "speed")
    (model,) = release("--json").json["models"]
    assert (model["result"], model["version"]) == ("kept out", None)
    assert "was retired" in model["reason"]


def test_one_broken_model_leaves_the_other_its_release(pushed_training: ComparisonProject, release: Run) -> None:
    text = (pushed_training.root / "mlops.yaml").read_text()
    head, _, tail = text.partition("environments:")
    entry = head.partition("models:\n")[2].replace("  fault:", "  other:")
    ports = tail.replace("port: 8080", "port: {fault: 8080, other: 8082}")
    pushed_training.repo.write("mlops.yaml", f"{head}{entry}environments:{ports}")
    pushed_training.repo.write(
        "dvc.yaml",
        (pushed_training.root / "dvc.yaml").read_text() + "  other: {path: models/gone.skops, type: model}\n",
    )
    pushed_training.repo.commit("two models")
    fault, other = release("--push", "--json", code=3).json["models"]
    assert (fault["result"], fault["version"], fault["pushed"]) == ("released", "v0.0.1", True)
    assert (other["result"], other["code"]) == ("failed", 3)
    assert "models/gone.skops" in other["reason"]
    assert release("fault", "--json").json["models"][0]["result"] == "unchanged"


def test_a_dry_run_writes_nothing(pushed_training: ComparisonProject, release: Run) -> None:
    (model,) = release("--dry-run", "--push", "--json").json["models"]
    assert (model["result"], model["version"], model["pushed"]) == ("planned", "v0.0.1", False)
    assert (tags(pushed_training), pushed_training.repo.git("ls-remote", "--tags", "origin")) == ([], "")


def test_an_unknown_model_is_told(release: Run) -> None:
    assert "no model 'falt'" in release("falt", code=2).err


def test_a_tag_that_is_another_one_on_the_remote_stops_it(pushed_training: ComparisonProject, release: Run) -> None:
    release("--push")
    pushed_training.repo.git("tag", "-d", "fault@v0.0.1")
    pushed_training.repo.tag("fault@v0.0.1", message="mine")
    assert "differs from the one on" in release("--push", "--json", code=4).json["models"][0]["reason"]


def test_the_data_of_main_decides(pushed_training: ComparisonProject, release: Run) -> None:
    release()
    enter(pushed_training, 2)
    pushed_training.data("data/test.parquet", machines(seed=3))
    pushed_training.repo.commit("other rows, the same model")
    assert release("--json").json["models"][0]["result"] == "unchanged"


def test_a_page_of_hostile_words_stays_one() -> None:
    evil = "`</td>|<img src=x>\n@org/team <!-- x --> ![](http://a.example/x)"
    made = Release("a" * 40, (ModelRelease("fault", ReleaseResult.BLOCKED, evil, code=1),), warnings=(evil,))
    page = release_markdown(made)
    assert "\n@org" not in page
    (line,) = [line for line in page.splitlines() if "blocked" in line]
    assert line.count("|") - line.count("\\|") == 6


def test_the_pull_request_that_was_merged_is_named(
    pushed_training: ComparisonProject, release: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = pushed_training.repo.git("rev-parse", "HEAD").strip()
    with running("octo/demo", tmp_path / "forge") as forge:
        monkeypatch.setenv("GITHUB_REPOSITORY", "octo/demo")
        monkeypatch.setenv("GITHUB_API_URL", forge.address)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        forge.pull_request(3, "ada", "a" * 40, None)
        forge.pull_request(12, "ada", "b" * 40, commit)
        release()
        assert "Pull-Request: 12" in pushed_training.repo.git("tag", "-n99", "--list", "fault@v0.0.1")
        # A forge that does not say stops no release; who asks for reviews gets none.
        retrain(pushed_training, "speed", "load")
        monkeypatch.setenv("GITHUB_TOKEN", forge.add_token("ada", {"metadata": "read"}))
        answer = release("--json")
    assert "pull-requests: read" in answer.json["warnings"][0]
    assert "Pull-Request" not in pushed_training.repo.git("tag", "-n99", "--list", "fault@v0.0.2")


def test_a_project_that_was_never_trained_has_nothing_to_release(
    pushed_training: ComparisonProject, release: Run
) -> None:
    """The first commit of a new project is no failure; a lock that is gone from one with versions is."""
    lock = (pushed_training.root / "dvc.lock").read_bytes()
    pushed_training.repo.git("rm", "--quiet", "dvc.lock")
    pushed_training.repo.commit("begin")
    answer = release("--json")
    (model,) = json.loads(answer.out)["models"]
    assert (answer.code, model["result"], model["version"]) == (0, "untrained", None)
    (pushed_training.root / "dvc.lock").write_bytes(lock)
    pushed_training.repo.commit("train")
    release()
    pushed_training.repo.git("rm", "--quiet", "dvc.lock")
    pushed_training.repo.commit("lose it")
    release(code=1)
