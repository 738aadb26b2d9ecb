"""Golden predictions of a process of their own: a model that crashes there is judged, and ends nobody else."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitops_mlops.adapters.targets.process.child import environment, last_lines
from gitops_mlops.adapters.targets.process.effort import effort
from gitops_mlops.domain.errors import PlaceError
from gitops_mlops.domain.faults import Cause, Ending, Fault, fault_of, fault_of_delay, fault_of_ending
from gitops_mlops.log import Logger

if TYPE_CHECKING:
    from gitops_mlops.domain.comparison.predictions import Predictions

_LOG = Logger(__name__)
_QUESTION, _ANSWER, _OUTPUT = "question", "answer.json", "log"
# Whatever `health.timeout` says of a server, Python and its libraries have so many seconds to start.
_LEAST = 60.0
_POLL = 0.2


class GoldenProcess:
    """Asks a model with nothing of our environment but what its server will have, for `least` seconds or longer."""

    def __init__(self, least: float = _LEAST) -> None:
        self._least = least

    def predict(
        self,
        files: Mapping[str, bytes],
        columns: Mapping[str, Sequence[Any]],
        place: str,
        contract_name: str,
        timeout: float,
    ) -> Predictions:
        """What the model in a bundle's files says of rows; see `ports.GoldenModels`."""
        try:
            with tempfile.TemporaryDirectory(prefix="gitops-mlops-golden-") as folder:
                work = Path(folder)
                # Only the other side unpickles: what a model could have written is read as JSON.
                (work / _QUESTION).write_bytes(pickle.dumps((dict(files), dict(columns), place, contract_name)))
                return _answer(work, _run(work, place, max(timeout, self._least)), place)
        except OSError as error:
            name = error.filename if isinstance(error.filename, str) else tempfile.gettempdir()
            hint = "make the folder writable, or free disk space"
            raise PlaceError(f"cannot be used ({error.strerror})", where=name, hint=hint) from error


def _run(work: Path, place: str, timeout: float) -> int:
    """The exit code of the other side. Raises the error of a fault when it takes longer."""
    begun = time.perf_counter()
    with (work / _OUTPUT).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, str(work)],
            cwd="/",
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C is for whoever waits: the child is ended below.
            start_new_session=True,
        )
    try:
        code = _awaited(process, place, timeout)
    finally:
        if process.returncode is None:
            # With whatever the model started.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    _LOG.info("the process of golden predictions ended with %d after %.1f s", code, time.perf_counter() - begun)
    return code


def _awaited(process: subprocess.Popen[bytes], place: str, timeout: float) -> int:
    begun = time.monotonic()
    patience = timeout
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(patience)
        patience = _POLL
        elapsed = time.monotonic() - begun
        what = "did not return its golden predictions"
        if fault := fault_of_delay(what, elapsed, timeout, effort(process.pid, elapsed), who="the model"):
            raise fault.error(place)


def _answer(work: Path, code: int, place: str) -> Predictions:
    answer = work / _ANSWER
    if code or not answer.is_file():
        ending = Ending(
            code, last_lines(work / _OUTPUT), "the process that requests its golden predictions", "it answered"
        )
        raise fault_of_ending(ending).error(place)
    said = json.loads(answer.read_bytes())
    if fault := said.get("fault"):
        raise Fault(Cause(fault["cause"]), fault["reason"], fault["repair"]).error()
    import numpy as np

    from gitops_mlops.domain.comparison.predictions import Predictions

    probabilities = None if said["probabilities"] is None else np.array(said["probabilities"], dtype=np.float64)
    return Predictions(np.array(said["labels"]), probabilities, tuple(said["classes"]))


def _main(folder: str) -> None:
    """The other side."""
    from gitops_mlops.runtime.golden import golden_predictions

    with contextlib.suppress(OSError):
        # When memory runs out the system should end this process, and not the one that judges it.
        Path("/proc/self/oom_score_adj").write_text("1000")
    work = Path(folder)
    said: dict[str, Any]
    try:
        seen = golden_predictions(*pickle.loads((work / _QUESTION).read_bytes()))  # noqa: S301
        table = None if seen.probabilities is None else seen.probabilities.tolist()
        said = {"labels": seen.labels.tolist(), "probabilities": table, "classes": list(seen.classes)}
    except Exception as error:
        fault = fault_of(error)
        said = {"fault": {"cause": fault.cause.value, "reason": fault.reason, "repair": fault.repair}}
    try:
        (work / _ANSWER).write_text(json.dumps(said), "utf-8")
    except OSError:
        # Its log takes no word either.
        sys.exit(PlaceError.exit_code)


if __name__ == "__main__":
    _main(sys.argv[1])
