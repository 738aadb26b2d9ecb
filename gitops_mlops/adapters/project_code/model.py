"""A model that only its project's own code can load: asked in a process of its own, in the code of its own commit."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import gitops_mlops
from gitops_mlops.domain.comparison.predictions import Predictions
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.shortening import LINE, shorten
from gitops_mlops.log import Logger

_LOG = Logger(__name__)

# From a revision into a folder: its files as they would be checked out.
Export = Callable[[str, Path], None]


class ProjectModelProcess:
    """Entry points (`module:function`) of the project at `root`."""

    def __init__(self, root: Path, export: Export) -> None:
        self._root = root
        self._export = export

    def predict(self, entry: str, revision: str | None, content: bytes, name: str, rows: pl.DataFrame) -> Predictions:
        """What a model says of rows, asked through `entry` as it was at `revision`, or is in the working tree.

        `content` is the model file, `name` its path. Raises EvidenceMissing with the program's last words when it
        fails, or answers with something that is no prediction.
        """
        with tempfile.TemporaryDirectory(prefix="gitops-mlops-model-") as folder:
            work = Path(folder)
            model = work / f"model{Path(name).suffix}"
            model.write_bytes(content)
            rows.write_parquet(work / "rows.parquet")
            with self._code(revision, work / "code") as code:
                self._run(entry, code, model, work, f"{entry}{f' at {short_sha(revision)}' if revision else ''}")
            return _answer(work)

    @contextlib.contextmanager
    def _code(self, revision: str | None, folder: Path) -> Iterator[Path]:
        if revision is None:
            yield self._root
            return
        folder.mkdir()
        self._export(revision, folder)
        yield folder

    def _run(self, entry: str, code: Path, model: Path, work: Path, called: str) -> None:
        source = str(Path(gitops_mlops.__file__).parents[1])
        path = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-P", "-m", __name__, entry, str(model), str(work)],
            cwd=code,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        seconds = time.perf_counter() - begun
        _LOG.info("%s, the project's code, ended with %d after %.1f s", called, done.returncode, seconds)
        if done.returncode:
            lines = [line.strip() for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
            reason = shorten(lines[-1], LINE) if lines else f"it ended with {done.returncode}"
            raise MissingEvidence(
                f"the project's own code cannot run the model ({reason})",
                where=called,
                hint="fix the loader's function",
            )


def _answer(work: Path) -> Predictions:
    said = json.loads((work / "answer.json").read_bytes())
    table = work / "probabilities.npy"
    probabilities = np.load(table, allow_pickle=False) if table.is_file() else None
    return Predictions(np.array(said["labels"]), probabilities, tuple(said["classes"]))


def _plain(values: Any) -> list[Any]:
    return list(values.tolist() if hasattr(values, "tolist") else values)


def _main(entry: str, model: str, folder: str) -> None:
    """The other side: load the model through the entry point, ask it, write what it says."""
    from importlib import import_module

    from gitops_mlops.domain.comparison.frames import to_pandas
    from gitops_mlops.runtime.skops_model import EstimatorModel

    module, _, function = entry.partition(":")
    work = Path(folder)
    # After our own imports: no file of the project can take their place.
    sys.path.insert(0, str(Path.cwd()))
    rows = to_pandas(pl.read_parquet(work / "rows.parquet"))
    loaded = getattr(import_module(module), function)(Path(model))
    answer = EstimatorModel(loaded).predict(rows)
    said = {"labels": _plain(answer.labels), "classes": _plain(answer.classes)}
    (work / "answer.json").write_text(json.dumps(said), "utf-8")
    if answer.probabilities is not None:
        np.save(work / "probabilities.npy", np.asarray(answer.probabilities, dtype=np.float64), allow_pickle=False)


if __name__ == "__main__":
    _main(*sys.argv[1:])
