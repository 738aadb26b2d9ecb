"""The two sides of a comparison: which file each model is, verified, and where it is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from gitops_mlops.domain.comparison.report_parts import ComparedRevision
from gitops_mlops.domain.digests import md5_of, sha256_of, short_sha
from gitops_mlops.domain.errors import ExternalError, MissingEvidence, UsageError
from gitops_mlops.domain.names import suggest
from gitops_mlops.domain.ports import DataStore, Files, Repository, TrackedOutput
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.usecases.clone_state import complete_registry


@dataclass(frozen=True)
class CandidateSources:
    """Where everything is read from."""

    repository: Repository
    store: DataStore
    files: Files

    def recorded(self, path: str, outputs: Mapping[str, TrackedOutput]) -> bytes:
        """What `dvc.lock` records at a path, from the working tree or else from the cache; never anything else."""
        output = outputs.get(path)
        if output is None:
            raise MissingEvidence("dvc.lock does not record it", where=path, hint="dvc repro")
        content = self.files.read(path)
        if content is None:
            return self.store.read(output)
        if md5_of(content) != output.md5:
            raise MissingEvidence("differs from what dvc.lock records", where=path, hint="dvc repro, or dvc checkout")
        return content

    def content(self, path: str, side: ModelCandidate) -> bytes:
        """What a side's `dvc.lock` records at a path: on disk for the working tree, else from the cache or remote."""
        if side.working:
            return self.recorded(path, side.outputs)
        if path not in side.outputs:
            where = f"dvc.lock at {short_sha(side.commit)}"
            raise MissingEvidence(f"it does not record {path}", where=where, hint="compare other revisions")
        return self.store.read(side.outputs[path])

    def artifact_path(self, name: str, revision: str | None) -> str | None:
        """The path of an artifact that `dvc.yaml` declares."""
        return next((artifact.path for artifact in self.store.artifacts(revision) if artifact.name == name), None)


@dataclass(frozen=True)
class ModelCandidate:
    """One model: `path` and `content` of its file, what DVC records beside it, and `commit`, "" when uncommitted.

    `missing` says why the content is not available, "" when it is; `working` that it is the working tree's.
    """

    revision: ComparedRevision
    path: str
    content: bytes
    outputs: Mapping[str, TrackedOutput]
    parameters: Mapping[str, object]
    missing: str = ""
    working: bool = False

    @property
    def commit(self) -> str:
        """The commit that records the model."""
        return self.revision.commit


def working_challenger(name: str, datasets: list[str], sources: CandidateSources) -> ModelCandidate:
    """The model of the working tree.

    Raises UsageError when `dvc.yaml` does not declare it, EvidenceMissing when its file is not what is recorded.
    """
    path = sources.artifact_path(name, None)
    if path is None:
        known = [artifact.name for artifact in sources.store.artifacts()]
        hint = suggest(name, known) or "declare it under artifacts: in dvc.yaml"
        raise UsageError("dvc.yaml declares no such artifact", where=f"mlops.yaml: models.{name}", hint=hint)
    outputs = sources.store.outputs()
    content = sources.recorded(path, outputs)
    commit = sources.repository.head()
    if sources.store.outputs(commit).get(path) != outputs[path]:
        commit = ""
    revision = ComparedRevision(
        revision="working tree",
        commit=commit,
        model_sha256=sha256_of(content),
        data_md5=_data_md5(datasets, outputs),
    )
    return ModelCandidate(revision, path, content, outputs, sources.store.parameters(), working=True)


def recorded_challenger(name: str, wanted: str, datasets: list[str], sources: CandidateSources) -> ModelCandidate:
    """The model of a version, stage or revision as the challenger. Raises EvidenceMissing without its file."""
    found = named_candidate(name, wanted, datasets, sources)
    if found.missing:
        raise MissingEvidence(f"the challenger {found.missing}", where=wanted)
    return found


def find_champion(name: str, stage: str, datasets: list[str], sources: CandidateSources) -> ModelCandidate | None:
    """The version that a stage holds, None when it holds nothing yet.

    Its file is fetched by digest; where nobody gives it (a fork without access), the contender says why. Raises
    EvidenceMissing when history is not there, or when the file is not the one that was registered.
    """
    return _held(name, stage, complete_registry(sources.repository), datasets, sources)


def find_earlier_champion(
    name: str, stage: str, when: datetime, datasets: list[str], sources: CandidateSources, champion: ModelCandidate
) -> ModelCandidate | None:
    """The version that a stage held at a moment; None when there was none, or it is the champion itself.

    A version that was taken out of use since then is no measure, so it is None too.
    """
    registry = complete_registry(sources.repository)
    then = registry.until(when).assignment(name, stage)
    if then is None or then.commit == champion.commit:
        return None
    if then.version is None or registry.version(name, then.version) is None:
        return None
    return named_candidate(name, f"{name}@{then.version}", datasets, sources)


def named_candidate(name: str, wanted: str, datasets: list[str], sources: CandidateSources) -> ModelCandidate:
    """A version (`v1.2.3`, `m@v1.2.3`), what a stage holds (`m#production`) or any revision, by what git records."""
    registry = Registry.from_tags(sources.repository.tags())
    reference = wanted if wanted.startswith((f"{name}@", f"{name}#")) else f"{name}@{wanted}"
    if "#" in reference:
        held = _held(name, reference.partition("#")[2], complete_registry(sources.repository), datasets, sources)
        if held is None:
            raise MissingEvidence("holds no version", where=wanted, hint=f"gitops-mlops show {name}")
        return held
    version = registry.version(name, reference.partition("@")[2])
    if version is None and wanted == reference:
        raise MissingEvidence("no such active version", where=wanted, hint=f"gitops-mlops show {name}")
    if version is not None:
        found = _NamedCandidate(wanted, version.version, version.commit, version.evidence.model_sha256)
    else:
        found = _NamedCandidate(wanted, "", sources.repository.resolve(wanted), "")
    return _contender(name, found, datasets, sources)


class _NamedCandidate(NamedTuple):
    """What a person calls a contender, its version and commit, and the digest that it was registered with."""

    shown: str
    version: str
    commit: str
    registered: str


def _held(
    name: str, stage: str, registry: Registry, datasets: list[str], sources: CandidateSources
) -> ModelCandidate | None:
    assignment = registry.assignment(name, stage)
    if assignment is None:
        return None
    version = registry.version(name, assignment.version) if assignment.version else None
    digest = version.evidence.model_sha256 if version else ""
    found = _NamedCandidate(f"{name}#{stage}", assignment.version or "", assignment.commit, digest)
    return _contender(name, found, datasets, sources)


def _contender(name: str, found: _NamedCandidate, datasets: list[str], sources: CandidateSources) -> ModelCandidate:
    shown, version, commit, registered = found
    path, outputs = sources.artifact_path(name, commit), sources.store.outputs(commit)
    if path is None or path not in outputs:
        raise MissingEvidence(
            f"dvc.lock at {short_sha(commit)} records no model {name!r}",
            where=shown,
            hint="choose another with --champion",
        )
    content, missing = b"", ""
    try:
        content = sources.store.read(outputs[path])
    except (MissingEvidence, ExternalError) as error:
        missing = f"is not available: {error}"
    sha256 = registered if missing else sha256_of(content)
    if registered and sha256 != registered:
        raise MissingEvidence(
            "the model file is not the one that was registered "
            f"(SHA-256 {short_sha(sha256)}, not {short_sha(registered)})",
            where=shown,
            hint="see gitops-mlops history",
        )
    revision = ComparedRevision(
        revision=shown,
        version=version,
        commit=commit,
        model_sha256=sha256,
        data_md5=_data_md5(datasets, outputs),
    )
    return ModelCandidate(revision, path, content, outputs, sources.store.parameters(commit), missing)


def _data_md5(datasets: list[str], outputs: Mapping[str, TrackedOutput]) -> dict[str, str]:
    return {path: outputs[path].md5 for path in datasets if path in outputs and len(path) <= 200}
