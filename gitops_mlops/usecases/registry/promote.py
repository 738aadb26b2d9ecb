"""Promote a version: assign it to a stage, when the order of stages and the evidence allow it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.lineage.integrity import RESTORE
from gitops_mlops.domain.ports import PullRequests
from gitops_mlops.domain.registry import evidence
from gitops_mlops.domain.registry.change import ChangeState, RegistryChange, RegistryDecision, RuleRefusal, TagDraft
from gitops_mlops.domain.registry.comparison_evidence import (
    read_report,
    report_refusals,
    report_trailers,
    require_same_model,
    verdict_refusals,
)
from gitops_mlops.domain.registry.evidence import Trailer, VersionEvidence, write_message
from gitops_mlops.domain.registry.promotion import PromotionProposal, refusals, require_stage
from gitops_mlops.domain.registry.reactivation import return_refusals
from gitops_mlops.domain.registry.registry import RegisteredVersion, Registry
from gitops_mlops.domain.registry.tags import assignment_tag, parse_reference
from gitops_mlops.usecases.config.committed_rules import CommittedRules
from gitops_mlops.usecases.lineage.integrity import TagEvidence
from gitops_mlops.usecases.registry.approvals import approval_refusals
from gitops_mlops.usecases.registry.mainline import merge_refusals
from gitops_mlops.usecases.registry.registrar import Registrar


@dataclass(frozen=True)
class PromoteRequest:
    """What was asked for. `report` is (name, content) for a version that was registered without one.

    `revive` lets a version return to a stage that it was taken out of.
    """

    reference: str
    stage: str
    report: tuple[str, bytes] | None = None
    revive: bool = False
    notes: tuple[Trailer, ...] = ()
    dry_run: bool = False
    push: bool = False


def promote(
    wanted: PromoteRequest,
    rules: CommittedRules,
    registrar: Registrar,
    witnesses: TagEvidence,
    forge: PullRequests | None = None,
) -> RegistryChange:
    """Assign a version to a stage; a version that the stage holds already changes nothing.

    A version whose tag was moved is refused. The forge is asked when the stage's policy wants reviews. Raises
    UsageError, EvidenceMissing (also for a version that no comparison speaks for), OutsideError.
    """
    reference = parse_reference(wanted.reference)
    if reference.stage:
        raise UsageError("a version is promoted, not a stage", where=wanted.reference, hint="write MODEL@vX.Y.Z")
    rules.gto.require_stage(wanted.stage)
    require_stage(rules.config, wanted.stage)
    push = wanted.push and not wanted.dry_run

    def decide(registry: Registry) -> RegistryDecision:
        return _decide(wanted, rules, registry, registrar, witnesses, forge)

    return registrar.settle(reference.artifact, wanted, decide, push=push)


def _decide(
    wanted: PromoteRequest,
    rules: CommittedRules,
    registry: Registry,
    registrar: Registrar,
    witnesses: TagEvidence,
    forge: PullRequests | None,
) -> RegistryDecision:
    reference = parse_reference(wanted.reference)
    version = registry.find_version(reference.artifact, reference.version)
    if shadow := _shadow(registry, version):
        summary = f"{version.artifact} {version.version} does not enter {wanted.stage}"
        return RegistryDecision(_change(wanted, version, ChangeState.REFUSED, summary, refusals=(shadow,)))
    now = registry.assignment(version.artifact, wanted.stage)
    if now and now.commit == version.commit:
        summary = f"{wanted.stage} holds {version.artifact} {version.version} already"
        return RegistryDecision(
            _change(wanted, version, ChangeState.UNCHANGED, summary, now.tag), also=(version.tag, now.tag)
        )
    report = _report(wanted, version)
    proposal = PromotionProposal(
        registry, version, wanted.stage, _recorded(wanted, version, report), registrar.clock.now()
    )
    environment = rules.config.environments[wanted.stage]
    policy = environment.promotion
    returning = return_refusals(registry, version, wanted.stage, wanted.revive)
    against = [
        *_moved(witnesses, registry, version),
        *merge_refusals(registrar.repository, environment, version.version, version.commit),
        *returning,
        *_against(version, report, policy.verdicts),
        *refusals(proposal, rules.config),
    ]
    if policy.approvals:
        if report and policy.approvals.signed_by:
            against.append(
                RuleRefusal("signed tag", "the --report is not signed", f"the evidence in {version.tag} itself")
            )
        against += approval_refusals(policy.approvals, version, rules.revision, registrar.repository, forge)
    if against:
        summary = f"{version.artifact} {version.version} does not enter {wanted.stage}"
        return RegistryDecision(_change(wanted, version, ChangeState.REFUSED, summary, refusals=tuple(against)))
    return _entry(wanted, registry, version, report)


def _entry(
    wanted: PromoteRequest, registry: Registry, version: RegisteredVersion, report: Report | None
) -> RegistryDecision:
    """The tag of a version that nothing speaks against."""
    tag = assignment_tag(version.artifact, wanted.stage, registry.counter(version.artifact))
    if wanted.dry_run:
        summary = f"{version.artifact} {version.version} would enter {wanted.stage}"
        return RegistryDecision(_change(wanted, version, ChangeState.PLANNED, summary, tag))
    message = write_message(
        f"Assign {version.artifact} {version.version} to {wanted.stage}", _trailers(wanted, registry, version, report)
    )
    summary = f"{version.artifact} {version.version} is in {wanted.stage}"
    return RegistryDecision(
        _change(wanted, version, ChangeState.WRITTEN, summary, tag),
        (TagDraft(tag, version.commit, message),),
        also=(version.tag,),
    )


def _shadow(registry: Registry, version: RegisteredVersion) -> RuleRefusal | None:
    """A stage's tag names a commit: of two versions there, it would mean the other one."""
    meant = registry.version_at(version.artifact, version.commit)
    if meant in (None, version.version):
        return None
    seen = f"{meant} is registered at the same commit, and would be what the stage holds"
    return RuleRefusal(
        "one version a commit", seen, f"gitops-mlops retire {version.artifact}@{meant}, or promote that one"
    )


def _change(
    wanted: PromoteRequest,
    version: RegisteredVersion,
    state: ChangeState,
    summary: str,
    tag: str = "",
    refusals: tuple[RuleRefusal, ...] = (),
) -> RegistryChange:
    pushed = wanted.push and state is ChangeState.WRITTEN
    tags = (tag,) if tag else ()
    return RegistryChange(
        state, version.artifact, summary, version.version, wanted.stage, version.commit, tags, pushed, refusals
    )


def _moved(witnesses: TagEvidence, registry: Registry, version: RegisteredVersion) -> Iterator[RuleRefusal]:
    for contradiction in witnesses.against_version(registry, version):
        yield RuleRefusal("the tag that was made", str(contradiction), RESTORE)


def _report(wanted: PromoteRequest, version: RegisteredVersion) -> Report | None:
    if wanted.report is None:
        return None
    name, content = wanted.report
    report = read_report(content, name, version.artifact)
    if not version.evidence.model_sha256:
        raise MissingEvidence(
            "the version does not record its model file, so no report can be matched to it",
            where=version.tag,
            hint=f"gitops-mlops register {version.artifact} --report report.json on a new commit",
        )
    require_same_model(report, version.evidence.model_sha256, name)
    return report


def _recorded(wanted: PromoteRequest, version: RegisteredVersion, report: Report | None) -> VersionEvidence:
    if report is None or wanted.report is None:
        return version.evidence
    return VersionEvidence(write_message("report", report_trailers(report, wanted.report[1])))


def _against(version: RegisteredVersion, report: Report | None, enough: Sequence[str]) -> tuple[RuleRefusal, ...]:
    if report is not None:
        return report_refusals(report, enough)
    if not version.evidence.verdict:
        raise MissingEvidence(
            "no comparison is recorded for this version",
            where=version.tag,
            hint=f"gitops-mlops compare {version.artifact}, then promote again with --report report.json",
        )
    return verdict_refusals(version.evidence.verdict, enough)


def _trailers(
    wanted: PromoteRequest, registry: Registry, version: RegisteredVersion, report: Report | None
) -> Iterator[Trailer]:
    yield evidence.VERSION, version.version
    yield evidence.MODEL_SHA256, version.evidence.model_sha256
    if before := registry.assignment(version.artifact, wanted.stage):
        yield evidence.REPLACES, before.version or before.commit
    if report and wanted.report:
        yield from report_trailers(report, wanted.report[1])
    else:
        yield evidence.VERDICT, version.evidence.verdict
    yield from wanted.notes
