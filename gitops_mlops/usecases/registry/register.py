"""Register a version: a tag on the commit, with the digest of its model and what is known about it."""

from __future__ import annotations

from collections.abc import Iterator, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.config.gto import GTO_FILE, parse_gto_config
from gitops_mlops.domain.digests import sha256_of_file, short_sha
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.names import suggest
from gitops_mlops.domain.ports import DataStore, Repository, TrackedOutput
from gitops_mlops.domain.registry import evidence
from gitops_mlops.domain.registry.change import ChangeState, RegistryChange, RegistryDecision, RuleRefusal, TagDraft
from gitops_mlops.domain.registry.comparison_evidence import (
    read_report,
    report_refusals,
    report_trailers,
    require_same_model,
)
from gitops_mlops.domain.registry.evidence import Trailer, write_message
from gitops_mlops.domain.registry.reactivation import out_of_use, reactivation_refusals
from gitops_mlops.domain.registry.registry import RegisteredVersion, Registry
from gitops_mlops.domain.registry.semver import VersionBump, bumped
from gitops_mlops.domain.registry.tags import registration_tag
from gitops_mlops.usecases.registry.mainline import unmerged
from gitops_mlops.usecases.registry.registrar import Registrar

_BEFORE_THE_FIRST = "v0.0.0"
_DEFINITIONS = ("dvc.yaml", "dvc.lock")


@dataclass(frozen=True)
class RegisterRequest:
    """What was asked for. `report` is (name, content); `notes` are further trailers, such as the run's address.

    `revive` brings back what was taken out of use: the version at the commit, or a retired model.
    """

    artifact: str
    revision: str = "HEAD"
    version: str | None = None
    bump: VersionBump | None = None
    report: tuple[str, bytes] | None = None
    revive: bool = False
    notes: tuple[Trailer, ...] = ()
    dry_run: bool = False
    push: bool = False


def register(wanted: RegisterRequest, registrar: Registrar, data: DataStore) -> RegistryChange:
    """Register the model at a commit.

    A commit that has a version, and a model file that is the latest version's already, change nothing (unless a
    version or bump is asked for, in the second case). Raises UsageError, EvidenceMissing, OutsideError.
    """
    registration_tag(wanted.artifact, _BEFORE_THE_FIRST if wanted.version is None else wanted.version)
    repository, push = registrar.repository, wanted.push and not wanted.dry_run
    change = registrar.settle(
        wanted.artifact, wanted, lambda registry: decide_registration(wanted, registry, repository, data), push=push
    )
    return change._replace(warnings=(*change.warnings, *_off_main(change, repository)))


def _off_main(change: RegistryChange, repository: Repository) -> Iterator[str]:
    """That a version is not on main (yet): it may be registered, and enters no environment before it is."""
    if change.state not in (ChangeState.WRITTEN, ChangeState.PLANNED):
        return
    with suppress(MissingEvidence):
        main, left = unmerged(repository, [change.commit])
        if left:
            seen = main.unmerged(str(change.version), change.commit)
            yield f"{seen}: no environment accepts it before it is merged, unless it has allow-unmerged"


def decide_registration(
    wanted: RegisterRequest, registry: Registry, repository: Repository, data: DataStore
) -> RegistryDecision:
    """What is to be done in a state of the registry; nothing is written."""
    commit = repository.resolve(wanted.revision)
    here = _here(wanted, registry, commit)
    if done := _at_commit(wanted, registry, here):
        return done
    if refusals := reactivation_refusals(registry, wanted.artifact, wanted.revive):
        return _refused(wanted, commit, *refusals)
    if here and wanted.report is None:
        return _new(wanted, registry, commit, _as_before(wanted, here), here)
    output = _output(wanted, repository, data, commit)
    report = read_report(wanted.report[1], wanted.report[0], wanted.artifact) if wanted.report else None
    sha256 = _digest(data, output, report)
    if report and wanted.report:
        require_same_model(report, sha256, wanted.report[0])
        if refusals := report_refusals(report):
            return _refused(wanted, commit, *refusals)
    latest = registry.latest(wanted.artifact)
    if latest and latest.evidence.model_sha256 == sha256 and not (wanted.version or wanted.bump):
        summary = f"{wanted.artifact} {latest.version} is the same model file; nothing new to register"
        return RegistryDecision(_unchanged(latest, summary), also=(latest.tag,))
    return _new(wanted, registry, commit, _trailers(wanted, report, sha256, output), here)


def _here(wanted: RegisterRequest, registry: Registry, commit: str) -> RegisteredVersion | None:
    """The version that the commit has: of several the active one, then the one that was named."""
    here = [each for each in registry.versions(wanted.artifact) if each.commit == commit]
    return max(here, key=lambda each: (each.active, each.version == wanted.version), default=None)


def _at_commit(
    wanted: RegisterRequest, registry: Registry, here: RegisteredVersion | None
) -> RegistryDecision | None:
    """The end of the matter when the commit has a version, unless that comes back into use."""
    if here is None:
        return None
    if wanted.version in (None, here.version):
        if here.active:
            summary = f"{wanted.artifact} {here.version} is registered at this commit already"
            return RegistryDecision(_unchanged(here, summary), also=(here.tag,))
        if wanted.revive:
            return None
        seen, hint = out_of_use(registry, here), "another commit, or --revive"
        return _refused(wanted, here.commit, RuleRefusal("what is out of use stays so", seen, hint))
    seen = f"{here.version} is registered at {short_sha(here.commit)}" if here.active else out_of_use(registry, here)
    return _refused(wanted, here.commit, RuleRefusal("one version a commit", seen, "another commit"))


def _unchanged(found: RegisteredVersion, summary: str) -> RegistryChange:
    return RegistryChange(
        ChangeState.UNCHANGED, found.artifact, summary, found.version, commit=found.commit, tags=(found.tag,)
    )


def _refused(wanted: RegisterRequest, commit: str, *refusals: RuleRefusal) -> RegistryDecision:
    summary = f"{wanted.artifact} is not registered"
    return RegistryDecision(
        RegistryChange(
            ChangeState.REFUSED, wanted.artifact, summary, wanted.version, commit=commit, refusals=refusals
        )
    )


def _output(wanted: RegisterRequest, repository: Repository, data: DataStore, commit: str) -> TrackedOutput:
    """What `dvc.lock` records of the model at the commit."""
    if commit == repository.head():
        changed = [path for path in repository.changed_files("HEAD") if PurePosixPath(path).name in _DEFINITIONS]
        if changed:
            raise UsageError("is changed but not committed", where=", ".join(changed), hint="commit it, or stash it")
    artifacts = {artifact.name: artifact for artifact in data.artifacts(commit)}
    if wanted.artifact not in artifacts:
        where = f"dvc.yaml at {short_sha(commit)}"
        hint = suggest(wanted.artifact, artifacts) or "declare it under artifacts: in dvc.yaml"
        raise UsageError(f"no artifact is called {wanted.artifact!r}", where=where, hint=hint)
    gto = parse_gto_config(repository.read("HEAD", GTO_FILE))
    gto.require_type(wanted.artifact, artifacts[wanted.artifact].type)
    path = artifacts[wanted.artifact].path
    output = data.outputs(commit).get(path)
    if output is None:
        raise MissingEvidence(
            f"is not in dvc.lock at {short_sha(commit)}", where=path, hint="dvc repro, then commit dvc.lock"
        )
    return output


def _digest(data: DataStore, output: TrackedOutput, report: Report | None) -> str:
    """SHA-256 of the model file; the report's where the file is not available."""
    try:
        return _sha256(data.materialise(output))
    except MissingEvidence:
        if report is None or output.md5.endswith(".dir"):
            raise
        return report.challenger.model_sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return sha256_of_file(file)


def _trailers(
    wanted: RegisterRequest, report: Report | None, sha256: str, output: TrackedOutput
) -> Iterator[Trailer]:
    yield evidence.MODEL_SHA256, sha256
    yield evidence.MODEL_MD5, output.md5
    if report and wanted.report:
        yield from report_trailers(report, wanted.report[1])
    yield from wanted.notes


def _as_before(wanted: RegisterRequest, revived: RegisteredVersion) -> Iterator[Trailer]:
    """The evidence of a version's first registration, and who brings it back."""
    who = {key for key, _ in wanted.notes}
    yield from (trailer for trailer in revived.evidence.trailers if trailer[0] not in who)
    yield from wanted.notes


def _new(
    wanted: RegisterRequest,
    registry: Registry,
    commit: str,
    trailers: Iterator[Trailer],
    revived: RegisteredVersion | None,
) -> RegistryDecision:
    taken = registry.tag_names(wanted.artifact)
    version = revived.version if revived else wanted.version or _next(wanted, registry, taken)
    tag = registration_tag(wanted.artifact, version)
    if revived:
        tag = f"{tag}#{registry.counter(wanted.artifact)}"
    elif tag in taken:
        # Also where only the ledger knows it.
        seen = f"the tag {tag} exists, or existed"
        return _refused(wanted, commit, RuleRefusal("a version is registered once", seen, "another version"))
    again = " again" if revived else ""
    be = "would be" if wanted.dry_run else "is"
    summary = f"{wanted.artifact} {version} {be} registered{again} at {short_sha(commit)}"
    state = ChangeState.PLANNED if wanted.dry_run else ChangeState.WRITTEN
    pushed = wanted.push and not wanted.dry_run
    change = RegistryChange(state, wanted.artifact, summary, version, commit=commit, tags=(tag,), pushed=pushed)
    message = write_message(f"Register {wanted.artifact} {version}{again}", trailers)
    return RegistryDecision(change, (TagDraft(tag, commit, message),))


def _next(wanted: RegisterRequest, registry: Registry, taken: Set[str]) -> str:
    """The bumped version; of versions out of use the numbers stay taken."""
    latest = registry.latest(wanted.artifact)
    version = bumped(latest.version if latest else _BEFORE_THE_FIRST, wanted.bump or VersionBump.PATCH)
    while registration_tag(wanted.artifact, version) in taken:
        version = bumped(version, wanted.bump or VersionBump.PATCH)
    return version
