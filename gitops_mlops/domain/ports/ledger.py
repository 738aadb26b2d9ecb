"""What is kept in git beside the code: the ledger of what happened, the journal of what is unfinished."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol


class LedgerLine(NamedTuple):
    """A line of the ledger: its file on the branch, its number from 1, and its text."""

    file: str
    number: int
    text: str


class LedgerRemoval(NamedTuple):
    """A commit of the ledger's branch that took lines out of a file, or changed them."""

    commit: str
    file: str
    lines: int


class Ledger(Protocol):
    """What happened, on a branch of its own that only grows. What was fetched and what is not pushed yet are one."""

    def lines(self, folders: Sequence[str] = ()) -> Iterator[LedgerLine]:
        """Every line below the folders (all where none is named), in few git processes."""

    def shared(self, folders: Sequence[str] = ()) -> set[str]:
        """The lines below the folders that the remote was seen to have."""

    def drop(self, runs: Collection[str]) -> None:
        """Forget what only this clone recorded of some runs; what the remote was seen to have stays."""

    def writer(self) -> str:
        """Who writes it, as git knows him."""

    def append(self, lines: Mapping[str, Sequence[str]]) -> int:
        """Add lines to files, by path, those left out that are there already; how many were added.

        Raises OutsideError when git cannot write.
        """

    def fetch(self) -> None:
        """See what the remote has. Raises OutsideError, also when it was rewritten since it was last seen."""

    def push(self) -> None:
        """Send what the remote lacks, after taking in what this clone lacks; never forced. Raises OutsideError."""

    def removals(self) -> list[LedgerRemoval]:
        """Where the branch's history took a line out, or changed one."""


class Journal(Protocol):
    """What was about to be done to each artifact's tags, kept until the user was told that it is done."""

    def read(self, artifact: str) -> bytes | None:
        """The note of an artifact, None when nothing is unfinished."""

    def write(self, artifact: str, content: bytes) -> None:
        """Replace the note, whole or not at all."""

    def clear(self, artifact: str) -> None:
        """Forget the note, if there is one."""
