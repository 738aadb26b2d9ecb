"""Which bytes of a CSV are inside quotes, 64 bytes a word of bits.

The bytes inside quotes are the running exclusive or of the quotes (Langdale and Lemire 2019, The VLDB Journal
28:941-960).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gitops_mlops.domain.contracts.csv_text import NEWLINE, QUOTE

ONE, TOP = np.uint64(1), np.uint64(63)
_SHIFTS = [np.uint64(1 << power) for power in range(6)]
_BITS = np.array([bin(byte).count("1") for byte in range(256)], dtype=np.uint8)

Bytes = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]


class Quotes:
    """Where a reader of blocks stands: `inside` quotes or not, and whether a quote `may_open` a text next."""

    def __init__(self) -> None:
        self.inside = False
        self.may_open = True

    def within(self, quotes: Bits) -> Bits:
        """Which bytes are inside quotes; the opening quote counts as inside, the closing one does not."""
        inside = quotes.copy()
        for shift in _SHIFTS:
            inside ^= inside << shift
        parity = np.bitwise_xor.accumulate(inside >> TOP)
        inside[1:] ^= np.uint64(0) - parity[:-1]
        return ~inside if self.inside else inside

    def are_sound(self, quotes: Bits, inside: Bits, ends: Bits) -> bool:
        """Whether each opening quote begins a field, or follows a closing one: `""` is a quote inside a text.

        `ends` are separators and newlines; those inside quotes may be among them, for no opening quote follows them.
        """
        return not (quotes & inside & ~after(ends | quotes, self.may_open)).any()

    def move(self, inside: bool, last: int, separator: int) -> None:
        """Stand behind a block, by its last byte."""
        self.inside = inside
        closed = last == QUOTE and not inside
        self.may_open = bool(closed or (last in (separator, NEWLINE) and not inside))


class ByteMasks:
    """Masks of the bytes of one block after another, in memory that is kept: new memory for each costs more."""

    def __init__(self, size: int) -> None:
        self._mask, self._other = np.empty((2, size), dtype=np.bool_)

    def words(self, data: Bytes, *values: int) -> Bits:
        """Which bytes have one of some values, as bits."""
        mask, other = self._mask[: len(data)], self._other[: len(data)]
        np.equal(data, values[0], out=mask)
        for value in values[1:]:
            mask |= np.equal(data, value, out=other)
        return words(mask)


def words(mask: npt.NDArray[np.bool_]) -> Bits:
    """A mask of bytes as bits."""
    return np.packbits(mask, bitorder="little").view(np.uint64)


def after(bits: Bits, first: bool) -> Bits:
    """The bytes that follow those of `bits`; `first` is whether the first byte of all does."""
    following: Bits = bits << ONE
    following[1:] |= bits[:-1] >> TOP
    following[0] |= np.uint64(first)
    return following


def ones(bits: Bits) -> Counts:
    """How many bits of each word are set."""
    if hasattr(np, "bitwise_count"):
        counts: Counts = np.bitwise_count(bits).astype(np.int64)
        return counts
    bytewise = _BITS[bits.view(np.uint8)].reshape(-1, 8)
    return np.asarray(bytewise.sum(axis=1), dtype=np.int64)
