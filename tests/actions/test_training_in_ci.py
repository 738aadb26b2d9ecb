"""`training: ci` for real: what CI runs, pushes, commits and says; and that nothing runs twice."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from tests.actions.engine import Machine
from tests.actions.github import GitHub
from tests.actions.run import Run
from tests.actions.sources import ROOT
from tests.actions.trained import GATE, REPOSITORY, Made, Trained, ended, run, told

pytestmark = pytest.mark.usefixtures("preloaded")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def project(github: GitHub, made: Made, tmp_path: Path) -> Trained:
    return Trained(github, made, tmp_path / "project")


def demand(runs: list[Run], *expected: tuple[str, str]) -> None:
    assert ended(runs) == [*expected], told(runs)


def test_what_changed_runs_once_and_is_committed_once(project: Trained) -> None:
    project.begin()
    github, before = project.github, project.stored()
    number, head = project.propose(github.collaborator(REPOSITORY, "ann"))
    runs = github.settle()
    # The run, then that of the commit which it made; only the newest commit's is reported, and there is no third.
    demand(runs, ("mlops", "success"), ("mlops", "success"), ("mlops report", "success"), ("mlops report", "success"))
    assert project.log() == ["train", "evaluate"]
    assert project.commits() == ["Update dvc.lock", "Change"]
    assert project.git("log", "-1", "--format=%an %(trailers:key=Dvc-Lock-Of,valueonly)", "topic") == (
        f"github-actions[bot] {head}"
    )
    assert project.git("diff", "--name-only", "topic~", "topic").split() == ["dvc.lock", "metrics.txt"]
    assert "rate: 2" in project.git("show", "topic:metrics.txt")
    # The outputs are on the remote, and what lets others not run them again.
    assert {path.partition("/")[0] for path in project.stored() - before} == {"files", "runs"}
    tip = project.git("rev-parse", "topic")
    assert github.checks(tip) == {"mlops / review": "success", GATE: "success", "lock / lock": "skipped"}
    assert "CI committed `dvc.lock`. Ran train (" in project.comment(number)
    assert "skipped 1 stage, pulled 10 bytes, pushed " in project.comment(number)
    assert "nothing had to run, 3 stages skipped" in project.comment(number)

    known = project.everything()
    for done in runs[:2]:
        # And with it what it starts: the report.
        github.rerun(done)
    assert (project.everything(), project.log()) == (known, [])


def test_the_job_that_may_push_installs_nothing_of_the_branch() -> None:
    job = yaml.safe_load((ROOT / ".github/workflows/lock.yml").read_text("utf-8"))["jobs"]["lock"]
    (installs,) = [step["with"]["requirements"] for step in job["steps"] if step.get("uses") == "$/actions/setup"]
    assert installs == ""


def test_what_the_workflows_own_token_pushes_starts_nothing(project: Trained) -> None:
    github = project.github
    project.begin(app=False, reported=False)
    project.propose(project.owner)
    demand(github.settle(), ("mlops", "success"))
    assert project.commits() == ["Update dvc.lock", "Change"]
    # The check that is required never comes.
    assert github.required(project.git("rev-parse", "topic"), GATE) == "pending"


def test_a_push_while_it_runs_is_not_lost(project: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    project.begin(reported=False)
    github, pushed = project.github, list[str]()
    files = {"NOTES.md": "Mine.\n", "params.yaml": "rate: 3\n"}
    end = github.dispatcher.ended

    def pushing(machine: Machine) -> None:
        end(machine)
        if not pushed:
            pushed.append(github.push(project.owner, REPOSITORY, "topic", files))

    project.propose(project.owner)
    monkeypatch.setattr(github.dispatcher, "ended", pushing)
    runs = github.settle()
    assert {one.conclusion for one in runs} == {"success"}, told(runs)
    assert project.commits() == ["Update dvc.lock", "Change", "Change"]
    assert project.git("rev-parse", "topic~") == pushed[0]
    # What the first run made was of other parameters: the run of the newer commit did it.
    assert "rate: 3" in project.git("show", "topic:dvc.lock")
    assert "rate: 3" in project.git("show", "topic:metrics.txt")
    assert project.git("show", "topic:NOTES.md") == "Mine."
    assert project.log() == ["train", "evaluate"] * 2
    assert github.required(project.git("rev-parse", "topic"), GATE) == "success"


def test_a_fork_is_told_what_a_maintainer_has_to_do(project: Trained) -> None:
    project.begin()
    github, before = project.github, project.stored()
    mallory = github.user("mallory")
    fork = github.fork(mallory, REPOSITORY)
    number, head = project.propose(mallory, fork)
    demand(github.settle(), ("mlops", "failure"), ("mlops report", "success"))
    assert project.log() == ["train", "evaluate"]
    assert github.forge.repository(fork).git.commit("refs/heads/topic") == head
    assert (project.stored(), github.required(head, GATE)) == (before, "failure")
    commands = [
        f"gh pr checkout {number}",
        "gitops-mlops repro --push",
        "git add -- dvc.lock metrics.txt",
        "git commit --message 'Update dvc.lock'",
        "git push",
    ]
    assert f"What to run: {', '.join(f'`{one}`' for one in commands)}." in project.comment(number)

    clone = github.clone(mallory, fork)
    for command in commands[1:4]:
        run(clone, *shlex.split(command))
    github.push_clone(mallory, fork, "topic")
    demand(github.settle(), ("mlops", "success"), ("mlops report", "success"))
    assert project.log() == ["train", "evaluate"]
    assert "nothing had to run" in project.comment(number)


def test_an_author_is_told_what_to_run_and_what_to_push(project: Trained) -> None:
    github = project.github
    project.begin("author")
    number, _ = project.propose(project.owner)
    runs = github.settle()
    demand(runs, ("mlops", "failure"), ("mlops report", "success"))
    assert (project.log(), project.commits()) == ([], ["Change"])
    assert "What to run: `dvc repro`, `dvc push`, `git add -- dvc.lock metrics.txt`." in project.comment(number)
    notes = {(note.file, note.message) for note in runs[0].job("mlops / review").annotations if note.file}
    assert notes == {
        (
            "dvc.yaml",
            "its parameter 'rate' is 2 in params.yaml and 1 in dvc.lock → dvc repro, then add dvc.lock to the commit",
        )
    }

    # The author runs it, and forgets the data.
    (project.folder / "params.yaml").write_text("rate: 2\n")
    run(project.folder, "dvc", "repro", "--quiet")
    project.log()
    made = {path: (project.folder / path).read_text() for path in ("dvc.lock", "metrics.txt")}
    head = github.push(project.owner, REPOSITORY, "topic", made)
    demand(github.settle(), ("mlops", "failure"), ("mlops report", "success"))
    assert "does not have model.txt → dvc push" in project.comment(number)
    run(project.folder, "dvc", "push", "--quiet")
    github.rerun(github.dispatcher.runs[-2])
    assert github.required(head, GATE) == "success"
    assert project.log() == []


def test_the_merge_queue_runs_nothing_and_asks_no_remote(project: Trained) -> None:
    github = project.github
    project.begin()
    project.unreadable()
    number, head = project.propose(project.owner, **{"NOTES.md": "Words.\n"})
    queued = github.merge_group(project.owner, number)
    runs = github.settle()
    # A queue has no comment.
    demand(runs, ("mlops", "success"), ("mlops", "success"), ("mlops report", "success"), ("mlops report", "skipped"))
    assert [github.required(commit, GATE) for commit in (head, queued)] == ["success", "success"]
    assert "Passes: no model and no data changed" in project.comment(number)
    assert project.log() == []

    # What would have to run at the queue's commit could not be committed.
    number, _ = project.propose(project.owner, branch="stale")
    github.dispatcher.skip()
    queued = github.merge_group(project.owner, number)
    refused, _ = github.settle()
    assert github.required(queued, GATE) == "failure"
    assert "`gh pr update-branch`" in refused.job("mlops / review").summary
    assert project.log() == []


def test_without_a_remote_all_of_it_runs(project: Trained) -> None:
    github = project.github
    project.begin(stored=False)
    number, _ = project.propose(project.owner)
    runs = github.settle()
    assert {one.conclusion for one in runs} == {"success"}, told(runs)
    assert len(runs) == 4
    # Nobody keeps what was made, so that it is made again, but for what git keeps.
    assert project.log() == ["prepare", "train", "evaluate", "prepare", "train"]
    assert project.commits() == ["Update dvc.lock", "Change"]
    assert "ran what had changed" in project.comment(number)
