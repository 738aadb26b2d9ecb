"""Proposals for retirement, for terminals and as JSON."""

from __future__ import annotations

from typing import Any

from gitops_mlops.domain.durations import span
from gitops_mlops.domain.registry.retirement import RetirementReview
from gitops_mlops.reports.rendering.terminal import printable, table


def proposals_data(review: RetirementReview) -> dict[str, Any]:
    """Proposals as JSON-ready data; `seen` and `threshold` are seconds, or drift findings."""
    return {
        "proposals": [proposal._asdict() for proposal in review.proposals],
        "not_judged": list(review.not_judged),
    }


def proposals_text(review: RetirementReview) -> str:
    """A table of what is proposed, and below it the commands that would do it."""
    if not review.proposals:
        return "nothing is proposed for retirement"
    rows = [
        [each.target, each.version, each.rule, each.reason, _limit(each.rule, each.threshold)]
        for each in review.proposals
    ]
    commands = [printable(each.command) for each in review.proposals]
    return "\n".join([table(["TARGET", "VERSION", "RULE", "SEEN", "THRESHOLD"], rows), "", *commands])


def _limit(rule: str, threshold: float) -> str:
    return f"{threshold:g} findings" if rule == "drift" else span(threshold)
