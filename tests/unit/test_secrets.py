from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.doctor.secrets import secrets_in

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
