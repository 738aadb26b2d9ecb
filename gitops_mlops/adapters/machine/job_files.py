"""The files in which GitHub takes the outputs and the summary of a step."""

from __future__ import annotations

import os
from pathlib import Path

from gitops_mlops.domain.errors import ExternalError


class JobFile:
    """A file whose path an environment variable names. It is added to: earlier lines are the step's too."""

    def __init__(self, variable: str, path: str) -> None:
        self._variable = variable
        self._path = Path(path)

    def size(self) -> int:
        """Bytes that are in it."""
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise self._failed(error) from error

    def add(self, text: str) -> None:
        """Append text. Raises OutsideError when it cannot be written."""
        try:
            with self._path.open("a", encoding="utf-8", errors="backslashreplace", newline="") as file:
                file.write(text)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> ExternalError:
        return ExternalError(f"cannot be written ({error.strerror})", where=f"${self._variable}")


def job_file(variable: str) -> JobFile | None:
    """The file that a variable names, None outside of a job."""
    path = os.environ.get(variable, "")
    return JobFile(variable, path) if path else None
