"""Bundles in the state folder, each under its own digest."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from gitops_mlops.domain.deployment.bundle import MANIFEST, bundle_digest
from gitops_mlops.domain.digests import digest_digits, digest_of_digits, is_content_digest
from gitops_mlops.domain.errors import PlaceError
from gitops_mlops.domain.ports import Files
from gitops_mlops.runtime.bundle_lock import dropping_bundle, reading_bundle

BUNDLES = "bundles"


class BundleFolder:
    """Bundles below `bundles` of `files`. Who reads one has a lock on its folder, which ends with the process."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._reading = contextlib.ExitStack()

    def keep(self, manifest: bytes, files: Mapping[str, bytes]) -> Path:
        """The folder that holds exactly this bundle. A reader sees all of it or nothing."""
        wanted = {**files, MANIFEST: manifest}
        target = self._files.resolve(f"{BUNDLES}/{digest_digits(bundle_digest(manifest))}")
        self._read(target)
        if _holds(target, wanted):
            return target
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(dir=target.parent, prefix=".making-"))
            try:
                self._read(made)
                _write(made, wanted)
                if target.exists():
                    # Damaged, so that no server can have verified it; a server that runs has read it long ago.
                    shutil.rmtree(target)
                made.rename(target)
            finally:
                shutil.rmtree(made, ignore_errors=True)
        except OSError as error:
            hint = "make the folder writable, free disk space, or name another folder with --state"
            raise PlaceError(f"cannot be written ({error.strerror})", where=str(target), hint=hint) from error
        return target

    def prune(self, keep: Collection[str]) -> list[str]:
        """Drop the bundles that are not among these digests and that no process reads; the digests dropped."""
        self._reading.close()
        dropped = []
        for folder in sorted(self._files.resolve(BUNDLES).glob("*")):
            digest = digest_of_digits(folder.name)
            # Anything else here was put there by hand.
            if is_content_digest(digest) and digest not in keep and _is_bundle(folder, digest) and _drop(folder):
                dropped.append(digest)
        return dropped

    def _read(self, folder: Path) -> None:
        """Let no other process drop a folder while this one needs it."""
        self._reading.enter_context(reading_bundle(folder, wait=True))


def _is_bundle(folder: Path, digest: str) -> bool:
    try:
        return not folder.is_symlink() and bundle_digest((folder / MANIFEST).read_bytes()) == digest
    except OSError:
        return False


def _drop(folder: Path) -> bool:
    """Whether a bundle went. Its manifest goes last: until then what is left of it is still known as ours."""
    try:
        with dropping_bundle(folder):
            for entry in sorted(folder.iterdir(), key=lambda path: path.name == MANIFEST):
                entry.unlink()
            folder.rmdir()
    except OSError:
        return False
    return True


def _holds(folder: Path, wanted: Mapping[str, bytes]) -> bool:
    try:
        return {path.name for path in folder.iterdir()} == wanted.keys() and all(
            (folder / name).read_bytes() == content for name, content in wanted.items()
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
