"""Start `python -m gitops_mlops.serving` so that it outlives us and inherits nothing but what it needs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import sysconfig
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import gitops_mlops
from gitops_mlops.adapters.targets.process.sockets import control_listener, private_listener
from gitops_mlops.log import Logger

_LOG = Logger(__name__)
_TAIL = 4000

# Nothing else of the caller's environment reaches a server: no token, and nothing that CI would clean up by.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH")
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass
class ServerProcess:
    """A started server: its process, our end of its lifeline, and its private port on the loopback interface."""

    process: subprocess.Popen[bytes]
    lifeline: socket.socket
    port: int


def launch(bundle: Path, digest: str, log: Path, control: Path, predictions: Path) -> ServerProcess:
    """Start a server of a bundle in a session of its own. It lives no longer than `lifeline` until it is public."""
    with ExitStack() as ours:
        private = ours.enter_context(private_listener())
        listener = ours.enter_context(control_listener(control))
        lifeline, theirs = socket.socketpair()
        ours.enter_context(theirs)
        output = ours.enter_context(log.open("ab"))
        descriptors = {"listen": private.fileno(), "lifeline": theirs.fileno(), "control": listener.fileno()}
        command = [sys.executable, "-P", "-m", "gitops_mlops.serving", "--bundle", str(bundle)]
        command += ["--expect-digest", digest, "--log-dir", str(predictions)]
        command += [f"--{name}-fd={number}" for name, number in descriptors.items()]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=environment(),
                pass_fds=tuple(descriptors.values()),
                start_new_session=True,
            )
        except BaseException:
            lifeline.close()
            raise
        port = private.getsockname()[1]
        _LOG.info("started the server of %s as process %d on port %d, its log is %s", bundle, process.pid, port, log)
        return ServerProcess(process, lifeline, port)


def last_lines(log: Path) -> tuple[str, ...]:
    """The last three lines of a log, as a terminal can show them."""
    try:
        lines = log.read_bytes()[-_TAIL:].decode(errors="replace").splitlines()
    except OSError:
        return ()
    said = [line.strip() for line in lines if line.strip()][-3:]
    return tuple("".join(sign if sign.isprintable() else " " for sign in line) for line in said)


def environment() -> dict[str, str]:
    """What a process that runs a model has of ours: no token, and what it needs to find the same code."""
    kept = {name: os.environ[name] for name in (*_ENVIRONMENT, *_THREADS) if name in os.environ}
    source = str(Path(gitops_mlops.__file__).parents[1])
    if source not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        # Run from a checkout: the server must find the same code.
        kept["PYTHONPATH"] = os.pathsep.join([source, *filter(None, [kept.get("PYTHONPATH")])])
    return kept
