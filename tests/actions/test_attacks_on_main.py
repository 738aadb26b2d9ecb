"""What reached main, or lies beside it, was tampered with: release, rollout and the button look again."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from gitops_mlops.domain.review.review import ModelReview
from tests.actions.attacking import GATE, REMOTE, callers, change, no_token_is_left, project_on, told
from tests.actions.github import GitHub
from tests.actions.run import Environment
from tests.conftest import Cli, Repo
from tests.integration.hostile_uploads import review
from tests.integration.registry_project import Project

pytestmark = pytest.mark.usefixtures("preloaded")

REASON = 'It\'s "late"; $(touch $HOME/owned) `touch $HOME/owned`\n::error::forged\nVersion: v9.9.9\nresult=owned'
# What a stranger makes of the workflow of her pull request: the same names, and numbers of her own.
FORGED = """\
name: mlops
on: pull_request
jobs:
  gate:
    name: mlops / gate
    runs-on: ubuntu-latest
    steps:
      - run: printf '%s' "$REVIEW" | sed "s/HEAD/$HEAD/; s/BASE/$BASE/; s/999999/$NUMBER/" > review.json
        env:
          REVIEW: '{}'
          HEAD: ${{{{ github.event.pull_request.head.sha }}}}
          BASE: ${{{{ github.event.pull_request.base.sha }}}}
          NUMBER: ${{{{ github.event.number }}}}
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
        with: {{name: gitops-mlops-review, path: review.json}}
"""


def test_a_forged_report_and_a_replaced_object_bring_no_version(github: GitHub, repo: Repo) -> None:
    """Rows 9, 10, 15: numbers of a pull request and objects on the remote are claims; main measures."""
    unapproved = {name: Environment(reviewed=True) for name in ("staging", "production")}
    project = project_on(github, repo, "report", "release", environments=unapproved)
    octo, mallory = github.user("octo"), github.user("mallory")
    fork = github.fork(mallory, "octo/demo")
    git = github.forge.repository().git
    before = git.refs().keys()

    # A worse model, praised by the stranger's own workflow, and merged.
    praise = ModelReview(name="fault", outcome="pass", message="better in everything")
    claims = review("HEAD", ("main", "BASE"), models=(praise,), pull_request=999999)
    forged = {".github/workflows/mlops-pull-request.yml": FORGED.format(claims.decode())}
    forged["metrics.json"] = json.dumps({"roc_auc": 1.0})
    head = github.push(mallory, fork, "patch", change(project, "age") | forged)
    number = github.open_pull_request(mallory, fork, "patch")
    github.settle()
    assert github.required(head, GATE) == "success"
    (comment,) = github.forge.comments(number)
    assert "## ✅ Passes" in comment.body
    github.merge(octo, number)
    assert "worse than v0.0.1" in released(github, "failure")
    assert git.refs().keys() - {"refs/heads/mlops-ledger"} == before

    # A better model, whose object on the remote is another one.
    poison = project.tracked["models/fault.skops"]
    files = change(project, "speed", "load", "age")
    honest = project.tracked["models/fault.skops"]
    md5 = hashlib.md5(honest).hexdigest()
    place = repo.root / f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}"
    place.write_bytes(poison)
    github.push(octo, "octo/demo", "main", files)
    assert "no DVC remote provided it" in released(github, "failure")
    assert git.refs().keys() - {"refs/heads/mlops-ledger"} == before
    place.write_bytes(honest)
    github.push(octo, "octo/demo", "main", {"note.md": "again"})
    released(github, "success")
    no_token_is_left(github)
    assert f"Model-SHA256: {hashlib.sha256(honest).hexdigest()}" in git("tag", "-n99", "--list", "fault@v0.0.2")


def test_no_merge_lowers_the_gates_for_the_model_that_it_brings(github: GitHub, repo: Repo) -> None:
    """Row 22: a rebase merge, whose first commit lowers the gates and whose second brings a worse model."""
    unapproved = {name: Environment(reviewed=True) for name in ("staging", "production")}
    project = project_on(github, repo, "release", environments=unapproved)
    octo, git = github.user("octo"), github.forge.repository().git
    judged = github.push(octo, "octo/demo", "main", {"note.md": "1\n"})
    released(github, "success")
    before = git.refs().keys()
    project.configure(gates="[{metric: roc_auc, min: 0.1}]")
    lowered = {"mlops.yaml": (repo.root / "mlops.yaml").read_text("utf-8")}
    github.push(octo, "octo/demo", "patch", lowered)
    github.push(octo, "octo/demo", "patch", change(project, "age"))
    github.settle()
    github.push_clone(octo, "octo/demo", "main")
    summary = released(github, "failure")
    assert "worse than v0.0.1" in summary
    assert f"This commit edits the gates. Those of `{judged[:10]}` decided" in summary
    assert "`roc_auc` at least 0.6 → `roc_auc` at least 0.1" in summary
    assert git.refs().keys() - {"refs/heads/patch"} == before
    no_token_is_left(github)


def released(github: GitHub, result: str) -> str:
    """What a release came to, as its summary tells; nobody lets it into an environment."""
    (run,) = github.settle()
    version = run.job("release / version")
    assert version.result == result, run
    assert "Traceback" not in version.log
    return version.summary


def test_a_moved_tag_and_words_at_the_button(github: GitHub, repo: Repo, cli: Cli) -> None:
    """Rows 11, 13, 14: reasons and names that a shell would run; then a tag that names another commit."""
    project = Project.trained(repo)
    for weights in (b"one", b"two"):
        project.train(weights)
        project.report(weights)
        assert cli("register", "delay", "--report", "report.json", folder=repo.root).code == 0
        for stage in ("staging", "production"):
            assert cli("promote", "delay", stage, folder=repo.root).code == 0
    repo.write(".dvc/config", REMOTE.format(repo.root / ".dvc/cache"))
    repo.commit(**callers(github.toolkit, "operate"))
    github.repository("octo/demo", repo.root)
    octo, git = github.user("octo"), github.forge.repository().git

    before = git.refs()
    for wrong in ({"model": "delay; touch $HOME/owned"}, {"environment": "--push"}):
        button = {"model": "delay", "environment": "production", "reason": "why", **wrong}
        github.dispatch(octo, "mlops-operate.yml", button)
        (run,) = github.settle()
        assert run.conclusion == "failure", run
        assert "→" in told(run)
        assert git.refs() == before
    github.dispatch(octo, "mlops-operate.yml", {"model": "delay", "reason": REASON})
    (run,) = github.settle()
    assert "delay#production#5" in " ".join(git.refs()), run
    (line,) = re.findall("(?m)^ *Reason: (.*)", git("tag", "-n99", "--list", "delay#production#5"))
    assert line == REASON.replace("\n", "\\n")
    assert "v9.9.9" not in str(run.job("rollback / rollback (production)").outputs)
    assert "forged" not in told(run)
    assert not list(github.folder.rglob("owned"))

    # Whoever may write tags lets v0.0.1 be the commit of v0.0.2.
    git(
        "tag",
        "--force",
        "--annotate",
        "--message",
        git("tag", "-n99", "--list", "delay@v0.0.1"),
        "delay@v0.0.1",
        "main",
    )
    github.schedule("17 * * * *")
    (run,) = github.settle()
    refused = "was rejected: tag delay#production#5 assigns v0.0.1"
    assert refused in run.job("scheduled / reconcile (production)").log, run
    issues = github.forge.repository().issues.values()
    no_token_is_left(github)
    assert any("delay#production#5" in f"{one.title} {one.body}" for one in issues), issues
