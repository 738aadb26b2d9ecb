"""DVC: its files read directly, its cache read directly; DVC itself is imported only to fetch.

`import dvc.api` alone costs a second, `dvc.lock` is YAML and the cache is a folder of files named by MD5.
"""

from __future__ import annotations

import configparser
import json
import logging
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from gitops_mlops.domain.digests import md5_of, md5_of_file
from gitops_mlops.domain.document.yaml import parse_yaml
from gitops_mlops.domain.errors import ExternalError, MissingEvidence
from gitops_mlops.domain.pipeline.parameters import flattened
from gitops_mlops.domain.ports import DvcArtifact, Reader, Repository, TrackedOutput
from gitops_mlops.log import Logger

_LOG = Logger(__name__)
_DIGEST = re.compile(r"[0-9a-f]{32}(?:\.dir)?")


class DvcStore:
    """What DVC tracks in a repository."""

    def __init__(self, repository: Repository, files: Reader) -> None:
        self._repository = repository
        self._files = files

    def artifacts(self, revision: str | None = None) -> list[DvcArtifact]:
        """The declared artifacts at a revision, or of the working tree."""
        found = []
        for path in self._named(revision, "dvc.yaml"):
            folder = PurePosixPath(path).parent
            entries = _mapping(self._parse(revision, path), "artifacts")
            for identity, entry in entries.items():
                if not isinstance(entry, Mapping) or not isinstance(entry.get("path"), str):
                    continue
                prefix = "" if str(folder) == "." else f"{folder}:"
                found.append(
                    DvcArtifact(
                        name=f"{prefix}{identity}",
                        path=str(folder / entry["path"]),
                        type=str(entry.get("type", "")),
                        description=str(entry.get("desc", "")),
                        labels=tuple(str(label) for label in _list(entry.get("labels"))),
                    )
                )
        return found

    def outputs(self, revision: str | None = None) -> dict[str, TrackedOutput]:
        """What `dvc.lock` and `*.dvc` files record, by path from the repository's root."""
        found: dict[str, TrackedOutput] = {}
        for path in self._named(revision, "dvc.lock", ".dvc"):
            folder = PurePosixPath(path).parent
            document = self._parse(revision, path)
            for entry in _recorded(document):
                if output := _output(folder, entry):
                    found[output.path] = output
        return found

    def parameters(self, revision: str | None = None) -> dict[str, object]:
        """The parameters that `dvc.lock` records, by `file:dotted.key`."""
        found: dict[str, object] = {}
        for path in self._named(revision, "dvc.lock"):
            folder = PurePosixPath(path).parent
            for stage in _mapping(self._parse(revision, path), "stages").values():
                for file, values in _mapping(stage, "params").items():
                    if isinstance(values, Mapping):
                        found.update({f"{folder / file}:{key}": value for key, value in flattened(values).items()})
        return found

    def read(self, output: TrackedOutput) -> bytes:
        """The content of one tracked file, verified."""
        return self.materialise(output).read_bytes()

    def materialise(self, output: TrackedOutput) -> Path:
        """A path in the cache with the verified content; fetched when it is not there."""
        if output.md5.endswith(".dir"):
            raise MissingEvidence("is a folder, where a file is needed", where=output.path)
        cached = self._cached(output.md5)
        _LOG.debug("%s (MD5 %s): %s", output.path, output.md5, "cached" if cached.is_file() else "not cached")
        if not cached.is_file():
            self.fetch([output])
        if not cached.is_file():
            raise MissingEvidence(
                f"its content (MD5 {output.md5}) is not cached, and no DVC remote provided it",
                where=output.path,
                hint="see dvc remote list and dvc pull, or ask its author to run dvc push",
            )
        if _md5(cached) != output.md5:
            raise MissingEvidence(
                f"the cached content is damaged: it is not the MD5 {output.md5} that dvc.lock records",
                where=output.path,
                hint=f"delete {cached}, then dvc pull",
            )
        return cached

    def fetch(self, outputs: Iterable[TrackedOutput]) -> None:
        """Bring what is missing into the cache, from the default remote, through DVC."""
        missing = [output for output in outputs if not self._cached(output.md5).exists()]
        if not missing:
            return
        with self._opened(missing[0].path) as repo:
            if _remote_name(repo):
                from dvc_data.hashfile.hash_info import HashInfo

                begun = time.perf_counter()
                repo.cloud.pull([HashInfo("md5", output.md5) for output in missing])
                _LOG.info("DVC pulled %d outputs after %.1f s", len(missing), time.perf_counter() - begun)
            else:
                _LOG.info("DVC has no default remote to pull %d outputs from", len(missing))

    def fetch_listing(self, md5: str) -> None:
        """Bring the listing of a tracked folder into the cache: from the remote, or from where it was imported."""
        # A remote that does not answer is no reason not to ask the origin.
        with suppress(ExternalError):
            self.fetch([TrackedOutput("", md5)])
        if self._cached(md5).exists():
            return
        with self._opened("") as repo:
            from gitops_mlops.adapters.dvc.listing import folder_listing

            for out in repo.index.outs:
                if out.stage.is_repo_import and out.is_dir_checksum and out.hash_info.value == md5:
                    folder_listing(out)

    @contextmanager
    def _opened(self, wanted: str) -> Iterator[Any]:
        """DVC's view of the repository, to fetch what is wanted."""
        try:
            from dvc.exceptions import DvcException
            from dvc.repo import Repo
        except ImportError as error:
            raise MissingEvidence(
                "is not in the DVC cache, and DVC is not installed to fetch it",
                where=wanted,
                hint='pip install "gitops-mlops[dvc]"',
            ) from error
        os.environ.setdefault("DVC_NO_ANALYTICS", "1")
        for name in ("dvc", "dvc_data", "dvc_objects"):
            # What is missing is said once, by whoever asked for it.
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            with Repo(str(self._repository.root)) as repo:
                yield repo
        except ImportError as error:
            # Remotes other than folders and HTTP are plug-ins of DVC; its message names the one.
            raise ExternalError(
                f"the DVC remote cannot be used ({error})", where=wanted, hint="pip install it"
            ) from error
        except (DvcException, OSError) as error:
            raise ExternalError(
                f"DVC could not fetch it ({error})", where=wanted, hint="run dvc pull, then fix what it reports"
            ) from error

    def folder(self, output: TrackedOutput) -> list[TrackedOutput]:
        """The files of a tracked folder."""
        if not self._cached(output.md5).is_file():
            self.fetch([output])
        try:
            listing = json.loads(self._cached(output.md5).read_bytes())
        except FileNotFoundError as error:
            raise MissingEvidence("the folder's listing is not cached", where=output.path, hint="dvc pull") from error
        return [TrackedOutput(f"{output.path}/{item['relpath']}", item["md5"]) for item in listing]

    def manifest(self, md5: str) -> dict[str, str] | None:
        """MD5s by path of the files in a tracked folder, from the cache; None when its listing is not there."""
        if not _DIGEST.fullmatch(md5):
            return None
        try:
            content = self._cached(md5).read_bytes()
            if md5_of(content) != md5.removesuffix(".dir"):
                return None
            return {str(item["relpath"]): str(item["md5"]) for item in json.loads(content)}
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def _cached(self, md5: str) -> Path:
        return self.cache_folder() / "files" / "md5" / md5[:2] / md5[2:]

    def cache_folder(self) -> Path:
        """Where the contents are kept."""
        dvc = self._repository.root / ".dvc"
        for name in ("config.local", "config"):
            parser = configparser.ConfigParser(interpolation=None, strict=False)
            try:
                parser.read_string((dvc / name).read_text("utf-8"))
            except (OSError, UnicodeDecodeError, configparser.Error):
                continue
            if configured := parser.get("cache", "dir", fallback=""):
                return (dvc / configured).resolve()
        return dvc / "cache"

    def _named(self, revision: str | None, *endings: str) -> list[str]:
        """Tracked DVC files; in the working tree also those that are not yet added at the root."""
        tracked = self._repository.files(revision)
        found = [path for path in tracked if _is_named(path, endings)]
        if revision is None:
            new = (name for name in endings if name.startswith("dvc.") and name not in found)
            found += [name for name in new if self._files.read(name) is not None]
        return found

    def _parse(self, revision: str | None, path: str) -> Any:
        content = self._files.read(path) if revision is None else self._repository.read(revision, path)
        return parse_yaml(content or b"", path, anchors=True).data


def _is_named(path: str, endings: Iterable[str]) -> bool:
    name = PurePosixPath(path).name
    return any(
        name == ending or (ending == ".dvc" and name.endswith(".dvc") and name != ".dvc") for ending in endings
    )


def _mapping(data: Any, key: str) -> Mapping[str, Any]:
    found = data.get(key) if isinstance(data, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _recorded(document: Any) -> Iterator[Any]:
    if isinstance(document, Mapping):
        yield from _list(document.get("outs"))
    for stage in _mapping(document, "stages").values():
        if isinstance(stage, Mapping):
            yield from _list(stage.get("outs"))


def _list(data: Any) -> list[Any]:
    return data if isinstance(data, list) else []


def _output(folder: PurePosixPath, entry: Any) -> TrackedOutput | None:
    """What an entry records; None when it is none that DVC writes, for paths are made of its digest."""
    if not isinstance(entry, Mapping):
        return None
    path, digest, size, files = (entry.get(key) for key in ("path", "md5", "size", "nfiles"))
    if not isinstance(path, str) or not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        return None
    return TrackedOutput(str(folder / path), digest, _number(size), _number(files))


def _number(data: Any) -> int | None:
    return data if isinstance(data, int) else None


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return md5_of_file(file)


def _remote_name(repo: Any) -> str | None:
    name: str | None = repo.config.get("core", {}).get("remote")
    return name
