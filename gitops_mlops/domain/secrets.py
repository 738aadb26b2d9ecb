"""What a credential looks like, and how text is shown without it.

The forms are those that issuers gave them: the hook (doctor/secrets.py) looks for nothing else. A log masks more, as
there a false alarm costs nothing: whatever is called a token or a password, and what the environment holds under
such a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

MASK = "***"


class SecretRule(NamedTuple):
    """A form that an issuer gave its credentials, and what they are."""

    what: str
    pattern: re.Pattern[bytes]


def _rule(what: str, *parts: bytes) -> SecretRule:
    return SecretRule(what, re.compile(b"".join(parts)))


# A token ends where no letter of a token follows, so that a part of a longer text is none.
_FROM = rb"(?<![A-Za-z0-9_])"
_TO = rb"(?![A-Za-z0-9_-])"
_IS = rb"[\"']?\s{0,9}[=:]\s{0,9}[\"']?"

SECRET_RULES = (
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

PASSWORD_IN_URL = re.compile(rb"://[^\s/:@'\"<>`]{0,99}:([^\s/@'\"<>`]{3,199})@[A-Za-z0-9\[]")
PLACEHOLDER = re.compile(
    rb"[$%{(].*|\*+|x+|\.+|(?:your|my|the)?[-_]?(?:user|pass|passwd|password|pw|pwd|secret|token|example|changeme|key)"
    rb"[-_]?\d*|.*(?:\$\{|\{\{|%\().*",
    re.IGNORECASE,
)

# A variable of such a name holds a secret. A short value is a word, and would mask words.
_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSW|_KEY|CREDENTIAL", re.IGNORECASE)
_SHORTEST_SECRET = 6

_NAMED = (
    r"[\w.-]{0,40}(?:token|secret|passw(?:or)?d|passphrase|passwd|signature|credential"
    r"|api[-_]?key|access[-_]?key|private[-_]?key|account[-_]?key)[\w.-]{0,40}"
)
_HEADERS = r"(?:proxy-)?authorization|private-token|job-token|x-[\w-]{0,40}(?:token|key)|(?:set-)?cookie"
# What is masked stands behind the two groups.
_MASKS = (
    # The rest of the line is the header's.
    re.compile(rf"({_HEADERS})([\"']?\s{{0,9}}[:=]\s{{0,9}})[^\r\n]+", re.IGNORECASE),
    re.compile(r"\b(bearer|basic|token)(\s{1,9})[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE),
    # Whoever stands before the @ of an address: a token may be the name.
    re.compile(r"(:/)(/)[^\s/?#]+(?=@)"),
    re.compile(rf"({_NAMED})([\"']?\s{{0,9}}[=:]\s{{0,9}}[\"']?)[^\s\"',;&]+", re.IGNORECASE),
    re.compile(rf"(--?{_NAMED})(\s{{1,9}}[\"']?)[^\s\"',;&]+", re.IGNORECASE),
    re.compile(r"([?&;](?:sig|key|code|auth|sas|jwt))(=)[^&\s]+", re.IGNORECASE),
)


def secret_values(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values of variables whose name says that they are secret, the longest first."""
    found = {
        value.strip()
        for name, value in environ.items()
        if _SECRET_NAME.search(name) and len(value.strip()) >= _SHORTEST_SECRET
    }
    return tuple(sorted(found, key=len, reverse=True))


def without_values(text: str, values: Iterable[str]) -> str:
    """Text in which `***` stands for each of the values."""
    for value in values:
        text = text.replace(value, MASK)
    return text


def masked(text: str, values: Iterable[str] = ()) -> str:
    """Text in which `***` stands for each of the values, and for whatever looks like a credential."""
    text = without_values(text, values)
    for pattern in _MASKS:
        text = pattern.sub(rf"\1\2{MASK}", text)
    content = text.encode(errors="backslashreplace")
    for rule in SECRET_RULES:
        content = rule.pattern.sub(MASK.encode(), content)
    return content.decode()
