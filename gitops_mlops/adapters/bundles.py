"""Bundles in a folder of the clone that git ignores, each under its own digest."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gitops_mlops.domain.bundle import MANIFEST, bundle_digest
from gitops_mlops.domain.errors import OutsideError
from gitops_mlops.domain.ports import Files

BUNDLES = ".gitops-mlops/bundles"


class BundleFolder:
    """Bundles below `.gitops-mlops/bundles`."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def keep(self, manifest: bytes, files: Mapping[str, bytes]) -> Path:
        """The folder that holds exactly this bundle. A reader sees all of it or nothing."""
        wanted = {**files, MANIFEST: manifest}
        target = self._files.resolve(f"{BUNDLES}/{bundle_digest(manifest).removeprefix('sha256:')}")
        if _holds(target, wanted):
            return target
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(dir=target.parent, prefix=".making-"))
            try:
                _write(made, wanted)
                if target.exists():
                    # Damaged, so that no server can have verified it; a server that runs has read it long ago.
                    shutil.rmtree(target)
                made.rename(target)
            finally:
                shutil.rmtree(made, ignore_errors=True)
        except OSError as error:
            raise OutsideError(f"cannot be written ({error.strerror})", where=str(target)) from error
        return target


def _holds(folder: Path, wanted: Mapping[str, bytes]) -> bool:
    try:
        return {path.name for path in folder.iterdir()} == wanted.keys() and all(
            hashlib.sha256((folder / name).read_bytes()).digest() == hashlib.sha256(content).digest()
            for name, content in wanted.items()
        )
    except OSError:
        return False


def _write(folder: Path, wanted: Mapping[str, bytes]) -> None:
    for name, content in wanted.items():
        with (folder / name).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    folder.chmod(0o755)
