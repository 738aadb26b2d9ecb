"""The working tree: reads and writes that stay inside, and writes that are whole or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from gitops_mlops.domain.errors import ExternalError, UsageError
from gitops_mlops.domain.names import path_problem
from gitops_mlops.log import Logger
from gitops_mlops.runtime.atomic_write import write_atomically

_LOG = Logger(__name__)


class WorkingTree:
    """Files below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def resolve(self, path: str) -> Path:
        """The absolute path. Raises UsageError when it leaves the root, by a symlink too."""
        if reason := path_problem(path):
            raise UsageError(
                f"the path {reason}", where=repr(path), hint="write it relative to the repository's root"
            )
        try:
            resolved = (self.root / path).resolve()
        except (OSError, RuntimeError) as error:
            raise UsageError("the path cannot be followed", where=path, hint="fix its symlinks") from error
        if not resolved.is_relative_to(self.root):
            raise UsageError("a symlink leads out of the repository", where=path, hint="copy the file in")
        return resolved

    def read(self, path: str) -> bytes | None:
        """The content, None when there is no such file."""
        found = self.resolve(path)
        try:
            # A pipe would be waited for, and a folder or device is no mistake of the outside system.
            if found.exists() and not found.is_file():
                raise UsageError("is not a regular file", where=path, hint="put one there")
            content = found.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ExternalError(f"cannot be read ({error.strerror})", where=path) from error
        _LOG.info("read %s (%d bytes)", path, len(content))
        return content

    def write(self, path: str, content: bytes) -> None:
        """Write to a temporary file beside the target, then rename."""
        write_atomically(self.resolve(path), content)

    def write_all(self, contents: Mapping[str, bytes | None]) -> None:
        """Write several files, None for one that goes; when one of them fails, all are again what they were."""
        before = {path: self.read(path) for path in contents}
        try:
            for path, content in contents.items():
                self._put(path, content)
        except BaseException:
            for path, content in before.items():
                # What cannot be put back must not keep the others from it.
                with contextlib.suppress(ExternalError):
                    self._put(path, content)
            raise

    def _put(self, path: str, content: bytes | None) -> None:
        if content is not None:
            self.write(path, content)
            return
        try:
            self.resolve(path).unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise ExternalError(f"cannot be removed ({error.strerror})", where=path) from error


def read_at_most(path: Path, limit: int) -> bytes | None:
    """The content of any file, None when there is none; of a larger one only the first `limit` + 1 bytes."""
    try:
        with path.open("rb") as opened:
            content = opened.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise ExternalError(f"cannot be read ({getattr(error, 'strerror', error)})", where=str(path)) from error
    _LOG.info("read %s (%d bytes)", path, len(content))
    return content
