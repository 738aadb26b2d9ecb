"""Ports for the servers of tests, which no other test and no client on this machine is given meanwhile."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

_FIRST, _LAST = 15_000, 32_000
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def _candidates() -> Iterator[int]:
    """Ports below those that the kernel gives to clients: one of its own could be taken before the server binds it.

    Each process starts elsewhere, so that two workers hardly ever look at the same port.
    """
    try:
        last = min(_LAST, int(_RANGE.read_text("ascii").split()[0]))
    except OSError:
        last = _LAST
    span = max(last - _FIRST, 1)
    # A prime: the process ids of workers follow one another.
    start = os.getpid() * 7919
    for step in range(span):
        yield _FIRST + (start + step) % span


_next = _candidates()


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nothing listens on, each given once in this process."""
    found: list[int] = []
    for port in _next:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no port is free")
