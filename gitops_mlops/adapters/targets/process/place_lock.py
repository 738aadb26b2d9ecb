"""The lock of an environment: one deploy at a time changes what runs there."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Iterator
from typing import TextIO

from gitops_mlops.adapters.targets.process.records import REPAIR, STATE, part
from gitops_mlops.domain.errors import ExternalError, PlaceError
from gitops_mlops.domain.ports import Files

IGNORE = ".gitignore"

_PATIENCE = 300.0
_POLL = 0.1


@contextlib.contextmanager
def locked_environment(files: Files, environment: str) -> Iterator[None]:
    """Hold an environment for one deploy; another one waits. Raises PlaceError after five minutes."""
    with _open(files, environment) as lock:
        deadline = time.monotonic() + _PATIENCE
        while not _locked(lock.fileno()):
            if time.monotonic() >= deadline:
                raise PlaceError(
                    f"another deploy holds {environment} for more than {_PATIENCE:.0f} s",
                    hint="wait for it, or end it",
                )
            time.sleep(_POLL)
        yield


def _open(files: Files, environment: str) -> TextIO:
    path = files.resolve(f"{STATE}/{part(environment)}/.lock")
    try:
        if files.read(IGNORE) is None:
            # Nothing of this is for git, whatever the repository's own .gitignore says.
            files.write(IGNORE, b"*\n")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a")
    except ExternalError as error:
        raise PlaceError(error.message, where=error.where, hint=REPAIR) from error
    except OSError as error:
        raise PlaceError(f"cannot be written ({error.strerror})", where=str(path), hint=REPAIR) from error


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
