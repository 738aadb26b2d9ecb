"""The sockets of a server: private, public, and those by which the public one changes hands."""

from __future__ import annotations

import errno
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gitops_mlops.domain.errors import ExternalError, PlaceError

# The words of gitops_mlops/serving/handover.py.
_PUBLISH = b"publish"
_PUBLISHED = b"ok"
_BORROW_SECONDS = 5.0
_PUBLISH_SECONDS = 30.0
_LONGEST_PATH = 100


def private_listener() -> socket.socket:
    """A socket bound to a free port of the loopback interface; the server listens once its model is loaded."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    return listener


def public_socket(host: str, port: int) -> socket.socket:
    """A socket bound to a public address, which does not listen yet. Raises OutsideError when it is taken."""
    where = f"{host}:{port}"
    family, address = _resolved(host, port)
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Connections that are still closing must not keep a port from being used again.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise PlaceError(
                "the port is taken by a process that this deploy did not start",
                where=where,
                hint="stop that process, or change port in mlops.yaml",
            ) from error
        raise PlaceError(
            f"cannot be listened on ({error.strerror})", where=where, hint="change host or port in mlops.yaml"
        ) from error
    return bound


def control_listener(path: Path) -> socket.socket:
    """A listening Unix socket that only this user can open."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    _shortly(path, listener.bind)
    listener.listen()
    return listener


def borrow_public(control: Path, host: str, port: int) -> socket.socket | None:
    """The public socket of the server behind a control socket.

    None when it has none, does not answer, or listens elsewhere because the configuration changed since.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as visitor:
        visitor.settimeout(_BORROW_SECONDS)
        try:
            _shortly(control, visitor.connect)
            message, descriptors, _, _ = socket.recv_fds(visitor, 64, 1)
        except OSError:
            return None
    if message != _PUBLISHED or not descriptors:
        return None
    public = socket.socket(fileno=descriptors[0])
    if public.getsockname() != _resolved(host, port)[1]:
        public.close()
        return None
    return public


def publish(lifeline: socket.socket, public: socket.socket) -> str:
    """Let the server at the other end serve the public socket; "" when it does, else why it does not."""
    lifeline.settimeout(_PUBLISH_SECONDS)
    try:
        socket.send_fds(lifeline, [_PUBLISH], [public.fileno()])
        answer = lifeline.recv(1000)
    except OSError as error:
        return f"it did not take over the port ({error.strerror or error})"
    return "" if answer == _PUBLISHED else answer.decode(errors="replace") or "it ended while taking over the port"


def _resolved(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """The address family and the socket address to bind. Raises OutsideError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise ExternalError(
            f"is not an address ({error.strerror})", where=f"{host}:{port}", hint="correct host in mlops.yaml"
        ) from error
    return found[0], found[4]


def _shortly(path: Path, use: Callable[[str], None]) -> None:
    """Use a Unix socket by a short name: the kernel allows about 100 bytes, a repository's path may be longer."""
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        use(str(path))
        return
    # Not TMPDIR, which may be as long as the path.
    with tempfile.TemporaryDirectory(prefix="mlops-", dir="/tmp") as folder:
        link = Path(folder) / "s"
        link.symlink_to(path.parent.absolute())
        use(str(link / path.name))
