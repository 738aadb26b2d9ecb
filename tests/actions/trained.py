"""A project that CI trains: three stages without a model to compare, their remote, and the two callers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.actions.github import GitHub, User
from tests.actions.run import Run
from tests.actions.sources import ROOT, TOOLKIT

REPOSITORY = "octo/demo"
GATE = "mlops / gate"
MLOPS = "version: 1\ntraining: {training}\ndatasets: {{}}\nmodels: {{}}\n"
PIPELINE = """\
stages:
  prepare:
    cmd: tr a-z A-Z < raw.txt > clean.txt && echo prepare >> "$RAN"
    deps: [raw.txt]
    outs: [clean.txt]
  train:
    cmd: cat clean.txt params.yaml > model.txt && echo train >> "$RAN"
    deps: [clean.txt]
    params: [rate]
    outs: [model.txt]
  evaluate:
    cmd: tail -n 1 model.txt > metrics.txt && echo evaluate >> "$RAN"
    deps: [model.txt]
    metrics: [{metrics.txt: {cache: false}}]
"""
CALLER = """\
name: mlops
on:
  pull_request:
    types: [opened, synchronize, reopened, edited]
  merge_group:
permissions: {}
jobs:
  mlops:
    name: mlops
    permissions:
      contents: read
    uses: TOOLKIT/.github/workflows/pull-request.yml@SHA
  lock:
    name: lock
    needs: mlops
    permissions:
      contents: write
    uses: TOOLKIT/.github/workflows/lock.yml@SHA
    with:
      ran: ${{ needs.mlops.outputs.lock }}
    secrets:
      token: ${{ secrets.MLOPS_APP_TOKEN }}
"""
REPORT = """\
name: mlops report
on:
  workflow_run:
    workflows: [mlops]
    types: [completed]
permissions: {}
jobs:
  report:
    name: report
    permissions:
      actions: read
      pull-requests: write
    uses: TOOLKIT/.github/workflows/report.yml@SHA
"""


class Made:
    """The project as its author has it, made once: trained and pushed. Stages leave their names in `ran`."""

    def __init__(self, folder: Path) -> None:
        self.remote = folder / "remote"
        self.ran = folder / "ran"
        self.folder = folder / "project"
        self.folder.mkdir()
        files = {
            "mlops.yaml": MLOPS.format(training="ci"),
            "dvc.yaml": PIPELINE.replace("$RAN", str(self.ran)),
            "params.yaml": "rate: 1\n",
            "raw.txt": "some data\n",
            ".gitignore": "/.gitops-mlops\n/review.json\n/reports\n",
        }
        for path, text in files.items():
            (self.folder / path).write_text(text)
        run(self.folder, "git", "init", "--quiet", "--initial-branch", "main")
        run(self.folder, "dvc", "init", "--quiet")
        run(self.folder, "dvc", "remote", "add", "--quiet", "--default", "storage", str(self.remote))
        run(self.folder, "dvc", "add", "--quiet", "raw.txt")
        run(self.folder, "dvc", "repro", "--quiet")
        run(self.folder, "dvc", "push", "--quiet")
        shutil.copytree(self.remote, folder / "pushed")

    def again(self, folder: Path) -> Path:
        """A copy of the project; the remote and what ran are as in the beginning."""
        shutil.rmtree(self.remote, ignore_errors=True)
        self.remote.unlink(missing_ok=True)
        shutil.copytree(self.remote.parent / "pushed", self.remote)
        self.ran.unlink(missing_ok=True)
        shutil.copytree(self.folder, folder)
        return folder


class Trained:
    """The project on the forge: with a DVC remote or without, and with or without an App that pushes."""

    def __init__(self, github: GitHub, made: Made, folder: Path) -> None:
        self.github = github
        self.remote, self._log = made.remote, made.ran
        self.folder = made.again(folder)
        self.owner = github.user("octo")

    def begin(self, training: str = "ci", *, app: bool = True, stored: bool = True, reported: bool = True) -> None:
        """Put it on the forge."""
        callers = {"mlops.yml": CALLER, **({"report.yml": REPORT} if reported else {})}
        for name, text in callers.items():
            target = self.folder / ".github/workflows" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text.replace("TOOLKIT", TOOLKIT).replace("SHA", self.github.toolkit))
        (self.folder / "mlops.yaml").write_text(MLOPS.format(training=training))
        if not stored:
            (self.folder / ".dvc/config").write_text("")
            (self.folder / "raw.txt.dvc").unlink()
            ignored = self.folder / ".gitignore"
            ignored.write_text(ignored.read_text().replace("/raw.txt\n", ""))
        run(self.folder, "git", "add", "--all")
        run(self.folder, "git", "commit", "--quiet", "--message", "First")
        secrets = {"MLOPS_APP_TOKEN": self._app()} if app else {}
        self.github.repository(REPOSITORY, self.folder, secrets=secrets)

    def _app(self) -> str:
        return self.github.forge.add_token("mlops[bot]", {"contents": "write"}, kind="app", repository=REPOSITORY)

    def log(self) -> list[str]:
        """The stages that ran since this was asked last."""
        found = self._log.read_text().split() if self._log.is_file() else []
        self._log.unlink(missing_ok=True)
        return found

    def propose(
        self, user: User, repository: str = REPOSITORY, branch: str = "topic", **files: str
    ) -> tuple[int, str]:
        """A pull request with some files; its number and head."""
        head = self.github.push(user, repository, branch, files or {"params.yaml": "rate: 2\n"})
        return self.github.open_pull_request(user, repository, branch), head

    def git(self, *words: str) -> str:
        return self.github.forge.repository(REPOSITORY).git(*words).strip()

    def commits(self, branch: str = "topic") -> list[str]:
        """The subjects of the branch's commits since main, the newest first."""
        return self.git("log", "--format=%s", f"main..{branch}").splitlines()

    def stored(self) -> set[str]:
        """The files of the DVC remote."""
        return {path.relative_to(self.remote).as_posix() for path in self.remote.rglob("*") if path.is_file()}

    def unreadable(self) -> None:
        """Whoever asks the remote now gets an error."""
        shutil.rmtree(self.remote)
        self.remote.write_text("no folder")

    def comment(self, number: int) -> str:
        """The only comment of ours."""
        (found,) = self.github.forge.comments(number, REPOSITORY)
        return found.body

    def everything(self) -> dict[str, object]:
        """All that a run could change."""
        issues = self.github.forge.repository(REPOSITORY).issues
        comments = {number: [(one.id, one.body) for one in issue.comments] for number, issue in issues.items()}
        return {
            "refs": self.github.forge.repository(REPOSITORY).git.refs(),
            "comments": comments,
            "remote": self.stored(),
        }


def run(folder: Path, *words: str) -> str:
    """A program as a person would type it; what it prints."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "1",
    }
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": "Octo", f"GIT_{role}_EMAIL": "octo@example.org"}
    command = [sys.executable, "-m", "gitops_mlops", *words[1:]] if words[0] == "gitops-mlops" else words
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def ended(runs: list[Run]) -> list[tuple[str, str]]:
    """The runs' workflows and how each ended."""
    return [(run.workflow.name, run.conclusion) for run in runs]


def told(runs: list[Run]) -> str:
    """All that the runs printed, for a failing test."""
    return "\n".join(f"{run.workflow.name} {run.conclusion} {run.error}\n{run.log[-6000:]}" for run in runs)
