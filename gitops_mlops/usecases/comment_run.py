"""The trusted half of a fork's report: a run of its workflow has ended, and what it uploaded becomes our comment.

Nothing of the run is believed. Which pull request it belongs to is asked of the forge, and must be the one whose head
the run had; what it uploaded is at most one small file, which is read as data and rendered by our own code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gitops_mlops.domain.errors import EvidenceMissing, UsageError
from gitops_mlops.domain.forge import OpenPullRequest, RunArtifact, WorkflowRun
from gitops_mlops.domain.ports import Forge
from gitops_mlops.domain.review import EXIT_CODES, MAX_REVIEW_BYTES, REVIEW_FILE, Review, parse_review
from gitops_mlops.domain.uploaded import only_file

ARTIFACT = "gitops-mlops-review"
# What a zip of one file that cannot be compressed has on top.
_ZIP_BYTES = MAX_REVIEW_BYTES + 64 * 1024


class Rendering(NamedTuple):
    """How a review becomes a comment, and what is said in place of one that is missing."""

    review: Callable[[Review], str]
    missing: Callable[[int, str], str]


class RunReport(NamedTuple):
    """What is to be said, and where; `notice` says why nothing is, `refused` why what was uploaded is not shown."""

    pull_requests: tuple[int, ...] = ()
    body: str = ""
    notice: str = ""
    refused: str = ""


def report_of_run(forge: Forge, number: int, rendering: Rendering) -> RunReport:
    """What to say of a run. Raises UsageError for a run that is not over, OutsideError when the forge fails."""
    run = forge.run(number)
    if not run.conclusion:
        raise UsageError("is not over yet", where=f"run {number}", hint="comment on it when it is")
    if run.event != "pull_request":
        return RunReport(notice=f"run {number} was started by {run.event}, not by a pull request: nothing to say")
    if run.conclusion == "action_required":
        return RunReport(notice=f"run {number} waits for a maintainer to approve it, and has not run anything yet")
    found = _pull_requests(forge, run)
    if not found:
        return RunReport(
            notice=f"run {number} is of {run.head[:10]}, which is not the head of an open pull request any more"
        )
    numbers = tuple(one.number for one in found)
    artifact = _artifact(forge, number)
    if artifact is None:
        told = f"The run ended ({run.conclusion}) without a report."
        return RunReport(numbers, rendering.missing(number, told), f"run {number} uploaded no {ARTIFACT}")
    try:
        review = _review(forge, artifact, run)
    except EvidenceMissing as error:
        told = f"The run uploaded something that is no report of its commit ({error})."
        return RunReport(numbers, rendering.missing(number, told), refused=f"{error.where}: {error.message}")
    # Which of two pull requests with the same head it was for, the run may say: both are its author's.
    meant = tuple(one for one in numbers if one == review.pull_request) or numbers
    return RunReport(meant, rendering.review(_of(review, run, number)))


def _of(review: Review, run: WorkflowRun, number: int) -> Review:
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


def _review(forge: Forge, artifact: RunArtifact, run: WorkflowRun) -> Review:
    if artifact.size > _ZIP_BYTES:
        raise EvidenceMissing(f"the artifact has {artifact.size:,} bytes, more than {_ZIP_BYTES:,}", where=ARTIFACT)
    content = only_file(forge.download(artifact.id, _ZIP_BYTES), REVIEW_FILE, MAX_REVIEW_BYTES)
    review = parse_review(content)
    if review.commits.head != run.head:
        raise EvidenceMissing("it is of another commit than the run", where=REVIEW_FILE)
    return review
