"""Starting git: one place for its environment, its output and its words when it fails."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import IO

from gitops_mlops.domain.errors import ExternalError, UsageError
from gitops_mlops.log import Logger

_LOG = Logger(__name__)

# Inside a hook git sets these for the repository that runs it; they would make us read another one's index.
_FOREIGN = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
)

# Characters read at once of a long output, and bytes that git may write before we read them.
_PIECE = 256 * 1024
_AHEAD = 1024 * 1024


def run(
    arguments: Sequence[str], folder: Path, stdin: bytes | None = None, extra: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git to its end, whatever its exit code."""
    begun = time.perf_counter()
    with _starting(folder), _readable(stdin) as given:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**_environment(), **(extra or {})},
            stdin=given,
            capture_output=True,
            check=False,
        )
    _log_end(arguments, done.returncode, begun)
    _LOG.debug("in %s: git %s (%d bytes in, %d out)", folder, list(arguments), len(stdin or b""), len(done.stdout))
    return done


def output(
    arguments: Sequence[str], folder: Path, stdin: bytes | None = None, extra: Mapping[str, str] | None = None
) -> bytes:
    """Standard output. Raises OutsideError with git's reason when it failed."""
    done = run(arguments, folder, stdin, extra)
    if done.returncode:
        raise ExternalError(reason(done), where=f"git {arguments[0]}", hint=lock_hint(done))
    return done.stdout


class GitStream:
    """Standard output in pieces, as git writes it. Git is at work from the start, a pipe's size ahead of us."""

    def __init__(self, arguments: Sequence[str], folder: Path) -> None:
        self._arguments = arguments
        self._folder = folder
        self._begun = time.perf_counter()
        with _starting(folder):
            self._process = subprocess.Popen(
                ["git", *arguments],
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                # Nobody reads it meanwhile, and a full pipe would stop git.
                stderr=subprocess.DEVNULL,
            )
        with suppress(ImportError, AttributeError, OSError):
            # Only Linux has it, and an administrator may allow less.
            import fcntl

            fcntl.fcntl(self._output, fcntl.F_SETPIPE_SZ, _AHEAD)

    @property
    def _output(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def __iter__(self) -> Iterator[str]:
        """Every piece, once. Raises OutsideError at the end when git failed."""
        with self._process:
            # A carriage return in a message stays one: as a line's end it could begin a trailer.
            text = TextIOWrapper(self._output, encoding="utf-8", errors="replace", newline="\n")
            while piece := text.read(_PIECE):
                yield piece
        _log_end(self._arguments, self._process.returncode, self._begun)
        _LOG.debug("in %s: git %s", self._folder, list(self._arguments))
        if self._process.returncode:
            raise ExternalError(reason(run(self._arguments, self._folder)), where=f"git {self._arguments[0]}")


@contextmanager
def conversation(arguments: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Git as a process to talk to, which ends with the block."""
    begun = time.perf_counter()
    with _starting(folder):
        process = subprocess.Popen(
            ["git", *arguments],
            cwd=folder,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    try:
        yield process
    finally:
        for end in (process.stdin, process.stdout):
            assert end is not None
            # What could not be written any more was said by whoever wrote it.
            with suppress(OSError):
                end.close()
        _log_end(arguments, process.wait(), begun)


def _log_end(arguments: Sequence[str], code: int, begun: float) -> None:
    verb = next((word for word in arguments if not word.startswith("-") and "=" not in word), "")
    _LOG.info("git %s ended with %d after %.3f s", verb, code, time.perf_counter() - begun)


def _environment() -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if key not in _FOREIGN}
    # Messages are read by `around`; a prompt would hang a job that nobody watches.
    return environment | {"LC_ALL": "C.UTF-8", "LANGUAGE": "", "GIT_TERMINAL_PROMPT": "0"}


@contextmanager
def _readable(content: bytes | None) -> Iterator[IO[bytes] | int]:
    """A file that is complete before git starts: of a pipe whose writer is killed, it would take a part for all."""
    if content is None:
        yield subprocess.DEVNULL
        return
    # It imports more than looking at the registry needs in all.
    from tempfile import TemporaryFile

    with TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield file


@contextmanager
def _starting(folder: Path) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise UsageError("a name that is given to git holds a NUL character") from error
    except OSError as error:
        if not folder.is_dir():
            raise UsageError("no such folder", where=str(folder)) from error
        raise ExternalError(f"git cannot be started ({error.strerror})", hint="install git 2.30 or newer") from error


def reason(done: subprocess.CompletedProcess[bytes]) -> str:
    """The line of git's complaint that tells most."""
    lines = [line.strip() for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "!", "remote:"))]
    first = (telling or lines or [f"git ended with {done.returncode}"])[0]
    return first.removeprefix("fatal: ").removeprefix("error: ")


def lock_hint(done: subprocess.CompletedProcess[bytes]) -> str:
    """What to do about the lock of a git that was killed; "" when that is not what stopped this one."""
    return "if no git process runs there, remove that file" if b".lock': File exists" in done.stderr else ""


def paths(raw: bytes) -> list[str]:
    """What `-z` separates."""
    return [os.fsdecode(path) for path in raw.split(b"\0") if path]
