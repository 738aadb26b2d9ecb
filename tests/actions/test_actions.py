"""Every action, by the workflow that its page shows, run for real."""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path

import polars as pl
import pytest

from tests.actions.github import GitHub
from tests.actions.pages import ACTIONS
from tests.actions.run import Run
from tests.actions.sources import TOOLKIT
from tests.conftest import Cli, Repo
from tests.fakes.forge.git import Bare
from tests.integration.comparison_project import ComparisonProject
from tests.integration.deploy_project import DeployProject
from tests.integration.registry_project import Project

pytestmark = pytest.mark.usefixtures("preloaded")

MLOPS = """\
version: 1
datasets:
  flights-test: {path: flights-test.parquet, contract: flights.yaml}
models: {}
"""


def example(github: GitHub, name: str) -> str:
    """The workflow on the page of an action, with the commit of the toolkit in place of `SHA`."""
    (block,) = re.findall(r"(?s)```yaml\n(.*?)```", (ACTIONS / name / "README.md").read_text("utf-8"))
    commit = github.forge.repository(TOOLKIT).git.commit("refs/heads/main")
    return re.sub(r"OWNER/gitops-mlops/(actions/[\w-]+)@SHA", rf"{TOOLKIT}/\1@{commit}", block)


def with_examples(github: GitHub, repo: Repo, *names: str) -> None:
    """A repository on the forge that has the history of `repo` and the workflows."""
    repo.commit("Add workflows", **{f".github/workflows/{name}.yml": example(github, name) for name in names})
    github.repository("octo/demo", repo.root)


def remote_of(repo: Repo) -> None:
    """Let its DVC cache be a remote that jobs can read."""
    config = (
        f"[core]\n    analytics = false\n    remote = store\n['remote \"store\"']\n    url = {repo.root}/.dvc/cache\n"
    )
    repo.write(".dvc/config", config)


def pull_request(github: GitHub, **files: str) -> list[Run]:
    octo = github.user("octo")
    github.push(octo, "octo/demo", "topic", files)
    github.open_pull_request(octo, "octo/demo", "topic")
    return github.settle()


def pressed(github: GitHub, name: str, model: str = "delay") -> Run:
    github.dispatch(github.user("octo"), f"{name}.yml", {"model": model})
    (run,) = github.settle()
    assert run.error == ""
    return run


def flights(repo: Repo, *delays: int) -> dict[str, str]:
    """Files of a project whose data is on a DVC remote."""
    buffer = io.BytesIO()
    pl.DataFrame({"delay": delays}).write_parquet(buffer)
    content = buffer.getvalue()
    md5 = hashlib.md5(content).hexdigest()
    repo.write(f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}", content)
    return {
        "mlops.yaml": MLOPS,
        "flights.yaml": "version: 1\ncolumns:\n  delay:\n    type: int64\n    min: 0\n",
        "flights-test.parquet.dvc": f"outs:\n- md5: {md5}\n  size: {len(content)}\n  hash: md5\n"
        "  path: flights-test.parquet\n",
    }


def test_what_is_wrong_is_marked(github: GitHub, repo: Repo) -> None:
    repo.write(".gitignore", "/.dvc/cache\n/flights-test.parquet\n")
    remote_of(repo)
    repo.commit(**flights(repo, 1, 2))
    with_examples(github, repo, "check", "validate", "setup")
    changed = flights(repo, -1, 2, -3)
    runs = pull_request(github, **changed)
    assert {run.workflow.name: run.conclusion for run in runs} == {
        "check": "success",
        "validate": "failure",
        "setup": "success",
    }, [run.log for run in runs]
    validated = next(run.job("validate") for run in runs if run.workflow.name == "validate")
    (note,) = [one for one in validated.annotations if one.file]
    assert (note.file, note.line, note.message) == ("flights.yaml", 5, "2 rows: is below min 0 (first at row 1, 3)")
    assert "FAIL  flights-test" in validated.summary
    octo = github.user("octo")
    github.push(octo, "octo/demo", "topic", {"mlops.yaml": MLOPS.replace("flights.yaml", "flight.yaml")})
    checked = next(run.job("check") for run in github.settle() if run.workflow.name == "check")
    (note,) = [one for one in checked.annotations if one.file]
    assert (note.level, note.file, note.line, checked.result) == ("error", "mlops.yaml", 3, "failure")


def assigned(git: Bare, stage: str) -> str:
    """The commit that a stage was given last."""
    tags = [ref for ref in git.refs() if f"#{stage}#" in ref]
    return git("rev-parse", f"{max(tags, key=lambda ref: int(ref.rpartition('#')[2]))}^{{commit}}")


def test_the_registry(github: GitHub, repo: Repo, cli: Cli) -> None:
    """Promote, register, roll back, retire, each by its button; tags are pushed with the token of the job."""
    project = Project.trained(repo)
    for weights in (b"one", b"two"):
        project.train(weights)
        project.report(weights)
        assert cli("register", "delay", "--report", "report.json", folder=repo.root).code == 0
        for stage in ("staging", "production"):
            assert cli("promote", "delay", stage, folder=repo.root).code == 0
    repo.git("tag", "--delete", *repo.git("tag", "--list", "delay#staging#*").split())
    project.train(b"three")
    remote_of(repo)
    with_examples(github, repo, "register", "promote", "rollback", "retire")
    git = github.forge.repository("octo/demo").git

    assert pressed(github, "promote").conclusion == "success"
    assert assigned(git, "staging") == git("rev-parse", "delay@v0.0.2^{commit}")
    run = pressed(github, "register")
    assert run.conclusion == "success", run.log
    tag = git("cat-file", "-p", "refs/tags/delay@v0.1.0")
    assert "tagger github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>" in tag
    assert f"/octo/demo/actions/runs/{run.id}" in tag
    run = pressed(github, "promote")
    assert run.conclusion == "failure"
    assert ["no comparison is recorded" in one.message for one in run.job("promote").annotations] == [True]
    run = pressed(github, "rollback")
    assert run.conclusion == "success", run.log
    assert assigned(git, "production") == git("rev-parse", "delay@v0.0.1^{commit}")
    run = pressed(github, "retire")
    assert run.conclusion == "success", run.log
    assert "refs/tags/delay@deprecated" in git.refs()


def test_a_pull_request_and_its_merge(github: GitHub, repo: Repo) -> None:
    """A worse model, a better one, and what main makes of it."""
    project = ComparisonProject(repo)
    project.train("speed", "load")
    project.release()
    remote_of(repo)
    with_examples(github, repo, "compare", "lock-check", "repro", "review", "comment", "release", "doctor")
    octo = github.user("octo")

    project.train("speed")
    runs = pull_request(github, **{"dvc.lock": (repo.root / "dvc.lock").read_text()})
    assert {run.workflow.name: run.conclusion for run in runs} == {
        "compare": "failure",
        "lock-check": "success",
        "repro": "success",
        "review": "failure",
        "comment": "success",
    }, [run.log for run in runs]
    compared, reviewed = (next(run for run in runs if run.workflow.name == name) for name in ("compare", "review"))
    assert compared.job("compare").log.rstrip().endswith("block")
    assert compared.job("compare").summary.startswith("<!-- gitops-mlops:report:fault -->")
    assert "gitops-mlops-review" in reviewed.artifacts

    project.train("speed", "load", "age")
    github.push(octo, "octo/demo", "topic", {"dvc.lock": (repo.root / "dvc.lock").read_text()})
    assert {run.conclusion for run in github.settle()} == {"success"}
    (comment,) = github.forge.pull(1).comments
    assert "fault" in comment.body
    github.merge(octo, 1)
    (released,) = github.settle()
    assert (released.workflow.name, released.conclusion) == ("release", "success"), released.log
    git = github.forge.repository("octo/demo").git
    assert git("rev-parse", "fault@v0.0.2^{commit}") == git("rev-parse", "main")
    github.schedule("17 5 * * *")
    (examined,) = github.settle()
    assert examined.error == ""
    assert examined.job("doctor").annotations


def test_what_is_deployed_outlives_the_job(github: GitHub, deploy_project: DeployProject, tmp_path: Path) -> None:
    repo, state = deploy_project.repo, str(deploy_project.root / ".gitops-mlops")
    deploy_project.release("v0.0.1", 1, "staging")
    remote_of(repo)
    files = {f".github/workflows/{name}.yml": example(github, name) for name in ("deploy", "status", "rollout")}
    here = {path: text.replace("/var/lib/gitops-mlops", state) for path, text in files.items()}
    repo.commit("Add workflows", **here)
    github.repository("octo/demo", repo.root)
    octo = github.user("octo")

    github.push(octo, "octo/demo", "main", {"README.md": "A change.\n"})
    runs = github.settle()
    assert {run.workflow.name: run.conclusion for run in runs} == {"deploy": "success", "rollout": "success"}, [
        run.log for run in runs
    ]
    assert len(deploy_project.servers_on(deploy_project.staging)) == 1
    github.schedule("*/30 * * * *")
    (looked,) = github.settle()
    assert looked.conclusion == "success", looked.log
    assert "v0.0.1" in looked.job("status").summary
    deploy_project.clean_up()
    github.schedule("*/30 * * * *")
    (looked,) = github.settle()
    assert looked.conclusion == "success", "the issue tells it"
    assert "Missing" in looked.job("status").summary
    (issue,) = (issue for issue in github.forge.repository("octo/demo").issues.values() if issue.state == "open")
    assert "credit" in issue.title


def test_ci_trains_and_commits_the_lock(github: GitHub, repo: Repo) -> None:
    repo.write("mlops.yaml", "version: 1\ntraining: ci\ndatasets: {}\nmodels: {}\n")
    repo.write(
        "dvc.yaml", "stages:\n  train:\n    cmd: cp params.yaml model\n    params: [rate]\n    outs: [model]\n"
    )
    repo.write("params.yaml", "rate: 1\n")
    repo.write(".gitignore", "/.dvc/cache\n/.dvc/tmp\n/.gitops-mlops\n/model\n")
    remote_of(repo)
    repo.run("dvc", "repro", "--quiet")
    with_examples(github, repo, "lock")
    (run,) = pull_request(github, **{"params.yaml": "rate: 2\n"})
    assert (run.conclusion, run.error) == ("success", ""), run.log
    git = github.forge.repository("octo/demo").git
    assert "rate: 2" in git("show", "topic:dvc.lock")
    assert git("log", "-1", "--format=%an", "topic") == "github-actions[bot]"
    assert github.settle() == []
