"""Gather the facts about a repository and its set-up, say what is wrong, and fix what can be fixed safely."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace

from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.root import CONFIG_FILE, Config
from gitops_mlops.domain.doctor.checks import Diagnosis, DoctorFinding, FixKind, FixResult, findings
from gitops_mlops.domain.doctor.registry import REGISTRY, STALE_SECONDS, RegistryFacts
from gitops_mlops.domain.doctor.setup import SETUP, WRITTEN, DvcRemote, SetupFacts
from gitops_mlops.domain.doctor.state import STATE, StateFacts
from gitops_mlops.domain.doctor.workflows import deaf_workflows
from gitops_mlops.domain.document.yaml import parse_yaml
from gitops_mlops.domain.errors import ConfigError, ExternalError, FileProblemLine, MissingEvidence, MlopsError
from gitops_mlops.domain.pipeline.large_files import DEFAULT_MAX_KB
from gitops_mlops.domain.pipeline.lock_text import MERGE_COMMAND, MERGE_DRIVER
from gitops_mlops.domain.ports import (
    Clock,
    Clone,
    DataStore,
    Files,
    Index,
    Journal,
    Ledger,
    Objects,
    Repository,
    Tree,
)
from gitops_mlops.domain.registry.evidence import MODEL_MD5
from gitops_mlops.domain.registry.ledger import BRANCH
from gitops_mlops.domain.registry.pending_writes import PendingWrite
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.domain.registry.retirement import RetirementProposal
from gitops_mlops.usecases.config.check import check, our_workflows
from gitops_mlops.usecases.doctor.staged_files import large_files
from gitops_mlops.usecases.lineage.ledger import verify
from gitops_mlops.usecases.lineage.record import sync
from gitops_mlops.usecases.pipeline.lock_status import lock_step
from gitops_mlops.usecases.pipeline.records import RecordReader
from gitops_mlops.usecases.registry.mainline import unmerged
from gitops_mlops.usecases.registry.retire import proposed

_REMOTE = "origin"
_GITIGNORE = ".gitignore"
# Locks first, since they stand in the way of all others.
_ORDER = (
    FixKind.REMOVE_LOCK,
    FixKind.UNSHALLOW,
    FixKind.REPLACE_TAG,
    FixKind.FETCH_TAGS,
    FixKind.IGNORE,
    FixKind.MERGE_DRIVER,
    FixKind.RECORD,
)


@dataclass(frozen=True)
class RepositoryUnderCheck:
    """Everything that is looked at."""

    repository: Repository
    clone: Clone
    tree: Tree
    index: Index
    store: DataStore
    files: Files
    ledger: Ledger
    journal: Journal
    clock: Clock
    objects: Callable[[], AbstractContextManager[Objects]]
    dvc_remotes: tuple[DvcRemote, ...]
    installed: Mapping[str, str]


def doctor(admit: Callable[[], RepositoryUnderCheck], *, fix: bool = False, offline: bool = False) -> Diagnosis:
    """Look at everything; with `fix`, mend what is safe and look again, at a patient of whom nothing is remembered.

    `offline` leaves the remote alone. Raises OutsideError when git fails in this clone.
    """
    patient = admit()
    diagnosis = examine(patient, offline=offline)
    if not fix or not any(finding.fixable for finding in diagnosis.findings):
        return diagnosis
    mended = _mend(patient, diagnosis.findings)
    return examine(admit(), offline=offline)._replace(fixed=tuple(mended))


def examine(patient: RepositoryUnderCheck, *, offline: bool = False) -> Diagnosis:
    """Look at everything, and change nothing."""
    skipped: list[str] = []
    config = _config(patient)
    registry = _with_merges(patient, config, _registry_facts(patient, offline, skipped), offline, skipped)
    state = _state_facts(patient, registry, config, skipped)
    found = [
        *findings("Registry", REGISTRY, registry),
        *findings("Set-up", SETUP, _setup_facts(patient, config)),
        *findings("State", STATE, state),
    ]
    return Diagnosis(tuple(found), tuple(skipped))


def _config(patient: RepositoryUnderCheck) -> Config | None:
    content = patient.tree.read(CONFIG_FILE)
    try:
        return None if content is None else parse_config(content)
    except ConfigError:
        # Its problems are told by `check`.
        return None


def _registry_facts(patient: RepositoryUnderCheck, offline: bool, skipped: list[str]) -> RegistryFacts:
    tags = list(patient.repository.tags())
    registry = Registry.from_tags(tags)
    shallow = patient.repository.is_shallow()
    commits = {event.commit for event in registry.events()}
    facts = RegistryFacts(
        registry,
        patient.clock.now(),
        tags={tag.name: tag for tag in tags},
        remote=_REMOTE,
        shallow=shallow,
        lacks_tags=patient.repository.lacks_tags(),
        # Where history was cut off, nothing leads anywhere.
        outside_branches=patient.clone.outside_branches(commits) if commits and not shallow else (),
        md5=_recorded(patient, registry),
        locks=tuple(patient.clone.locks()),
    )
    try:
        facts = replace(facts, ledger=tuple(verify(patient.repository, patient.ledger)))
    except MissingEvidence as error:
        skipped.append(f"the ledger was not verified: {error}")
    return _with_remote(patient, facts, offline, skipped)


def _with_merges(
    patient: RepositoryUnderCheck, config: Config | None, facts: RegistryFacts, offline: bool, skipped: list[str]
) -> RegistryFacts:
    """With the stages that hold what was not merged; those that are no environments deploy nothing."""
    registry, environments = facts.registry, config.environments if config else {}
    held = {
        (artifact, stage): each.commit
        for artifact in registry.artifacts()
        for stage, each in registry.assignments(artifact).items()
        if stage in environments and not environments[stage].allow_unmerged
    }
    if not held or facts.shallow:
        return facts
    try:
        main, left = unmerged(patient.repository, held.values(), ask=not offline and not facts.remote_problem)
    except MissingEvidence as error:
        # That the remote was not asked, or does not answer, is said already.
        if not offline and not facts.remote_problem:
            skipped.append(f"what was merged was not checked: {error}")
        return facts
    return replace(facts, main=main.name, unmerged={key for key, commit in held.items() if commit in left})


def _with_remote(
    patient: RepositoryUnderCheck, facts: RegistryFacts, offline: bool, skipped: list[str]
) -> RegistryFacts:
    if offline:
        skipped.append("the remote was not queried (--offline)")
    elif _REMOTE not in patient.clone.remotes():
        skipped.append(f"no remote was queried: none is called {_REMOTE}")
    else:
        try:
            return replace(facts, there=patient.clone.remote_tags(_REMOTE))
        except ExternalError as error:
            return replace(facts, remote_problem=error.message)
    return facts


def _recorded(patient: RepositoryUnderCheck, registry: Registry) -> dict[tuple[str, str], str]:
    """What `dvc.lock` records of each version's model at its commit, where its tag says what it should be."""
    found: dict[tuple[str, str], str] = {}
    with patient.objects() as objects:
        reader = RecordReader(objects)
        for artifact in registry.artifacts():
            for version in registry.versions(artifact):
                if not version.evidence.one(MODEL_MD5):
                    continue
                try:
                    records = reader.at(version.commit)
                except MissingEvidence:
                    continue
                path = records.artifacts.get(artifact, "")
                digests = {item.path: item.digest for step in records.steps for item in step.outs}
                if not records.gaps or path in digests:
                    found[version.commit, artifact] = digests.get(path, "")
    return found


def _setup_facts(patient: RepositoryUnderCheck, config: Config | None) -> SetupFacts:
    configured = patient.tree.read(CONFIG_FILE) is not None
    artifacts, dvc = _artifacts(patient.store), patient.tree.exists(".dvc") or patient.tree.exists("dvc.yaml")
    return SetupFacts(
        git=patient.clone.git_version(),
        identity_problem=patient.clone.identity_problem(),
        problems=tuple(check(patient.tree, patient.store, pipeline=False).problems) if configured else None,
        out_of_step=tuple(lock_step(patient.tree).as_ci_sees(config.training if config else "author").problems),
        deaf_workflows=tuple(_deaf_workflows(patient.tree)),
        large_files=tuple(large_files(patient.index, (), DEFAULT_MAX_KB)),
        dvc=dvc,
        dvc_remotes=patient.dvc_remotes if dvc else (),
        artifacts=artifacts if config else (),
        models=tuple(config.models) if config else (),
        ignored=_ignored(patient.clone),
        lacks_merge_driver=patient.clone.merge_driver("dvc.lock") == (MERGE_DRIVER, ""),
        hooks_wanted=patient.tree.read(".pre-commit-config.yaml") is not None,
        hook_runs=patient.clone.has_hook("pre-commit"),
        installed=patient.installed,
    )


def _deaf_workflows(tree: Tree) -> Iterator[FileProblemLine]:
    for path, content in our_workflows(tree):
        # What is wrong with a file that cannot be read, `check` says.
        with suppress(ConfigError):
            yield from deaf_workflows([parse_yaml(content, path, anchors=True)])


def _artifacts(store: DataStore) -> tuple[str, ...]:
    try:
        return tuple(artifact.name for artifact in store.artifacts() if artifact.type == "model")
    except ConfigError:
        return ()


def _ignored(clone: Clone) -> set[str]:
    # A file inside stands for a folder, which need not exist.
    paths = {line: f"{line.strip('/')}/x" if line.endswith("/") else line.strip("/") for line in WRITTEN}
    ignored = clone.ignored(list(paths.values()))
    return {line for line, path in paths.items() if path in ignored}


def _state_facts(
    patient: RepositoryUnderCheck, registry: RegistryFacts, config: Config | None, skipped: list[str]
) -> StateFacts:
    names = {*registry.registry.artifacts(), *(config.models if config else ())}
    proposals: Sequence[RetirementProposal] = ()
    if config:
        try:
            proposals = proposed(config, patient.repository, patient.ledger, patient.clock).proposals
        except MissingEvidence as error:
            skipped.append(f"no retirement was judged: {error}")
    return StateFacts(
        unfinished=tuple(name for name in sorted(names) if PendingWrite.parse(patient.journal.read(name))),
        unpushed=patient.clone.unpushed(BRANCH, _REMOTE),
        remote=_REMOTE if _REMOTE in patient.clone.remotes() else "",
        proposals=tuple(proposals),
    )


def _mend(patient: RepositoryUnderCheck, found: Iterable[DoctorFinding]) -> list[FixResult]:
    """Do what fixes the findings, kind by kind; what fails leaves the others to be tried."""
    by_remedy: dict[FixKind, list[DoctorFinding]] = {remedy: [] for remedy in _ORDER}
    for finding in found:
        if finding.remedy is not None:
            by_remedy[finding.remedy].append(finding)
    mended = []
    for remedy, chosen in by_remedy.items():
        if not chosen:
            continue
        failure = ""
        try:
            _apply(patient, remedy, [finding.subject for finding in chosen])
        except MlopsError as error:
            failure = str(error)
        mended += [FixResult(finding, failure) for finding in chosen]
    return mended


def _apply(patient: RepositoryUnderCheck, remedy: FixKind, subjects: Sequence[str]) -> None:
    match remedy:
        case FixKind.REMOVE_LOCK:
            for lock in patient.clone.locks():
                if lock.path in subjects and lock.age >= STALE_SECONDS:
                    patient.clone.remove_lock(lock)
        case FixKind.UNSHALLOW:
            patient.clone.unshallow(_REMOTE)
            patient.repository.fetch_tags(_REMOTE)
        case FixKind.REPLACE_TAG:
            patient.clone.replace_tags(subjects, _REMOTE)
        case FixKind.FETCH_TAGS:
            patient.repository.fetch_tags(_REMOTE)
        case FixKind.IGNORE:
            before = patient.files.read(_GITIGNORE) or b""
            end = b"" if not before or before.endswith(b"\n") else b"\n"
            patient.files.write(_GITIGNORE, before + end + "".join(f"{line}\n" for line in subjects).encode())
        case FixKind.MERGE_DRIVER:
            patient.clone.configure_merge_driver(MERGE_DRIVER, MERGE_COMMAND)
        case FixKind.RECORD:
            sync(patient.repository, patient.ledger, push=False)
