"""The lock of a bundle: whoever reads one has it, and whoever tidies up drops only what nobody reads.

A lock ends with its process, however that ends. Where the system has no such locks (Windows), nothing is dropped.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def reading_bundle(folder: Path, wait: bool = False) -> Iterator[None]:
    """Let no other process drop a bundle meanwhile. A folder that cannot be locked is read without a lock.

    With `wait`, whoever is just dropping it ends first. What is wrong with the folder is reported when it is read.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, ImportError):
            import fcntl

            stack.enter_context(_locked(folder, fcntl.LOCK_SH | (0 if wait else fcntl.LOCK_NB)))
        yield


@contextlib.contextmanager
def dropping_bundle(folder: Path) -> Iterator[None]:
    """Hold a bundle alone. Raises OSError when somebody reads it, or it cannot be locked."""
    try:
        import fcntl
    except ImportError as error:
        raise OSError("no file locks") from error
    with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
        yield


@contextlib.contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)
