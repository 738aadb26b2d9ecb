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
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def project_on_github(github: GitHub, trained_once: Made, tmp_path: Path) -> Trained:
    return Trained(github, trained_once, tmp_path / "project")


def demand(runs: list[Run], *expected: tuple[str, str]) -> None:
    assert ended(runs) == [*expected], told(runs)


def test_what_changed_runs_once_and_is_committed_once(project_on_github: Trained) -> None:
    project_on_github.begin()
    github, before = project_on_github.github, project_on_github.stored()
    number, head = project_on_github.propose(github.collaborator(REPOSITORY, "ann"))
    runs = github.settle()
    # The run, then that of the commit which it made; only the newest commit's is reported, and there is no third.
    demand(runs, ("mlops", "success"), ("mlops", "success"), ("mlops report", "success"), ("mlops report", "success"))
    assert project_on_github.log() == ["train", "evaluate"]
    assert project_on_github.commits() == ["Update dvc.lock", "Change"]
    assert project_on_github.git("log", "-1", "--format=%an %(trailers:key=Dvc-Lock-Of,valueonly)", "topic") == (
        f"github-actions[bot] {head}"
    )
    assert project_on_github.git("diff", "--name-only", "topic~", "topic").split() == ["dvc.lock", "metrics.txt"]
    assert "rate: 2" in project_on_github.git("show", "topic:metrics.txt")
    # The outputs are on the remote, and what lets others not run them again.
    assert {path.partition("/")[0] for path in project_on_github.stored() - before} == {"files", "runs"}
    tip = project_on_github.git("rev-parse", "topic")
    assert github.checks(tip) == {"mlops / review": "success", GATE: "success", "lock / lock": "skipped"}
    assert "CI committed `dvc.lock`. Ran train (" in project_on_github.comment(number)
    assert "skipped 1 stage, pulled 10 bytes, pushed " in project_on_github.comment(number)
    assert "nothing had to run, 3 stages skipped" in project_on_github.comment(number)

    known = project_on_github.everything()
    for done in runs[:2]:
        # And with it what it starts: the report.
        github.rerun(done)
    assert (project_on_github.everything(), project_on_github.log()) == (known, [])


def test_the_job_that_may_push_installs_nothing_of_the_branch() -> None:
    job = yaml.safe_load((ROOT / ".github/workflows/lock.yml").read_text("utf-8"))["jobs"]["lock"]
    (installs,) = [step["with"]["requirements"] for step in job["steps"] if step.get("uses") == "$/actions/setup"]
    assert installs == ""


def test_what_the_workflows_own_token_pushes_starts_nothing(project_on_github: Trained) -> None:
    github = project_on_github.github
    project_on_github.begin(app=False, reported=False)
    project_on_github.propose(project_on_github.owner)
    demand(github.settle(), ("mlops", "success"))
    assert project_on_github.commits() == ["Update dvc.lock", "Change"]
    # The check that is required never comes.
    assert github.required(project_on_github.git("rev-parse", "topic"), GATE) == "pending"


def test_a_push_while_it_runs_is_not_lost(project_on_github: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    project_on_github.begin(reported=False)
    github, pushed = project_on_github.github, list[str]()
    files = {"NOTES.md": "Mine.\n", "params.yaml": "rate: 3\n"}
    end = github.dispatcher.ended

    def pushing(machine: Machine) -> None:
        end(machine)
        if not pushed:
            pushed.append(github.push(project_on_github.owner, REPOSITORY, "topic", files))

    project_on_github.propose(project_on_github.owner)
    monkeypatch.setattr(github.dispatcher, "ended", pushing)
    runs = github.settle()
    assert {one.conclusion for one in runs} == {"success"}, told(runs)
    assert project_on_github.commits() == ["Update dvc.lock", "Change", "Change"]
    assert project_on_github.git("rev-parse", "topic~") == pushed[0]
    # What the first run made was of other parameters: the run of the newer commit did it.
    assert "rate: 3" in project_on_github.git("show", "topic:dvc.lock")
    assert "rate: 3" in project_on_github.git("show", "topic:metrics.txt")
    assert project_on_github.git("show", "topic:NOTES.md") == "Mine."
    assert project_on_github.log() == ["train", "evaluate"] * 2
    assert github.required(project_on_github.git("rev-parse", "topic"), GATE) == "success"


def test_a_fork_is_told_what_a_maintainer_has_to_do(project_on_github: Trained) -> None:
    project_on_github.begin()
    github, before = project_on_github.github, project_on_github.stored()
    mallory = github.user("mallory")
    fork = github.fork(mallory, REPOSITORY)
    number, head = project_on_github.propose(mallory, fork)
    demand(github.settle(), ("mlops", "failure"), ("mlops report", "success"))
    assert project_on_github.log() == ["train", "evaluate"]
    assert github.forge.repository(fork).git.commit("refs/heads/topic") == head
    assert (project_on_github.stored(), github.required(head, GATE)) == (before, "failure")
    commands = [
        f"gh pr checkout {number}",
        "gitops-mlops repro --push",
        "git add -- dvc.lock metrics.txt",
        "git commit --message 'Update dvc.lock'",
        "git push",
    ]
    assert f"What to run: {', '.join(f'`{one}`' for one in commands)}." in project_on_github.comment(number)

    clone = github.clone(mallory, fork)
    for command in commands[1:4]:
        run(clone, *shlex.split(command))
    github.push_clone(mallory, fork, "topic")
    demand(github.settle(), ("mlops", "success"), ("mlops report", "success"))
    assert project_on_github.log() == ["train", "evaluate"]
    assert "nothing had to run" in project_on_github.comment(number)


def test_an_author_is_told_what_to_run_and_what_to_push(project_on_github: Trained) -> None:
    github = project_on_github.github
    project_on_github.begin("author")
    number, _ = project_on_github.propose(project_on_github.owner)
    runs = github.settle()
    demand(runs, ("mlops", "failure"), ("mlops report", "success"))
    assert (project_on_github.log(), project_on_github.commits()) == ([], ["Change"])
    assert "What to run: `dvc repro`, `dvc push`, `git add -- dvc.lock metrics.txt`." in project_on_github.comment(
        number
    )
    notes = {(note.file, note.message) for note in runs[0].job("mlops / review").annotations if note.file}
    assert notes == {
        (
            "dvc.yaml",
            "its parameter 'rate' is 2 in params.yaml and 1 in dvc.lock → dvc repro, then add dvc.lock to the commit",
        )
    }

    # The author runs it, and forgets the data.
    (project_on_github.folder / "params.yaml").write_text("rate: 2\n")
    run(project_on_github.folder, "dvc", "repro", "--quiet")
    project_on_github.log()
    made = {path: (project_on_github.folder / path).read_text() for path in ("dvc.lock", "metrics.txt")}
    head = github.push(project_on_github.owner, REPOSITORY, "topic", made)
    demand(github.settle(), ("mlops", "failure"), ("mlops report", "success"))
    assert "does not have model.txt → ask its author to run dvc push" in project_on_github.comment(number)
    run(project_on_github.folder, "dvc", "push", "--quiet")
    github.rerun(github.dispatcher.runs[-2])
    assert github.required(head, GATE) == "success"
    assert project_on_github.log() == []


def test_the_merge_queue_runs_nothing_and_asks_no_remote(project_on_github: Trained) -> None:
    github = project_on_github.github
    project_on_github.begin()
    project_on_github.unreadable()
    number, head = project_on_github.propose(project_on_github.owner, **{"NOTES.md": "Words.\n"})
    queued = github.merge_group(project_on_github.owner, number)
    runs = github.settle()
    # A queue has no comment.
    demand(runs, ("mlops", "success"), ("mlops", "success"), ("mlops report", "success"), ("mlops report", "skipped"))
    assert [github.required(commit, GATE) for commit in (head, queued)] == ["success", "success"]
    assert "Passes: no model and no data changed" in project_on_github.comment(number)
    assert project_on_github.log() == []

    # What would have to run at the queue's commit could not be committed.
    number, _ = project_on_github.propose(project_on_github.owner, branch="stale")
    github.dispatcher.skip()
    queued = github.merge_group(project_on_github.owner, number)
    refused, _ = github.settle()
    assert github.required(queued, GATE) == "failure"
    assert "`gh pr update-branch`" in refused.job("mlops / review").summary
    assert project_on_github.log() == []


def test_without_a_remote_all_of_it_runs(project_on_github: Trained) -> None:
    github = project_on_github.github
    project_on_github.begin(stored=False)
    number, _ = project_on_github.propose(project_on_github.owner)
    runs = github.settle()
    assert {one.conclusion for one in runs} == {"success"}, told(runs)
    assert len(runs) == 4
    # Nobody keeps what was made, so that it is made again, but for what git keeps.
    assert project_on_github.log() == ["prepare", "train", "evaluate", "prepare", "train"]
    assert project_on_github.commits() == ["Update dvc.lock", "Change"]
    assert "ran what had changed" in project_on_github.comment(number)
