"""What a comment of ours says, whatever it is made of: a review, a report, markdown of the project, or their lack."""

from __future__ import annotations

import json
import re

from gitops_mlops.domain.comparison.report import parse_report
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.review.review import REVIEW_SCHEMA, parse_review
from gitops_mlops.reports.comparison.markdown import report_markdown
from gitops_mlops.reports.rendering.escape import REVIEW_MARKER, marker, prose
from gitops_mlops.reports.rendering.links import run_link
from gitops_mlops.reports.review.markdown import review_markdown

_LARGEST = 65_536
# In the last line of a review's comment: what it cost, up to the link to its run.
_COST = re.compile(r"(?<![^ \n])Took [^\n]*?(?=\[The run\]\([^\n]*\Z|\Z)")


def document_markdown(content: bytes, name: str, web: str) -> str:
    """The comment of a `review.json` or a `report.json`. Raises EvidenceMissing for what is neither."""
    if _schema(content) == REVIEW_SCHEMA:
        return review_markdown(parse_review(content, name), web)
    return report_markdown(parse_report(content, name), web=web)


def _schema(content: bytes) -> str:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    return str(data.get("schema", "")) if isinstance(data, dict) else ""


def own_markdown(content: bytes, name: str, title: str) -> str:
    """A comment of the project's own markdown, found again by its title. Raises UsageError for what is too long."""
    try:
        text = f"{marker(title, 'comment')}\n{content.decode()}"
    except UnicodeDecodeError:
        raise UsageError("is not UTF-8", where=name, hint="save it as UTF-8") from None
    if len(text) > _LARGEST:
        raise UsageError(
            f"a comment holds {_LARGEST:,} characters, this has {len(text):,}", where=name, hint="cut it"
        )
    return text


def missing_markdown(run: int, told: str, web: str) -> str:
    """In place of a report that did not come: why, and where to look."""
    link = run_link(web, run)
    where = f"See [the run]({link})." if link else f"See run {run}."
    return f"{REVIEW_MARKER}\n## ❌ No report\n\n{prose(told)} {where}\n"


def timeless(body: str) -> str:
    """A comment without what its run cost: in that, a run differs from itself when it is run again."""
    return _COST.sub("", body.replace("\r\n", "\n").strip())
