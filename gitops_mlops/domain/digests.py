"""Digests of contents and commits: how each kind is computed and written, and how messages shorten one."""

from __future__ import annotations

import hashlib
import re
from io import BufferedReader

_SHOWN = 10
_SHA256 = "sha256:"
_CONTENT_DIGEST = re.compile(rf"{_SHA256}[0-9a-f]{{64}}\Z")


def short_sha(digest: str) -> str:
    """The start of a digest or a commit's ID, as messages show it; `sha256:` before it stays."""
    algorithm = _SHA256 if digest.startswith(_SHA256) else ""
    return algorithm + digest.removeprefix(algorithm)[:_SHOWN]


def version_name(version: str | None, commit: str) -> str:
    """A version as messages name it: by its number, or by its commit where it has none."""
    return version or short_sha(commit)


def sha256_of(content: bytes) -> str:
    """SHA-256 in hexadecimal, as bundles, tags and reports record files."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(file: BufferedReader) -> str:
    """The same of a file that may be large."""
    return hashlib.file_digest(file, "sha256").hexdigest()


def content_digest(content: bytes) -> str:
    """`sha256:…`, as what is deployed is identified."""
    return _SHA256 + sha256_of(content)


def is_content_digest(text: str) -> bool:
    """Whether `text` has the form of `content_digest`."""
    return _CONTENT_DIGEST.match(text) is not None


def digest_digits(digest: str) -> str:
    """What names a file or a folder after a `content_digest`: its hexadecimal digits."""
    return digest.removeprefix(_SHA256)


def digest_of_digits(digits: str) -> str:
    """The `content_digest` that has these hexadecimal digits."""
    return _SHA256 + digits


def md5_of(content: bytes) -> str:
    """MD5 in hexadecimal, as DVC records files."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def md5_of_file(file: BufferedReader) -> str:
    """The same of a file that may be large."""
    return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def blob_id(content: bytes) -> str:
    """The ID that git gives to a file of this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
