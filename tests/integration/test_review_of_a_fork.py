"""A fork's pull request, from its first push to its fix: reviewed as its job does, told as the trusted job does."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import pytest

from tests.conftest import Cli, Repo
from tests.fakes.forge import TOKEN, Forge, running
from tests.integration.comparison_project import ComparisonProject

pytestmark = pytest.mark.usefixtures("preloaded")

BOT = "github-actions[bot]"
IN_THE_FORK = ("GITHUB_REF", "GITHUB_SHA", "GITHUB_BASE_REF", "GITHUB_RUN_ID", "GITHUB_EVENT_PATH")


class Story:
    """The clone that stands for the contributor's and the runners' machines, and the forge."""

    def __init__(self, forge: Forge, project: ComparisonProject, cli: Cli, patch: pytest.MonkeyPatch) -> None:
        self.forge, self.project, self.cli, self.patch = forge, project, cli, patch
        self.repo = project.repo
        self.number = 0

    def push(self, repository: str, branch: str) -> str:
        self.repo.git("push", "--quiet", "--tags", str(self.forge.folder(repository)), f"HEAD:refs/heads/{branch}")
        self.forge.sync()
        return self.repo.git("rev-parse", "HEAD").strip()

    def job(self) -> tuple[int, int]:
        """What the pull request's job does; the exit code of the review, and the run."""
        pull = self.forge.pull(self.number)
        self.repo.git("fetch", "--quiet", str(self.forge.folder()), f"refs/pull/{self.number}/merge")
        self.repo.git("checkout", "--quiet", "--detach", "FETCH_HEAD")
        run = self.forge.add_run("pull_request", "ml.yml", pull.head, "change", head_repository="mallory/demo")
        merge = self.repo.git("rev-parse", "HEAD").strip()
        self.repo.git("fetch", "--quiet", str(self.forge.folder()), "+refs/heads/*:refs/remotes/origin/*")
        event = self.repo.root.parent / "event.json"
        told = next(one for one in reversed(self.forge.events) if one.name == "pull_request")
        event.write_text(json.dumps(told.payload))
        values = (f"refs/pull/{self.number}/merge", merge, "main", str(run), str(event))
        for name, value in zip(IN_THE_FORK, values, strict=True):
            self.patch.setenv(name, value)
        self.patch.delenv("GITHUB_TOKEN", raising=False)
        answer = self.cli("review", folder=self.repo.root)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(self.repo.root / "review.json", "review.json")
        self.forge.upload(run, "gitops-mlops-review", buffer.getvalue())
        self.forge.end_run(run, "failure" if answer.code else "success")
        self.repo.git("checkout", "--quiet", "change")
        return answer.code, run

    def told(self, run: int) -> str:
        """What the trusted job does, on the default branch."""
        for name in IN_THE_FORK:
            self.patch.delenv(name, raising=False)
        self.patch.setenv("GITHUB_TOKEN", TOKEN)
        answer = self.cli("comment", "--run", str(run), folder=self.repo.root)
        assert answer.code == 0, answer
        return answer.out.split()[0]

    @property
    def comments(self) -> list[tuple[str | None, str]]:
        return [(one.author, one.body) for one in self.forge.pull(self.number).comments]


@pytest.fixture
def story(repo: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    with running() as forge:
        made = Story(forge, ComparisonProject(repo), cli, monkeypatch)
        repo.write(".gitignore", (repo.root / ".gitignore").read_text() + "/review.json\n")
        made.project.train("speed", "load")
        made.project.release()
        made.push("", "main")
        forge.fork("mallory")
        for name, value in {
            "GITHUB_REPOSITORY": "octo/demo",
            "GITHUB_API_URL": forge.address,
            "GITHUB_SERVER_URL": "https://git.example",
            "GITOPS_MLOPS_LOGIN": BOT,
        }.items():
            monkeypatch.setenv(name, value)
        yield made


def test_a_worse_model_of_a_fork_is_told_and_its_fix_in_the_same_comment(story: Story) -> None:
    story.repo.git("switch", "--quiet", "--create", "change")
    story.project.train("age")
    story.repo.commit("worse")
    worse = story.push("mallory/demo", "change")
    story.number = story.forge.open_pull("change", by="mallory", head_repository="mallory/demo")
    code, run = story.job()
    assert code == 1
    assert story.told(run) == "created"
    ((author, body),) = story.comments
    assert author == BOT
    assert body.split("\n")[1].startswith("## ⛔ fault: worse than v0.0.1")
    assert f"head [`{worse[:10]}`](https://git.example/octo/demo/commit/{worse})" in body
    assert story.told(run) == "unchanged", "its event may come twice"

    story.project.train()
    story.repo.commit("a fix")
    story.push("mallory/demo", "change")
    code, fixed = story.job()
    assert code == 0
    assert story.told(fixed) == "updated"
    ((_, body),) = story.comments
    assert body.split("\n")[1].startswith("## ✅ fault: better than v0.0.1")
    assert f"(https://git.example/octo/demo/actions/runs/{fixed})" in body
