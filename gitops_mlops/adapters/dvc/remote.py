"""What the DVC remote holds of what the repository records."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import Any

from gitops_mlops.domain.errors import ExternalError, MissingEvidence
from gitops_mlops.domain.ports import TrackedOutput
from gitops_mlops.log import Logger

_LOG = Logger(__name__)
# HTTP's Not Found and Gone.
_LACKS = (404, 410)
_HINT = "see dvc remote list, and the credentials of the remote"


class DvcRemoteOutputs:
    """The remotes of the DVC repository at `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def missing(self, of: Collection[str] | None = None) -> list[TrackedOutput]:
        """The outputs (those at some paths, or all) that are recorded, and not (or not whole) on their remote.

        Raises EvidenceMissing where no remote is configured, OutsideError when it does not answer.
        """
        try:
            from dvc.config import NoRemoteError
            from dvc.exceptions import DvcException
            from dvc.repo import Repo
        except ImportError as error:
            raise MissingEvidence(
                "the DVC remote needs DVC, which is not installed", hint='pip install "gitops-mlops[dvc]"'
            ) from error
        os.environ.setdefault("DVC_NO_ANALYTICS", "1")
        for name in ("dvc", "dvc_data", "dvc_objects"):
            # What is missing is said once, by us.
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            with Repo(str(self._root)) as repo:
                return missing_outputs(repo, of)
        except NoRemoteError as error:
            raise MissingEvidence(
                "DVC has no default remote",
                where=".dvc/config",
                hint="dvc remote add --default NAME URL, then dvc push",
            ) from error
        except ImportError as error:
            # Remotes other than folders and HTTP are plug-ins of DVC; its message names the one.
            raise ExternalError(f"the DVC remote cannot be used ({error})", hint="pip install it") from error
        except (DvcException, OSError) as error:
            said = " ".join(str(error).split()) or type(error).__name__
            raise ExternalError(f"the DVC remote cannot be queried ({said})", hint=_HINT) from error


def missing_outputs(repo: Any, of: Collection[str] | None) -> list[TrackedOutput]:
    """`DvcRemoteOutputs.missing` of DVC's view of a repository. Raises DVC's errors, OSError for no answer."""
    wanted: dict[tuple[str | None, str], dict[str, set[str]]] = defaultdict(dict)
    recorded: dict[str, TrackedOutput] = {}
    for out in repo.index.outs:
        # What was imported from another repository comes from there; `push: false` says that it stays here.
        if out.use_cache and out.hash_info and out.can_push and not out.stage.is_repo_import:
            path = Path(out.fs_path).relative_to(repo.root_dir).as_posix()
            if of is not None and path not in of:
                continue
            recorded[path] = TrackedOutput(path, out.hash_info.value, out.meta.size, out.meta.nfiles)
            wanted[out.remote, out.hash_name][path] = _objects(out)
    lacking = set()
    for (remote, hash_name), outputs in wanted.items():
        store = repo.cloud.get_remote_odb(remote, "status", hash_name=hash_name)
        wanted_objects = set().union(*outputs.values())
        there = set(store.list_oids_exists(wanted_objects))
        _LOG.info("the DVC remote %s holds %d of %d objects", remote or "(default)", len(there), len(wanted_objects))
        if absent := wanted_objects - there:
            _require_answer(store, min(absent))
        lacking |= {path for path, objects in outputs.items() if not objects <= there}
    return [recorded[path] for path in sorted(lacking)]


def _require_answer(store: Any, absent: str) -> None:
    """Raise OSError where a remote did not say that it lacks an object: over HTTP any failure reads as that."""
    try:
        store.fs.info(store.oid_to_path(absent))
    except FileNotFoundError as error:
        cause = error.__cause__
        if (status := getattr(cause, "status", None)) is not None:
            if status not in _LACKS:
                raise OSError(f"HTTP status {status}") from error
        elif isinstance(cause, OSError | TimeoutError) and not isinstance(cause, FileNotFoundError):
            raise OSError(str(cause) or type(cause).__name__) from error


def _objects(out: Any) -> set[str]:
    """The hashes of an output: of a folder also those of its files, where its listing is available."""
    found: set[str] = {out.hash_info.value}
    listing = out.get_dir_cache() if out.is_dir_checksum else None
    return found if listing is None else found | {item.value for _, _, item in listing}
