"""DVC's run cache, a stage at a time. Imported where DVC is imported anyway."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException
from dvc.stage.cache import RunCacheNotSupported, StageCache, _can_hash, _get_stage_hash

_HASH = re.compile(r"[0-9a-f]{64}\Z")


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
