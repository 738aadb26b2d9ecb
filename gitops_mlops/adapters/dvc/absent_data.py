"""What is recorded of the data that a stage reads and that is not here. Imported where DVC is imported anyway."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException
from dvc_data.hashfile.build import build
from dvc_data.hashfile.tree import Tree

from gitops_mlops.adapters.dvc.listing import folder_listing
from gitops_mlops.adapters.dvc.stop import WorkerStop


def owners(repo: Any, item: Any) -> list[Any]:
    """The outputs that are at the path of a dependency, in it, or that it lies in."""
    place = item.fs_path
    return [
        out
        for out in repo.index.outs
        if out.protocol == "local" and (within(place, out.fs_path) or within(out.fs_path, place))
    ]


def absent_outputs(repo: Any, item: Any) -> list[Any]:
    """Those outputs that a dependency lacks on disk."""
    lacking = [out for out in owners(repo, item) if not out.exists or not item.exists]
    return [out for out in lacking if out.hash_info]


def recorded_hash(repo: Any, item: Any) -> Any:
    """The hash that a dependency would have if all that it lacks were pulled; None for what cannot be told."""
    kept: dict[tuple[str, ...], Any] = {}
    place = item.fs_path
    if item.exists and item.isdir():
        here: Any = build(item.cache, place, item.fs, item.hash_name, dry_run=True, ignore=item.dvcignore)[2]
        kept = {key: (meta, value) for key, meta, value in here}
    for out in absent_outputs(repo, item):
        if out.fs_path == place:
            return out.hash_info
        inner = _listing(out)
        if within(place, out.fs_path):
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


def _listing(out: Any) -> dict[tuple[str, ...], Any]:
    """The files of an output that is absent, by path within it: itself at () where it is a file."""
    if not out.is_dir_checksum:
        return {(): (out.meta, out.hash_info)}
    name = os.path.relpath(out.fs_path)
    try:
        listing = folder_listing(out)
    except (DvcException, OSError) as error:
        raise WorkerStop(
            "missing", f"the list of files in {name} is not available from its origin: {error}"
        ) from error
    if listing is None:
        raise WorkerStop("missing", f"the list of files in {name} could not be pulled: its author must run dvc push")
    return {key: (meta, value) for key, meta, value in listing}


def within(path: str, folder: str) -> bool:
    """Whether a path is a folder or in it."""
    return Path(path).is_relative_to(folder)
