"""Runs a DVC pipeline in a process of its own: `python worker.py < request.json`.

The request is JSON: `root`, `cache` (a folder, or ""), `targets`, `run_cache`, `push`, `rerun`, `allow_missing`, and
`events`, a file.
What happens is added to it, a JSON object a line. What the stages and DVC print goes where our own output goes.

DVC's own `repro --pull --allow-missing` fetches the whole run cache first, looks for the dependencies of a stage with
a `wdir` in the wrong folder, skips a stage whose source was deleted, accepts one that does not write its output, and
runs a stage on what is left of a folder when the outputs in it were not pulled.
So we ask DVC which stages changed, give each what it lacks, and let DVC run it without those options.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from dvc.dependency import DatasetDependency, DbDependency, ParamsDependency
from dvc.dependency.base import DependencyDoesNotExistError
from dvc.exceptions import (
    CheckoutError,
    DownloadError,
    FileMissingError,
    NoOutputOrStageError,
    ReproductionError,
)
from dvc.output import OutputDoesNotExistError
from dvc.repo import Repo
from dvc.repo.reproduce import _reproduce_stage
from dvc.stage.exceptions import MissingDataSource, StageCmdFailedError, StageNotFound

from gitops_mlops.adapters.dvc.absent_data import absent_outputs, owners, recorded_hash, within
from gitops_mlops.adapters.dvc.remote import missing_outputs
from gitops_mlops.adapters.dvc.run_cache import RunCache
from gitops_mlops.adapters.dvc.stop import WorkerStop

# What is the project's own fault, and no outside system's.
_OF_THE_STAGE = (StageCmdFailedError, OutputDoesNotExistError, DependencyDoesNotExistError, MissingDataSource)


class WorkerRun:
    """One run of the pipeline of a repository."""

    def __init__(self, repo: Any, request: dict[str, Any]) -> None:
        self._repo = repo
        self._cache = repo.stage_cache = RunCache(repo)
        self._files = Path(repo.cache.local.path)
        self._run_cache = bool(request["run_cache"]) and not request["rerun"]
        self._rerun = bool(request["rerun"])
        self._request = request
        # Without a remote what is not here is nowhere.
        self._alone = not repo.config.get("remote")
        # An output that stays absent is one that somebody can pull.
        self._complete = not (request["allow_missing"] or self._rerun or self._alone)
        self._known = self._cached()
        self.due: list[Any] = []
        self._skipped: list[Any] = []
        self.busy = False

    def interrupt(self, *_: object) -> None:
        """On SIGTERM, which a stage that runs got too: it may end in its own way, anything else ends at once."""
        if not self.busy:
            raise KeyboardInterrupt

    def stage(self, stage: Any, upstream: Any = None, force: bool = False, **options: Any) -> Any:
        """What DVC calls for each stage, in order."""
        name = stage.addressing
        if not stage.cmd:
            # What `dvc add` and imports track is pulled when it is needed; what was changed by hand is added anew.
            by_hand = not self._rerun and not stage.is_import and stage.changed_outs(allow_missing=True)
            return _reproduce_stage(stage, upstream=upstream) if by_hand else None
        force = force or (self._rerun and not stage.frozen)
        lost = self._complete and not stage.frozen and any(map(_is_nowhere, stage.outs))
        if not force and not lost and not self._is_due(stage, upstream):
            self.tell(skipped=name)
            self._skipped.append(stage)
            return None
        self._bring(stage)
        self._cache.restored = False
        begun = time.monotonic()
        self._forget_growth()
        self.busy = True
        try:
            more = {"pull": not self._alone, "run_cache": self._run_cache}
            # Of a stage that only lacks outputs DVC would pull what is kept, and do without the others.
            done = _made(stage, **more) if lost else _reproduce_stage(stage, upstream=upstream, force=force, **more)
        except _OF_THE_STAGE as error:
            self.tell(stage=name, outcome="failed", seconds=time.monotonic() - begun)
            raise WorkerStop("stage", f"stage {name!r} failed: {error}") from error
        finally:
            self.busy = False
        if self._cache.restored:
            self._count_pulled()
        outcome = "cached" if self._cache.restored else "ran"
        self.tell(stage=name, outcome=outcome, seconds=time.monotonic() - begun)
        self.due.append(stage)
        return done

    def push(self) -> None:
        """Push the outputs of the stages that ran, and what lets others not run them again."""
        for stage in self.due:
            for store, objects in stage.get_used_objs(push=True).items():
                if objects and store is None and self._versioned():
                    self.tell(pushed=self._repo.push(targets=[stage.addressing]), bytes=None)
                elif objects:
                    self._send(stage, store, objects)
            if self._run_cache:
                for store, objects in self._cache.share(stage):
                    self._send(stage, store, objects)

    def _send(self, stage: Any, store: Any, objects: Any) -> None:
        moved = self._repo.cloud.push(objects, odb=store)
        cache = self._repo.cache.local
        sizes = [Path(cache.oid_to_path(one.value)).stat().st_size for one in moved.transferred]
        self.tell(pushed=len(sizes), bytes=sum(sizes))
        if moved.failed:
            raise WorkerStop(
                "outside", f"{len(moved.failed)} files of stage {stage.addressing!r} could not be pushed"
            )

    def _is_due(self, stage: Any, upstream: Any) -> bool:
        # What nobody recorded, and a source that is gone, counts as data that was not pulled to DVC.
        needed = [] if stage.frozen else self._data(stage)
        if any(not item.hash_info for item in [*needed, *stage.outs]):
            return True
        if any(not item.exists and not owners(self._repo, item) for item in needed):
            return True
        # What is absent is judged by what is recorded of it, and not by what is left on disk.
        partial = {id(item) for item in needed if absent_outputs(self._repo, item)}
        if not partial:
            return bool(stage.changed(not self._alone, upstream))
        if stage.changed_stage() or stage.is_callback or stage.always_changed:
            return True
        others = [dep for dep in stage.deps if id(dep) not in partial]
        changed = any(dep.status() for dep in others) or stage.changed_outs(allow_missing=not self._alone)
        return changed or any(
            recorded_hash(self._repo, item) != item.hash_info for item in needed if id(item) in partial
        )

    def _data(self, stage: Any) -> list[Any]:
        """The dependencies that are files and folders of the repository."""
        other = (DatasetDependency, DbDependency, ParamsDependency)
        here = [dep for dep in stage.deps if dep.protocol == "local" and dep.is_in_repo]
        return [dep for dep in here if not isinstance(dep, other)]

    def tell(self, **event: Any) -> None:
        """Note what happened."""
        _tell(self._request, **event)

    def _versioned(self) -> bool:
        remote = self._repo.cloud.get_remote(None, "push")
        return bool(remote.worktree or remote.fs.version_aware)

    def _bring(self, stage: Any) -> None:
        """Pull the dependencies that are not here; a persistent or frozen stage needs its old outputs too."""
        wanted = [path for item in self._data(stage) for path in self._lacking(item)]
        wanted += [
            out.fs_path
            for out in stage.outs
            if (out.persist or stage.frozen) and out.use_cache and out.hash_info and not out.exists
        ]
        if not wanted:
            return
        self._forget_growth()
        try:
            self._repo.pull(sorted(set(wanted)))
        except NoOutputOrStageError as error:
            self.tell(stage=stage.addressing, outcome="failed", seconds=0)
            raise WorkerStop("stage", f"stage {stage.addressing!r} needs absent data: {error}") from error
        except (CheckoutError, DownloadError, FileMissingError) as error:
            raise self._unpulled(wanted, error) from error
        self._count_pulled()

    def pull_outputs(self) -> None:
        """Pull the outputs that the stages which did not run lack: all of them, or none.

        An output that is here is what was recorded of it, for its stage would have run otherwise.
        """
        if not self._complete:
            return
        outs = [out for stage in self._skipped for out in stage.outs if out.protocol == "local" and out.is_in_repo]
        absent = [out for out in outs if out.use_cache and out.hash_info and not out.exists]
        if not absent:
            return
        wanted = sorted(out.fs_path for out in absent)
        self._forget_growth()
        try:
            self._repo.fetch(wanted)
        except DownloadError as error:
            raise self._unpulled(wanted, error) from error
        if lacking := [out.fs_path for out in absent if out.changed_cache()]:
            raise self._unpulled(lacking)
        self._repo.checkout(wanted)
        self._count_pulled()

    def _unpulled(self, wanted: list[str], error: Exception | None = None) -> WorkerStop:
        """Why some paths could not be pulled: the remote lacks them, or something else. Raises for no answer."""
        root = self._repo.root_dir
        lacking = [one.path for one in missing_outputs(self._repo, {os.path.relpath(path, root) for path in wanted})]
        if isinstance(error, DownloadError) and not lacking:
            return WorkerStop("outside", f"{error}")
        names = ", ".join(lacking or sorted({os.path.relpath(path, root) for path in wanted}))
        return WorkerStop("missing", f"{names} could not be pulled: its author must run dvc push")

    def _lacking(self, item: Any) -> list[str]:
        """What is to be pulled of a dependency: itself, or the outputs that it holds."""
        owners = absent_outputs(self._repo, item)
        if item.exists or (owners and not any(within(item.fs_path, out.fs_path) for out in owners)):
            return [out.fs_path for out in owners]
        return [item.fs_path]

    def _forget_growth(self) -> None:
        self._known = self._cached()

    def _count_pulled(self) -> None:
        now = self._cached()
        new = [size for path, size in now.items() if path not in self._known]
        self._known = now
        self.tell(pulled=len(new), bytes=sum(new))

    def _cached(self) -> dict[str, int]:
        found = {}
        for folder in os.scandir(self._files) if self._files.is_dir() else ():
            if folder.is_dir():
                found.update({entry.path: entry.stat().st_size for entry in os.scandir(folder.path)})
        return found


def _made(stage: Any, **options: Any) -> Any:
    stage.run(**options)
    stage.dump(update_pipeline=False)
    return stage


def _is_nowhere(out: Any) -> bool:
    """Whether an output is absent that no remote keeps, so that only its stage can bring it."""
    return not out.exists and not (out.use_cache and (out.can_push or not out.changed_cache()))


def main() -> int:
    """Do what the request on standard input asks for; the exit code says whether it was done."""
    request = json.load(sys.stdin)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    stop = None
    try:
        shared = {"cache": {"dir": request["cache"]}} if request["cache"] else None
        with Repo(request["root"], config=shared) as repo:
            # We say ourselves what is to be added to a commit.
            repo.scm_context.quiet = True
            stop = _work(repo, request)
    except Exception as error:
        stop = _reason(error)
    _tell(request, **({"error": stop.kind, "message": stop.message} if stop else {"done": True}))
    return 1 if stop else 0


def _work(repo: Any, request: dict[str, Any]) -> WorkerStop | None:
    run = WorkerRun(repo, request)
    signal.signal(signal.SIGTERM, run.interrupt)
    stop = None
    try:
        targets = request["targets"]
        repo.reproduce(targets or None, all_pipelines=not targets, repro_fn=run.stage)
    except ReproductionError as error:
        stop = _reason(error)
        if stop.kind != "stage":
            return stop
    if request["push"]:
        # Also what ran before a stage failed: it need not run again.
        run.push()
    if stop is None:
        run.pull_outputs()
    return stop


def _tell(request: dict[str, Any], **event: Any) -> None:
    with Path(request["events"]).open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(event)}\n")


def _reason(error: BaseException) -> WorkerStop:
    cause = error.__cause__ if isinstance(error, ReproductionError) and error.__cause__ else error
    if isinstance(cause, WorkerStop):
        return cause
    said = f"{cause}" or type(cause).__name__
    if isinstance(cause, StageNotFound | NoOutputOrStageError):
        return WorkerStop("usage", said)
    if type(cause).__name__ == "NoRemoteError":
        return WorkerStop("missing", "DVC has no default remote to pull from")
    return WorkerStop("outside", said)


if __name__ == "__main__":
    sys.exit(main())
