"""The machine: files, time, and other programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import Clock, Files, Timer


def files(root: Path) -> Files:
    """The working tree below a root."""
    from gitops_mlops.adapters.files.working_tree import WorkingTree

    return WorkingTree(root)


def read_file(path: Path, limit: int) -> bytes | None:
    """A file that the user named, inside the repository or not; see `read_at_most`."""
    from gitops_mlops.adapters.files.working_tree import read_at_most

    return read_at_most(path, limit)


def write_file(path: Path, content: bytes) -> None:
    """Write a file that the user named, whole or not at all."""
    from gitops_mlops.runtime.atomic_write import write_atomically

    write_atomically(path, content)


def clock() -> Clock:
    """The machine's clock."""
    from gitops_mlops.adapters.machine.clock import SystemClock

    return SystemClock()


def timer() -> Timer:
    """The machine's monotonic clock."""
    from gitops_mlops.adapters.machine.clock import SystemTimer

    return SystemTimer()


@contextmanager
def scratch(folder: Path | None, keep: bool) -> Iterator[Path]:
    """A folder for the demo, cleaned up on SIGTERM as on Ctrl-C."""
    from gitops_mlops.adapters.files.scratch import scratch_folder, terminated_is_interrupted

    with terminated_is_interrupted(), scratch_folder(folder, keep) as made:
        yield made


def exec_module(module: str, words: Sequence[str]) -> NoReturn:
    """Go on as another program of ours."""
    from gitops_mlops.adapters.machine import program

    program.become(module, words)
