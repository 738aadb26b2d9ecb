"""Training code leaves something hostile for the job that may push to the branch."""

from __future__ import annotations

import re

import pytest

from tests.actions.attacking import PAGE, no_token_is_left, told
from tests.actions.github import GitHub
from tests.actions.sources import ROOT
from tests.conftest import Repo

pytestmark = pytest.mark.usefixtures("preloaded")

# A name that a shell would run.
BRANCH = "x-$(touch${IFS}$HOME/owned);`touch${IFS}$HOME/owned`"
PIPELINE = """\
stages:
  train:
    cmd: cp params.yaml model && cp params.yaml metrics.json
    params: [rate]
    outs: [model]
    metrics: [{metrics.json: {cache: false}}]
"""
MLOPS = "version: 1\ntraining: ci\ndatasets: {}\nmodels: {}\n"
# In place of the review: what the project's own code may upload from there.
CALLER = """\
name: mlops
on: pull_request
permissions: {}
jobs:
  mlops:
    runs-on: ubuntu-latest
    permissions: {contents: read}
    outputs: {lock: "true"}
    steps:
      - uses: CHECKOUT
        with: {persist-credentials: false}
      - uses: UPLOAD
        with: {name: gitops-mlops-lock, path: left, include-hidden-files: true}
"""


def caller(toolkit: str) -> str:
    """The workflow, whose job `lock` is the one on the page."""
    pins = dict(re.findall(r"(actions/(?:checkout|upload-artifact))(@\S+)", _workflow("pull-request")))
    made = CALLER.replace("CHECKOUT", f"actions/checkout{pins['actions/checkout']}")
    made = made.replace("UPLOAD", f"actions/upload-artifact{pins['actions/upload-artifact']}")
    (job,) = re.findall(r"(?s)```yaml\n(  lock:\n.*?)```", PAGE.read_text("utf-8"))
    return made + re.sub(r"OWNER/(\S+)@0{40}", rf"octo/\1@{toolkit}", job)


def _workflow(name: str) -> str:
    return (ROOT / f".github/workflows/{name}.yml").read_text("utf-8")


@pytest.fixture
def files(github: GitHub, repo: Repo) -> dict[str, str]:
    """A repository that trains in CI; what an honest run leaves for the next change."""
    repo.write(".dvc/config", "[core]\n    analytics = false\n")
    repo.commit(**{"mlops.yaml": MLOPS, "dvc.yaml": PIPELINE, "params.yaml": "rate: 1\n", ".gitignore": "/model\n"})
    repo.run("dvc", "repro", "--quiet")
    repo.commit("Train", **{".github/workflows/mlops-pull-request.yml": caller(github.toolkit)})
    github.repository("octo/demo", repo.root)
    repo.write("params.yaml", "rate: 2\n")
    repo.run("dvc", "repro", "--quiet")
    names = ("params.yaml", "dvc.lock", "metrics.json")
    return {name: (repo.root / name).read_text() for name in names}


def test_nothing_but_the_lock_and_metrics_of_the_pipeline_lands_on_the_branch(
    github: GitHub, files: dict[str, str]
) -> None:
    """Rows 3, 12, 13: tags of Python, what is huge, workflows and settings beside the lock, a hostile branch."""
    octo, git = github.user("octo"), github.forge.repository("octo/demo").git
    honest = {f"left/{name}": files[name] for name in ("dvc.lock", "metrics.json")}
    harmful: dict[str, dict[str, str | bytes | None]] = {
        "is not allowed": {"left/dvc.lock": "schema: '2.0'\nstages: !!python/object/apply:os.system [touch owned]\n"},
        "was not computed from": {"left/dvc.lock": re.sub("rate: 2", "rate: 9", files["dvc.lock"])},
        "larger than": {**honest, "left/metrics.json": bytes(11 * 1024 * 1024)},
    }
    first: dict[str, str | bytes | None] = {"params.yaml": files["params.yaml"]}
    for words, left in harmful.items():
        head = github.push(octo, "octo/demo", BRANCH, {**first, **left})
        if first:
            github.open_pull_request(octo, "octo/demo", BRANCH)
        first = {}
        (run,) = github.settle()
        assert run.checks == {"mlops": "success", "lock / lock": "failure"}, run
        assert words in told(run), run
        assert git.commit(f"refs/heads/{BRANCH}") == head
    smuggled = (".github/workflows/evil.yml", "mlops.yaml", "dvc.yaml", "train.py", ".dvc/config", "CODEOWNERS")
    head = github.push(octo, "octo/demo", BRANCH, {**honest, **{f"left/{path}": "evil: 1\n" for path in smuggled}})
    (run,) = github.settle()
    assert run.conclusion == "success", run
    changed = git("diff", "--name-only", head, f"refs/heads/{BRANCH}").split()
    assert changed == ["dvc.lock", "metrics.json"], run
    assert not list(github.folder.rglob("owned"))
    no_token_is_left(github)
    assert set(git.refs()) == {"refs/heads/main", f"refs/heads/{BRANCH}"}
