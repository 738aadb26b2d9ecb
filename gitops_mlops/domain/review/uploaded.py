"""The one file in a zip that a stranger made: every limit is checked before, and while, anything is inflated."""

from __future__ import annotations

import stat
import struct
import zlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from gitops_mlops.domain.errors import MissingEvidence

_ENCRYPTED = 0x1


def only_file(content: bytes, name: str, limit: int) -> bytes:
    """The file `name`, of at most `limit` bytes, of a zip that holds nothing else. Raises EvidenceMissing."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) != 1:
                raise MissingEvidence(f"the zip holds {len(entries):,} files, where one is expected", where=name)
            if reason := _refusal(entries[0], name, limit):
                raise MissingEvidence(f"the zip {reason}", where=name)
            with archive.open(entries[0]) as opened:
                found = opened.read(limit + 1)
    except (BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise MissingEvidence("the zip is damaged", where=name) from error
    if len(found) > limit:
        raise MissingEvidence(f"the zip holds more than {limit} bytes", where=name)
    return found


def _refusal(entry: ZipInfo, name: str, limit: int) -> str:
    # `filename` ends at a NUL, `orig_filename` is what is written there.
    if entry.orig_filename != name:
        return f"does not hold {name}"
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        return "holds an entry that is not a regular file"
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return "is compressed in an unusual way"
    return f"holds more than {limit} bytes" if entry.file_size > limit else ""
