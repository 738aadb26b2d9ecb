"""What the token of a job may do.

`permissions` of the job, or else of the workflow, or else the repository's default; what is not named is none. A
called workflow may be given less than its caller has, never more: GitHub refuses to start a run that asks for more.
What comes from a fork, or from Dependabot, reads only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.actions.workflow import WorkflowError

SCOPES = (
    "actions", "attestations", "checks", "contents", "deployments", "discussions", "id-token", "issues", "models",
    "packages", "pages", "pull-requests", "security-events", "statuses",
)  # fmt: skip
ORDER = ("none", "read", "write")
RESTRICTED: Mapping[str, str] = {"contents": "read", "packages": "read"}

Permissions = Mapping[str, str]


def declared(value: Any) -> Permissions | None:
    """What a `permissions:` key says, None when there is none."""
    if value is None:
        return None
    if value in ("read-all", "write-all"):
        level = value.removesuffix("-all")
        return {scope: level for scope in SCOPES if scope != "id-token" or level == "write"}
    if not isinstance(value, Mapping) or set(value) - set(SCOPES) or set(value.values()) - set(ORDER):
        raise WorkflowError(f"these are no permissions: {value}")
    if value.get("id-token") == "read":
        raise WorkflowError("id-token is write or none")
    return {scope: level for scope, level in value.items() if level != "none"}


def of_job(workflow: Mapping[str, Any], job: Mapping[str, Any], outer: Permissions) -> Permissions:
    """What a job is given: `outer` is the repository's default, or what the calling job has."""
    for place in (job, workflow):
        if (found := declared(place.get("permissions"))) is not None:
            return found
    return outer


def exceeding(asked: Permissions, allowed: Permissions) -> list[str]:
    """What is asked for beyond what is allowed, as `scope: level`."""
    return [
        f"{scope}: {level}"
        for scope, level in sorted(asked.items())
        if ORDER.index(level) > ORDER.index(allowed.get(scope, "none"))
    ]


def read_only(given: Permissions) -> Permissions:
    """What is left of permissions on a fork's pull request: no writing, and no identity."""
    return {scope: "read" for scope in given if scope != "id-token"}
