"""The forge's client against an emulator that is held to GitHub's own description of its API."""

from __future__ import annotations

import gzip
import socket

import pytest

from gitops_mlops.adapters.forge import ForgeTransport, GitHub
from gitops_mlops.domain.errors import ExternalError, MlopsError, UsageError
from tests.fakes.forge import TOKEN, Fault, Forge, user
from tests.integration.forge_client import Pauses

pytestmark = pytest.mark.usefixtures("merged_pull_request")

HEAD, MERGE = "a" * 40, "b" * 40


@pytest.fixture
def merged_pull_request(forge: Forge) -> None:
    """Number 7."""
    forge.pull_request(7, "ada", HEAD, MERGE)


def test_a_merged_pull_request(forge: Forge, github_client: GitHub) -> None:
    assert github_client.pull_request(7) == (7, user("ada")["id"], HEAD, MERGE)
    assert forge.tokens == [f"Bearer {TOKEN}"]


def test_an_open_pull_request_has_no_result_though_github_names_a_test_merge(
    forge: Forge, github_client: GitHub
) -> None:
    forge.pull_request(8, "ada", HEAD, None)
    assert forge.pull(8).test_merge
    assert github_client.pull_request(8).result == ""


def test_every_page_of_reviews_is_read(forge: Forge, github_client: GitHub) -> None:
    for number in range(300):
        forge.review(7, f"reviewer{number}")
    assert [review.login for review in github_client.reviews(7)] == [f"reviewer{number}" for number in range(300)]
    assert len(forge.asked) == 3


def test_without_a_token_none_is_sent(forge: Forge, pauses: Pauses) -> None:
    assert GitHub(ForgeTransport(f"{forge.address}/", "", pauses), "octo/demo").pull_request(7).number == 7
    assert forge.tokens == [""]


def test_an_account_that_is_gone_is_nobody(forge: Forge, github_client: GitHub) -> None:
    forge.review(7, "bob")
    forge.pull(7).reviews[0]["user"] = None
    assert github_client.reviews(7)[0][:3] == (None, "", False)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_forge_is_asked_again(forge: Forge, github_client: GitHub, pauses: Pauses, status: int) -> None:
    forge.faults.extend([Fault(status, b"<html>"), Fault(status)])
    assert github_client.pull_request(7).number == 7
    assert len(pauses.made) == 2
    assert 0.25 <= pauses.made[0] <= 0.75
    assert 0.5 <= pauses.made[1] <= 1.5


@pytest.mark.parametrize("status", [403, 429])
def test_it_waits_as_long_as_the_forge_asks(forge: Forge, github_client: GitHub, pauses: Pauses, status: int) -> None:
    """GitHub answers secondary rate limits with either status."""
    forge.faults.append(Fault(status, b"{}", {"Retry-After": "17"}))
    assert github_client.pull_request(7).number == 7
    assert 16.5 <= pauses.made[0] <= 17.5


@pytest.mark.parametrize("value", ["soon", "-5", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_an_odd_retry_after_does_not_confuse(forge: Forge, github_client: GitHub, pauses: Pauses, value: str) -> None:
    forge.faults.append(Fault(429, b"{}", {"Retry-After": value}))
    assert github_client.pull_request(7).number == 7
    assert 0 <= pauses.made[0] <= 1


def failure(github: GitHub) -> str:
    with pytest.raises(ExternalError) as found:
        github.reviews(7)
    text = str(found.value)
    assert "\n" not in text
    assert len(text) < 250
    assert TOKEN not in text
    return text


def test_one_that_stays_busy_is_given_up(forge: Forge, github_client: GitHub, pauses: Pauses) -> None:
    forge.faults.extend([Fault(502)] * 5)
    assert "answered 502, 5 times in a row → try again later" in failure(github_client)
    assert len(pauses.made) == 4


def test_a_long_wait_is_not_waited(forge: Forge, github_client: GitHub, pauses: Pauses) -> None:
    for seconds in ("3600", "99999999999999999999"):
        forge.faults.append(Fault(429, b"{}", {"Retry-After": seconds}))
        assert "and requests a wait" in failure(github_client)
    assert pauses.made == []


def test_the_missing_permission_is_named(forge: Forge, github_client: GitHub) -> None:
    forge.faults.append(Fault(403, b'{"message": "Resource not accessible by integration"}'))
    assert "may not read it → give GITHUB_TOKEN the permission pull-requests: read" in failure(github_client)
    forge.faults.append(Fault(404, b"<html>"))
    assert "check it, or give GITHUB_TOKEN the permission pull-requests: read" in failure(github_client)
    forge.token_of.clear()
    assert "does not accept the token → renew GITHUB_TOKEN" in failure(github_client)


def test_used_up_requests_are_told_from_a_missing_permission(forge: Forge, github_client: GitHub) -> None:
    forge.faults.append(Fault(403, b"{}", {"X-RateLimit-Remaining": "0"}))
    assert "the requests of this hour are used up" in failure(github_client)


@pytest.mark.parametrize(
    ("reset", "told"), [("1792000000", "up until 17:46 UTC →"), ("soon", "up →"), ("9" * 30, "up →")]
)
def test_when_requests_are_allowed_again(forge: Forge, github_client: GitHub, reset: str, told: str) -> None:
    forge.faults.append(Fault(429, b"{}", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}))
    assert told in failure(github_client)


def test_a_secondary_limit_without_a_time_is_waited_for_a_minute(
    forge: Forge, github_client: GitHub, pauses: Pauses
) -> None:
    words = b'{"message": "You have exceeded a secondary rate limit. Please wait a few minutes"}'
    forge.faults.append(Fault(403, words))
    assert github_client.pull_request(7).number == 7
    assert 59.5 <= pauses.made[0] <= 60.5


@pytest.mark.parametrize(
    "body",
    [
        b"<html>not JSON</html>",
        b'{"an": "object"}',
        b"[1]",
        b'[{"user": {"id": "7"}}]',
        b"\xff\xfe",
        b"",
        b"[" * 100_000,
        b'[{"user": null, "author_association": "MEMBER", "state": null, "commit_id": null}]',
    ],
)
def test_garbage_is_no_approval(forge: Forge, github_client: GitHub, body: bytes) -> None:
    forge.faults.append(Fault(200, body))
    assert "did not answer with JSON" in (text := failure(github_client)) or "not what GitHub's API describes" in text


def test_a_huge_answer_is_not_read_to_its_end(forge: Forge, github_client: GitHub) -> None:
    forge.faults.append(Fault(200, b" " * (9 * 1024 * 1024)))
    assert "more than 8388608 bytes" in failure(github_client)
    bomb = gzip.compress(b" " * (64 * 1024 * 1024))
    forge.faults.append(Fault(200, bomb, {"Content-Encoding": "gzip"}))
    assert "more than 8388608 bytes" in failure(github_client)


def test_a_cut_connection_is_tried_again(forge: Forge, github_client: GitHub, pauses: Pauses) -> None:
    forge.faults.append(Fault(200, b'{"number": 7', cut=3))
    assert github_client.pull_request(7).number == 7
    forge.faults.extend([Fault(200, b'{"number": 7', cut=0)] * 5)
    assert "cut the connection, 5 times in a row" in failure(github_client)


def test_a_redirect_is_not_followed(forge: Forge, github_client: GitHub) -> None:
    """The token would go with it."""
    forge.faults.append(Fault(301, b"", {"Location": "http://127.0.0.2/steal"}))
    assert "redirects to another address" in failure(github_client)
    assert len(forge.asked) == 1


@pytest.mark.parametrize(
    "link", ["http://evil.example/next", "http://127.0.0.1:1@evil.example/", "{address}.evil/x", "{address}/\x1b[2J"]
)
def test_the_next_page_is_on_the_same_server(forge: Forge, github_client: GitHub, link: str) -> None:
    link = link.replace("{address}", forge.address)
    forge.faults.append(Fault(200, b"[]", {"Link": f'<{link}>; rel="next"'}))
    assert "names another server" in failure(github_client)
    assert len(forge.asked) == 1


def test_pages_without_end_are_not_read(forge: Forge, github_client: GitHub) -> None:
    forge.faults.extend([Fault(200, b"[]", {"Link": f'<{forge.address}/again>; rel="next"'})] * 100)
    assert "more than 100 pages" in failure(github_client)


def test_a_forge_that_is_not_there(pauses: Pauses) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    github = GitHub(ForgeTransport(f"http://127.0.0.1:{port}", TOKEN, pauses), "octo/demo")
    assert "cannot be reached, 5 times in a row" in failure(github)


@pytest.mark.parametrize(
    ("address", "token", "repository", "name"),
    [
        ("ftp://x", "t", "o/r", "GITHUB_API_URL"),
        ("https://", "t", "o/r", "GITHUB_API_URL"),
        ("https://ada:secret@x", "t", "o/r", "GITHUB_API_URL"),
        ("https://x?y", "t", "o/r", "GITHUB_API_URL"),
        ("https://x:0", "t", "o/r", "GITHUB_API_URL"),
        ("https://x:99999", "t", "o/r", "GITHUB_API_URL"),
        ("https://[x", "t", "o/r", "GITHUB_API_URL"),
        ("https://x\r\ny", "t", "o/r", "GITHUB_API_URL"),
        ("https://x", "secret\r\nX-Evil: 1", "o/r", "GITHUB_TOKEN"),
        ("https://x", "sécret", "o/r", "GITHUB_TOKEN"),
        ("https://x", "t", "repo", "GITHUB_REPOSITORY"),
        ("https://x", "t", "o/r/pulls/1", "GITHUB_REPOSITORY"),
        ("https://x", "t", "../r", "GITHUB_REPOSITORY"),
        ("https://x", "t", "o/..", "GITHUB_REPOSITORY"),
        ("https://x", "t", "o/r?x", "GITHUB_REPOSITORY"),
        ("https://x", "t", "o/r\n", "GITHUB_REPOSITORY"),
    ],
)
def test_malformed_settings_are_named_and_never_shown(
    address: str, token: str, repository: str, name: str, pauses: Pauses
) -> None:
    with pytest.raises(UsageError) as found:
        GitHub(ForgeTransport(address, token, pauses), repository)
    assert str(found.value).startswith(f"{name}: ")
    assert "secret" not in str(found.value)
    assert isinstance(found.value, MlopsError)
