"""The pages of a review: one for each model that was compared."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from gitops_mlops.domain.review.review import PullRequestReport
from gitops_mlops.reports.comparison.html import report_html


def review_pages(review: PullRequestReport, web: str = "") -> Iterator[tuple[str, str]]:
    """The name of a file, which is nothing but a name, and its page."""
    for model in review.models:
        if model.report is not None:
            yield f"{quote(model.name, safe='')}.html", report_html(model.report, web)
