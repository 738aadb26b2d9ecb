"""Whether people agreed to a promotion, asked of the forge and of git."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_mlops.domain.config.promotion import ApprovalPolicy, SignerPolicy
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.ports import PullRequests, Repository
from gitops_mlops.domain.registry.approvals import pull_request_number, review_refusals, signature_refusals
from gitops_mlops.domain.registry.change import RuleRefusal
from gitops_mlops.domain.registry.evidence import PULL_REQUEST
from gitops_mlops.domain.registry.registry import RegisteredVersion
from gitops_mlops.domain.shortening import quoted


def approval_refusals(
    approvals: ApprovalPolicy,
    version: RegisteredVersion,
    revision: str,
    repository: Repository,
    forge: PullRequests | None,
) -> Iterator[RuleRefusal]:
    """Which approvals a version lacks. The file of allowed signers counts as it is at `revision`.

    Raises UsageError when that file is not there, OutsideError when the forge or git cannot answer.
    """
    if approvals.reviews is not None:
        yield from _reviews(approvals.reviews, version, forge)
    if approvals.signed_by is not None:
        yield from _signature(approvals.signed_by, version, revision, repository)


def _reviews(wanted: int, version: RegisteredVersion, forge: PullRequests | None) -> tuple[RuleRefusal, ...]:
    rule = f"{wanted} approving review{'s' if wanted > 1 else ''}"
    if forge is None:
        needed = "GITHUB_REPOSITORY=owner/name and GITHUB_TOKEN with pull-requests: read (GITHUB_API_URL elsewhere)"
        return (RuleRefusal(rule, "no forge is configured", needed),)
    named = version.evidence.one(PULL_REQUEST)
    number = pull_request_number(named, forge.repository)
    if number is None:
        seen = f"{version.tag} names {quoted(named)}" if named else f"{version.tag} names no pull request"
        return (RuleRefusal(rule, seen, f"a version registered with --pull-request NUMBER, of {forge.repository}"),)
    return review_refusals(wanted, forge.pull_request(number), forge.reviews(number), version.commit)


def _signature(
    signers: SignerPolicy, version: RegisteredVersion, revision: str, repository: Repository
) -> tuple[RuleRefusal, ...]:
    allowed: bytes | None = b""
    if signers.ssh is not None:
        allowed = repository.read(revision, signers.ssh)
    if allowed is None:
        hint = "commit it, or fix approvals.signed-by.ssh in mlops.yaml"
        raise UsageError("there is no such file", where=f"{signers.ssh} at {short_sha(revision)}", hint=hint)
    return signature_refusals(signers, version.tag, repository.verify_tag(version.tag, allowed))
