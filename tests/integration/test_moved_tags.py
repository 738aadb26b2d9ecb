"""Threat 11: a tag that was force-moved, deleted or made anew is neither deployed nor promoted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import pytest

from gitops_mlops.domain.registry.evidence import write_message
from tests.conftest import Answer, Cli, Repo
from tests.integration.deploy_project import DeployProject, trained
from tests.integration.registry_project import Project

pytestmark = pytest.mark.usefixtures("preloaded")

V1, STAGE = "credit@v1.0.0", "credit#staging#2"


class Released(DeployProject):
    """v1.0.0 is in staging, as our commands would have written it; `other` is a later commit with another model."""

    def __init__(self, repo: Repo) -> None:
        super().__init__(repo)
        self.mine = self.record_model(1)
        self.evidence(1, self.mine)
        self.other = self.record_model(2)

    def record_model(self, seed: int) -> str:
        """Commit a model under a version that nobody asks about; the commit."""
        commit = self.release(f"v0.0.{seed}", seed)
        self.repo.git("tag", "--delete", f"credit@v0.0.{seed}")
        return commit

    def evidence(self, seed: int, commit: str) -> None:
        """Tags that agree with each other and with the commit."""
        model = trained(seed)
        sha256, md5 = hashlib.sha256(model).hexdigest(), hashlib.md5(model).hexdigest()
        self.repo.git("tag", "--force", "--annotate", V1, commit, "--message", _message(sha256, Model_MD5=md5))
        self.repo.git("tag", "--force", "--annotate", STAGE, commit, "--message", _message(sha256, Version="v1.0.0"))


def _message(sha256: str, **trailers: str) -> str:
    pairs = [("Model-SHA256", sha256), *((key.replace("_", "-"), value) for key, value in trailers.items())]
    return write_message("tag", pairs)


@pytest.fixture
def released_project(repo: Repo) -> Iterator[Released]:
    """A version in staging; no server of it is left."""
    made = Released(repo)
    yield made
    made.clean_up()


@pytest.fixture
def planned(cli: Cli, released_project: Released) -> Callable[[], Answer]:
    return lambda: cli("deploy", "staging", "--dry-run", "--json", folder=released_project.root)


def moved_with_its_message(project: Released) -> None:
    message = project.repo.git("tag", "--list", "--format=%(contents)", V1)
    project.repo.git("tag", "--force", "--annotate", V1, project.other, "--message", message)


def made_anew_without_evidence(project: Released) -> None:
    project.repo.git("tag", "--force", "--annotate", V1, project.mine, "--message", "trust me")


def made_lightweight(project: Released) -> None:
    project.repo.git("tag", "--force", V1, project.other)


def deleted(project: Released) -> None:
    project.repo.git("tag", "--delete", V1)


def stage_moved_with_its_message(project: Released) -> None:
    message = project.repo.git("tag", "--list", "--format=%(contents)", STAGE)
    project.repo.git("tag", "--force", "--annotate", STAGE, project.other, "--message", message)


def everything_made_anew(project: Released) -> None:
    project.evidence(2, project.other)


ATTACKS: dict[Callable[[Released], None], str] = {
    moved_with_its_message: "and credit@v1.0.0 is at",
    made_anew_without_evidence: "credit@v1.0.0 records none",
    made_lightweight: "no tag registers it",
    deleted: "no tag registers it",
    stage_moved_with_its_message: "assigns v1.0.0 at",
    everything_made_anew: "and the ledger recorded",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_version_whose_tags_were_tampered_with_is_not_deployed(
    released_project: Released, cli: Cli, planned: Callable[[], Answer], attack: Callable[[Released], None]
) -> None:
    assert cli("ledger", "sync", folder=released_project.root).code == 0
    before = planned()
    assert (before.code, before.json[0]["result"]) == (0, "planned")
    attack(released_project)
    after = planned()
    assert (after.code, after.json[0]["result"]) == (1, "refused")
    assert ATTACKS[attack] in after.json[0]["reason"]
    assert "\n" not in after.json[0]["reason"]
    told = cli("doctor", "--offline", "--json", folder=released_project.root).json["findings"]
    assert {"tag-contradicted", "ledger-contradicts"} & {finding["id"] for finding in told}


def test_the_moved_version_alone_is_told_without_the_ledger(
    released_project: Released, planned: Callable[[], Answer]
) -> None:
    """Where no stage's tag says anything, the MD5 in the version's tag does."""
    released_project.repo.git("tag", "--delete", STAGE)
    moved_with_its_message(released_project)
    released_project.assign("staging", released_project.other)
    answer = planned()
    assert (answer.code, answer.json[0]["result"]) == (1, "refused")
    assert f"dvc.lock at its commit {released_project.other[:10]} has" in answer.json[0]["reason"]


def test_what_serves_keeps_serving(released_project: Released, cli: Cli) -> None:
    assert cli("deploy", "staging", folder=released_project.root).code == 0
    before = released_project.servers()
    # The ledger knows what was deployed, though nobody recorded the tags.
    everything_made_anew(released_project)
    answer = cli("deploy", "staging", folder=released_project.root)
    assert answer.code == 1
    assert "was deployed under its name" in answer.out
    assert released_project.servers() == before
    assert (
        cli("status", "staging", "--json", folder=released_project.root).json[0]["running"]["commit"]
        == released_project.mine
    )


def test_a_version_whose_tag_was_moved_is_not_promoted(repo: Repo, cli: Cli) -> None:
    project = Project(repo)
    project.train(b"one")
    project.report(b"one")
    assert cli("register", "delay", "--report", "report.json", folder=repo.root).code == 0
    other = project.train(b"two")
    message = repo.git("tag", "--list", "--format=%(contents)", "delay@v0.0.1")
    repo.git("tag", "--force", "--annotate", "delay@v0.0.1", other, "--message", message)
    answer = cli("promote", "delay", "staging", "--json", folder=repo.root)
    assert (answer.code, answer.json["state"]) == (1, "refused")
    seen = [refusal["observed"] for refusal in answer.json["refusals"]]
    assert any(f"dvc.lock at its commit {other[:10]} has" in each for each in seen)
    assert any("the ledger recorded" in each for each in seen)
    assert project.tags() == ["delay@v0.0.1"]
