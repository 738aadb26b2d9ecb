"""What a forge knows: pull requests, comments, issues, deployments, and the runs of workflows."""

from __future__ import annotations

from typing import Literal, NamedTuple

DeploymentState = Literal["queued", "in_progress", "success", "failure", "error", "inactive"]
CommitState = Literal["pending", "success", "failure", "error"]


class OpenPullRequest(NamedTuple):
    """An open pull request: where it comes from (None of a fork that was deleted), and where it goes.

    `base` is the commit that the forge names for the base branch; GitHub's does not follow the branch.
    """

    number: int
    head: str
    head_branch: str
    head_repository: int | None
    base_branch: str
    base: str
    base_repository: int
    title: str
    body: str


class ForgeComment(NamedTuple):
    """A comment below a pull request or an issue; `author` is the login, "" of a deleted account."""

    id: int
    author: str
    body: str


class ForgeIssue(NamedTuple):
    """An issue that is open."""

    number: int
    author: str
    title: str
    body: str
    labels: tuple[str, ...]


class WorkflowRun(NamedTuple):
    """One run of a workflow, and the commit and repository whose pull request or push started it.

    `path` is the workflow's file; `conclusion` is "" while it runs; `head_repository` is None,
    and `head_owner` "", of a fork that was deleted.
    """

    id: int
    event: str
    path: str
    conclusion: str
    head: str
    head_branch: str
    head_repository: int | None
    head_owner: str
    repository: int


class RunArtifact(NamedTuple):
    """A file that a run uploaded: its zip has `size` bytes."""

    id: int
    name: str
    size: int
    expired: bool


class ForgeDeployment(NamedTuple):
    """A deployment that the forge was told of; `state` is that of its newest status, "" before the first."""

    id: int
    commit: str
    environment: str
    description: str
    state: str


class PullRequestText(NamedTuple):
    """What a pull request of ours says, and from which branch of the repository it goes to which."""

    head_branch: str
    base_branch: str
    title: str
    body: str
