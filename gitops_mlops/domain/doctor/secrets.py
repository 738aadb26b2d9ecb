"""Credentials in files that are about to be committed.

Every rule matches a form that its issuer gave it, so that a digest in `dvc.lock` is no alarm. Finding
whatever looks random is another tool's work (gitleaks, detect-secrets); those also cost more than a hook
that runs at every commit may.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from gitops_mlops.domain.errors import FileProblemLine

ALLOWED = b"pragma: allowlist secret"
_MEND = "remove it, and revoke it if it was ever pushed; a false alarm: end the line with pragma: allowlist secret"


class _SecretRule(NamedTuple):
    what: str
    pattern: re.Pattern[bytes]


def _rule(what: str, *parts: bytes) -> _SecretRule:
    return _SecretRule(what, re.compile(b"".join(parts)))


# A token ends where no letter of a token follows, so that a part of a longer text is none.
_FROM = rb"(?<![A-Za-z0-9_])"
_TO = rb"(?![A-Za-z0-9_-])"
_IS = rb"[\"']?\s{0,9}[=:]\s{0,9}[\"']?"

_RULES = (
    _rule("a private key", rb"-----BEGIN (?:[A-Z]{2,9} )?PRIVATE KEY(?: BLOCK)?-----"),
    _rule("an AWS access key", _FROM, rb"(?:AKIA|ASIA)(?![A-Z0-9]{9}EXAMPLE)[A-Z2-7]{16}", _TO),
    _rule("an AWS secret key", rb"(?i:secret_?access_?key)", _IS, rb"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"),
    _rule("a GitHub token", _FROM, rb"gh[pousr]_[A-Za-z0-9]{36,255}", _TO),
    _rule("a GitHub token", _FROM, rb"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}", _TO),
    _rule("a GitLab token", _FROM, rb"glpat-[A-Za-z0-9_-]{20,64}", _TO),
    _rule("a Slack token", _FROM, rb"xox[abeoprs]-[0-9A-Za-z]{8,64}-[0-9A-Za-z-]{8,200}"),
    _rule("a Slack webhook", rb"hooks\.slack\.com/services/T[A-Z0-9]{6,16}/B[A-Z0-9]{6,16}/[A-Za-z0-9]{20,32}"),
    _rule("a Google service account's key", rb"\"private_key_id\"\s{0,9}:\s{0,9}\"[0-9a-f]{40}\""),
    _rule("a Google API key", _FROM, rb"AIza[0-9A-Za-z_-]{35}", _TO),
    _rule("an Azure storage key", rb"(?i:account_?key)", _IS, rb"[A-Za-z0-9+/]{86}=="),
    _rule("an Azure access signature", rb"[?&]sig=[A-Za-z0-9%]{43,80}%3[Dd]"),
    _rule("a Hugging Face token", _FROM, rb"hf_[A-Za-z]{34}", _TO),
    _rule("a Databricks token", _FROM, rb"dapi[0-9a-f]{32}", _TO),
    _rule("a PyPI token", _FROM, rb"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,300}"),
    _rule("an npm token", _FROM, rb"npm_[A-Za-z0-9]{36}", _TO),
)

_URL = re.compile(rb"://[^\s/:@'\"<>`]{0,99}:([^\s/@'\"<>`]{3,199})@[A-Za-z0-9\[]")
_PLACEHOLDER = re.compile(
    rb"[$%{(].*|\*+|x+|\.+|(?:your|my|the)?[-_]?(?:user|pass|passwd|password|pw|pwd|secret|token|example|changeme|key)"
    rb"[-_]?\d*|.*(?:\$\{|\{\{|%\().*",
    re.IGNORECASE,
)

# What DVC itself says belongs into .dvc/config.local.
_DVC_SECRET = re.compile(
    rb"^[ \t]*(password|secret_access_key|session_token|account_key|sas_token|connection_string|client_secret"
    rb"|gdrive_client_secret|oss_key_secret|token|passphrase|access_key_id|oss_key_id)[ \t]*=[ \t]*\S",
    re.MULTILINE | re.IGNORECASE,
)

_NAMES = {".env": "environment files hold credentials", ".netrc": "it holds passwords", ".pypirc": "it holds tokens"}
_HARMLESS = (".example", ".sample", ".template", ".dist")


def secrets_in(path: str, content: bytes) -> Iterator[FileProblemLine]:
    """Every credential in a file, by its place; what it is, and never the credential itself."""
    if reason := _named(path):
        yield FileProblemLine(path, 0, 0, "", reason, "git rm --cached it, and add it to .gitignore")
    if b"\0" in content[:8000]:
        return
    rules = list(_RULES)
    if path == ".dvc/config" or path.endswith("/.dvc/config"):
        rules.append(_SecretRule("a DVC remote's credential", _DVC_SECRET))
    for rule in rules:
        for match in rule.pattern.finditer(content):
            yield from _found(path, content, match.start(), rule.what)
    for match in _URL.finditer(content):
        if not _PLACEHOLDER.fullmatch(match[1]):
            yield from _found(path, content, match.start(1), "a password in an address")


def _named(path: str) -> str:
    name = PurePosixPath(path).name
    if path == ".dvc/config.local" or path.endswith("/.dvc/config.local"):
        return "it is where DVC keeps credentials, and is not for git"
    if name.endswith(_HARMLESS):
        return ""
    return _NAMES.get(".env" if name.startswith(".env.") else name, "")


def _found(path: str, content: bytes, start: int, what: str) -> Iterator[FileProblemLine]:
    line = content.rfind(b"\n", 0, start) + 1
    end = content.find(b"\n", start)
    if ALLOWED not in content[line : end if end >= 0 else len(content)]:
        hint = _MEND if "DVC" not in what else "dvc remote modify --local keeps it in .dvc/config.local"
        yield FileProblemLine(path, content.count(b"\n", 0, start) + 1, start - line + 1, "", what, hint)
