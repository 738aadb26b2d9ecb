"""The trusted half of a fork's report: a run of its workflow has ended, and what it uploaded becomes our comment.

Nothing of the run is believed. Which pull requests it may belong to is asked of the forge: those whose head the run
had. What it uploaded is at most one small file, which is read as data and rendered by our own code; it is said at the
one pull request that has the number, the base and the base's commit that it names, and else nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.ports import Forge
from gitops_mlops.domain.review.forge import OpenPullRequest, RunArtifact, WorkflowRun
from gitops_mlops.domain.review.review import (
    EXIT_CODES,
    MAX_REVIEW_BYTES,
    REVIEW_FILE,
    PullRequestReport,
    parse_review,
)
from gitops_mlops.domain.review.uploaded import only_file
from gitops_mlops.domain.shortening import WORD, shorten

ARTIFACT = "gitops-mlops-review"
# What a zip of one file that cannot be compressed has on top.
_ZIP_BYTES = MAX_REVIEW_BYTES + 64 * 1024


class CommentRendering(NamedTuple):
    """How a review becomes a comment, and what is said in place of one that is missing."""

    review: Callable[[PullRequestReport], str]
    missing: Callable[[int, str], str]


class RunReport(NamedTuple):
    """What is to be said, and where; `notice` says why nothing is, `refused` why what was uploaded is not shown."""

    pull_requests: tuple[int, ...] = ()
    body: str = ""
    notice: str = ""
    refused: str = ""


def report_of_run(forge: Forge, number: int, rendering: CommentRendering) -> RunReport:
    """What to say of a run. Raises UsageError for a run that is not over, OutsideError when the forge fails."""
    run = forge.run(number)
    if not run.conclusion:
        raise UsageError("is not over yet", where=f"run {number}", hint="comment on it when it is")
    if run.event != "pull_request":
        return RunReport(notice=f"run {number} was started by {run.event}, not by a pull request: no comment is made")
    if run.conclusion == "action_required":
        return RunReport(notice=f"run {number} waits for a maintainer to approve it, and has not run anything yet")
    found = _pull_requests(forge, run)
    if not found:
        return RunReport(
            notice=f"run {number} is of {short_sha(run.head)}, which is not the head of an open pull request any more"
        )
    artifact = _artifact(forge, number)
    if artifact is None:
        told = f"The run ended ({run.conclusion}) without a report."
        return _missing(
            found, rendering.missing(number, told), RunReport(notice=f"run {number} uploaded no {ARTIFACT}")
        )
    try:
        review = _review(forge, artifact, run)
    except MissingEvidence as error:
        told = f"The run uploaded something that is not a report of its commit ({error})."
        return _missing(found, rendering.missing(number, told), RunReport(refused=f"{error.where}: {error.message}"))
    meant = tuple(one.number for one in found if _is_meant(one, review))
    if not meant:
        told = f"is for {_place(review)}, which is not an open pull request of {short_sha(run.head)} now"
        return RunReport(notice=f"the report of run {number} {told}")
    return RunReport(meant, rendering.review(_of(review, run, number)))


def _missing(found: list[OpenPullRequest], body: str, report: RunReport) -> RunReport:
    """Where one head has several pull requests, only a report tells which of them a run was for."""
    if len(found) == 1:
        return report._replace(pull_requests=(found[0].number,), body=body)
    return report._replace(
        notice=f"{report.notice or 'no report'}; its commit is the head of {len(found)} pull requests"
    )


def _is_meant(one: OpenPullRequest, review: PullRequestReport) -> bool:
    """Whether a report is of this pull request as it is now. A report holds a long name shortened."""
    named = (review.pull_request, review.commits.branch, review.commits.branch_commit)
    return (one.number, shorten(one.base_branch, WORD), one.base) == named


def _place(review: PullRequestReport) -> str:
    number, into = review.pull_request, review.commits.branch or "a base that it does not name"
    return f"{f'#{number}' if number else 'no pull request'} into {into}"


def _of(review: PullRequestReport, run: WorkflowRun, number: int) -> PullRequestReport:
    """The review with what the forge knows of its run: one that failed may have left it in an earlier attempt."""
    remarks = review.remarks
    if run.conclusion != "success" and EXIT_CODES[review.verdict] == 0:
        told = (
            f"The run itself ended ({run.conclusion}), so this may be the report of an earlier attempt: see the run."
        )
        remarks = (told, *remarks)
    return review.model_copy(update={"run": number, "remarks": remarks})


def _pull_requests(forge: Forge, run: WorkflowRun) -> list[OpenPullRequest]:
    """Those whose head is what the run had: the same repository, branch and commit, into this repository."""
    if run.head_repository is None or not run.head_branch:
        return []
    return [
        one
        for one in forge.open_pull_requests(run.head_owner, run.head_branch)
        if (one.base_repository, one.head_repository, one.head) == (run.repository, run.head_repository, run.head)
    ]


def _artifact(forge: Forge, run: int) -> RunArtifact | None:
    """The newest of the name, for each attempt of a run uploads its own."""
    named = [one for one in forge.artifacts(run) if one.name == ARTIFACT and not one.expired]
    return max(named, key=lambda one: one.id, default=None)


def _review(forge: Forge, artifact: RunArtifact, run: WorkflowRun) -> PullRequestReport:
    if artifact.size > _ZIP_BYTES:
        raise MissingEvidence(f"the artifact has {artifact.size:,} bytes, more than {_ZIP_BYTES:,}", where=ARTIFACT)
    content = only_file(forge.download(artifact.id, _ZIP_BYTES), REVIEW_FILE, MAX_REVIEW_BYTES)
    review = parse_review(content)
    if review.commits.head != run.head:
        raise MissingEvidence("it is of another commit than the run", where=REVIEW_FILE)
    return review
