"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path

from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.log import Logger

_LOG = Logger(__name__)

_OPEN_FILES = {"/dev/stdout": 1, "/dev/stderr": 2}
_OPEN_FILE = re.compile(r"(?:/dev|/proc/self)/fd/(\d{1,9})")


def write_atomically(target: Path, content: bytes, *, follow: bool = True) -> None:
    """Readers of `target` see the old content or the new, never half. Raises ExternalError.

    A symlink is followed, without `follow` it is replaced. What is not a regular file (a pipe, a device), or stands
    for an open one (`/dev/stdout`), is added to and never replaced.
    """
    try:
        if (number := _open_file(target)) is not None or (target.exists() and not target.is_file()):
            added = os.dup(number) if number is not None else os.open(target, os.O_WRONLY | os.O_APPEND)
            with os.fdopen(added, "wb") as opened:
                opened.write(content)
            _LOG.info("added %d bytes to %s", len(content), target)
            return
        target = target.resolve() if follow else target.absolute()
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as temporary:
                temporary.write(content)
                temporary.flush()
                os.fsync(temporary.fileno())
            # mkstemp makes files private; a result is as readable as any other new file.
            umask = os.umask(0)
            os.umask(umask)
            Path(name).chmod(0o666 & ~umask)
            Path(name).replace(target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
            raise
    except FileExistsError as error:
        raise ExternalError("cannot be written (its folder is a file)", where=str(target)) from error
    except OSError as error:
        raise ExternalError(f"cannot be written ({error.strerror})", where=str(target)) from error
    _LOG.info("wrote %s (%d bytes)", target, len(content))


def _open_file(path: Path) -> int | None:
    """The descriptor that a path stands for; opened by its path, a file would lose its place, or what it holds."""
    numbered = _OPEN_FILE.fullmatch(str(path))
    return int(numbered[1]) if numbered else _OPEN_FILES.get(str(path))
