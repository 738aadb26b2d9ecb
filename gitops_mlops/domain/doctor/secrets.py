"""Credentials in files that are about to be committed.

Every rule matches a form that its issuer gave it, so that a digest in `dvc.lock` is no alarm. Finding
whatever looks random is another tool's work (gitleaks, detect-secrets); those also cost more than a hook
that runs at every commit may.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from gitops_mlops.domain.errors import FileProblemLine
from gitops_mlops.domain.secrets import PASSWORD_IN_URL, PLACEHOLDER, SECRET_RULES, SecretRule

ALLOWED = b"pragma: allowlist secret"
_MEND = "remove it, and revoke it if it was ever pushed; a false alarm: end the line with pragma: allowlist secret"

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
    rules = list(SECRET_RULES)
    if path == ".dvc/config" or path.endswith("/.dvc/config"):
        rules.append(SecretRule("a DVC remote's credential", _DVC_SECRET))
    for rule in rules:
        for match in rule.pattern.finditer(content):
            yield from _found(path, content, match.start(), rule.what)
    for match in PASSWORD_IN_URL.finditer(content):
        if not PLACEHOLDER.fullmatch(match[1]):
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
