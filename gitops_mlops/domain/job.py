"""What a runner tells a job about itself, in the environment variables of GitHub's runners."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

_TRIAL_MERGE = re.compile(r"refs/pull/([1-9][0-9]{0,9})/merge")
_NUMBER = re.compile(r"[1-9][0-9]{0,14}")


class Job(NamedTuple):
    """The job that we run in; all is empty outside of one.

    `merge` is the commit that tries the merge of `pull_request` with its base, `base` the base's branch, `web` the
    address of the repository on the web. `fork` says that the pull request comes from another repository, `queued`
    that the commit is a merge queue's.
    """

    pull_request: int | None = None
    merge: str = ""
    base: str = ""
    run: int | None = None
    web: str = ""
    fork: bool = False
    queued: bool = False


def job_of(environment: Mapping[str, str], event: bytes | None = None) -> Job:
    """The job that an environment tells of, and the event that it was started by."""
    merged = _TRIAL_MERGE.fullmatch(environment.get("GITHUB_REF", ""))
    run = _NUMBER.fullmatch(environment.get("GITHUB_RUN_ID", ""))
    server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    return Job(
        pull_request=int(merged[1]) if merged else None,
        merge=environment.get("GITHUB_SHA", "") if merged else "",
        base=environment.get("GITHUB_BASE_REF", ""),
        run=int(run[0]) if run else None,
        web=f"{server.rstrip('/')}/{repository}" if server and repository else "",
        fork=bool(merged) and _of_a_fork(event),
        queued=environment.get("GITHUB_EVENT_NAME") == "merge_group",
    )


def _of_a_fork(event: bytes | None) -> bool:
    try:
        told = json.loads(event or b"{}")
        head = told["pull_request"]["head"]["repo"]
        # A fork may be deleted while its pull request is open.
        return head is None or bool(head["id"] != told["repository"]["id"])
    except (ValueError, LookupError, TypeError):
        return False
