"""What a run may have uploaded: reviews, and zips that were made to harm whoever opens them."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from gitops_mlops.domain.review.review import PullRequestReport, ReviewedCommits
from gitops_mlops.domain.review.size import dump_review


def review(head: str, base: tuple[str, str] = ("", ""), **more: Any) -> bytes:
    """A review of a commit, for a branch and its commit."""
    commits = ReviewedCommits(head=head, branch=base[0], branch_commit=base[1])
    return dump_review(PullRequestReport(**{"verdict": "pass", "commits": commits, **more}))


def zipped(
    content: bytes, name: str = "review.json", change: Callable[[zipfile.ZipInfo], None] | None = None
) -> bytes:
    buffer, info = io.BytesIO(), zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    if change:
        change(info)
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, content)
    return buffer.getvalue()


def _encrypted(content: bytes) -> bytes:
    """The flag of encryption, in both headers."""
    made = bytearray(zipped(content))
    made[6] |= 1
    made[made.index(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def _lying(content: bytes) -> bytes:
    """A bomb that says it is small."""
    made = bytearray(zipped(b" " * 50_000_000 + content))
    for place in (22, made.index(b"PK\x01\x02") + 24):
        made[place : place + 4] = struct.pack("<I", 1000)
    return bytes(made)


def _link(info: zipfile.ZipInfo) -> None:
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


def _several(content: bytes, count: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("review.json", content)
        for i in range(count):
            archive.writestr(f"{i}", b"")
    return buffer.getvalue()


def _bzip2(info: zipfile.ZipInfo) -> None:
    info.compress_type = zipfile.ZIP_BZIP2


BOMBS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "bomb": (lambda content: zipped(content + b" " * 100_000_000), "more than 1048576 bytes"),
    "lying bomb": (_lying, "damaged"),
    "encrypted": (_encrypted, "encrypted"),
    "absolute": (lambda content: zipped(content, "/etc/review.json"), "does not hold review.json"),
    "parent": (lambda content: zipped(content, "../review.json"), "does not hold review.json"),
    "folder": (lambda content: zipped(b"", "review.json/"), "does not hold review.json"),
    "symlink": (lambda content: zipped(b"/etc/passwd", change=_link), "not a regular file"),
    "unusual": (lambda content: zipped(content, change=_bzip2), "unusual"),
    "two": (lambda content: _several(content, 1), "2 files"),
    "many": (lambda content: _several(content, 5000), "5,001 files"),
    "none": (lambda content: b"PK\x05\x06" + bytes(18), "0 files"),
    "nested": (lambda content: zipped(zipped(content)), "not a review"),
    "no zip": (lambda content: content, "damaged"),
    "cut": (lambda content: zipped(content)[:-30], "damaged"),
    "checksum": (
        lambda content: zipped(content).replace(struct.pack("<I", zlib.crc32(content)), b"abcd"),
        "damaged",
    ),
}
