"""A fork's job leaves something on a runner that stays, where the next job has a token."""

from __future__ import annotations

import re
from pathlib import Path

from tests.actions.attacking import callers, no_token_is_left, told
from tests.actions.github import GitHub
from tests.actions.run import Run
from tests.actions.sources import ROOT

HOOK = "#!/bin/sh\\nenv > $HOME/owned\\n"
# Her own workflow of the name that ours has: what it leaves is a clone with a hook, and something to install.
LEAVES = """\
name: mlops
on: pull_request
permissions: {}
jobs:
  leaves:
    runs-on: ubuntu-latest
    permissions: {contents: read}
    steps:
      - uses: CHECKOUT
        with: {fetch-depth: 0, persist-credentials: false}
      - run: |
          echo ./evil > requirements.txt
          mkdir evil && echo 'import os; os.system("touch $HOME/owned")' > evil/setup.py
          for hook in post-checkout reference-transaction; do
            printf 'HOOK' > .git/hooks/$hook && chmod +x .git/hooks/$hook
          done
          git config core.fsmonitor .git/hooks/post-checkout
"""


def leaves() -> dict[str, str]:
    text = (ROOT / ".github/workflows/pull-request.yml").read_text("utf-8")
    (checkout,) = re.findall(r"uses: (actions/checkout@\w+)", text)
    return {".github/workflows/mlops-pull-request.yml": LEAVES.replace("CHECKOUT", checkout).replace("HOOK", HOOK)}


def after_a_fork(github: GitHub, name: str) -> tuple[list[Run], Path]:
    """A fork's job ran, and what that started; the runs, and where the runner keeps what the last job left."""
    github.repository("octo/demo", callers(github.toolkit, name), stays=True)
    mallory = github.user("mallory")
    fork = github.fork(mallory, "octo/demo")
    github.push(mallory, fork, "patch", leaves())
    github.open_pull_request(mallory, fork, "patch")
    return github.settle(), github.dispatcher.folder / "workspace"


def test_a_job_that_comments_begins_in_an_empty_folder(github: GitHub) -> None:
    """Row 23: it checks out nothing, so that all it would find, and install, is the fork's."""
    (run, report), left = after_a_fork(github, "report")
    assert (run.conclusion, report.conclusion) == ("success", "success"), (run, report)
    assert list(left.iterdir()) == [], report
    assert not list(github.folder.rglob("owned"))
    no_token_is_left(github)


def test_hooks_of_git_do_not_wait_for_a_job_that_deploys(github: GitHub) -> None:
    """Row 23: a checkout takes the clone that it finds, and git runs the hooks in it."""
    (run,), left = after_a_fork(github, "operate")
    assert (left / ".git/hooks/post-checkout").is_file(), run
    github.dispatch(github.user("octo"), "mlops-operate.yml", {"model": "delay", "reason": "why"})
    (run,) = github.settle()
    assert "no such model" in told(run), run
    assert not list(github.folder.rglob("owned"))
    no_token_is_left(github)
