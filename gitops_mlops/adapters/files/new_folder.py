"""A folder that is there whole, or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gitops_mlops.domain.errors import ExternalError, UsageError


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `target` when the block ends well and is gone when it does not.

    Raises UsageError when `target` is there and not an empty folder.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError("is not an empty folder", where=str(target), hint="name one that does not exist yet")
    if not target.parent.is_dir():
        raise UsageError("there is no such folder", where=str(target.parent), hint="make it first")
    try:
        filling = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        raise ExternalError(f"cannot be written ({error.strerror})", where=str(target.parent)) from error
    try:
        # Temporary folders are private; a project is as readable as any other new folder.
        filling.chmod(0o755)
        yield filling
        if not target.exists():
            filling.rename(target)
        else:
            # Somebody may stand in it: another folder of this name would not be theirs.
            for entry in list(filling.iterdir()):
                entry.rename(target / entry.name)
    finally:
        shutil.rmtree(filling, ignore_errors=True)
