"""Where attacks take place: a repository with workflows of docs/github.md, and a stranger with a fork."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

from tests.actions.github import GitHub
from tests.actions.run import Run
from tests.conftest import Repo
from tests.integration.comparison_project import ComparisonProject
from tests.integration.hostile_uploads import review, zipped

PAGE = Path(__file__).parents[2] / "docs" / "github.md"
BOT = "github-actions[bot]"
GATE = "mlops / gate"
TOKEN = re.compile(r"gh[ps]_\d{36}")
REMOTE = "[core]\n analytics = false\n remote = store\n['remote \"store\"']\n url = {}\n"


def callers(toolkit: str, *names: str) -> dict[str, str]:
    """Workflow files on the page, with the toolkit of this working tree."""
    found = {}
    for path, text in re.findall(r"(?s)```yaml\n# (\.github/workflows/\S+)\n(.*?)```", PAGE.read_text("utf-8")):
        if Path(path).stem.removeprefix("mlops-") in names:
            found[path] = re.sub(r"OWNER/(\S+)@0{40}", rf"octo/\1@{toolkit}", text)
    assert len(found) == len(names)
    return found


class Stranger:
    """Mallory, with a fork of octo/demo and a pull request from it; of a run, only what it uploads is hers to say."""

    def __init__(self, github: GitHub) -> None:
        self.github = github
        github.repository("octo/demo", callers(github.toolkit, "report"))
        self.user = github.user("mallory")
        self.fork = github.fork(self.user, "octo/demo")
        self.branch = "change"
        self.head = self.push({"note.md": "1\n"})
        self.number = github.open_pull_request(self.user, self.fork, self.branch)

    def push(self, files: dict[str, str], branch: str = "") -> str:
        return self.github.push(self.user, self.fork, branch or self.branch, files)

    def uploads(self, content: bytes | None, *, conclusion: str = "success", **claims: Any) -> Run:
        """Her run ends, having uploaded this zip (None: nothing); the run of our workflow that this starts."""
        self.ends(content, conclusion=conclusion, **claims)
        (report,) = self.github.settle()
        assert report.workflow.name == "mlops report"
        return report

    def ends(self, content: bytes | None, *, conclusion: str = "success", **claims: Any) -> int:
        """Her run ends; its ID."""
        said = {"head": self.head, "head_branch": self.branch, "head_repository": self.fork, **claims}
        path = ".github/workflows/mlops-pull-request.yml"
        run = self.github.forge.add_run("pull_request", path, by="mallory", name="mlops", **said)
        if content is not None:
            self.github.forge.upload(run, "gitops-mlops-review", content)
        self.github.forge.end_run(run, conclusion)
        return run

    def review(self, head: str = "", base: tuple[str, str] | None = None, **more: Any) -> bytes:
        """What a review of her pull request says, honestly but for `more`."""
        pull = self.github.forge.pull(self.number)
        place = base or (pull.base_branch, pull.base)
        return review(head or self.head, place, **{"pull_request": self.number, **more})

    def says(self, review: bytes, **claims: Any) -> Run:
        """As `uploads`, of a review.json."""
        return self.uploads(zipped(review), **claims)

    @property
    def comment(self) -> str:
        """Our only comment below her pull request, "" when there is none."""
        found = [one.body for one in self.github.forge.comments(self.number) if one.author == BOT]
        assert len(found) <= 1, found
        return found[0] if found else ""


def told(run: Run) -> str:
    """What a run marked, in one text."""
    return "\n".join(f"{one.level}: {one.message}" for record in run.jobs.values() for one in record.annotations)


def project_on(github: GitHub, repo: Repo, *names: str, **settings: Any) -> ComparisonProject:
    """A project whose champion is on main, with workflows of the page; its data is on a remote that jobs read."""
    project = ComparisonProject(repo)
    repo.write(".dvc/config", REMOTE.format(repo.root / ".dvc/cache"))
    for path, text in callers(github.toolkit, *names).items():
        repo.write(path, text)
    project.train("speed", "load")
    project.release()
    github.repository("octo/demo", repo.root, **settings)
    return project


def change(project: ComparisonProject, *features: str) -> dict[str, str]:
    """The files of a change to a model of these features; its data is on the remote."""
    project.parameters["train.seed"] += 1
    project.train(*features)
    return {name: (project.root / name).read_text("utf-8") for name in ("dvc.lock", "params.yaml")}


def everything(github: GitHub) -> str:
    """All that runs left where somebody may read it: logs, summaries, artifacts, what is below their folders."""
    found = []
    for run in github.dispatcher.runs:
        for record in run.jobs.values():
            found += [record.log, record.summary, *(one.message for one in record.annotations), str(record.outputs)]
        for file in (*run.folder.rglob("*"), *run.artifacts_in.rglob("*")):
            if file.is_file():
                found.append(file.read_bytes().decode(errors="replace"))
        for path in run.artifacts.values():
            with zipfile.ZipFile(path) as archive:
                found += [archive.read(name).decode(errors="replace") for name in archive.namelist()]
    return "\n".join(found)


def no_token_is_left(github: GitHub) -> None:
    """Row 17: whatever ran, no token of anybody is in a log, an artifact or a file."""
    assert github.dispatcher.runs
    assert not TOKEN.search(everything(github))
