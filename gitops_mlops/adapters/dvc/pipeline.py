"""A DVC pipeline, run in a process of its own: what it prints goes through us, and it can be ended as a whole."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from gitops_mlops.domain.errors import ExternalError, MissingEvidence, MlopsError, UsageError
from gitops_mlops.domain.pipeline.run import TAIL_LINES, RemoteTraffic, StageRun
from gitops_mlops.domain.ports import PipelineRun
from gitops_mlops.domain.secrets import secret_values, without_values
from gitops_mlops.domain.shortening import shorten
from gitops_mlops.log import Logger

_LOG = Logger(__name__)
_WORKER = Path(__file__).with_name("worker.py")
# A progress bar ends its lines with a carriage return.
_BREAK = re.compile(rb"[\r\n]+")
_LONGEST_LINE = 4000
_SECONDS_TO_END = 5.0

_ERRORS: dict[str, tuple[type[MlopsError], str]] = {
    "missing": (MissingEvidence, "gitops-mlops lock check --remote"),
    "usage": (UsageError, "dvc stage list names the stages"),
    "outside": (ExternalError, "see dvc remote list, and the credentials of the remote"),
}


class DvcPipeline:
    """The pipelines of the DVC repository at `root`; `cache` is another repository's cache to share."""

    def __init__(self, root: Path, cache: Path | None = None) -> None:
        self._root = root
        self._cache = cache

    def run(
        self,
        targets: Sequence[str],
        say: Callable[[str], None],
        *,
        push: bool = False,
        run_cache: bool = True,
        rerun: bool = False,
        allow_missing: bool = False,
    ) -> PipelineRun:
        """Run what changed; with `rerun` everything, whatever is known of it."""
        if find_spec("dvc") is None:
            raise MissingEvidence(
                "running the pipeline needs DVC, which is not installed", hint='pip install "gitops-mlops[dvc]"'
            )
        with TemporaryDirectory(prefix="gitops-mlops-") as scratch:
            events = Path(scratch) / "events"
            events.touch()
            request = {
                "root": str(self._root),
                "cache": str(self._cache or ""),
                "targets": list(targets),
                "push": push,
                "run_cache": run_cache,
                "rerun": rerun,
                "allow_missing": allow_missing,
                "events": str(events),
            }
            tail = self._follow(json.dumps(request).encode(), say)
            told = [json.loads(line) for line in events.read_text("utf-8").splitlines()]
        done = _summed(told, tail)
        _LOG.info("DVC pulled %d files and pushed %d", done.pulled.files, done.pushed.files)
        for stage in done.stages:
            _LOG.info("stage %s: %s, %.1f s", stage.name, stage.outcome, stage.seconds)
        _LOG.debug("stages that nothing changed: %s", ", ".join(done.skipped) or "none")
        return done

    def _follow(self, request: bytes, say: Callable[[str], None]) -> list[str]:
        """Run the worker to its end; the last lines of what was printed, the code it ended with when that is odd."""
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-P", str(_WORKER)],
            cwd=self._root,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        tail: deque[str] = deque(maxlen=TAIL_LINES)
        # The end of what was printed is kept in a file, where no runner masks it.
        secrets = secret_values(os.environ)
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            # A worker that could not even start says so on its standard output.
            with suppress(BrokenPipeError), process.stdin as pipe:
                pipe.write(request)
            for line in _lines(process.stdout):
                tail.append(without_values(line, secrets))
                say(line)
            process.wait()
        except BaseException:
            _end(process)
            raise
        seconds = time.perf_counter() - begun
        _LOG.info("the DVC worker in %s ended with %d after %.1f s", self._root, process.returncode, seconds)
        return list(tail)


def _lines(stream: IO[bytes]) -> Iterator[str]:
    left = b""
    while piece := os.read(stream.fileno(), 65536):
        *whole, left = _BREAK.split(left + piece)
        if len(left) > _LONGEST_LINE:
            whole, left = [*whole, left], b""
        yield from (_text(line) for line in whole if line.strip())
    if left.strip():
        yield _text(left)


def _text(line: bytes) -> str:
    return shorten(line.decode(errors="replace").expandtabs(4), _LONGEST_LINE)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the stage that runs, with some time to end well, then the worker, which waits for it; then what is left."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_SECONDS_TO_END)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment() -> dict[str, str]:
    # A stage calls `python`; in an environment that is not activated that would be another one.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    foreign = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
    kept = {key: value for key, value in os.environ.items() if key not in foreign}
    # What a stage prints is seen when it prints it.
    return {"PYTHONUNBUFFERED": "1", **kept, "PATH": path, "DVC_NO_ANALYTICS": "1", "GIT_TERMINAL_PROMPT": "0"}


def _summed(events: Sequence[dict[str, Any]], tail: Sequence[str]) -> PipelineRun:
    stages = [
        StageRun(name=event["stage"], outcome=event["outcome"], seconds=round(event["seconds"], 3))
        for event in events
        if "stage" in event
    ]
    skipped = tuple(event["skipped"] for event in events if "skipped" in event)
    failed, error = "", None
    stop = next((event for event in events if "error" in event), None)
    if stop is not None and stop["error"] == "stage":
        failed = stop["message"]
    elif stop is not None:
        kind, hint = _ERRORS[stop["error"]]
        error = kind(stop["message"], where="DVC", hint=hint)
    elif not any("done" in event for event in events):
        said = tail[-1] if tail else "it printed nothing"
        error = ExternalError(f"ended before the pipeline did ({said})", where="DVC", hint="try dvc repro")
    pulled, pushed = (_traffic(events, key) for key in ("pulled", "pushed"))
    return PipelineRun(tuple(stages), skipped, pulled, pushed, failed, tuple(tail) if failed else (), error)


def _traffic(events: Sequence[dict[str, Any]], key: str) -> RemoteTraffic:
    found = [event for event in events if key in event]
    sizes = [event["bytes"] for event in found]
    return RemoteTraffic(files=sum(event[key] for event in found), bytes=None if None in sizes else sum(sizes))
