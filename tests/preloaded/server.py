"""A Python that has imported what takes seconds, and forks whenever a process is asked for.

It runs no thread of its own and computes nothing: what is forked begins as a new interpreter does, imports done.
Polars is not among them, for it starts threads that a fork would lose.

python -P server.py FOLDER ROOT PADDING
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import marshal
import os
import pkgutil
import select
import signal
import socket
import sys
import warnings
from pathlib import Path
from typing import Any

LIBRARIES = (
    "numpy", "numpy.random", "scipy.stats", "scipy.sparse", "pandas", "sklearn.ensemble", "sklearn.linear_model",
    "sklearn.pipeline", "sklearn.compose", "sklearn.preprocessing", "sklearn.impute", "sklearn.metrics",
    "sklearn.inspection", "sklearn.model_selection", "skops.io", "skops.card", "threadpoolctl", "prometheus_client",
    "starlette.applications", "uvicorn", "h11", "click", "pydantic", "yaml", "urllib3", "dvc.repo", "dvc.cli",
    "dvc.cli.parser", "dvc.commands.repro", "dvc.stage.run", "dvc_data.index", "multiprocessing", "runpy",
)  # fmt: skip
_DESCRIPTORS = 250


class _Refusal:
    """Nobody imports Polars before the fork."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name.partition(".")[0] in ("polars", "pandera"):
            raise ModuleNotFoundError(f"{name} comes after the fork", name=name)


def preload(root: str) -> None:
    """Import the libraries, then of ours what imports nothing else."""
    sys.path.insert(0, root)
    for name in LIBRARIES:
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)
    assert "polars" not in sys.modules, "polars was imported"
    import gitops_mlops

    sys.meta_path.insert(0, _Refusal)
    for found in pkgutil.walk_packages(gitops_mlops.__path__, "gitops_mlops.", onerror=lambda _: None):
        source = Path(found.module_finder.path) / f"{found.name.rpartition('.')[2]}.py"  # type: ignore[union-attr]
        # What is run by `-m`, or as a script, is not there yet when it runs.
        if source.is_file() and 'if __name__ == "__main__"' in source.read_text("utf-8"):
            continue
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(found.name)
    sys.meta_path.remove(_Refusal)
    sys.path.remove(root)


def serve(folder: str, listener: socket.socket) -> dict[str, Any] | None:
    """Fork for whoever asks; in a forked process what it was asked for, None when the tests have ended."""
    connections: dict[int, tuple[socket.socket, int, bool]] = {}
    ends: dict[int, int] = {}  # by the descriptor of a process, that of its connection
    poll = select.poll()
    poll.register(0, select.POLLIN | select.POLLHUP)
    poll.register(listener, select.POLLIN)
    while True:
        # One at a time: the next may have the number of one that is closed here.
        number, _ = poll.poll()[0]
        if number == 0:
            return None
        if number == listener.fileno():
            made = _accept(listener)
            if isinstance(made, dict):
                return made
            if made is None:
                continue
            connection, process, pid, tied = made
            connections[connection.fileno()] = connection, pid, tied
            ends[process] = connection.fileno()
            poll.register(process, select.POLLIN)
            poll.register(connection, select.POLLIN)
        elif number in ends:
            poll.unregister(number)
            os.close(number)
            connection, pid, _ = connections.pop(ends.pop(number))
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            with contextlib.suppress(OSError, KeyError):
                poll.unregister(connection)
                connection.sendall(code.to_bytes(8, "little", signed=True))
            connection.close()
        else:
            # Who asked has gone: nobody says anything here.
            poll.unregister(number)
            _, pid, tied = connections[number]
            if tied:
                os.kill(pid, signal.SIGKILL)


def _accept(listener: socket.socket) -> dict[str, Any] | tuple[socket.socket, int, int, bool] | None:
    connection, _ = listener.accept()
    connection.settimeout(30)
    files: list[int] = []
    try:
        asked = _receive(connection, files)
        connection.settimeout(None)
        begun, begins = os.pipe()
        with warnings.catch_warnings():
            # The threads of numerical libraries, which they end before a fork and begin again when they compute.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            listener.close()
            connection.close()
            os.close(begun)
            return {**asked, "files": files, "begins": begins}
        os.close(begins)
        begins_well = os.read(begun, 1)
        os.close(begun)
        if not begins_well:
            os.waitpid(pid, 0)
            raise EOFError
        process = os.pidfd_open(pid)
        with contextlib.suppress(OSError):
            connection.sendall(pid.to_bytes(8, "little", signed=True))
        return connection, process, pid, asked["tied"]
    except (OSError, EOFError, ValueError):
        connection.close()
        return None
    finally:
        if os.getpid() == _OURS:
            for one in files:
                os.close(one)


def _receive(connection: socket.socket, files: list[int]) -> dict[str, Any]:
    room = socket.CMSG_SPACE(_DESCRIPTORS * array.array("i").itemsize)
    head, extra, *_ = connection.recvmsg(8, room)
    for _, _, content in extra:
        found = array.array("i")
        found.frombytes(content[: len(content) - len(content) % found.itemsize])
        files += found
    body = bytearray()
    size = int.from_bytes(head, "little")
    while len(body) < size:
        more = connection.recv(min(1 << 20, size - len(body)))
        if not more:
            raise EOFError
        body += more
    asked: dict[str, Any] = marshal.loads(body)
    return asked


def main(folder: str, root: str) -> None:
    """Answer in `folder` until standard input ends."""
    path = list(sys.path)
    here = str(Path(__file__).parent)
    sys.path.insert(0, here)
    import forked  # type: ignore[import-not-found]  # they stand beside this file, as in no package
    import front  # type: ignore[import-not-found]
    import processes  # type: ignore[import-not-found]

    sys.path.remove(here)
    info = marshal.loads((Path(folder) / front.INFO).read_bytes())
    preload(root)
    loaded = {name.partition(".")[0] for name in sys.modules} - {"__main__", "forked", "front", "processes"}
    loaded |= {"sitecustomize", "usercustomize"}
    info = {**info, "root": os.path.realpath(root), "loaded": frozenset(loaded), "watched": front.watched(os.environ)}
    (Path(folder) / front.INFO).write_bytes(marshal.dumps(info))
    processes.use(folder, info)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(Path(folder) / front.SOCKET))
    listener.listen(128)
    shown = forked.image()
    gc.collect()
    gc.freeze()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    asked = serve(folder, listener)
    if asked is not None:
        forked.become(asked, shown, path)


_OURS = os.getpid()

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
