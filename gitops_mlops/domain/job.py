"""What a runner tells a job about itself, in the environment variables of GitHub's runners."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_TRIAL_MERGE = re.compile(r"refs/pull/([1-9][0-9]{0,9})/merge")
_NUMBER = re.compile(r"[1-9][0-9]{0,14}")


class Job(NamedTuple):
    """The job that we run in; all is empty outside of one.

    `merge` is the commit that tries the merge of `pull_request` with its base, `base` the base's branch, `web` the
    address of the repository on the web.
    """

    pull_request: int | None = None
    merge: str = ""
    base: str = ""
    run: int | None = None
    web: str = ""


def job_of(environment: Mapping[str, str]) -> Job:
    """The job that an environment tells of."""
    merged = _TRIAL_MERGE.fullmatch(environment.get("GITHUB_REF", ""))
    run = _NUMBER.fullmatch(environment.get("GITHUB_RUN_ID", ""))
    server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    return Job(
        pull_request=int(merged[1]) if merged else None,
        merge=environment.get("GITHUB_SHA", "") if merged else "",
        base=environment.get("GITHUB_BASE_REF", ""),
        run=int(run[0]) if run else None,
        web=f"{server.rstrip('/')}/{repository}" if server and repository else "",
    )
