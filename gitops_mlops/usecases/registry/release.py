"""Release what a commit records: every model that changed is compared with its champion, and tagged when it may.

What counts is committed: the model is the content that `dvc.lock` records, from the cache or the remote, verified
by MD5 there and named by its SHA-256 in the tag. No number of a pull request is believed, all is measured here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gitops_mlops.domain.comparison.report import Report, dump_report
from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.errors import VERDICT_AGAINST, MissingEvidence, MlopsError, UsageError
from gitops_mlops.domain.names import suggest
from gitops_mlops.domain.ports import PullRequests
from gitops_mlops.domain.registry.change import ChangeState, RegistryChange, RegistryDecision
from gitops_mlops.domain.registry.comparison_evidence import RELEASABLE
from gitops_mlops.domain.registry.evidence import PULL_REQUEST, Trailer
from gitops_mlops.domain.registry.registry import RegisteredVersion, Registry
from gitops_mlops.domain.registry.release import Judgement, ModelRelease, Release, ReleaseResult
from gitops_mlops.domain.shortening import and_more, left_out
from gitops_mlops.log import Logger
from gitops_mlops.reports.pipeline.lock import unchecked_words
from gitops_mlops.usecases.clone_state import complete_registry
from gitops_mlops.usecases.comparison.candidates import CandidateSources, working_challenger
from gitops_mlops.usecases.comparison.compare import ComparisonPorts, compare
from gitops_mlops.usecases.comparison.settings import ComparisonRequest
from gitops_mlops.usecases.config.committed_rules import committed_rules
from gitops_mlops.usecases.pipeline.lock_status import lock_step
from gitops_mlops.usecases.registry.register import RegisterRequest, decide_registration
from gitops_mlops.usecases.registry.registrar import Registrar

_LOG = Logger(__name__)
_MOST_EDITS = 100

Tell = Callable[[str], None]


@dataclass(frozen=True)
class ReleaseRequest:
    """What was asked for: some models, or all of `mlops.yaml`; `notes` are trailers of the tags."""

    models: tuple[str, ...] = ()
    notes: tuple[Trailer, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    dry_run: bool = False
    push: bool = False


def release(
    wanted: ReleaseRequest,
    ports: ComparisonPorts,
    registrar: Registrar,
    tell: Tell,
    judged: Callable[[Config], Judgement],
    forge: PullRequests | None = None,
) -> Release:
    """Register what changed at HEAD and passes its gates; what fails for one model leaves the others their chance.

    A model whose file the champion or the latest version is already gets no version, nor does a commit that has
    one: the same command again changes nothing. `judged` tells by whose gates a model is judged. Where no pull
    request is named, the forge is asked for the one that was merged as this commit. Raises UsageError for changes
    that are not committed and unknown models, EvidenceMissing for a clone that may lack tags.
    """
    repository = ports.repository
    if changed := repository.changed_files("HEAD"):
        more = and_more(len(changed) - 1, " (", ")")
        hint = "commit it or stash it: a release is of a commit"
        raise UsageError(f"is changed but not committed{more}", where=changed[0], hint=hint)
    commit = repository.head()
    registry = complete_registry(repository)
    config = committed_rules(repository).config
    names = _names(wanted.models, config)
    _LOG.info("a release of %s at %s", ", ".join(names), commit)
    if _nothing_trained(ports) and not any(registry.versions(name) for name in names):
        why = "there is no dvc.lock yet; dvc repro trains the first model"
        return Release(commit, tuple(ModelRelease(name, ReleaseResult.UNTRAINED, why) for name in names))
    lock = lock_step(ports.tree)
    if lock.problems:
        return Release(commit, out_of_date=tuple(lock.problems))
    tolerated = config.unchecked_stages == "warn"
    if lock.unchecked and not tolerated:
        hint = "make it one that can be checked, or set unchecked-stages: warn in mlops.yaml"
        raise MissingEvidence(f"{unchecked_words(lock.unchecked)} ({lock.remarks[0]})", where="dvc.lock", hint=hint)
    wanted, warnings = _with_pull_request(wanted, commit, forge)
    warnings += [f"dvc.lock: {unchecked_words(lock.unchecked)}"] if lock.unchecked else []
    judgement = judged(config)
    edits = tuple(edit for edit in judgement.edits if edit.model in names)
    return Release(
        commit,
        tuple(_one(name, wanted, judgement, ports, registrar, tell) for name in names),
        warnings=(*warnings, *left_out(len(edits), _MOST_EDITS, "edits of gates")),
        gates_from=judgement.commit,
        edits=edits[:_MOST_EDITS],
    )


def _nothing_trained(ports: ComparisonPorts) -> bool:
    """Whether no pipeline has ever run."""
    return not any(path.rpartition("/")[2] == "dvc.lock" for path in ports.tree.paths())


def _with_pull_request(
    wanted: ReleaseRequest, commit: str, forge: PullRequests | None
) -> tuple[ReleaseRequest, list[str]]:
    """What was asked for, with the pull request that the commit came from; and why that is not known.

    It is a claim: who asks for reviews has the forge confirm it.
    """
    if forge is None or dict(wanted.notes).get(PULL_REQUEST):
        return wanted, []
    try:
        found = forge.merged_as(commit)
    except MlopsError as error:
        return wanted, [f"no pull request is recorded: {error}"]
    if len(found) != 1:
        return wanted, []
    others = tuple(note for note in wanted.notes if note[0] != PULL_REQUEST)
    return replace(wanted, notes=(*others, (PULL_REQUEST, str(found[0])))), []


def _names(models: Sequence[str], config: Config) -> list[str]:
    for name in models:
        if name not in config.models:
            raise UsageError(f"it has no model {name!r}", where="mlops.yaml", hint=suggest(name, config.models))
    if not config.models:
        raise UsageError("it has no models", where="mlops.yaml", hint="add one under models:")
    return [name for name in config.models if not models or name in models]


def _one(
    name: str, wanted: ReleaseRequest, judgement: Judgement, ports: ComparisonPorts, registrar: Registrar, tell: Tell
) -> ModelRelease:
    reports: list[Report] = []

    def decide(registry: Registry) -> RegistryDecision:
        # The champion may be another one by now, so that what was measured before says nothing.
        reports.clear()
        return _decide(name, wanted, judgement, ports, registry, reports, tell)

    try:
        change = registrar.settle(name, (name, wanted), decide, push=wanted.push and not wanted.dry_run)
    except MlopsError as error:
        return ModelRelease(name, ReleaseResult.FAILED, str(error), code=error.exit_code, report=_last(reports))
    return _released(change, _last(reports))


def _decide(
    name: str,
    wanted: ReleaseRequest,
    judgement: Judgement,
    ports: ComparisonPorts,
    registry: Registry,
    reports: list[Report],
    tell: Tell,
) -> RegistryDecision:
    asked = RegisterRequest(name, notes=wanted.notes, dry_run=wanted.dry_run, push=wanted.push)
    settled = decide_registration(asked, registry, ports.repository, ports.store)
    if settled.change.state in (ChangeState.UNCHANGED, ChangeState.REFUSED):
        return settled
    if same := _champion_already(name, judgement.config, ports, registry):
        summary = f"{name} {same.version}, the champion, is the same model file; nothing new to release"
        change = RegistryChange(
            ChangeState.UNCHANGED, name, summary, same.version, commit=same.commit, tags=(same.tag,)
        )
        return RegistryDecision(change, also=(same.tag,))
    tell(f"{name}: changed, and is compared with the champion")
    base, environment = judgement.base(name), dict(wanted.environment)
    request = ComparisonRequest(name, config_from=base, kind="release", environment=environment)
    report = compare(request, judgement.config, ports)
    reports.append(report)
    evidence = ("the comparison", dump_report(report))
    return decide_registration(replace(asked, report=evidence), registry, ports.repository, ports.store)


def _champion_already(
    name: str, config: Config, ports: ComparisonPorts, registry: Registry
) -> RegisteredVersion | None:
    """The champion's version when its file is the one that the commit records."""
    held = registry.assignment(name, config.models[name].evaluation.champion)
    version = registry.version(name, held.version) if held and held.version else None
    if version is None or not version.evidence.model_sha256:
        return None
    here = working_challenger(name, [], CandidateSources(ports.repository, ports.store, ports.files))
    return version if here.revision.model_sha256 == version.evidence.model_sha256 else None


def _released(change: RegistryChange, report: Report | None) -> ModelRelease:
    name, version = change.artifact, change.version
    match change.state:
        case ChangeState.WRITTEN:
            why = _headline(report) if report else change.summary
            return ModelRelease(name, ReleaseResult.RELEASED, why, version, report=report, change=change)
        case ChangeState.PLANNED:
            return ModelRelease(name, ReleaseResult.PLANNED, change.summary, version, report=report, change=change)
        case ChangeState.UNCHANGED:
            return ModelRelease(name, ReleaseResult.UNCHANGED, change.summary, version, report=report, change=change)
        case ChangeState.REFUSED:
            why = "; ".join(f"{one.rule}: {one.observed} → needed: {one.requirement}" for one in change.refusals)
            if report is None or report.verdict in RELEASABLE:
                return ModelRelease(name, ReleaseResult.KEPT_OUT, why, change=change)
            return ModelRelease(name, ReleaseResult.BLOCKED, why, code=VERDICT_AGAINST, report=report, change=change)


def _headline(report: Report) -> str:
    return report.reasons[0] if report.reasons else "every gate passes"


def _last(reports: Sequence[Report]) -> Report | None:
    return reports[-1] if reports else None
