"""Asks the preloaded Python for a process: what a new interpreter would do, without its imports.

A front is a program named `python`, `dvc` or `gitops-mlops`, for whoever starts processes outside of Python: it
passes words, environment and open files on, hands signals on, and ends as the process ended. Only built-in modules
are imported here: a front starts in a hundredth of a second.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` takes ten times as long
import _socket
import array
import marshal
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

INFO = "info"
SOCKET = "socket"
# Modules that run preloaded; whatever else a Python is asked for gets a new interpreter.
MODULES = ("gitops_mlops", "dvc", "pipeline")
PROGRAMS = ("dvc", "gitops-mlops")
# Read when libraries are loaded: they must be as they were when the preloaded Python loaded them.
_LOADED_WITH = ("OMP_", "OPENBLAS_", "MKL_", "POLARS_", "NUMPY_", "NPY_", "SKLEARN_", "SCIPY_", "LD_", "MALLOC_")
FOLLOWED = ("PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE")
_LOCALES = ("", "C", "POSIX", "C.UTF-8", "C.utf8")
_SIGNALS = (_signal.SIGHUP, _signal.SIGINT, _signal.SIGQUIT, _signal.SIGTERM, _signal.SIGUSR1, _signal.SIGUSR2)

Request = dict[str, Any]


def watched(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a running Python cannot follow any more."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(_LOADED_WITH) or (name.startswith("PYTHON") and name not in FOLLOWED)
    }


def request(words: Sequence[str], environment: Mapping[str, str], folder: str, info: Mapping[str, Any]) -> Request:
    """What the preloaded Python is asked for; empty when only a new interpreter does the same."""
    rest = list(words)
    isolated = rest[:1] == ["-I"]
    safe = isolated or rest[:1] == ["-P"]
    rest = rest[safe:]
    if isolated:
        seen = {name: value for name, value in environment.items() if not name.startswith("PYTHON")}
    else:
        seen = dict(environment)
    if len(rest) > 1 and rest[0] == "-m" and rest[1].partition(".")[0] in MODULES:
        kind, name, first = "module", rest[1], folder
        arguments = ["-m", *rest[2:]]
    elif len(rest) > 1 and rest[0] == "-c":
        kind, name, first = "code", rest[1], folder
        arguments = ["-c", *rest[2:]]
    elif rest and not rest[0].startswith("-") and os.path.isfile(os.path.join(folder, rest[0])):
        kind, name, first = "script", rest[0], os.path.dirname(os.path.realpath(os.path.join(folder, rest[0])))
        arguments = rest
    else:
        return {}
    locales = {environment.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG")}
    if watched(seen) != info["watched"] or not locales.issubset(_LOCALES):
        return {}
    places = [] if safe else [first]
    places += [os.path.abspath(os.path.join(folder, one)) for one in _split(seen.get("PYTHONPATH", ""))]
    if any(_shadows(place, info) for place in places):
        return {}
    return {
        "kind": kind,
        "name": name,
        "arguments": arguments,
        "words": list(words),
        "places": ["", *places[1:]] if kind == "code" and not safe else places,
        "environment": dict(environment),
        "unbuffered": bool(seen.get("PYTHONUNBUFFERED")),
        "no_bytecode": bool(seen.get("PYTHONDONTWRITEBYTECODE")),
        "folder": folder,
    }


def _split(path: str) -> list[str]:
    return [one for one in path.split(":") if one]


def _shadows(place: str, info: Mapping[str, Any]) -> bool:
    """Whether a new interpreter would find there what the preloaded one has loaded from elsewhere."""
    if os.path.realpath(place) == info["root"]:
        return False
    try:
        names = os.listdir(place)
    except OSError:
        return False
    for name in names:
        module, _, kind = name.partition(".")
        if module in info["loaded"] and (
            kind.endswith(("py", "pyc", "so")) or os.path.isdir(os.path.join(place, name))
        ):
            return True
    return False


def ask(folder: str, wanted: Request, descriptors: Mapping[int, int], *, tied: bool) -> tuple[int, Any]:
    """The process id and the connection on which its end is told; `descriptors` maps its numbers to ours.

    A process that is `tied` ends when the connection does. Raises OSError when the preloaded Python does not answer.
    """
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect(os.path.join(folder, SOCKET))
        body = marshal.dumps({**wanted, "descriptors": list(descriptors), "tied": tied})
        files = array.array("i", descriptors.values())
        connection.sendmsg([len(body).to_bytes(8, "little")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
        connection.sendall(body)
        pid = number(connection)
        if pid is None:
            raise ConnectionError("the preloaded Python gave no process")
    except BaseException:
        connection.close()
        raise
    return pid, connection


def number(connection: Any) -> int | None:
    """The next number that the preloaded Python tells; None when it has gone."""
    told = b""
    while len(told) < 8:
        more = connection.recv(8 - len(told))
        if not more:
            return None
        told += more
    return int.from_bytes(told, "little", signed=True)


def _open_files() -> dict[int, int]:
    found = {}
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        try:
            os.fstat(descriptor)
        except OSError:
            continue  # what listed them
        found[descriptor] = descriptor
    return found


def main(folder: str, called: str, words: list[str]) -> NoReturn:
    """Be the program `called`, as far as anybody outside can tell."""
    with open(os.path.join(folder, INFO), "rb") as file:
        info = marshal.load(file)
    name = os.path.basename(called)
    if name in PROGRAMS:
        words = [info["programs"][name], *words]
    # While the process does not exist yet, signals wait for it.
    _signal.pthread_sigmask(_signal.SIG_BLOCK, _SIGNALS)
    descriptors = _open_files()
    try:
        wanted = request(words, os.environ, os.getcwd(), info) if {0, 1, 2} <= descriptors.keys() else {}
        if wanted:
            pid, connection = ask(folder, {**wanted, "executable": info["front"]}, descriptors, tied=True)
    except OSError:
        wanted = {}
    if not wanted:
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, _SIGNALS)
        os.execv(info["python"], [info["python"], *words])
    for descriptor in descriptors:
        os.close(descriptor)
    for one in _SIGNALS:
        if _signal.getsignal(one) is not _signal.SIG_IGN:
            _signal.signal(one, lambda said, _: _hand_on(pid, said))
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, _SIGNALS)
    code = number(connection)
    if code is None:
        code = 70
    if code < 0:
        _signal.signal(-code, _signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _hand_on(pid: int, said: int) -> None:
    try:
        os.kill(pid, said)
    except ProcessLookupError:
        pass


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
