"""Where a commit, a version or the difference of two can be seen on the web."""

from __future__ import annotations

import re
from urllib.parse import quote

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.comparison.report_parts import ComparedRevision
from gitops_mlops.domain.names import is_artifact

# The address is given by who renders, never by the report; commits and names go into it only when they are such.
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)+")
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_VERSION = re.compile(r"v?[0-9A-Za-z][0-9A-Za-z.+-]{0,60}")


def is_address(web: str) -> bool:
    """Whether `web` is the address of a repository: `https://host/owner/name`."""
    return _ADDRESS.fullmatch(web) is not None


def commit_link(web: str, commit: str) -> str:
    """The page of a commit; "" when there is none."""
    return f"{web}/commit/{commit}" if web and _SHA.fullmatch(commit) else ""


def run_link(web: str, run: int | None) -> str:
    """The page of a run of a workflow; "" when there is none."""
    return f"{web}/actions/runs/{run}" if web and run else ""


def version_link(web: str, model: str, revision: ComparedRevision) -> str:
    """The page of the tag that made a version; "" when there is none."""
    if not web or not is_artifact(model) or not _VERSION.fullmatch(revision.version):
        return ""
    return f"{web}/tree/{quote(f'{model}@{revision.version}', safe='')}"


def difference_link(web: str, report: Report) -> str:
    """The page that shows what was changed between both sides; "" when there is none."""
    if report.champion is None or not (
        commit_link(web, report.champion.commit) and commit_link(web, report.challenger.commit)
    ):
        return ""
    return f"{web}/compare/{report.champion.commit}...{report.challenger.commit}"
