"""Whether each row of a CSV has as many fields as its header, whatever of it is read afterwards.

Polars finds a row with too many fields only when it reads all columns, and makes nulls of fields that are missing.
So separators are counted on the raw bytes. A file with a quote inside an unquoted field is read field by field from
there, as Python's `csv` does.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl

from gitops_mlops.domain.contracts.csv_quotes import ONE, TOP, Bits, Quotes, ones, words
from gitops_mlops.domain.contracts.csv_text import BOM, COMPRESSED, NEWLINE, QUOTE, FieldCount

_BLOCK = 1 << 18
_RETURN = ord("\r")

Places = npt.NDArray[np.int64]


def count_fields(file: BinaryIO, separator: str = ",", block_size: int = _BLOCK) -> FieldCount:
    """Count the fields of each row of a file that can seek, from its beginning; a block is a multiple of 64 bytes."""
    start = file.read(4)
    if start.startswith(COMPRESSED):
        file.seek(0)
        file = io.BytesIO(_unpacked(file))
    scan = _Scan(ord(separator), len(BOM) if start.startswith(BOM) else 0)
    file.seek(scan.start)
    block = np.empty(block_size, dtype=np.uint8)
    while size := file.readinto(block.data):  # type: ignore[attr-defined]
        if not scan.block(block, size):
            file.seek(scan.start)
            _field_by_field(file.read(), separator, scan.found)
            return scan.found
    scan.end()
    return scan.found


def _unpacked(file: BinaryIO) -> bytes:
    """The text of a compressed file, line by line as Polars reads it."""
    lines = pl.read_csv(
        file, has_header=False, separator="\0", quote_char=None, infer_schema=False, truncate_ragged_lines=True
    )
    return "\n".join(lines.to_series().fill_null("")).encode()


class _Scan:
    """Where a scan stands: `start` is the place of the row that has begun, `seen` the separators in it so far."""

    def __init__(self, separator: int, start: int) -> None:
        self.found = FieldCount()
        self.start = start
        self._done = start
        self._separator = separator
        self._seen = 0
        self._quotes = Quotes()
        self._last = 0

    def block(self, block: npt.NDArray[np.uint8], size: int) -> bool:
        """Count in the next bytes; False when a quote stands inside an unquoted field of the rows from `start` on."""
        padded = -(-size // 64) * 64
        block[size:padded] = 0
        data = block[:padded]
        separators = words(data == self._separator)
        newlines = np.flatnonzero(data == NEWLINE)
        quotes = data == QUOTE
        inside = False
        if self._quotes.inside or quotes.any():
            within = self._quotes.within(words(quotes))
            separators &= ~within
            newlines = newlines[_bits_at(within, newlines) == 0]
            ends = np.zeros(padded, dtype=np.bool_)
            ends[newlines] = True
            if not self._quotes.are_sound(words(quotes), within, separators | words(ends)):
                return False
            inside = bool(within[-1] >> TOP)
        self._count(data, separators, newlines)
        self._last = int(data[size - 1])
        self._quotes.move(inside, self._last, self._separator)
        self._done += size
        return True

    def end(self) -> None:
        """Count a last row that no newline ends."""
        if self._done > self.start:
            blank = self._done == self.start + 1 and self._last == _RETURN
            self.found.add(self._seen + 1, blank, self._quotes.inside)

    def _count(self, data: npt.NDArray[np.uint8], separators: Bits, newlines: Places) -> None:
        totals = np.cumsum(ones(separators), dtype=np.int64)
        whole = int(totals[-1])
        if not newlines.size:
            self._seen += whole
            return
        word = newlines >> 6
        bits = separators[word]
        lower = bits & ((ONE << (newlines & 63).astype(np.uint64)) - ONE)
        at = totals[word] - ones(bits) + ones(lower)
        fields = np.diff(at, prepend=-self._seen) + 1
        starts = np.concatenate([[self.start - self._done], newlines[:-1] + 1])
        self._seen = whole - int(at[-1])
        self._rows(data, fields, starts, newlines)
        self.start = self._done + int(newlines[-1]) + 1

    def _rows(self, data: npt.NDArray[np.uint8], fields: Places, starts: Places, ends: Places) -> None:
        found = self.found
        done = 0
        while done < len(ends) and not found.header:
            found.add(int(fields[done]), self._blank(data, int(starts[done]), int(ends[done])))
            done += 1
        for odd in (np.flatnonzero(fields[done:] != found.header) + done).tolist():
            found.rows += odd - done
            found.add(int(fields[odd]), self._blank(data, int(starts[odd]), int(ends[odd])))
            done = odd + 1
        found.rows += len(ends) - done

    def _blank(self, data: npt.NDArray[np.uint8], start: int, end: int) -> bool:
        if end - start > 1:
            return False
        return end == start or (self._last if start < 0 else data[start]) == _RETURN


def _bits_at(words: Bits, places: Places) -> Bits:
    found: Bits = (words[places >> 6] >> (places & 63).astype(np.uint64)) & ONE
    return found


def _field_by_field(content: bytes, separator: str, found: FieldCount) -> None:
    """Add the rows of `content`, which begins with a row, in the way of Python's `csv`."""
    found.loose = True
    for fields, blank, open_quote in _rows_of(content, separator.encode()):
        found.add(fields, blank, open_quote)


def _rows_of(content: bytes, separator: bytes) -> Iterator[tuple[int, bool, bool]]:
    rest = rb"[^\n" + re.escape(separator) + rb"]*+"
    one_field = re.compile(rb'"((?:[^"]++|"")*+)("?)' + rest + rb"|" + rest)
    place = start = fields = 0
    while match := one_field.match(content, place):
        fields += 1
        place = match.end()
        if content[place : place + 1] == separator:
            place += 1
            continue
        if place > start:
            yield fields, content[start:place] == b"\r", match[2] == b""
        elif place < len(content):
            yield fields, True, False
        place, fields = place + 1, 0
        start = place
        if place >= len(content):
            return
