"""What the bytes of a whole CSV tell beside a reader that parses them, far cheaper than the fields of each row.

A reader that refuses rows that are too long, and has read as many rows as the separators fill, has found no row
that is too short either. NumPy is imported only for a file that has quotes, or whose separators are counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from gitops_mlops.domain.contracts.csv_text import BOM, NEWLINE, QUOTE
from gitops_mlops.domain.document.pattern import searcher

if TYPE_CHECKING:
    from gitops_mlops.domain.contracts.csv_quotes import ByteMasks, Bytes, Quotes

_BLOCK = 1 << 19
_BLANKS = tuple(b" \t")


@dataclass
class CsvTotals:
    """Separators outside quotes, and what readers understand in different ways.

    `blank`: a field, quoted or not, begins with a space or a tab. `empty`: a field may be two quotes. `open`: quotes
    are not closed, one stands inside an unquoted field, or a separator ends the file. `separators` is None where they
    were not counted.
    """

    separators: int | None = None
    blank: bool = False
    empty: bool = False
    open: bool = False

    def fill(self, rows: int, columns: int) -> bool:
        """Whether a header and so many rows have all their separators."""
        return self.separators == (rows + 1) * (columns - 1)


def count_totals(
    file: BinaryIO, separator: str = ",", block_size: int = _BLOCK, separators: bool = True
) -> CsvTotals:
    """The totals of a file that is not compressed, from its beginning; a block is a multiple of 64 bytes.

    Its separators are counted only when `separators` are wanted.
    """
    if file.read(len(BOM)) != BOM:
        file.seek(0)
    scan = _Scan(separator, CsvTotals(0 if separators else None))
    block = bytearray(block_size)
    while not scan.found.open and (size := file.readinto(block)):  # type: ignore[attr-defined]
        scan.block(block, size)
    scan.found.open |= scan.inside or scan.last == ord(separator)
    return scan.found


class _Scan:
    """Where a scan stands: behind the `last` byte, `inside` quotes or not. That byte may have `opened` a field."""

    def __init__(self, separator: str, found: CsvTotals) -> None:
        self.found = found
        self.last = NEWLINE
        self.inside = False
        self._opened = False
        self._separator = ord(separator)
        self._quotes: Quotes | None = None
        self._masks: ByteMasks | None = None
        self._has_blank_field = searcher(rf"[{re.escape(separator)}\n][ \t]")

    def block(self, block: bytearray, size: int) -> None:
        # `find` is the cheapest look at all bytes.
        blanks = not self.found.blank and any(block.find(blank, 0, size) >= 0 for blank in _BLANKS)
        if self.inside or block.find(QUOTE, 0, size) >= 0:
            self._quoted(block, size, blanks)
        else:
            self._plain(block, size, blanks)
        self.last = block[size - 1]

    def _plain(self, block: bytearray, size: int, blanks: bool) -> None:
        if blanks:
            begins = self.last in (self._separator, NEWLINE) and block[0] in _BLANKS
            self.found.blank = begins or self._has_blank_field(str(memoryview(block)[:size], "latin-1"))
        if self.found.separators is not None:
            import numpy as np

            self.found.separators += int(np.count_nonzero(_padded(block, size) == self._separator))

    def _quoted(self, block: bytearray, size: int, blanks: bool) -> None:
        from gitops_mlops.domain.contracts.csv_quotes import TOP, ByteMasks, Quotes, after, ones

        self._quotes = self._quotes or Quotes()
        self._masks = self._masks or ByteMasks(len(block))
        data = _padded(block, size)
        self._quotes.move(self.inside, self.last, self._separator)
        quotes = self._masks.words(data, QUOTE)
        inside = self._quotes.within(quotes)
        ends = self._masks.words(data, self._separator, NEWLINE)
        self.found.open |= not self._quotes.are_sound(quotes, inside, ends)
        if self.found.separators is not None:
            self.found.separators += int(ones(self._masks.words(data, self._separator) & ~inside).sum())
        starts = after(ends & ~inside, self.last in (self._separator, NEWLINE) and not self.inside)
        opened = starts & quotes
        seconds = after(opened, self._opened)
        self.found.empty |= bool((quotes & seconds).any())
        if blanks:
            self.found.blank = bool((self._masks.words(data, *_BLANKS) & (starts | seconds)).any())
        self._opened = bool(opened[-1] >> TOP)
        self.inside = bool(inside[-1] >> TOP)


def _padded(block: bytearray, size: int) -> Bytes:
    """The first bytes of a block, with zeros up to a multiple of 64."""
    import numpy as np

    padded = -(-size // 64) * 64
    block[size:padded] = bytes(padded - size)
    return np.frombuffer(block, dtype=np.uint8)[:padded]
