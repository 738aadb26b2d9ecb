"""Programs that a user would type, run as they would run for that user."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.domain.ports import ProgramResult
from gitops_mlops.log import Logger

_LOG = Logger(__name__)


class UserShell:
    """Runs programs in a folder; `gitops-mlops` and `python` are this very installation."""

    def __init__(self) -> None:
        # A pipeline's stages call `python`; in an environment that is not activated that would be another one.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        foreign = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
        self._environment = {key: value for key, value in os.environ.items() if key not in foreign}
        self._environment |= {"PATH": path, "DVC_NO_ANALYTICS": "1", "GIT_TERMINAL_PROMPT": "0"}

    def run(self, words: Sequence[str], folder: Path) -> ProgramResult:
        """Run one program to its end. Raises OutsideError when it is not installed."""
        command = [sys.executable, "-m", "gitops_mlops", *words[1:]] if words[0] == "gitops-mlops" else list(words)
        started = time.monotonic()
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
            )
        except FileNotFoundError as error:
            raise ExternalError("is not installed", where=words[0], hint="see Requirements in the README") from error
        seconds = time.monotonic() - started
        _LOG.info("%s ended with %d after %.1f s", words[0], done.returncode, seconds)
        _LOG.debug("in %s: %s", folder, list(words))
        return ProgramResult(done.returncode, done.stdout, seconds)
