"""Whether people agreed to a promotion: reviewers of the pull request that made the version, a signer of its tag."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.registry.change import RuleRefusal

if TYPE_CHECKING:
    from gitops_mlops.domain.config.promotion import SignerPolicy

# `12`, `#12`, `https://github.com/owner/name/pull/12`; Gitea and Forgejo write `pulls`.
_NUMBER = re.compile(r"#?([1-9][0-9]{0,9})\Z")
_ADDRESS = re.compile(r"https?://[^/\s]+/(?:[^/\s]+/)*?([\w.-]+/[\w.-]+)/pulls?/([1-9][0-9]{0,9})/?\Z")

# GitHub tells by these who may write; everybody may review a public repository.
_WRITERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
# A comment leaves the reviewer's opinion as it was.
_OPINIONS = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})


class PullRequest(NamedTuple):
    """A pull request at the forge. Users are told apart by their number: a login can be given to another person.

    `head` is the commit that was proposed last, `result` what the merge made of it, "" while it is not merged.
    """

    number: int
    author: int | None
    head: str
    result: str


class PullRequestReview(NamedTuple):
    """One review. `user` is None for an account that is gone; `commit` is what the reviewer looked at."""

    user: int | None
    login: str
    person: bool
    association: str
    state: str
    commit: str


class TagSignature(NamedTuple):
    """What verifying a tag gave: who signed it (an SSH principal, or the fingerprint of a key), or why nobody did."""

    kind: Literal["ssh", "openpgp"] | None = None
    signer: str = ""
    problem: str = ""


def pull_request_number(named: str, repository: str) -> int | None:
    """The number in what a `Pull-Request` trailer names; None for no number, or one of another repository."""
    if match := _NUMBER.match(named):
        return int(match[1])
    match = _ADDRESS.match(named)
    return int(match[2]) if match and match[1].lower() == repository.lower() else None


def review_refusals(
    wanted: int, pull_request: PullRequest, reviews: Iterable[PullRequestReview], commit: str
) -> tuple[RuleRefusal, ...]:
    """Why the reviews of a pull request do not approve the version at `commit`; reviews come oldest first.

    The pull request must have been merged, with the version's commit as its head or as what the merge made. Counted
    is the last opinion of each person who may write and is not the author, when it is of that head.
    """
    number = pull_request.number
    rule = f"{wanted} approving review{'s' if wanted > 1 else ''}"
    if not pull_request.result:
        return (
            RuleRefusal(rule, f"#{number} is not merged", "the version's commit, merged by a reviewed pull request"),
        )
    if commit not in (pull_request.result, pull_request.head):
        seen = f"#{number} led to {short_sha(pull_request.result)}, the version is at {short_sha(commit)}"
        return (RuleRefusal(rule, seen, "the pull request that made the version's commit"),)
    opinions = list(_opinions(pull_request, reviews))
    if against := sorted({one.login for one in opinions if one.state == "CHANGES_REQUESTED"}):
        return (RuleRefusal(rule, f"{', '.join(against)} requested changes in #{number}", "their approval"),)
    approved = [one for one in opinions if one.state == "APPROVED"]
    fresh = sorted({one.login for one in approved if one.commit == pull_request.head})
    if len(fresh) >= wanted:
        return ()
    stale = len(approved) - len(fresh)
    seen = f"#{number} has {len(fresh)}" + (f" ({', '.join(fresh)})" if fresh else "")
    if stale:
        seen += f", {stale} of an earlier commit"
    return (RuleRefusal(rule, seen, f"{wanted - len(fresh)} more of people who may write and are not the author"),)


def _opinions(pull_request: PullRequest, reviews: Iterable[PullRequestReview]) -> Iterator[PullRequestReview]:
    """The last opinion of everybody whose opinion counts."""
    last: dict[int, PullRequestReview] = {}
    for review in reviews:
        if review.user is not None and review.state in _OPINIONS:
            last[review.user] = review
    for user, review in last.items():
        if review.person and review.association in _WRITERS and user != pull_request.author:
            yield review


def signature_refusals(signers: SignerPolicy, tag: str, signature: TagSignature) -> tuple[RuleRefusal, ...]:
    """Why a tag's signature is not one of those that the policy names."""
    allowed = signature.kind == "ssh" and signers.ssh is not None
    allowed = allowed or (signature.kind == "openpgp" and signature.signer in signers.openpgp)
    if allowed and signature.signer and not signature.problem:
        return ()
    seen = signature.problem or f"{tag} is signed by {signature.signer or 'nobody'}"
    who = [f"a key of {signers.ssh}"] if signers.ssh else []
    who += [f"the OpenPGP key {fingerprint}" for fingerprint in signers.openpgp]
    return (RuleRefusal("signed tag", seen, f"{tag} signed by {' or '.join(who)}"),)
