"""GitHub, and what speaks its API."""

from __future__ import annotations

from gitops_mlops.adapters.forge.comments import Comments
from gitops_mlops.adapters.forge.commits import Commits
from gitops_mlops.adapters.forge.deployments import Deployments
from gitops_mlops.adapters.forge.issues import Issues
from gitops_mlops.adapters.forge.pull_requests import PullRequests
from gitops_mlops.adapters.forge.runs import Runs


class GitHub(PullRequests, Comments, Issues, Commits, Deployments, Runs):
    """All of one repository at a forge."""
