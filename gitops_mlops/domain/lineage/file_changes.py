"""How files differ between two commits."""

from __future__ import annotations

from typing import NamedTuple


class FileChange(NamedTuple):
    """A file that differs: git's letter (A, C, D, M, R, T), its path, and the one before where it was moved."""

    status: str
    path: str
    before: str = ""
