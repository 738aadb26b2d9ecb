from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gitops_mlops.domain.doctor.secrets import secrets_in
from gitops_mlops.domain.secrets import MASK, masked, secret_values

# Put together here, so that this file holds none.
A40 = "wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzzzzzKEYQ"
FOUND = [
    ("a private key", "-----BEGIN " + "OPENSSH PRIVATE KEY-----"),
    ("a private key", "-----BEGIN " + "PRIVATE KEY-----"),
    ("a private key", "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----"),
    ("an AWS access key", "id: AKIA" + "IOSFODNN7ABCDEFG"),
    ("an AWS secret key", "aws_secret_access_key = " + A40),
    ("an AWS secret key", '"SecretAccessKey": "' + A40 + '"'),
    ("a GitHub token", "ghp_" + "a1B2" * 9),
    ("a GitHub token", "github_pat_" + "a" * 22 + "_" + "b" * 59),
    ("a GitLab token", "glpat-" + "x" * 20),
    ("a Slack token", "xoxb-" + "1234567890-abcdefghij"),
    ("a Slack webhook", "https://hooks.slack.com/services/T0000000/B0000000/" + "x" * 24),
    ("a Google service account's key", '"private_key_id": "' + "0a" * 20 + '"'),
    ("a Google API key", "AIza" + "S" * 35),
    ("an Azure storage key", "AccountName=x;AccountKey=" + "a" * 86 + "=="),
    ("an Azure access signature", "https://x.blob.core.windows.net/c?sv=1&sig=" + "a" * 43 + "%3D"),
    ("a Hugging Face token", "hf_" + "q" * 34),
    ("a Databricks token", "dapi" + "0f" * 16),
    ("a PyPI token", "pypi-AgEIcHlwaS5vcmc" + "x" * 60),
    ("an npm token", "npm_" + "z" * 36),
    ("a password in an address", "url = https://ada:" + "hunter22@example.org/x"),
    ("a password in an address", "redis://:" + "s3cr3tword@10.0.0.1:6379"),
]


@pytest.mark.parametrize(("what", "text"), FOUND)
def test_each_form_is_found_at_its_place_and_never_repeated(what: str, text: str) -> None:
    (problem,) = secrets_in("a/b.txt", f"first\n  {text}\n".encode())
    assert (problem.path, problem.line, problem.message) == ("a/b.txt", 2, what)
    assert text not in str(problem)


@pytest.mark.parametrize(("what", "text"), FOUND)
def test_a_line_that_says_so_is_left_alone(what: str, text: str) -> None:
    assert list(secrets_in("a", f"{text}  # pragma: allowlist secret\n".encode())) == [], what


@pytest.mark.parametrize(
    "text",
    [
        "md5: 904e8efe8f2bbeac7d0300d646aa7434.dir",
        "--hash=sha256:59ba3a6e1aa8cfe5adf4bd270fd965db21955401b7ca6f1696010c55ed4daec2",
        "aws_access_key_id = AKIA" + "IOSFODNN7EXAMPLE",
        "https://user:${PASSWORD}@example.org",
        "https://user:$TOKEN@example.org",
        "https://user:<password>@example.org",
        "https://user:password@example.org",
        "https://user:{{ secrets.X }}@example.org",
        "https://x-access-token:***@example.org",
        "ssh://git@example.org:22/x@y",
        "http://127.0.0.1:8080/a@b",
        "https://example.org:8080/@scope/package",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----",
        "secret_access_key: ${AWS_SECRET_ACCESS_KEY}",
        "disk_AKIA" + "IOSFODNN7ABCDEFG",
        "password = ${{ secrets.PASSWORD }}",
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    ],
)
def test_no_alarm_for_what_is_none(text: str) -> None:
    assert list(secrets_in("dvc.lock", text.encode())) == []


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".env", True),
        ("deploy/.env.production", True),
        (".env.example", False),
        (".env.local.template", False),
        ("environment.py", False),
        (".netrc", True),
        (".dvc/config.local", True),
        ("sub/.dvc/config.local", True),
        (".dvc/config", False),
    ],
)
def test_some_files_are_never_for_git(path: str, found: bool) -> None:
    assert bool(list(secrets_in(path, b""))) == found


def test_dvc_keeps_credentials_in_config_local() -> None:
    config = b"\n\n['remote \"x\"']\n    url = ssh://h/p\n    password = abc\n    ask_password = true\n"
    (problem,) = secrets_in(".dvc/config", config)
    assert str(problem) == (
        ".dvc/config:5:1: a DVC remote's credential → dvc remote modify --local keeps it in .dvc/config.local"
    )
    assert list(secrets_in("docs/config", config)) == []


@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_content_is_read(content: bytes, path: str) -> None:
    list(secrets_in(path or "x", content))


@pytest.mark.parametrize(
    "piece", [b"a", b"://", b"://a:", b"secret_access_key ", b"-----BEGIN ", b"xoxb-1", b"&sig=A"]
)
def test_time_grows_with_length_and_not_with_its_square(piece: bytes) -> None:
    started = time.process_time()
    list(secrets_in("x", piece * (2_000_000 // len(piece))))
    assert time.process_time() - started < 5


# What a line of a log may hold: the text, the secret in it, and what has to be left to understand the line.
IN_A_LINE = [
    ("git fetch https://ada:hunter22@example.org/x.git", "hunter22", "example.org/x.git"),
    ("git fetch https://ada:p@ss-w0rd@example.org/x.git", "p@ss-w0rd", "example.org"),
    ("git fetch https://abcdef0123456789@example.org/x.git", "abcdef0123456789", "example.org"),
    ("git ['-c', 'http.extraheader=AUTHORIZATION: basic eDpoaQ==', 'fetch']", "eDpoaQ==", "http.extraheader"),
    ("Authorization: Bearer abc.def-ghi", "abc.def-ghi", "Authorization"),
    ("{'Authorization': 'token 0123456789abcdef'}", "0123456789abcdef", "Authorization"),
    ("sent Bearer abc.def-ghi to x", "abc.def-ghi", "sent Bearer"),
    ("PRIVATE-TOKEN: abcdefgh", "abcdefgh", "PRIVATE-TOKEN"),
    ("X-Auth-Token: abcdefgh", "abcdefgh", "X-Auth-Token"),
    ("Set-Cookie: session=abcdefgh; Path=/", "abcdefgh", "Set-Cookie"),
    ("GET https://x.org/f?X-Amz-Signature=0a1b2c&part=1", "0a1b2c", "part=1"),
    ("GET https://x.org/f?part=1&sig=0a1b2c", "0a1b2c", "part=1"),
    ("GET https://x.org/f?access_token=0a1b2c&part=1", "0a1b2c", "part=1"),
    ("dvc remote modify --local s3 secret_access_key s3cr3t", "", "dvc remote modify"),
    ("password = 's3cr3tword'", "s3cr3tword", "password"),
    ("login --password s3cr3tword x", "s3cr3tword", "login"),
    ('"api_key": "s3cr3tword"', "s3cr3tword", "api_key"),
]


@pytest.mark.parametrize(("text", "secret", "left"), IN_A_LINE)
def test_a_credential_is_masked_in_a_line(text: str, secret: str, left: str) -> None:
    shown = masked(text)
    assert not secret or secret not in shown
    assert not secret or MASK in shown
    assert left in shown


@pytest.mark.parametrize(("what", "text"), FOUND)
def test_each_form_that_the_hook_finds_is_masked(what: str, text: str) -> None:
    shown = masked(f"before {text} after")
    secret = max(re.split(r"[\s=:\"@]", text.partition("@")[0]), key=len)
    assert secret not in shown, what
    assert shown.startswith("before ")


@pytest.mark.parametrize(
    "text",
    [
        "git for-each-ref ended with 0 after 0.012 s",
        "read contracts/flights.yaml (1315 bytes)",
        "GET /repos/octo/demo/pulls/7?per_page=100&page=2 of api.github.com answered 200 after 0.1 s",
        "delay: the verdict is pass on 55203 rows",
        f"made the tag delay@v0.0.1 of {'0a' * 20}",
    ],
)
def test_what_is_no_secret_is_left(text: str) -> None:
    assert masked(text) == text


def test_values_of_the_environment_are_masked_by_their_names() -> None:
    environ = {
        "GITHUB_TOKEN": "abcdefg",
        "AWS_SECRET_ACCESS_KEY": " abcdefgh\n",
        "MY_KEY": "abc",
        "HOME": "/home/ada",
    }
    values = secret_values(environ)
    assert values == ("abcdefgh", "abcdefg")
    assert masked("x abcdefgh y abcdefg z /home/ada abc", values) == "x *** y *** z /home/ada abc"


@given(st.text(alphabet="abc-_=:@/?& .TOKENkey\"'", max_size=3000))
@example("token" * 2000)
@example("x-" * 5000)
@example("a" * 20000)
@example("://" * 5000)
def test_masking_is_quick_whatever_the_text(text: str) -> None:
    begun = time.process_time()
    masked(text)
    assert time.process_time() - begun < 1.0
