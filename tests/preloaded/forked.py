"""The forked process: from a preloaded Python to what a new interpreter would have been."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import io
import os
import runpy
import signal
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any, NoReturn


def image() -> tuple[int, int, int, int]:
    """Where the kernel keeps what others see as the words and the environment of this process (proc(5))."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    first, last, begin, end = (int(one) for one in fields[45:49])
    return first, last, begin, end


def _show(place: int, end: int, values: list[str]) -> None:
    data = b"".join(os.fsencode(value) + b"\0" for value in values)[: end - place]
    ctypes.memmove(place, data.ljust(end - place, b"\0"), end - place)


def become(asked: dict[str, Any], shown: tuple[int, int, int, int], path: list[str]) -> NoReturn:
    """Be what was asked for, from the first line to the exit code."""
    os.setsid()
    begun = _place(asked["files"], asked["descriptors"], asked["begins"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    _locale()
    _show(shown[0], shown[1], [asked["executable"], *asked["words"]])
    _show(shown[2], shown[3], [f"{name}={value}" for name, value in asked["environment"].items()])
    os.chdir(asked["folder"])
    # Whoever asked may know of the process now.
    os.write(begun, b".")
    os.close(begun)
    if "TZ" in os.environ:
        time.tzset()
    sys.executable = asked["executable"]
    sys.orig_argv = [asked["executable"], *asked["words"]]
    sys.argv = list(asked["arguments"])
    sys.path[:] = [*asked["places"], *path]
    sys.dont_write_bytecode = asked["no_bytecode"]
    _streams(asked["unbuffered"])
    sys.modules["numpy.random"].seed()
    main = types.ModuleType("__main__")
    main.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main
    _end(_run(asked, main))


def _place(files: list[int], numbers: list[int], begins: int) -> int:
    """Every file under the number that it has in the process; of ours only what tells that it begins stays open."""
    above = max(*(int(one.name) for one in Path("/proc/self/fd").iterdir()), *numbers) + 1
    kept = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, above) for one in files]
    begun = fcntl.fcntl(begins, fcntl.F_DUPFD_CLOEXEC, above)
    os.closerange(0, above)
    for one, number in zip(kept, numbers, strict=True):
        os.dup2(one, number, inheritable=True)
        os.close(one)
    return begun


def _locale() -> None:
    """As a new interpreter does in a locale without one (PEP 538)."""
    environment = os.environ
    found = environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG") or "C"
    if found in ("C", "POSIX") and not environment.get("LC_ALL"):
        environment["LC_CTYPE"] = "C.UTF-8"


def _streams(unbuffered: bool) -> None:
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        writes = number > 0
        raw = io.FileIO(number, "w" if writes else "r", closefd=False)
        raw.name = f"<{name}>"
        buffer: Any = raw if unbuffered and writes else (io.BufferedWriter if writes else io.BufferedReader)(raw)
        stream = io.TextIOWrapper(
            buffer,
            encoding="utf-8",
            errors="backslashreplace" if name == "stderr" else "surrogateescape",
            newline=None if number == 0 else "\n",
            line_buffering=name == "stderr" or (writes and raw.isatty()),
            write_through=unbuffered and writes,
        )
        stream.mode = "w" if writes else "r"  # type: ignore[misc]
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _run(asked: dict[str, Any], main: types.ModuleType) -> int:
    try:
        if asked["kind"] == "module":
            runpy._run_module_as_main(asked["name"], alter_argv=True)  # type: ignore[attr-defined]
        elif asked["kind"] == "code":
            main.__dict__.update(__spec__=None, __loader__=None, __package__=None)
            exec(compile(asked["name"], "<string>", "exec", dont_inherit=True), main.__dict__)
        else:
            path = os.path.abspath(asked["name"])
            main.__dict__.update(__file__=path, __cached__=None, __spec__=None, __loader__=None, __package__=None)
            exec(compile(Path(path).read_bytes(), path, "exec", dont_inherit=True), main.__dict__)
    except SystemExit as ended:
        if ended.code is None:
            return 0
        if isinstance(ended.code, int):
            return ended.code & 0xFF
        print(ended.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        sys.excepthook(*sys.exc_info())
        return -signal.SIGINT
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _end(code: int) -> NoReturn:
    """What an interpreter does at its end, but for freeing what the kernel frees."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        code = 120
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
