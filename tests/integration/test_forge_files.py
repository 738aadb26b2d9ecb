"""The files of runs: the token stays with the forge, and nothing larger than asked for is read."""

from __future__ import annotations

import pytest

from gitops_mlops.adapters.forge import GitHub
from gitops_mlops.domain.errors import ExternalError
from tests.fakes.forge import Fault, Forge
from tests.integration.forge_client import Pauses, refusal

CONTENT = b"PK" + b"x" * 100_000


@pytest.fixture
def artifact(forge: Forge, github_client: GitHub) -> int:
    run = forge.add_run("pull_request", ".github/workflows/pr.yml@main", "a" * 40, "change", conclusion="success")
    forge.upload(run, "review", CONTENT)
    [found] = github_client.artifacts(run)
    forge.requests.clear()
    return found.id


def test_a_file_comes_from_another_host_without_the_token(forge: Forge, github_client: GitHub, artifact: int) -> None:
    """The emulator's other host fails the test when it sees an Authorization header."""
    assert github_client.download(artifact, len(CONTENT)) == CONTENT
    assert forge.blob_address != forge.address


def test_what_is_larger_than_asked_for_is_not_read(forge: Forge, github_client: GitHub, artifact: int) -> None:
    with pytest.raises(ExternalError) as found:
        github_client.download(artifact, len(CONTENT) - 1)
    assert f"answered with more than {len(CONTENT) - 1} bytes" in refusal(found)


@pytest.mark.parametrize(
    "fault", [Fault(403, b"<Error>"), Fault(503), Fault(200, CONTENT, cut=10), Fault(302, headers={"Location": "/x"})]
)
def test_an_address_that_does_not_work_is_asked_for_again(
    forge: Forge, github_client: GitHub, artifact: int, pauses: Pauses, fault: Fault
) -> None:
    """Such addresses are good for a minute, and a second redirect is not followed."""
    forge.blob_faults.append(fault)
    assert github_client.download(artifact, len(CONTENT)) == CONTENT
    assert len(pauses.made) == 1
    assert len(forge.requests) == 2


def test_a_host_of_files_that_stays_away_is_given_up(forge: Forge, github_client: GitHub, artifact: int) -> None:
    forge.blob_faults.extend([Fault(500)] * 5)
    with pytest.raises(ExternalError) as found:
        github_client.download(artifact, 10)
    assert "the file's address answered 500, 5 times in a row → try again later" in refusal(found)


@pytest.mark.parametrize(
    "location",
    [
        "",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://files.example/x",
        "http://192.0.2.7/x",
        "https://ada:secret@files.example/x",
        "https://[x/",
        "https:///x",
        "https://files.example/a b",
        "https://files.example/\x7f",
    ],
)
def test_an_address_that_no_token_s_owner_would_follow(
    forge: Forge, github_client: GitHub, artifact: int, location: str
) -> None:
    forge.faults.append(Fault(302, headers={"Location": location}))
    with pytest.raises(ExternalError) as found:
        github_client.download(artifact, 10)
    assert "redirects to an address that is not supported → check GITHUB_API_URL" in refusal(found)


def test_an_answer_that_leads_nowhere(forge: Forge, github_client: GitHub, artifact: int) -> None:
    forge.faults.append(Fault(200, b'"PK"'))
    with pytest.raises(ExternalError, match="answered without the address of the file"):
        github_client.download(artifact, 10)


def test_more_than_a_page_of_artifacts(forge: Forge, github_client: GitHub) -> None:
    run = forge.add_run("push", ".github/workflows/ci.yml", "a" * 40, "main", conclusion="success")
    for number in range(130):
        forge.upload(run, f"a{number:03}", b"zip")
    assert [one.name for one in github_client.artifacts(run)] == [f"a{number:03}" for number in range(130)]


def test_a_run_of_a_fork_that_is_gone(forge: Forge, github_client: GitHub) -> None:
    run = forge.add_run("pull_request", ".github/workflows/pr.yml", "a" * 40, "change", head_repository=None)
    found = github_client.run(run)
    assert (found.head_repository, found.head_owner, found.conclusion) == (None, "", "")
    assert found.repository == forge.repository().id
