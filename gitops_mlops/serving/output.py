"""What a server says on its two streams. A stream that takes nothing, as on a full disk, never ends the server."""

from __future__ import annotations

import contextlib
import os
import sys


def complain(line: str) -> None:
    """One line on standard error, whatever a client wrote into it; lost when it cannot be written."""
    shown = line if line.isprintable() else "".join(sign if sign.isprintable() else "�" for sign in line)
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{shown}\n")


def announce(text: str) -> None:
    """Text on standard output, at once; when it cannot be written, the stream is given up."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        complain(f"warning: the address could not be reported ({error.strerror})")
        # Python would try again at its end, and turn a clean end into exit code 120.
        with contextlib.suppress(OSError, ValueError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, sys.stdout.fileno())
            os.close(nothing)
