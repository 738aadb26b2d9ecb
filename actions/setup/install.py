"""One environment for all steps of a job: our lock, what the project requires, and the toolkit itself.

It lies below RUNNER_TEMP, which the runner empties before and after every job, so that no job finds what another one
(of a pull request, on a runner that stays) could have written. Only the standard library is at hand here.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOOLKIT = HERE.parents[1]
LOCK = HERE / "requirements.txt"
DEFAULT = "requirements.txt"

# Raised whenever what is installed, or how, changes without a change of the files that are digested.
_FORM = "1"
_SOURCES = ("pyproject.toml", "README.md", "dvc.yaml", "params.yaml", "mlops.yaml")
_FOLDERS = ("gitops_mlops", "contracts", "pipeline", "templates")
_INCLUDED = re.compile(r"^\s*(?:-r|--requirement|-c|--constraint)[\s=]+(\S+)", re.MULTILINE)
_HASHED = re.compile(r"--hash=|\s--hash\s")
# Jobs of these events run what a pull request brought, and can write nothing that others trust.
_OF_PULL_REQUESTS = ("pull_request", "pull_request_review", "pull_request_review_comment", "merge_group")


class Failure(Exception):
    """What stops an action, in one line; `details` is what a program said about it."""

    def __init__(self, message: str, code: int = 2, details: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.details = details


def python_of(environment: Path) -> Path:
    """The interpreter of an environment."""
    return environment / "bin" / "python"


def prepared(environ: Mapping[str, str]) -> Path | None:
    """The environment that whoever runs the runner made, to be used as it is. Raises Failure when it is none."""
    path = environ.get("GITOPS_MLOPS_ENVIRONMENT", "")
    if not path:
        return None
    found = Path(path)
    if not python_of(found).is_file():
        raise Failure(
            f"GITOPS_MLOPS_ENVIRONMENT: {path} is not an environment → it needs bin/python with gitops-mlops"
        )
    return found


def home(environ: Mapping[str, str]) -> Path:
    """The folder of a job for what is installed. Raises Failure outside of a job."""
    temporary = environ.get("RUNNER_TEMP", "")
    if not temporary:
        raise Failure("RUNNER_TEMP is not set → run in a job, or set GITOPS_MLOPS_ENVIRONMENT to an environment")
    return Path(temporary) / "gitops-mlops"


def asked(environ: Mapping[str, str], folder: Path) -> list[Path]:
    """The requirements of the project: as the input says, else as setup was told earlier in the job.

    Raises Failure for a file that is not there, unless it is the default.
    """
    said = environ.get("GITOPS_MLOPS_SETUP_REQUIREMENTS")
    if said is None:
        record = home(environ) / "asked.json"
        if record.is_file():
            return [Path(path) for path in json.loads(record.read_text("utf-8"))]
        # A verb that runs nothing of the project asks for nothing: what lies there may be of another job.
        said = environ.get("GITOPS_MLOPS_SETUP_DEFAULT", DEFAULT)
    found = []
    for line in filter(None, map(str.strip, said.splitlines())):
        path = Path(os.path.normpath(folder / line))
        if path.is_file():
            found.append(path)
        elif line != DEFAULT:
            raise Failure(f"requirements: there is no file {line} → name it as seen from working-directory")
    return found


def record(environ: Mapping[str, str], requirements: Sequence[Path]) -> None:
    """Let later steps of the job want the same."""
    target = home(environ) / "asked.json"
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.write_text(json.dumps([str(path) for path in requirements]), "utf-8")


def digest(requirements: Sequence[Path]) -> str:
    """Of everything that decides what an environment holds."""
    whole = hashlib.sha256("\0".join((_FORM, sys.version, sys.base_prefix)).encode())
    for path in [LOCK, *_sources(), *_read_too(requirements)]:
        content = path.read_bytes()
        whole.update(f"\0{path}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()


def _sources() -> Iterator[Path]:
    yield from (TOOLKIT / name for name in _SOURCES if (TOOLKIT / name).is_file())
    for name in _FOLDERS:
        found = (path for path in (TOOLKIT / name).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        yield from sorted(found)


def _read_too(requirements: Sequence[Path]) -> list[Path]:
    """Requirements with the files that they include, and the project's table beside a `uv.lock`."""
    found: list[Path] = []
    waiting = list(requirements)
    while waiting:
        path = waiting.pop(0)
        if path in found or not path.is_file():
            continue
        found.append(path)
        if path.name == "uv.lock":
            waiting.append(path.with_name("pyproject.toml"))
        elif path.name != "pyproject.toml":
            text = path.read_text("utf-8", errors="replace")
            waiting += [Path(os.path.normpath(path.parent / name)) for name in _INCLUDED.findall(text)]
    return found


def environment(requirements: Sequence[Path], environ: Mapping[str, str]) -> tuple[Path, bool]:
    """The job's environment, and whether it was made just now. Raises Failure when it cannot be made."""
    key = digest(requirements)
    target = home(environ) / f"environment-{key[:16]}"
    complete = target / "complete"
    if complete.is_file() and complete.read_text("utf-8") == key:
        return target, False
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _install(target, requirements, environ)
    complete.write_text(key, "utf-8")
    return target, True


def _install(target: Path, requirements: Sequence[Path], environ: Mapping[str, str]) -> None:
    settings = {**environ, **_caches(environ)}
    # Of what is ours, the workspace decides nothing: its pyproject.toml may name another index.
    ours = target.parent
    uv = [_uv(target, settings), "pip"]
    python = ["--quiet", "--python", str(python_of(target))]
    _call([*uv, "sync", *python, "--require-hashes", str(LOCK)], settings, "the toolkit's lock", ours)
    for path in requirements:
        words = ["--requirement", str(_exported(path, target, uv[0], settings))]
        if path.name == "uv.lock" or _HASHED.search(path.read_text("utf-8", errors="replace")):
            words.append("--require-hashes")
        _call([*uv, "install", *python, *words], settings, f"{path.name} of the project")
    own = ["--no-deps", "--no-build-isolation", "--no-index", "--reinstall-package", "gitops-mlops", str(TOOLKIT)]
    _call([*uv, "install", *python, *own], settings, "the toolkit", ours)
    both = "what is installed; the project and the toolkit need different versions"
    _call([*uv, "check", *python], settings, both, ours)


def _exported(path: Path, target: Path, uv: str, settings: Mapping[str, str]) -> Path:
    """A `uv.lock` as the requirements that it stands for, with their hashes."""
    if path.name != "uv.lock":
        return path
    listed = target / "uv.lock.txt"
    words = ["export", "--quiet", "--frozen", "--no-emit-project", "--no-dev", "--project", str(path.parent)]
    _call([uv, *words, "--output-file", str(listed)], settings, "uv.lock of the project")
    return listed


def _of_pull_request(environ: Mapping[str, str]) -> bool:
    return environ.get("GITHUB_EVENT_NAME", "") in _OF_PULL_REQUESTS


def _caches(environ: Mapping[str, str]) -> dict[str, str]:
    """Where downloads are kept. What a pull request may have written on a runner that stays is not read by others."""
    if _of_pull_request(environ):
        return {}
    return {"UV_CACHE_DIR": str(home(environ) / "cache"), "PIP_NO_CACHE_DIR": "1"}


def _uv(target: Path, settings: Mapping[str, str]) -> str:
    """A uv beside a new virtual environment: the one of our lock.

    It may be at hand, where it may be trusted; else pip fetches it and holds it against its hashes.
    """
    pinned = re.search(r"^uv==(\S+)(?: \\\n +--hash=\S+)+", LOCK.read_text("utf-8"), re.MULTILINE)
    assert pinned is not None
    venv = [sys.executable, "-I", "-m", "venv"]
    if _of_pull_request(settings) and (at_hand := shutil.which("uv", path=settings.get("PATH"))):
        said = subprocess.run([at_hand, "--version"], capture_output=True, text=True, check=False).stdout.split()
        if said[1:2] == [pinned[1]]:
            _call([*venv, "--without-pip", str(target)], settings, "a virtual environment", target.parent)
            return at_hand
    _call([*venv, str(target)], settings, "a virtual environment", target.parent)
    only = target / "uv.txt"
    only.write_text(f"{pinned[0]}\n", "utf-8")
    pip = [str(python_of(target)), "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _call([*pip, "--require-hashes", "--requirement", str(only)], settings, "uv", target.parent)
    # Syncing removes what is not in the lock: uv is, pip is not.
    return str(target / "bin" / "uv")


def _call(words: Sequence[str], settings: Mapping[str, str], what: str, folder: Path | None = None) -> None:
    done = subprocess.run(
        words,
        cwd=folder,
        env=dict(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise Failure(f"cannot install {what} → the log has the reason", 4, done.stdout)


def fenced(text: str) -> str:
    """Text that strangers may have written, in which GitHub looks for no commands."""
    token = secrets.token_hex(16)
    return f"::stop-commands::{token}\n{text.rstrip()}\n::{token}::\n"
