"""What the bytes of a whole CSV tell beside a reader that parses them, far cheaper than the fields of each row.

A reader that refuses rows that are too long, and has read as many rows as the separators fill, has found no row
that is too short either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from gitops_mlops.domain.contracts.csv_quotes import BOM, NEWLINE, QUOTE, TOP, Bits, Bytes, Quotes, after, ones, words

_BLOCK = 1 << 18
_SPACE, _TAB = b" \t"


@dataclass
class CsvTotals:
    """Separators outside quotes, and what readers understand in different ways.

    `blank`: a field, quoted or not, begins with a space or a tab. `empty`: a field may be two quotes. `open`: quotes
    are not closed, one stands inside an unquoted field, or a separator ends the file.
    """

    separators: int = 0
    blank: bool = False
    empty: bool = False
    open: bool = False

    def fill(self, rows: int, columns: int) -> bool:
        """Whether a header and so many rows have all their separators."""
        return self.separators == (rows + 1) * (columns - 1)


def count_totals(file: BinaryIO, separator: str = ",", block_size: int = _BLOCK) -> CsvTotals:
    """The totals of a file that is not compressed, from its beginning; a block is a multiple of 64 bytes."""
    if file.read(len(BOM)) != BOM:
        file.seek(0)
    scan = _Scan(ord(separator))
    block = bytearray(block_size)
    while not scan.found.open and (size := file.readinto(block)):  # type: ignore[attr-defined]
        scan.block(block, size)
    scan.found.open |= scan.quotes.inside or scan.last == ord(separator)
    return scan.found


class _Scan:
    """Where a scan stands: behind the `last` byte, which was the end of a field or a quote that `opened` one."""

    def __init__(self, separator: int) -> None:
        self.found = CsvTotals()
        self.quotes = Quotes()
        self.last = NEWLINE
        self._separator = separator
        self._opened = False

    def block(self, block: bytearray, size: int) -> None:
        padded = -(-size // 64) * 64
        block[size:padded] = bytes(padded - size)
        data: Bytes = np.frombuffer(block, dtype=np.uint8)[:padded]
        # `find` is the cheapest look at all bytes.
        if self.quotes.inside or block.find(QUOTE, 0, size) >= 0:
            inside = self._quoted(data)
        else:
            self._plain(data, any(block.find(blank, 0, size) >= 0 for blank in (_SPACE, _TAB)))
            inside = False
        self.last = block[size - 1]
        self.quotes.move(inside, self.last, self._separator)

    def _plain(self, data: Bytes, some_blank: bool) -> None:
        separators = data == self._separator
        self.found.separators += int(np.count_nonzero(separators))
        if some_blank and not self.found.blank:
            blanks = (data == _SPACE) | (data == _TAB)
            begins = self.last in (self._separator, NEWLINE)
            starts = separators | (data == NEWLINE)
            self.found.blank |= bool((begins and blanks[0]) or (starts[:-1] & blanks[1:]).any())

    def _quoted(self, data: Bytes) -> bool:
        quotes = words(data == QUOTE)
        inside = self.quotes.within(quotes)
        separators = words(data == self._separator) & ~inside
        ends = separators | (words(data == NEWLINE) & ~inside)
        self.found.open |= not self.quotes.are_sound(quotes, inside, ends)
        self.found.separators += int(ones(separators).sum())
        starts = after(ends, self.last in (self._separator, NEWLINE) and not self.quotes.inside)
        opened = starts & quotes
        self._look(words((data == _SPACE) | (data == _TAB)), quotes, starts, after(opened, self._opened))
        self._opened = bool(opened[-1] >> TOP)
        return bool(inside[-1] >> TOP)

    def _look(self, blanks: Bits, quotes: Bits, starts: Bits, seconds: Bits) -> None:
        self.found.blank |= bool((blanks & (starts | seconds)).any())
        self.found.empty |= bool((quotes & seconds).any())
