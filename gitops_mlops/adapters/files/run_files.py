"""What a run of the pipeline left for git, brought from another job: nobody vouches for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from gitops_mlops.domain.errors import ExternalError, MissingEvidence, UsageError

_MAX_FILE_BYTES = 10 * 1024 * 1024
_MAX_BYTES = 50 * 1024 * 1024
_MAX_FILES = 1000

_HINT = "let DVC keep it, and not git"


class RunFiles:
    """A folder that holds files by their path in the repository, or the one `dvc.lock` of its root."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise MissingEvidence(
                "there is no such file or folder", where=str(path), hint="run gitops-mlops repro first"
            )
        self._root = path.resolve()

    def files(self, places: Iterable[str]) -> dict[str, bytes]:
        """The files at these places and below them; nothing else in the folder is looked at."""
        if self._root.is_file():
            found = {"dvc.lock": self._root} if "dvc.lock" in places else {}
        else:
            found = {path: file for place in sorted(set(places)) for path, file in self._below(place)}
        if len(found) > _MAX_FILES:
            raise UsageError(f"more than {_MAX_FILES} files", where=str(self._root), hint=_HINT)
        contents: dict[str, bytes] = {}
        left = _MAX_BYTES
        for path, file in found.items():
            contents[path] = _content(path, file, min(left, _MAX_FILE_BYTES))
            left -= len(contents[path])
        return contents

    def _below(self, place: str) -> Iterator[tuple[str, Path]]:
        start = self._root / place
        inside = sorted(start.rglob("*")) if start.is_dir() and not start.is_symlink() else [start]
        for file in inside:
            if not file.resolve().is_relative_to(self._root):
                where = file.relative_to(self._root).as_posix()
                raise UsageError("a symlink leads out of the folder", where=where, hint="copy the file in")
            if file.is_file():
                yield file.relative_to(self._root).as_posix(), file


def _content(path: str, file: Path, limit: int) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(limit + 1)
    except OSError as error:
        raise ExternalError(f"cannot be read ({error.strerror})", where=path) from error
    if len(content) > limit:
        raise UsageError(f"larger than {limit} bytes", where=path, hint=_HINT)
    return content
