"""Processes of the preloaded Python behind `subprocess`: real ones, with an id, files and a session of their own."""

from __future__ import annotations

import inspect
import os
import select
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

if __package__:
    from tests.preloaded import front
else:  # in the preloaded Python, which must not know our folders as packages
    import front  # type: ignore[import-not-found, no-redef]

_PLAIN = inspect.signature(subprocess.Popen._execute_child)  # type: ignore[attr-defined]
_FRONT: dict[str, Any] = {}


class PreloadedPopen(subprocess.Popen[Any]):
    """`subprocess.Popen`, which lets the preloaded Python fork what it can do as well as a new interpreter."""

    _connection: Any = None

    def _execute_child(self, *given: Any) -> None:
        asked = dict(zip(list(_PLAIN.parameters)[1:], given, strict=True))
        try:
            begun = self._begin(asked)
        except OSError:
            begun = None
        if begun is None:
            super()._execute_child(*given)  # type: ignore[misc]
            return
        self.pid, self._connection = begun
        self._child_created = True
        self._close_pipe_fds(*(asked[one] for one in _PIPES))  # type: ignore[attr-defined]

    def _begin(self, asked: Mapping[str, Any]) -> tuple[int, Any] | None:
        words = asked["args"]
        unusual = asked["preexec_fn"], asked["shell"], asked["executable"], not asked["close_fds"]
        identity = asked["uid"], asked["gid"], asked["gids"]
        if any(unusual) or any(one is not None for one in identity) or asked["umask"] >= 0:
            return None
        if isinstance(words, str | bytes | os.PathLike):
            return None
        words = [os.fsdecode(word) for word in words]
        if words[0] not in (_FRONT["info"]["front"], _FRONT["info"]["python"]):
            return None
        environment = os.environ if asked["env"] is None else asked["env"]
        environment = {os.fsdecode(name): os.fsdecode(value) for name, value in environment.items()}
        folder = os.path.abspath(os.fsdecode(asked["cwd"] or os.curdir))
        wanted = front.request(words[1:], environment, folder, _FRONT["info"]) if os.path.isdir(folder) else None
        if not wanted:
            return None
        files = {number: number for number in asked["pass_fds"]}
        for number, ours in enumerate((asked["p2cread"], asked["c2pwrite"], asked["errwrite"])):
            files[number] = number if ours == -1 else ours
        return front.ask(_FRONT["folder"], {**wanted, "executable": words[0]}, files, tied=False)

    def _ended(self, timeout: float | None) -> bool:
        """Whether the process has ended, within `timeout` seconds."""
        if self.returncode is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                return False
            said = front.number(self._connection)
            self.returncode = 70 if said is None else said
            self._connection.close()
        return True

    def _internal_poll(self, *given: Any, **named: Any) -> int | None:
        if self._connection is None:
            found: int | None = super()._internal_poll(*given, **named)  # type: ignore[misc]
            return found
        with self._waitpid_lock:  # type: ignore[attr-defined]
            self._ended(0)
        return self.returncode

    def _wait(self, timeout: float | None) -> int:
        if self._connection is None:
            code: int = super()._wait(timeout)  # type: ignore[misc]
            return code
        with self._waitpid_lock:  # type: ignore[attr-defined]
            if not self._ended(timeout):
                assert timeout is not None
                raise subprocess.TimeoutExpired(self.args, timeout)
        return self.returncode


_PIPES = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")


def use(folder: str, info: Mapping[str, Any]) -> None:
    """Let every `subprocess` of this process ask the preloaded Python in `folder`."""
    _FRONT.update(folder=folder, info=info)
    subprocess.Popen = PreloadedPopen  # type: ignore[misc]
    vars(sys.modules["subprocess"])["Popen"] = PreloadedPopen
