"""DVC's files at many commits: each content is parsed once, however many commits hold it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from gitops_mlops.domain.document.yaml import parse_yaml
from gitops_mlops.domain.errors import ConfigError, MissingEvidence
from gitops_mlops.domain.lineage.ancestry import Ancestry, origins
from gitops_mlops.domain.pipeline.records import PipelineRecords, added_records, is_dvc_file, pipeline_records
from gitops_mlops.domain.ports import Objects, Tree

_PIPELINE = ("dvc.yaml", "dvc.lock")


class OnDisk:
    """The working tree, read as commits are."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def files(self, commit: str, wanted: Callable[[str], bool]) -> dict[str, str]:
        """The paths, by themselves."""
        return {path: path for path in self._tree.paths() if wanted(posixpath.basename(path))}

    def prepare(self, commits: Iterable[str]) -> None:
        """Nothing: a disk answers at once."""

    def contents(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """What is on disk."""
        yield from ((name, self.content(name)) for name in names)

    def object_at(self, commit: str, path: str) -> str | None:
        """The path, when git knows it or would add it."""
        return path if path in self._tree.paths() or self._tree.below(path) else None

    def content(self, name: str) -> bytes:
        """What is on disk."""
        return self._tree.read(name) or b""


class RecordReader:
    """What DVC recorded, by commit."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._documents: dict[str, Any] = {}
        self._parts: dict[tuple[str, ...], PipelineRecords] = {}
        self._whole: dict[tuple[tuple[str, str], ...], PipelineRecords] = {}
        self._origins: dict[tuple[int, str, str], tuple[Ancestry | None, tuple[str, ...]]] = {}

    def prepare(self, commits: Iterable[str]) -> None:
        """Read what many commits hold, before each is asked for."""
        every = list(commits)
        self._objects.prepare(every)
        files: dict[str, str] = {}
        for commit in every:
            with suppress(MissingEvidence):
                files |= {name: path for path, name in self._objects.files(commit, is_dvc_file).items()}
        for name, content in self._objects.contents(files):
            self._parse(name, files[name], content)

    def at(self, commit: str) -> PipelineRecords:
        """Everything that the DVC files of a commit say. Raises EvidenceMissing when this clone lacks the commit."""
        files = self._objects.files(commit, is_dvc_file)
        key = tuple(files.items())
        if key not in self._whole:
            self._whole[key] = sum(self._read(files), PipelineRecords())
        return self._whole[key]

    def origins(self, records: PipelineRecords, artifact: str, md5: str) -> tuple[Ancestry | None, tuple[str, ...]]:
        """As `domain.ancestry.origins`, once for each set of records (that `at` gave)."""
        key = id(records), artifact, md5
        if key not in self._origins:
            self._origins[key] = origins(records, artifact, md5)
        return self._origins[key]

    def _read(self, files: dict[str, str]) -> Iterator[PipelineRecords]:
        for path, name in files.items():
            folder, base = posixpath.split(path)
            if base not in _PIPELINE:
                yield self._part((path, name), folder)
            elif base == "dvc.lock" or posixpath.join(folder, "dvc.lock") not in files:
                both = (files.get(posixpath.join(folder, each), "") for each in _PIPELINE)
                yield self._part((folder, *both), folder)

    def _part(self, key: tuple[str, ...], folder: str) -> PipelineRecords:
        if key not in self._parts:
            gaps: list[str] = []
            if len(key) == 2:
                data = self._document(*key, gaps)
                found = added_records(key[0], data) if not gaps else PipelineRecords()
            else:
                definition, lock = (
                    self._document(posixpath.join(folder, base), name, gaps)
                    for base, name in zip(_PIPELINE, key[1:], strict=True)
                )
                found = pipeline_records(folder, definition, lock)
            self._parts[key] = found + PipelineRecords(gaps=tuple(gaps))
        return self._parts[key]

    def _document(self, path: str, name: str, gaps: list[str]) -> Any:
        """The parsed content of a blob; None, and a gap, when it cannot be read."""
        if not name:
            return None
        if name not in self._documents:
            self._parse(name, path, self._objects.content(name))
        found = self._documents[name]
        if isinstance(found, ConfigError):
            gaps.append(f"cannot be read: {found.problems[0]}")
            return None
        return found

    def _parse(self, name: str, path: str, content: bytes) -> None:
        try:
            self._documents[name] = parse_yaml(content, path, anchors=True).data
        except ConfigError as error:
            self._documents[name] = error
