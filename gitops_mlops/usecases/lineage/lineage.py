"""Lineage: from a version to all that it was made of, and from a file or commit to the versions that used it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gitops_mlops.domain.digests import md5_of
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.lineage.ancestry import Ancestry
from gitops_mlops.domain.lineage.deployments import DeploymentRun, runs
from gitops_mlops.domain.lineage.graph import VersionFacts, VersionLineage, name_of, version_graph
from gitops_mlops.domain.lineage.question import UsageKind, UsageQuery, VersionUse, VersionUses, uses_of
from gitops_mlops.domain.ports import DataStore, Ledger, Objects, Repository, Tree
from gitops_mlops.domain.registry import evidence
from gitops_mlops.domain.registry.registry import RegisteredVersion, Registry, StageStay
from gitops_mlops.domain.registry.tags import parse_reference
from gitops_mlops.usecases.clone_state import complete_registry
from gitops_mlops.usecases.lineage.ledger import read_ledger
from gitops_mlops.usecases.pipeline.records import OnDisk, RecordReader

WORKING_TREE = "working tree"

_MD5 = re.compile(r"[0-9a-f]{32}(?:\.dir)?\Z")


@dataclass(frozen=True)
class LineageSources:
    """Where everything is read from."""

    repository: Repository
    objects: Objects
    store: DataStore
    tree: Tree
    ledger: Ledger


def lineage(
    target: str, sources: LineageSources, *, every: bool = False, live: bool = False, folder: str = ""
) -> VersionLineage | VersionUses:
    """What a version comes from, or which versions a file, digest or commit went into.

    `target` is a model, a version or a stage, else a path below `folder`, an MD5 of DVC or a revision. `every` asks
    for a path whatever its content was, `live` for versions that a stage holds now. Raises UsageError, and
    EvidenceMissing when there is no such thing or the clone may lack tags.
    """
    registry = complete_registry(sources.repository)
    teller = _VersionReader(registry, sources)
    if is_reference(target, registry):
        if every or live:
            raise UsageError("--all and --live are for a file", where=target, hint="name a path, MD5 or commit")
        return teller.forward(referenced_version(registry, target))
    asked = _asked(target, sources, every, folder)
    found = teller.after_commit(asked) if asked.commit else teller.uses(asked)
    if live:
        found = VersionUses(found.query, tuple(use for use in found.uses if use.live), found.gaps, found.ledger)
    return found


class _VersionReader:
    """Tells of versions, with everything that is read twice kept."""

    def __init__(self, registry: Registry, sources: LineageSources) -> None:
        self._registry = registry
        self._sources = sources
        self._records = RecordReader(sources.objects)
        self._stays: dict[str, dict[str, list[StageStay]]] = {}
        events, self._unread = read_ledger(sources.ledger)
        self._runs = runs(events)

    def forward(self, version: RegisteredVersion) -> VersionLineage:
        """The graph of a version."""
        told, gaps = self._origins(version)
        code, changed = self._code(version, told) if told else ({}, [])
        upstream = self._upstream(version, told) if told else {}
        graph = version_graph(
            VersionFacts(version, told, code, upstream, self._stays_of(version), self._runs_of(version))
        )
        return VersionLineage(version, graph, (*gaps, *changed, *self._unread), bool(self._runs))

    def uses(self, asked: UsageQuery) -> VersionUses:
        """The versions that a file went into."""
        uses: list[VersionUse] = []
        gaps: dict[str, None] = dict.fromkeys(self._unread)
        versions = list(subjects(self._registry))
        self._records.prepare(dict.fromkeys(version.commit for version in versions))
        for version in versions:
            told, missing = self._origins(version)
            found, unread = uses_of(asked, version, told, self._sources.store.manifest)
            uses += (self._whole(use) for use in found)
            gaps.update((f"{name_of(version)}: {gap}", None) for gap in (*missing, *unread))
        if not uses and not asked.digests and not self._is_recorded(asked.path):
            raise MissingEvidence(
                "is recorded in no version", where=asked.path, hint="check the path; write it from the current folder"
            )
        return VersionUses(asked, tuple(uses), tuple(gaps), bool(self._runs))

    def after_commit(self, asked: UsageQuery) -> VersionUses:
        """The versions at a commit, or at one that comes after it."""
        tags = self._sources.repository.tags_containing(asked.commit)
        found = (
            VersionUse(version, UsageKind.COMMIT if version.commit == asked.commit else UsageKind.HISTORY)
            for version in subjects(self._registry)
            if version.tag in tags
        )
        return VersionUses(asked, tuple(map(self._whole, found)), tuple(self._unread), bool(self._runs))

    def _whole(self, use: VersionUse) -> VersionUse:
        return use._replace(stays=self._stays_of(use.version), runs=self._runs_of(use.version))

    def _origins(self, version: RegisteredVersion) -> tuple[Ancestry | None, tuple[str, ...]]:
        try:
            records = self._records.at(version.commit)
        except MissingEvidence as error:
            return None, (str(error),)
        return self._records.origins(records, version.artifact, version.evidence.one(evidence.MODEL_MD5))

    def _is_recorded(self, path: str) -> bool:
        """Whether any version's pipeline reads or makes a file of this path."""
        commits = {version.commit for version in subjects(self._registry)}
        return any(path in self._records.at(commit).paths for commit in commits)

    def _stays_of(self, version: RegisteredVersion) -> tuple[StageStay, ...]:
        if version.artifact not in self._stays:
            by_commit = self._stays.setdefault(version.artifact, {})
            for stay in self._registry.timeline(version.artifact).stays:
                by_commit.setdefault(stay.commit, []).append(stay)
        return tuple(self._stays[version.artifact].get(version.commit, ()))

    def _runs_of(self, version: RegisteredVersion) -> tuple[DeploymentRun, ...]:
        return self._runs.get((version.artifact, version.commit), ())

    def _code(self, version: RegisteredVersion, told: Ancestry) -> tuple[dict[str, str], list[str]]:
        """Object IDs of what the steps read and git holds; and of which the commit holds another content."""
        found, changed = {}, []
        for made in told.made:
            item = made.item
            if made.step is not None or item.origin:
                continue
            name = self._sources.objects.object_at(version.commit, item.path)
            if name is None:
                continue
            found[item.path] = name
            if item.exact and md5_of(self._sources.objects.content(name)) != item.digest:
                changed.append(
                    f"{item.path}: the commit holds another content than the pipeline ran with → dvc repro"
                )
        return found, changed

    def _upstream(self, version: RegisteredVersion, told: Ancestry) -> dict[tuple[str, str], tuple[str, ...]]:
        """The versions of this registry that the inputs are: imported from here, or made by the same pipeline."""
        imports = {
            (out.path, out.digest): dep.origin
            for step in told.steps
            for dep in step.deps
            if dep.origin
            for out in step.outs
        }
        own = {path: name for name, path in self._records.at(version.commit).artifacts.items()}
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for version_of in subjects(self._registry):
            for item in (made.item for made in told.made[1:]):
                key = item.path, item.digest
                if md5 := version_of.evidence.one(evidence.MODEL_MD5):
                    same = md5 == item.digest
                elif origin := imports.get(key):
                    same = version_of.commit == origin.commit and self._path(version_of) == origin.path
                else:
                    same = version_of.commit == version.commit and version_of.artifact == own.get(item.path)
                if same:
                    found[key] = (*found.get(key, ()), name_of(version_of))
        return found

    def _path(self, version: RegisteredVersion) -> str | None:
        return self._records.at(version.commit).artifacts.get(version.artifact)


def subjects(registry: Registry) -> Iterator[RegisteredVersion]:
    """Every version that was ever registered, and as a version without a name every commit that a stage holds."""
    for artifact in sorted({event.artifact for event in registry.events()}):
        yield from registry.versions(artifact)
        bare = {}
        for held in registry.assignments(artifact).values():
            if held.version is None:
                bare[held.commit] = RegisteredVersion(
                    artifact, "", held.commit, held.tag, held.created, held.author, True, held.evidence
                )
        yield from bare.values()


def is_reference(target: str, registry: Registry) -> bool:
    """Whether a text means a version or a stage, or a model that the registry knows."""
    try:
        artifact, version, stage = parse_reference(target)
    except UsageError:
        return False
    return bool(version or stage or registry.events(artifact))


def referenced_version(registry: Registry, reference: str) -> RegisteredVersion:
    """The version that a reference names, out of use or not."""
    artifact, name, stage = parse_reference(reference)
    named = {version.version: version for version in registry.versions(artifact)}
    if name in named:
        return named[name]
    if stage is None:
        return registry.find_version(artifact, name)
    held = registry.find_assignment(artifact, stage)
    return next(
        version
        for version in subjects(registry)
        if version.artifact == artifact and version.version == (held.version or "") and version.commit == held.commit
    )


def _asked(target: str, sources: LineageSources, every: bool, folder: str) -> UsageQuery:
    """What a target that is not a model means: a digest, a path that is recorded now, a revision, a former path."""
    if _MD5.match(target):
        return UsageQuery(digests=frozenset({target}))
    path = posixpath.normpath(posixpath.join(folder, target))
    if every:
        return UsageQuery(path)
    if digest := _present(path, sources):
        return UsageQuery(path, frozenset({digest}))
    try:
        return UsageQuery(commit=sources.repository.resolve(target))
    except MissingEvidence as error:
        raise MissingEvidence(
            "is not a model, a revision, or a file that exists here or that DVC records",
            where=repr(target),
            hint="use --all for a file of former versions",
        ) from error


def _present(path: str, sources: LineageSources) -> str:
    """The digest of a file now: as DVC records it, or of what is on disk; "" when there is none."""
    records = RecordReader(OnDisk(sources.tree)).at("")
    outputs = {item.path: item for step in records.steps for item in step.outs}
    if path in outputs:
        return outputs[path].digest
    around = next((output for output in outputs.values() if path.startswith(f"{output.path}/")), None)
    if around is not None:
        listed = sources.store.manifest(around.digest)
        if listed is None:
            raise MissingEvidence(
                f"the listing of the folder {around.path} is not in the cache", where=path, hint="dvc fetch"
            )
        return listed.get(path.removeprefix(f"{around.path}/"), "")
    if records.gaps:
        raise MissingEvidence(records.gaps[0], where=WORKING_TREE, hint="fix it, or name an MD5 or --all")
    if (content := _content(path, sources)) is not None:
        return md5_of(content)
    return next((item.digest for step in records.steps for item in step.deps if item.path == path), "")


def _content(path: str, sources: LineageSources) -> bytes | None:
    """What is on disk; None for nothing, for a folder, and for what is outside: a revision may be called so."""
    try:
        return sources.tree.read(path)
    except UsageError:
        return None
