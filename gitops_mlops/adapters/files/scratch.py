"""A folder and ports that nobody else uses, for as long as they are needed."""

from __future__ import annotations

import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from gitops_mlops.domain.errors import UsageError


@contextmanager
def scratch_folder(wanted: Path | None, keep: bool) -> Iterator[Path]:
    """An empty folder; removed at the end unless it is to be kept. Raises UsageError when `wanted` is not empty."""
    if wanted is None:
        folder = Path(tempfile.mkdtemp(prefix="gitops-mlops-demo-"))
    else:
        folder = wanted.absolute()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError("is not an empty folder", where=str(folder), hint="name one that does not exist yet")
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        if not keep:
            # DVC makes its cache read-only; the folders themselves stay writable, so this suffices.
            shutil.rmtree(folder, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that were free a moment ago, each another one."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


@contextmanager
def terminated_is_interrupted() -> Iterator[None]:
    """SIGTERM cleans up as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
