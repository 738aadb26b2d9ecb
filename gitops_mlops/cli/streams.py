"""Standard streams as they are handed over: closed, full, cut off by `| head`, or of a narrow encoding."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def prepare() -> None:
    """Make all three usable: a closed one becomes /dev/null, and what an encoding lacks is escaped."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # Left free, the number would go to the next file that is opened, and children would print into it.
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def write(text: str) -> None:
    """Put text on standard output. Raises OutsideError when it does not take it.

    A reader that went away (`| head`) is no failure: the verdict still decides the exit code.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
    except OSError as error:
        from gitops_mlops.domain.errors import ExternalError

        discard(sys.stdout)
        raise ExternalError(f"cannot be written ({error.strerror})", where="standard output") from error


def discard(stream: TextIO) -> None:
    """Send the rest to /dev/null; Python would complain when it flushes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def takes_unicode(stream: TextIO) -> bool:
    """Whether every character can be written."""
    return (stream.encoding or "").lower().startswith("utf")
