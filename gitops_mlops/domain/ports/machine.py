"""The machine: files, time and other programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Time."""

    def now(self) -> datetime:
        """The present, in UTC."""


class Timer(Protocol):
    """Durations, for waiting on the world."""

    def seconds(self) -> float:
        """A count of seconds that only grows."""

    def sleep(self, seconds: float) -> None:
        """Let a while pass."""


class Reader(Protocol):
    """Files by their path from the root, which no path may leave, not by a symlink either."""

    def read(self, path: str) -> bytes | None:
        """The content, None when there is no such file."""


class Files(Reader, Protocol):
    """The working tree."""

    def write(self, path: str, content: bytes) -> None:
        """Write to a temporary file, then rename: readers see the old or the new content, never half."""

    def write_all(self, contents: Mapping[str, bytes | None]) -> None:
        """Write several files, None for one that goes; when one of them fails, all are again what they were."""

    def resolve(self, path: str) -> Path:
        """The absolute path. Raises UsageError when it leaves the root."""


class Tree(Reader, Protocol):
    """A repository's files at one moment: those of the working tree, or those staged for the next commit."""

    def paths(self) -> list[str]:
        """Every tracked file; in the working tree also those that are new and not ignored."""

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder."""

    def below(self, folder: str) -> list[str]:
        """The files in a folder and its folders, as `paths` tells them."""

    def untracked(self, folder: str) -> list[str]:
        """The files on disk in a folder that `below` does not know."""

    @property
    def listing(self) -> Callable[[str], Mapping[str, str] | None]:
        """What gives the MD5s by path of a folder that DVC keeps under an MD5, None where that is not at hand."""

    def md5(self, path: str) -> str | None:
        """The MD5 of a file as it is on disk after a checkout, None when there is no such file."""


@dataclass(frozen=True)
class ProgramResult:
    """A program that ran: its exit code, what it printed (both streams) and how long it took in seconds."""

    code: int
    output: str
    seconds: float


class Shell(Protocol):
    """Programs as a user would type them."""

    def run(self, words: Sequence[str], folder: Path) -> ProgramResult:
        """Run one program to its end."""


class Templates(Protocol):
    """The scaffolds that ship with the toolkit: files by path, with places to fill in."""

    def names(self) -> list[str]:
        """What a new project can be made from."""

    def template(self, name: str) -> dict[str, bytes]:
        """The files of a template. Raises UsageError when there is none of this name."""

    def toolkit(self) -> dict[str, bytes]:
        """Workflows, hooks and what git is told."""

    def dvc(self) -> dict[str, bytes]:
        """What `dvc init` writes."""
