"""GitHub, and what speaks its API."""

from __future__ import annotations

from gitops_mlops.adapters.forge.comments import CommentEndpoints
from gitops_mlops.adapters.forge.commits import CommitEndpoints
from gitops_mlops.adapters.forge.deployments import DeploymentEndpoints
from gitops_mlops.adapters.forge.issues import IssueEndpoints
from gitops_mlops.adapters.forge.pull_requests import PullRequestEndpoints
from gitops_mlops.adapters.forge.runs import RunEndpoints


class GitHub(
    PullRequestEndpoints, CommentEndpoints, IssueEndpoints, CommitEndpoints, DeploymentEndpoints, RunEndpoints
):
    """All of one repository at a forge."""
