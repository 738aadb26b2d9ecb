"""Notes of unfinished writes, a file for each artifact in git's own folder: no clone and no commit has them."""

from __future__ import annotations

from gitops_mlops.domain.digests import sha256_of
from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.domain.ports import Files

_NAME = 32


class FileJournal:
    """Notes below `gitops-mlops/unfinished` in git's folder."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def read(self, artifact: str) -> bytes | None:
        """The note of an artifact, None when nothing is unfinished."""
        return self._files.read(_path(artifact))

    def write(self, artifact: str, content: bytes) -> None:
        """Replace the note, whole or not at all."""
        self._files.write(_path(artifact), content)

    def clear(self, artifact: str) -> None:
        """Forget the note, if there is one."""
        path = self._files.resolve(_path(artifact))
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ExternalError(f"cannot be removed ({error.strerror})", where=str(path)) from error


def _path(artifact: str) -> str:
    # Names may hold slashes, and differ in case alone.
    return f"gitops-mlops/unfinished/{sha256_of(artifact.encode())[:_NAME]}.json"
