"""Runs a DVC pipeline in a process of its own: `python worker.py < request.json`.

The request is JSON: `root`, `cache` (a folder, or ""), `targets`, `run_cache`, `push`, `rerun`, and `events`, a file.
What happens is added to it, a JSON object a line. What the stages and DVC print goes where our own output goes.

DVC's own `repro --pull --allow-missing` fetches the whole run cache first, looks for the dependencies of a stage with
a `wdir` in the wrong folder, skips a stage whose source was deleted, accepts one that does not write its output, and
runs a stage on what is left of a folder when the outputs in it were not pulled.
So we ask DVC which stages changed, give each what it lacks, and let DVC run it without those options.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dvc.dependency import DatasetDependency, DbDependency, ParamsDependency
from dvc.dependency.base import DependencyDoesNotExistError
from dvc.exceptions import (
    CheckoutError,
    DvcException,
    FileMissingError,
    NoOutputOrStageError,
    ReproductionError,
)
from dvc.output import OutputDoesNotExistError
from dvc.repo import Repo
from dvc.repo.reproduce import _reproduce_stage
from dvc.stage.cache import RunCacheNotSupported, StageCache, _can_hash, _get_stage_hash
from dvc.stage.exceptions import MissingDataSource, StageCmdFailedError, StageNotFound
from dvc_data.hashfile.build import build
from dvc_data.hashfile.tree import Tree

from gitops_mlops.adapters.dvc.listing import folder_listing

_HASH = re.compile(r"[0-9a-f]{64}\Z")
# What is the project's own fault, and no outside system's.
_OF_THE_STAGE = (StageCmdFailedError, OutputDoesNotExistError, DependencyDoesNotExistError, MissingDataSource)


class WorkerStop(Exception):
    """What ends the run: `kind` is `stage`, `missing`, `usage` or `outside`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = " ".join(message.split())[:1000]


class RunCache(StageCache):  # type: ignore[misc]
    """The run cache, of which only the entries of the stage at hand are fetched."""

    def __init__(self, repo: Any) -> None:
        super().__init__(repo)
        self.restored = False

    def restore(self, stage: Any, **options: Any) -> None:
        """Check out what an earlier run of the same made, if there was one."""
        super().restore(stage, **options)
        self.restored = True

    def _load(self, stage: Any) -> Any:
        if (key := _get_stage_hash(stage)) and (remote := self._remote()) is not None:
            folder = remote.fs.join(remote.path, "runs", key[:2], key)
            for found in remote.fs.find(folder) if remote.fs.exists(folder) else ():
                name = remote.fs.name(found)
                here = Path(self._get_cache_path(key, name))
                if _HASH.match(name) and not here.exists():
                    here.parent.mkdir(parents=True, exist_ok=True)
                    remote.fs.get_file(found, str(here))
        return super()._load(stage)

    def share(self, stage: Any) -> Iterator[tuple[Any, Any]]:
        """Put the entries of a stage that ran onto the remote; what they name is to be pushed, store by store."""
        remote = self._remote()
        if remote is None or not _can_hash(stage):
            return
        key = _get_stage_hash(stage)
        names = [entry.name for entry in Path(self._get_cache_dir(key)).glob("*") if _HASH.match(entry.name)]
        # Also of outputs that git holds: a stage that is restored from the run cache gets them from there.
        yield from self.get_used_objs([(key, name) for name in names]).items()
        for name in names:
            there = remote.fs.join(remote.path, "runs", key[:2], key, name)
            if not remote.fs.exists(there):
                remote.fs.makedirs(remote.fs.parent(there), exist_ok=True)
                remote.fs.put_file(self._get_cache_path(key, name), there)

    def _remote(self) -> Any:
        try:
            remote = self.repo.cloud.get_remote_odb(None, "fetch --run-cache", hash_name="md5-dos2unix")
        except (DvcException, RunCacheNotSupported):
            # No default remote, or one that keeps versions by itself.
            return None
        return None if remote.fs.protocol in ("http", "https") else remote


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
        self._known = self._cached()
        self.due: list[Any] = []
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
        if not force and not self._is_due(stage, upstream):
            self.tell(skipped=name)
            return None
        self._bring(stage)
        self._cache.restored = False
        begun = time.monotonic()
        self._forget_growth()
        self.busy = True
        try:
            more = {"pull": not self._alone, "run_cache": self._run_cache}
            done = _reproduce_stage(stage, upstream=upstream, force=force, **more)
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
        if any(not item.exists and not self._owners(item) for item in needed):
            return True
        # What is absent is judged by what is recorded of it, and not by what is left on disk.
        partial = {id(item) for item in needed if self._absent(item)}
        if not partial:
            return bool(stage.changed(not self._alone, upstream))
        if stage.changed_stage() or stage.is_callback or stage.always_changed:
            return True
        others = [dep for dep in stage.deps if id(dep) not in partial]
        changed = any(dep.status() for dep in others) or stage.changed_outs(allow_missing=not self._alone)
        return changed or any(self._recorded(item) != item.hash_info for item in needed if id(item) in partial)

    def _owners(self, item: Any) -> list[Any]:
        """The outputs that are at the path of a dependency, in it, or that it lies in."""
        place = item.fs_path
        return [
            out
            for out in self._repo.index.outs
            if out.protocol == "local" and (_within(place, out.fs_path) or _within(out.fs_path, place))
        ]

    def _absent(self, item: Any) -> list[Any]:
        """Those outputs that a dependency lacks on disk."""
        within = [out for out in self._owners(item) if not out.exists or not item.exists]
        return [out for out in within if out.hash_info]

    def _recorded(self, item: Any) -> Any:
        """The hash that a dependency would have if all that it lacks were pulled; None for what cannot be told."""
        kept: dict[tuple[str, ...], Any] = {}
        place = item.fs_path
        if item.exists and item.isdir():
            here: Any = build(item.cache, place, item.fs, item.hash_name, dry_run=True, ignore=item.dvcignore)[2]
            kept = {key: (meta, value) for key, meta, value in here}
        for out in self._absent(item):
            if out.fs_path == place:
                return out.hash_info
            inner = self._listing(out)
            if _within(place, out.fs_path):
                start = Path(place).relative_to(out.fs_path).parts
                inner = {key[len(start) :]: one for key, one in inner.items() if key[: len(start)] == start}
                if () in inner:
                    return inner[()][1]
                kept.update(inner)
            else:
                start = Path(out.fs_path).relative_to(place).parts
                kept.update({(*start, *key): one for key, one in inner.items()})
        tree: Any = Tree()  # type: ignore[no-untyped-call]
        for key in sorted(kept):
            tree.add(key, *kept[key])
        tree.digest()
        return tree.hash_info

    def _listing(self, out: Any) -> dict[tuple[str, ...], Any]:
        """The files of an output that is absent, by path within it: itself at () where it is a file."""
        if not out.is_dir_checksum:
            return {(): (out.meta, out.hash_info)}
        name = os.path.relpath(out.fs_path)
        try:
            listing = folder_listing(out)
        except (DvcException, OSError) as error:
            raise WorkerStop(
                "missing", f"the list of files in {name} could not be had from its origin: {error}"
            ) from error
        if listing is None:
            raise WorkerStop(
                "missing", f"the list of files in {name} could not be pulled: whoever made it has to dvc push"
            )
        return {key: (meta, value) for key, meta, value in listing}

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
            raise WorkerStop("stage", f"stage {stage.addressing!r} needs what is not there: {error}") from error
        except (CheckoutError, FileMissingError) as error:
            names = ", ".join(os.path.relpath(path) for path in wanted)
            raise WorkerStop("missing", f"{names} could not be pulled: whoever made it has to dvc push") from error
        self._count_pulled()

    def _lacking(self, item: Any) -> list[str]:
        """What is to be pulled of a dependency: itself, or the outputs that it holds."""
        owners = self._absent(item)
        if item.exists or (owners and not any(_within(item.fs_path, out.fs_path) for out in owners)):
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


def _within(path: str, folder: str) -> bool:
    return Path(path).is_relative_to(folder)


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
