"""What a person asks of the registry: everything, one model, one version or one stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.names import suggest
from gitops_mlops.domain.registry.registry import RegisteredVersion, Registry, RetirementRecord, StageAssignment
from gitops_mlops.domain.registry.tags import parse_reference


class ModelState(NamedTuple):
    """One model: its greatest active version and what each stage holds."""

    artifact: str
    latest: RegisteredVersion | None
    assignments: dict[str, StageAssignment]


class RegistryOverview(NamedTuple):
    """Every model; `stages` in the order in which `.gto` lists them or they were first used."""

    models: tuple[ModelState, ...]
    stages: tuple[str, ...]


class ModelView(NamedTuple):
    """One model and all its versions, the greatest first; `emptied` are the stages that are empty on purpose."""

    state: ModelState
    versions: tuple[RegisteredVersion, ...]
    retired: RetirementRecord | None
    emptied: dict[str, RetirementRecord]


class VersionView(NamedTuple):
    """One version; `assignment` when it was asked for by its stage, `stages` that hold it."""

    version: RegisteredVersion | None
    assignment: StageAssignment | None
    stages: tuple[str, ...]


View = RegistryOverview | ModelView | VersionView


def view(registry: Registry, reference: str | None, listed: Sequence[str] = ()) -> View:
    """What a reference names; the stages that are `listed` come first, and in an overview even when they are unused.

    Raises UsageError, or EvidenceMissing when nothing answers to the reference.
    """
    stages = tuple(dict.fromkeys([*listed, *registry.stages]))
    if reference is None:
        models = tuple(_state(registry, name, stages) for name in registry.artifacts())
        used = {*listed, *(stage for model in models for stage in model.assignments)}
        return RegistryOverview(models, tuple(stage for stage in stages if stage in used))
    artifact, version, stage = parse_reference(reference)
    if version is None and stage is None:
        return _model(registry, artifact, stages)
    if stage is None:
        found = registry.find_version(artifact, version)
        return VersionView(found, None, _stages(registry, found, stages))
    held = registry.find_assignment(artifact, stage)
    named = registry.version(artifact, held.version) if held.version else None
    return VersionView(named, held, _stages(registry, named, stages) if named else (stage,))


def unknown(registry: Registry, artifact: str) -> MissingEvidence:
    """The error for a model that no tag names."""
    hint = suggest(artifact, registry.artifacts()) or "gitops-mlops register, or git fetch --tags"
    return MissingEvidence("no such model in the registry", where=artifact, hint=hint)


def _model(registry: Registry, artifact: str, stages: Sequence[str]) -> ModelView:
    if not registry.events(artifact):
        raise unknown(registry, artifact)
    retired = registry.retired(artifact)
    records = {} if retired else {stage: registry.emptied(artifact, stage) for stage in stages}
    emptied = {stage: record for stage, record in records.items() if record}
    return ModelView(_state(registry, artifact, stages), tuple(registry.versions(artifact)), retired, emptied)


def _state(registry: Registry, artifact: str, stages: Sequence[str]) -> ModelState:
    held = registry.assignments(artifact)
    ordered = {stage: held[stage] for stage in stages if stage in held}
    return ModelState(artifact, registry.latest(artifact), ordered)


def _stages(registry: Registry, version: RegisteredVersion, stages: Sequence[str]) -> tuple[str, ...]:
    held = registry.assignments(version.artifact)
    return tuple(stage for stage in stages if stage in held and held[stage].commit == version.commit)
