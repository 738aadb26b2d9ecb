"""What is known of a version, as git trailers in its tag's message.

A value is one line: what could end the line, or vanish at its ends, is escaped with a backslash, so that no
value can imitate another trailer and every value comes back as it was.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

Trailer = tuple[str, str]

_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*)\Z")
_ESCAPE = re.compile(r"\\(\\|n|r|t|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_SHORT = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LONG = {escaped[1]: plain for plain, escaped in _SHORT.items()}
# git appends the signature to the message.
_SIGNATURE = re.compile(r"^-----BEGIN (?:(PGP|SSH) (?:SIGNATURE|MESSAGE)|SIGNED MESSAGE)-----$", re.M)
_NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_METRIC = re.compile(
    rf"(?P<name>\S+?)=(?P<value>{_NUMBER})(?: \[(?P<low>{_NUMBER}), (?P<high>{_NUMBER})\])?"
    rf"(?: champion=(?P<champion>{_NUMBER}))?\Z"
)

MODEL_SHA256 = "Model-SHA256"
MODEL_MD5 = "Model-MD5"
DATA_MD5 = "Data-MD5"
METRIC = "Metric"
VERDICT = "Verdict"
GATE = "Gate"
CHAMPION = "Champion"
REPORT_SHA256 = "Report-SHA256"
RUN = "Run"
PULL_REQUEST = "Pull-Request"
REGISTERED_BY = "Registered-By"
# On a stage's tag: the version that entered, the one that left, and why.
VERSION = "Version"
REPLACES = "Replaces"
REASON = "Reason"


class MetricEvidence(NamedTuple):
    """A metric of the version on its evaluation rows, its interval, and the champion's value there."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    champion: float | None = None

    def __str__(self) -> str:
        interval = "" if self.low is None or self.high is None else f" [{self.low:.6g}, {self.high:.6g}]"
        champion = "" if self.champion is None else f" champion={self.champion:.6g}"
        return f"{self.name}={self.value:.6g}{interval}{champion}"


@dataclass(frozen=True)
class VersionEvidence:
    """A tag's message and the trailers in it, which are parsed when they are first asked for."""

    message: str = field(default="", repr=False)

    @cached_property
    def trailers(self) -> tuple[Trailer, ...]:
        """Every trailer in its order, values unescaped."""
        return parse_trailers(self.message)

    @property
    def subject(self) -> str:
        """The message's first line."""
        return self.message.strip("\n").partition("\n")[0]

    @property
    def signature(self) -> str:
        """The kind of signature that follows the message: `SSH`, `PGP`, `X.509`, "" for none. Not verified."""
        found = _SIGNATURE.search(self.message)
        return found[1] or "X.509" if found else ""

    def all(self, key: str) -> list[str]:
        """Every value of a key; keys are compared without case, as git does."""
        wanted = key.lower()
        return [value for name, value in self.trailers if name.lower() == wanted]

    def one(self, key: str) -> str:
        """The value of a key; "" when it is absent, and also when it stands there with two meanings."""
        values = set(self.all(key))
        return values.pop() if len(values) == 1 else ""

    @property
    def model_sha256(self) -> str:
        """SHA-256 of the model file, in hexadecimal; "" when unknown."""
        return self.one(MODEL_SHA256)

    @property
    def verdict(self) -> str:
        """The comparison's verdict; "" when no comparison is recorded."""
        return self.one(VERDICT)

    @property
    def data_md5(self) -> dict[str, str]:
        """DVC's MD5 of each data file, by path."""
        pairs = (value.rpartition("=") for value in self.all(DATA_MD5))
        return {path: md5 for path, _, md5 in pairs if path}

    @property
    def metrics(self) -> list[MetricEvidence]:
        """The metrics that are recorded in our form."""
        found = (_METRIC.match(value) for value in self.all(METRIC))
        return [_metric(match) for match in found if match]


def write_message(subject: str, trailers: Iterable[Trailer]) -> str:
    """A tag's message: one line for people, then trailers. Empty values are left out."""
    block = "".join(f"{key}: {escape(value)}\n" for key, value in trailers if value)
    return f"{escape(subject)}\n" + (f"\n{block}" if block else "")


def parse_trailers(message: str) -> tuple[Trailer, ...]:
    """The trailers of a message, as `git interpret-trailers --parse` reads ours: its last paragraph, all of it."""
    if signature := _SIGNATURE.search(message):
        message = message[: signature.start()]
    _, found, block = message.rstrip().replace("\r\n", "\n").rpartition("\n\n")
    if not found:
        return ()
    trailers: list[Trailer] = []
    for line in block.lstrip("\n").split("\n"):
        if line[:1] in (" ", "\t") and trailers:
            key, value = trailers[-1]
            trailers[-1] = key, f"{value} {line.strip()}"
        elif match := _LINE.match(line):
            trailers.append((match[1], match[2].rstrip()))
        else:
            return ()
    return tuple((key, unescape(value)) for key, value in trailers)


def escape(value: str) -> str:
    """`value` on one line, with nothing in it that git or a terminal would act on."""
    inner = "".join(_escaped(character) for character in value)
    stripped = inner.strip(" ")
    lead = len(inner) - len(inner.lstrip(" "))
    trail = len(inner) - len(stripped) - lead
    return "\\x20" * lead + stripped + "\\x20" * trail


def unescape(value: str) -> str:
    """What `escape` was given."""
    return _ESCAPE.sub(_plain, value)


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character == " " or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp", "Zs"):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _plain(match: re.Match[str]) -> str:
    code = match[1]
    return _LONG[code] if code in _LONG else chr(min(int(code[1:], 16), 0x10FFFF))


def _metric(match: re.Match[str]) -> MetricEvidence:
    numbers = {key: float(text) for key, text in match.groupdict().items() if key != "name" and text is not None}
    return MetricEvidence(match["name"], **numbers)
