"""Which files a folder that DVC keeps holds. Imported where DVC is imported anyway."""

from __future__ import annotations

from typing import Any

from dvc_data.hashfile.build import build


def folder_listing(out: Any) -> Any:
    """The listing of an output that is a folder, from the cache, its remote or, of `dvc import`, its origin.

    None when it is nowhere. Raises DVC's errors where an origin cannot be reached. Only the listing comes into the
    cache, and not the files.
    """
    found = out.get_dir_cache()
    if found is not None or not out.stage.is_repo_import:
        return found
    # `dvc push` leaves such a folder where it came from, where `dvc fetch` finds it.
    origin = out.stage.deps[0]
    tree: Any = build(out.cache, origin.fs_path, origin.fs, out.hash_name, dry_run=True)[2]
    if tree.hash_info != out.hash_info:
        return None
    out.cache.add(tree.path, tree.fs, tree.oid)
    return tree
