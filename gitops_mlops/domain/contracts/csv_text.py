"""The bytes that mean something in a CSV file, and whether it is text in UTF-8."""

from __future__ import annotations

import codecs
from typing import BinaryIO

BOM = b"\xef\xbb\xbf"
QUOTE, NEWLINE = b'"\n'

COMPRESSED = (b"\x1f\x8b", b"\x78\x01", b"\x78\x9c", b"\x78\xda", b"\x28\xb5\x2f\xfd")
"""How gzip, zlib and Zstandard begin, which Polars reads as they are."""

_BLOCK = 1024 * 1024


def is_utf8_header(header: bytes) -> bool:
    """Whether the first line of a file is UTF-8.

    Polars replaces what it cannot read in the header, so that UTF-16 becomes a column of an odd name.
    """
    try:
        return "\0" not in codecs.getincrementaldecoder("utf-8")().decode(header)
    except UnicodeDecodeError:
        return False


def not_utf8(file: BinaryIO) -> str:
    """Where the first byte stands that is not UTF-8, in words."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, done = 1, 0
    while block := file.read(_BLOCK):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            at = done - pending + error.start
            line += block.count(b"\n", 0, max(0, error.start - pending))
            return f"not UTF-8: byte {at}, in line {line}"
        line += block.count(b"\n")
        done += len(block)
    return "not UTF-8 text"
