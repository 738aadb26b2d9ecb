"""What differs between two versions, stages, revisions, or one of them and the working tree."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.root import CONFIG_FILE
from gitops_mlops.domain.deployment.packages import is_package_lock, pinned
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.document.yaml import parse_yaml
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.lineage.ancestry import Producers, about
from gitops_mlops.domain.lineage.differences import flattened
from gitops_mlops.domain.lineage.graph import name_of
from gitops_mlops.domain.lineage.version_diff import ComparedState, VersionDiff, compare_states
from gitops_mlops.domain.pipeline.records import PipelineRecords, RecordedItem, is_dvc_file
from gitops_mlops.domain.ports import Objects, Repository, Tree
from gitops_mlops.domain.registry.evidence import VersionEvidence
from gitops_mlops.domain.registry.registry import RegisteredVersion, Registry
from gitops_mlops.domain.registry.tags import parse_reference
from gitops_mlops.usecases.clone_state import complete_registry
from gitops_mlops.usecases.lineage.lineage import WORKING_TREE, is_reference, referenced_version
from gitops_mlops.usecases.pipeline.records import OnDisk, RecordReader


@dataclass(frozen=True)
class DiffSources:
    """Where both sides are read from."""

    repository: Repository
    objects: Objects
    tree: Tree


@dataclass(frozen=True)
class _Side:
    """What a side is called, its commit ("" for the working tree), and the version whose evidence speaks for it."""

    name: str
    commit: str = ""
    version: RegisteredVersion | None = None


def diff(old: str | None, new: str | None, sources: DiffSources) -> VersionDiff:
    """The differences; without `old` from the champion of the only model, without `new` to the working tree.

    Raises UsageError for two different models, EvidenceMissing when a side is not there or DVC recorded nothing.
    """
    registry = Registry.from_tags(sources.repository.tags())
    before = _side(old if old is not None else _champion(sources.tree), registry, sources)
    after = _Side(WORKING_TREE) if new is None else _side(new, registry, sources)
    models = {side.version.artifact for side in (before, after) if side.version}
    if len(models) > 1:
        raise UsageError(f"are two models: {' and '.join(sorted(models))}", where=f"{before.name} and {after.name}")
    model = next(iter(models), None)
    files = sources.repository.changes(before.commit, after.commit or None)
    old_state, new_state = (
        _SideReader(_spoken_for(side, model, registry), model, sources).state() for side in (before, after)
    )
    return compare_states(old_state, new_state, files)


def _champion(tree: Tree) -> str:
    content = tree.read(CONFIG_FILE)
    if content is None:
        raise UsageError("there is no such file to name the champion", where=CONFIG_FILE, hint="name two sides")
    config = parse_config(content)
    if len(config.models) != 1:
        raise UsageError(
            f"it has {len(config.models) or 'no'} models",
            where=CONFIG_FILE,
            hint="name one side at least, as model#stage",
        )
    name, model = next(iter(config.models.items()))
    return f"{name}#{model.evaluation.champion}"


def _side(text: str, registry: Registry, sources: DiffSources) -> _Side:
    if is_reference(text, registry):
        version = referenced_version(complete_registry(sources.repository), text)
        stage = parse_reference(text).stage
        return _Side(f"{text} ({name_of(version)})" if stage else name_of(version), version.commit, version)
    commit = sources.repository.resolve(text)
    return _Side(text if commit.startswith(text) else f"{text} ({short_sha(commit)})", commit)


def _spoken_for(side: _Side, model: str | None, registry: Registry) -> _Side:
    """A revision at which the model is registered has that version's evidence."""
    if side.version or not side.commit or model is None:
        return side
    here = (version for version in registry.versions(model) if version.commit == side.commit)
    return replace(side, version=next(here, None))


class _SideReader:
    """Everything of one side."""

    def __init__(self, side: _Side, model: str | None, sources: DiffSources) -> None:
        self._side = side
        self._model = model
        self._objects: Objects = sources.objects if side.commit else OnDisk(sources.tree)

    def state(self) -> ComparedState:
        """The state. Raises EvidenceMissing when DVC recorded nothing, ConfigError for files that cannot be read."""
        records = self._records()
        evidence = self._side.version.evidence if self._side.version else VersionEvidence()
        items = {item.path: item for step in records.steps for item in (*step.deps, *step.outs)}
        code = frozenset(path for path, item in items.items() if not item.origin and self._at(path) is not None)
        models = self._models(records)
        known = {model["path"] for model in models.values()}
        configuration = self._yaml(CONFIG_FILE)
        return ComparedState(
            self._side.name,
            self._side.commit,
            models=models,
            parameters={key: value for step in records.steps for key, value in step.params.items()},
            data={path: _told(item) for path, item in items.items() if path not in code and path not in known},
            metrics={
                each.name: {
                    key: value for key, value in each._asdict().items() if key != "name" and value is not None
                }
                for each in evidence.metrics
            },
            stages=self._stages(),
            configuration=dict(flattened(configuration)) if configuration else {},
            contracts=self._contracts(configuration),
            packages=self._packages(),
            code=code - {path for step in records.steps for path in (out.path for out in step.outs)},
        )

    def _records(self) -> PipelineRecords:
        found = RecordReader(self._objects).at(self._side.commit)
        if found.gaps:
            raise MissingEvidence(found.gaps[0], where=self._side.name, hint="choose another side, or fix it")
        if not found.steps:
            raise MissingEvidence("has no dvc.lock that records anything", where=self._side.name, hint="dvc repro")
        if self._model is None:
            return found
        mine = about(found, self._model)
        if not mine.steps:
            hint = "dvc repro, or choose another side"
            raise MissingEvidence(f"dvc.lock does not record {self._model}", where=self._side.name, hint=hint)
        return mine

    def _models(self, records: PipelineRecords) -> dict[str, dict[str, Any]]:
        producers, found = Producers(records), {}
        for name, path in records.artifacts.items():
            item = producers.model(path)
            found[name] = {"path": path, **(_told(item) if item else {})}
        return found

    def _stages(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path in self._objects.files(self._side.commit, is_dvc_file):
            if posixpath.basename(path) == "dvc.yaml":
                stages = (self._yaml(path) or {}).get("stages")
                prefix = f"{path}:" if posixpath.dirname(path) else ""
                pairs = flattened(stages) if isinstance(stages, Mapping) else ()
                found.update((f"{prefix}{name}", value) for name, value in pairs)
        return found

    def _contracts(self, configuration: Mapping[str, Any] | None) -> dict[str, bytes]:
        named = [
            entry.get(key)
            for section, key in (("datasets", "contract"), ("models", "input"))
            for entry in _mappings((configuration or {}).get(section))
        ]
        paths = {text.partition(":")[0] for text in named if isinstance(text, str)}
        return {path: content for path in sorted(paths) if (content := self._read(path)) is not None}

    def _packages(self) -> dict[str, str]:
        found = {}
        for path, name in self._objects.files(self._side.commit, is_package_lock).items():
            pins = pinned(self._objects.content(name), path)
            for package, version in (pins or {}).items():
                found[f"{path}: {package}"] = version
        return found

    def _yaml(self, path: str) -> Mapping[str, Any] | None:
        content = self._read(path)
        where = f"{path} of {self._side.name}"
        data = None if content is None else parse_yaml(content, where, anchors=path != CONFIG_FILE).data
        return data if isinstance(data, Mapping) else None

    def _at(self, path: str) -> str | None:
        return self._objects.object_at(self._side.commit, path)

    def _read(self, path: str) -> bytes | None:
        name = self._at(path)
        return None if name is None else self._objects.content(name)


def _mappings(section: Any) -> list[Mapping[str, Any]]:
    entries = section.values() if isinstance(section, Mapping) else ()
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _told(item: RecordedItem) -> dict[str, Any]:
    """What is recorded of a file; an import is known by its commit."""
    key = "rev" if item.origin and item.origin.commit else "md5"
    known = {key: item.digest or None, "size": item.size, "files": item.files}
    return {name: value for name, value in known.items() if value is not None}
