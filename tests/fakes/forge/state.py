"""What the forge keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event as Signal
from typing import Any

from tests.fakes.forge.git import Bare

WRITE_ALL = dict.fromkeys(("contents", "pull-requests", "issues", "statuses", "deployments", "actions"), "write")
_LEVELS = ("none", "read", "write")


class Refused(Exception):
    """A request that the forge refuses."""

    def __init__(self, status: int, message: str, errors: list[Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message, "documentation_url": "https://docs.github.com/rest"}
        self.body |= {"status": str(status)} | ({"errors": errors} if errors else {})


@dataclass
class Fault:
    """An answer out of the ordinary, to the first request whose `METHOD /path` holds `only`.

    `cut` closes the connection after so many bytes of the body. With `after` the request is acted upon first: `lost`
    closes the connection before any answer, `hold` keeps it waiting until the test lets it go.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    only: str = ""
    after: bool = False
    lost: bool = False
    hold: Signal | None = None


def lost(only: str = "POST") -> Fault:
    """The request is acted upon, and the connection is cut before the answer."""
    return Fault(only=only, after=True, lost=True)


@dataclass(frozen=True)
class Token:
    """Who somebody is, and what they may do in which repository ("" in all)."""

    secret: str
    login: str
    kind: str
    permissions: dict[str, str]
    repository: str = ""

    def may(self, permission: str) -> bool:
        """`permission` as workflows write it, `pull-requests: write`; several are told apart by `|`."""
        for one in permission.split("|"):
            name, _, level = one.strip().partition(": ")
            if _LEVELS.index(self.permissions.get(name, "none")) >= _LEVELS.index(level):
                return True
        return False


@dataclass
class Comment:
    id: int
    author: str | None
    body: str
    at: str


@dataclass
class Issue:
    number: int
    id: int
    author: str | None
    title: str
    body: str | None
    at: str
    labels: list[str] = field(default_factory=list)
    state: str = "open"
    reason: str | None = None
    comments: list[Comment] = field(default_factory=list)


@dataclass
class Pull(Issue):
    """A pull request. `head_repository` is None when the fork was deleted; `fixed` pretends a head without git.

    `base` is the commit that its base branch had when it was opened or retargeted: it does not follow the branch.
    """

    head_repository: str | None = ""
    head_owner: str = ""
    head_branch: str = ""
    base_branch: str = "main"
    base: str = ""
    head: str = ""
    told: str = ""
    fixed: bool = False
    merged_as: str | None = None
    merged_by: str | None = None
    mergeable: bool | None = None
    test_merge: str | None = None
    test_merge_of: tuple[str, str] | None = None
    reviews: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Status:
    id: int
    commit: str
    context: str
    state: str
    description: str | None
    address: str | None
    creator: str
    at: str


@dataclass
class Deployment:
    id: int
    commit: str
    ref: str
    environment: str
    description: str | None
    production: bool
    payload: Any
    creator: str
    at: str
    states: list[Status] = field(default_factory=list)


@dataclass
class Run:
    """A run of a workflow; `head_repository` is None when the fork was deleted."""

    id: int
    event: str
    path: str
    name: str
    head: str
    head_branch: str | None
    head_repository: str | None
    status: str
    conclusion: str | None
    actor: str
    at: str


@dataclass
class Repository:
    name: str
    id: int
    git: Bare
    private: bool = False
    parent: str = ""
    issues_on: bool = True
    actions_may_open_pull_requests: bool = True
    archived: bool = False
    count: int = 0
    issues: dict[int, Issue] = field(default_factory=dict)
    labels: set[str] = field(default_factory=lambda: {"bug"})
    statuses: list[Status] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    runs: dict[int, Run] = field(default_factory=dict)
    dispatches: list[dict[str, Any]] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)

    @property
    def pulls(self) -> dict[int, Pull]:
        return {number: one for number, one in self.issues.items() if isinstance(one, Pull)}


@dataclass(frozen=True)
class Event:
    """What GitHub would deliver. `starts` is False for what the token of a workflow did: that starts no workflow."""

    id: str
    name: str
    action: str
    repository: str
    payload: dict[str, Any]
    actor: str
    starts: bool = True
