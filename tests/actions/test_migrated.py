"""A workflow that used CML, migrated, then run for real: pipeline, review, and the comments that reviewers know."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gitops_mlops.domain.migration.cml import TranslationTerms, translate
from gitops_mlops.domain.migration.step_text import ActionSource
from tests.actions.github import GitHub
from tests.actions.sources import ROOT, TOOLKIT
from tests.integration import training_project
from tests.integration.cml_goldens import CASES
from tests.integration.cml_goldens import TOOLKIT as PLACE

pytestmark = pytest.mark.usefixtures("preloaded")

CML = """\
name: CML
on: [push]
jobs:
  run:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: iterative/setup-cml@v2
      - uses: iterative/setup-dvc@v1
      - name: Train and report
        env:
          REPO_TOKEN: ${{ secrets.GITHUB_TOKEN }}
        run: |
          dvc pull
          dvc repro
          echo "# Trained" >> report.md
          dvc metrics diff main --md >> report.md
          cat metrics.json >> report.md
          cml comment update --watermark-title="by {workflow}" report.md
"""


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_our_actions_have_the_inputs_that_they_are_given(case: Path) -> None:
    after = yaml.safe_load((case / "after.yml").read_text("utf-8"))
    for step in (step for job in after["jobs"].values() for step in job["steps"]):
        owner, _, verb = str(step.get("uses", "")).partition("@")[0].rpartition("/actions/")
        if owner == PLACE.partition("@")[0]:
            action = yaml.safe_load((ROOT / "actions" / verb / "action.yml").read_text("utf-8"))
            assert set(step.get("with", {})) <= set(action["inputs"]), step["uses"]


def comments(github: GitHub) -> list[str]:
    return [comment.body for comment in github.forge.comments(1, "octo/demo")]


def test_a_migrated_workflow_trains_and_keeps_its_comments(github: GitHub, tmp_path: Path) -> None:
    commit = github.forge.repository(TOOLKIT).git.commit("refs/heads/main")
    assert commit
    migrated = translate(CML, "cml.yml", TranslationTerms(ActionSource(TOOLKIT, commit)))
    assert migrated.left == ()
    project = training_project.make(tmp_path)
    project.commit("Leave CML", **{".github/workflows/cml.yml": migrated.after})
    github.repository("octo/demo", project.root)
    octo = github.user("octo")
    github.push(octo, "octo/demo", "topic", {"params.yaml": "rate: 2\n", "train.py": "two two\n"})
    github.open_pull_request(octo, "octo/demo", "topic")
    (run,) = github.settle()
    assert (run.conclusion, run.error) == ("success", ""), run.log
    assert run.job("run").permissions == {"contents": "read", "pull-requests": "write"}
    before = comments(github)
    own, review = before
    assert "# Trained\n18\n" in own
    assert own.startswith("<!-- gitops-mlops:comment:by%20CML -->")
    assert review.startswith("<!-- gitops-mlops:review -->")

    github.push(octo, "octo/demo", "topic", {"train.py": "three three\n"})
    (run,) = github.settle()
    assert (run.conclusion, run.error) == ("success", ""), run.log
    again = comments(github)
    assert len(again) == 2
    assert again[0] != before[0]
