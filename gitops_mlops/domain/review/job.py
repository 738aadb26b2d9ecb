"""What a runner tells a job about itself, in the environment variables of GitHub's runners."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_TRIAL_MERGE = re.compile(r"refs/pull/([1-9][0-9]{0,9})/merge")
_NUMBER = re.compile(r"[1-9][0-9]{0,14}")


class JobContext(NamedTuple):
    """The job that we run in; all is empty outside of one.

    `merge` is the commit that tries the merge of `pull_request` with its base, `base` the base's branch,
    `base_commit` what the forge calls the base's commit: the one when the pull request was opened or got this base.
    `web` is the address of the repository on the web. `fork` says that the pull request comes from another
    repository, `queued` that the commit is a merge queue's.
    """

    pull_request: int | None = None
    merge: str = ""
    base: str = ""
    run: int | None = None
    web: str = ""
    fork: bool = False
    queued: bool = False
    base_commit: str = ""


def job_of(environment: Mapping[str, str], event: bytes | None = None) -> JobContext:
    """The job that an environment tells of, and the event that it was started by."""
    merged = _TRIAL_MERGE.fullmatch(environment.get("GITHUB_REF", ""))
    run = _NUMBER.fullmatch(environment.get("GITHUB_RUN_ID", ""))
    told = _event(event)
    base = _base(told) if merged else ("", "")
    server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    return JobContext(
        pull_request=int(merged[1]) if merged else None,
        merge=environment.get("GITHUB_SHA", "") if merged else "",
        # After the base was changed the event has the new one, and the variable may still have the old one.
        base=base[0] or environment.get("GITHUB_BASE_REF", ""),
        run=int(run[0]) if run else None,
        web=f"{server.rstrip('/')}/{repository}" if server and repository else "",
        fork=bool(merged) and _of_a_fork(told),
        queued=environment.get("GITHUB_EVENT_NAME") == "merge_group",
        base_commit=base[1],
    )


def _event(event: bytes | None) -> Mapping[str, Any]:
    try:
        told = json.loads(event or b"{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _base(told: Mapping[str, Any]) -> tuple[str, str]:
    """The branch that a pull request goes to, and its commit as the forge has it."""
    try:
        base = told["pull_request"]["base"]
        return str(base["ref"]), str(base["sha"])
    except (LookupError, TypeError):
        return "", ""


def _of_a_fork(told: Mapping[str, Any]) -> bool:
    try:
        head = told["pull_request"]["head"]["repo"]
        # A fork may be deleted while its pull request is open.
        return head is None or bool(head["id"] != told["repository"]["id"])
    except (LookupError, TypeError):
        return False
