"""The preloaded Python of a test run: programs that look like those of an environment, and the process behind."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.preloaded import front, processes

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# The kernel reads no more of the first line of a program.
_LONGEST_LINE = 127
# Room for the words and the environment of a process, which others read where the kernel keeps them.
_ROOM = {"words": 16 << 10, "environment": 100 << 10}


class Preloaded:
    """Where the programs are: `python` is what `sys.executable` becomes; the tests' own environment is behind it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        self.python = self.programs / "python"
        self.info: dict[str, Any] = {}

    def lay_out(self) -> bool:
        """Write the programs; False where they cannot be started."""
        ours = Path(sys.executable)
        line = f"#!{ours} -IS"
        if len(line) > _LONGEST_LINE or " " in str(ours) or not hasattr(os, "pidfd_open"):
            return False
        self.programs.mkdir()
        for one in ours.parent.iterdir():
            (self.programs / one.name).symlink_to(one)
        behind = {name: str(ours.parent / name) for name in front.PROGRAMS if (ours.parent / name).exists()}
        for name in ("python", "python3", f"python3.{sys.version_info[1]}", *behind):
            text = f"{line}\nimport sys\nsys.path.insert(0, {str(HERE)!r})\nimport front\n"
            text += f"front.main({str(self.folder)!r}, {name!r}, sys.argv[1:])\n"
            (self.programs / name).unlink(missing_ok=True)
            (self.programs / name).write_text(text)
            (self.programs / name).chmod(0o755)
        info = {"python": str(ours), "front": str(self.python), "programs": behind}
        (self.folder / front.INFO).write_bytes(marshal.dumps(info))
        return True

    @contextmanager
    def answering(self) -> Iterator[None]:
        """The process that forks, from its imports to its end."""
        words = [sys.executable, "-P", str(HERE / "server.py"), str(self.folder), str(ROOT), "." * _ROOM["words"]]
        environment = {**os.environ, "PRELOADED_ROOM": "." * _ROOM["environment"]}
        for name in front.FOLLOWED:
            environment.pop(name, None)
        pipe = subprocess.PIPE
        with subprocess.Popen(
            words, env=environment, stdin=pipe, stdout=pipe, text=True, start_new_session=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", "the preloaded Python did not start"
            self.info = marshal.loads((self.folder / front.INFO).read_bytes())
            yield
            assert process.stdin is not None
            process.stdin.close()

    def use(self, patch: pytest.MonkeyPatch) -> None:
        """From now on, what is started as `sys.executable`, `python`, `dvc` or `gitops-mlops` is forked."""
        patch.setattr(sys, "executable", str(self.python))
        patch.setenv("PATH", f"{self.programs}{os.pathsep}{os.environ['PATH']}")
        patch.setattr(subprocess, "Popen", processes.PreloadedPopen)
        patch.setattr(processes, "_FRONT", {"folder": str(self.folder), "info": self.info})
