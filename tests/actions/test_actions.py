"""Every action, by the workflow that its page shows, run for real."""

from __future__ import annotations

import re

from tests.actions.github import GitHub
from tests.actions.pages import ACTIONS
from tests.actions.sources import TOOLKIT

MLOPS = """\
version: 1
datasets:
  flights-test: {path: flights.csv, contract: flights.yaml}
models: {}
"""
FILES = {
    "mlops.yaml": MLOPS,
    "flights.yaml": "version: 1\ncolumns:\n  delay: {type: int64, min: 0}\n",
    "flights.csv": "delay\n1\n2\n",
}


def example(github: GitHub, name: str) -> str:
    """The workflow on the page of an action, with the commit of the toolkit in place of `SHA`."""
    (block,) = re.findall(r"(?s)```yaml\n(.*?)```", (ACTIONS / name / "README.md").read_text("utf-8"))
    commit = github.forge.repository(TOOLKIT).git.commit("refs/heads/main")
    return re.sub(r"OWNER/gitops-mlops/(actions/[\w-]+)@SHA", rf"{TOOLKIT}/\1@{commit}", block)


def test_check(github: GitHub) -> None:
    github.repository("octo/demo", {".github/workflows/check.yml": example(github, "check"), **FILES})
    octo = github.user("octo")
    github.push(octo, "octo/demo", "topic", {"mlops.yaml": MLOPS.replace("flights.yaml", "flight.yaml")})
    github.open_pull_request(octo, "octo/demo", "topic")
    (run,) = github.settle()
    print(run.log, run.error)
    assert (run.conclusion, run.error) == ("failure", "")
    job = run.job("check")
    (note,) = [one for one in job.annotations if one.file]
    assert (note.level, note.file, note.line) == ("error", "mlops.yaml", 3)
