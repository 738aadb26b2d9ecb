"""The forge: where pull requests are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gitops_mlops.domain.registry.approvals import PullRequest, PullRequestReview
    from gitops_mlops.domain.review.forge import (
        CommitState,
        DeploymentState,
        ForgeComment,
        ForgeDeployment,
        ForgeIssue,
        OpenPullRequest,
        PullRequestText,
        RunArtifact,
        WorkflowRun,
    )


class PullRequests(Protocol):
    """The pull requests of one repository at a forge. `repository` is `owner/name`.

    Every call raises OutsideError when it cannot be answered; when the token lacks a permission, it is named.
    """

    repository: str

    def pull_request(self, number: int) -> PullRequest:
        """A pull request of the repository."""

    def reviews(self, number: int) -> list[PullRequestReview]:
        """Every review of a pull request, the oldest first."""

    def merged_as(self, commit: str) -> list[int]:
        """The pull requests whose merge made this commit, or whose head it was."""


class Forge(PullRequests, Protocol):
    """All that we ask of a forge, and tell it. Lists are whole unless they say otherwise: every page is read.

    Raises Unsupported, an OutsideError, for what the forge in use does not have at all.
    """

    def login(self) -> str:
        """Whose token it is: a user's login, or an app's with `[bot]`, such as `github-actions[bot]`."""

    # Pull requests

    def open_pull_requests(self, owner: str, branch: str) -> list[OpenPullRequest]:
        """The open ones whose head is this branch of any repository of this owner."""

    def open_pull_request(self, text: PullRequestText, labels: Sequence[str] = ()) -> int:
        """Open one; its number."""

    def edit_pull_request(self, number: int, text: PullRequestText) -> None:
        """Give it another title and body."""

    # Comments

    def comments(self, number: int) -> list[ForgeComment]:
        """The comments of a pull request or an issue, the oldest first."""

    def comment(self, number: int, body: str) -> int:
        """Write a comment; its ID. Never written twice, not even when the answer was lost."""

    def edit_comment(self, comment: int, body: str) -> None:
        """Give a comment another text."""

    # Issues

    def issues(self, label: str) -> list[ForgeIssue]:
        """The open issues that carry a label; no pull requests."""

    def open_issue(self, title: str, body: str, labels: Sequence[str]) -> int:
        """Open an issue; its number. Labels that do not exist are made by the forge."""

    def edit_issue(self, number: int, title: str, body: str) -> None:
        """Give an issue another title and text."""

    def close_issue(self, number: int) -> None:
        """Close an issue as completed."""

    # Commits, deployments, workflows

    def set_status(self, commit: str, context: str, state: CommitState, description: str, address: str = "") -> None:
        """Show a state beside a commit; the newest of a context counts. A description has at most 140 characters."""

    def deployments(self, environment: str, commit: str = "") -> list[ForgeDeployment]:
        """The 30 newest deployments to an environment, the newest first."""

    def create_deployment(self, commit: str, environment: str, description: str, production: bool) -> int:
        """Tell of a deployment that begins; its ID."""

    def set_deployment_state(
        self, deployment: int, state: DeploymentState, description: str, address: str = "", web: str = ""
    ) -> None:
        """Tell how a deployment goes on: `address` is what happened (a run), `web` where people see what serves."""

    def run(self, number: int) -> WorkflowRun:
        """A run of a workflow."""

    def artifacts(self, run: int) -> list[RunArtifact]:
        """What a run uploaded."""

    def download(self, artifact: int, limit: int) -> bytes:
        """The zip of an artifact. Raises OutsideError once more than `limit` bytes came."""
