"""What the text of a CSV file must be: UTF-8, in rows with as many fields as the header."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import BinaryIO

from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.shortening import and_more

BOM = b"\xef\xbb\xbf"
QUOTE, NEWLINE = b'"\n'

COMPRESSED = (b"\x1f\x8b", b"\x78\x01", b"\x78\x9c", b"\x78\xda", b"\x28\xb5\x2f\xfd")
"""How gzip, zlib and Zstandard begin, which Polars reads as they are."""

MOST_SHOWN = 100
"""How many rows of another length are kept; all are counted."""

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


@dataclass(frozen=True)
class OddRow:
    """A row, numbered from 1, with another number of fields than the header, or whose last quote is not closed."""

    row: int
    fields: int
    open: bool = False

    def describe(self, header: int) -> str:
        """What is wrong, in words."""
        if self.open:
            return f"row {self.row} ends inside quotes"
        return f"row {self.row} has {self.fields} field{'s' * (self.fields != 1)}, the header has {header}"


@dataclass
class FieldCount:
    """The fields of a CSV file: of its header, its rows without the header, and the rows that differ from it.

    `loose` says that a quote stands inside an unquoted field, which readers may understand differently.
    """

    header: int = 0
    rows: int = 0
    odd: int = 0
    shown: list[OddRow] = field(default_factory=list)
    loose: bool = False

    def add(self, fields: int, blank: bool, open_quote: bool = False) -> None:
        """The next row. Blank lines before the header are skipped; one after it is a row of nulls, as in Polars."""
        if not self.header:
            self.header = 0 if blank else fields
            return
        self.rows += 1
        if open_quote or not (fields == self.header or blank):
            self.odd += 1
            if len(self.shown) < MOST_SHOWN:
                self.shown.append(OddRow(self.rows, fields, open_quote))


def require_whole_rows(found: FieldCount, name: str) -> None:
    """Raise EvidenceMissing, with the first row, unless each row has as many fields as the header."""
    if found.odd:
        more = and_more(found.odd - 1, ", ", " such rows")
        raise MissingEvidence(
            found.shown[0].describe(found.header) + more,
            where=name,
            hint="quote fields that hold a separator, or make the file again if it was cut off",
        )
