"""A review as one comment: the verdict first, each model's report folded beneath, data, pipeline and cost at the end.

A review of one model alone reads as that model's report does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gitops_mlops.domain.review.review import ModelReview, PullRequestReport
from gitops_mlops.reports.comparison.markdown import BUDGET, report_body
from gitops_mlops.reports.comparison.markdown_sections import details, short_prose
from gitops_mlops.reports.rendering.escape import REVIEW_MARKER, prose
from gitops_mlops.reports.rendering.numbers import count, counted
from gitops_mlops.reports.review.sections import (
    data,
    failures,
    foot,
    head,
    lock,
    models,
    pipeline,
    remarks,
)
from gitops_mlops.reports.review.words import OUTCOME_SYMBOLS

# How much of a list or a text is shown, while the whole does not fit.
_SIZES = (400, 100, 40)
# A name that may stand in a summary, of which no markdown is read.
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,60}")


def review_markdown(review: PullRequestReport, web: str = "", budget: int = BUDGET) -> str:
    """The review in at most `budget` characters. `web` is the repository's address, for links."""
    reported = [model for model in review.models if model.report is not None]
    alone = _alone(review, reported)
    for limit in _SIZES:
        before, after = _around(review, web, limit, alone is not None)
        taken = len(before) + len(after)
        if taken <= budget // 2:
            break
    left = budget - taken - 200
    if alone is not None:
        middle, dropped = _alone_text(alone, left, web)
    else:
        middle, dropped = _folded(reported, left, web)
    notes = [f"Too long for a comment, so left out: the full report of {counted(dropped, 'model')}.", ""]
    text = "\n".join([before, middle, *(notes if dropped else []), after])
    return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"


def _alone(review: PullRequestReport, reported: Sequence[ModelReview]) -> ModelReview | None:
    """The only model that there is something to say of, when its verdict is that of the whole."""
    told = [model for model in review.models if model.skipped in ("", "removed")]
    return told[0] if len(told) == 1 and told == [*reported] and told[0].outcome == review.verdict else None


def _around(review: PullRequestReport, web: str, limit: int, alone: bool) -> tuple[str, str]:
    before, told = [REVIEW_MARKER], [*lock(review, limit), *data(review, limit)]
    after = [*pipeline(review, limit), *remarks(review, limit), *foot(review, web)]
    if alone:
        after = [*told, *after]
    else:
        before += [*head(review), *failures(review, limit), *models(review, limit), *told]
    return "\n".join(before), "\n".join(after)


def _alone_text(model: ModelReview, budget: int, web: str) -> tuple[str, int]:
    assert model.report is not None
    body = report_body(model.report, budget, web)
    if len(body) <= budget:
        return body, 0
    # The shortest report is still its verdict.
    return f"## {OUTCOME_SYMBOLS[model.outcome]} {short_prose(model.name)}\n", 1


def _folded(reported: Sequence[ModelReview], budget: int, web: str) -> tuple[str, int]:
    """Each report folded, all of the same right to the room; and how many found none."""
    # By their place: nothing keeps a document from giving two models one name.
    folds = [_fold(number, model, budget, web) for number, model in enumerate(reported, 1)]
    dropped, left = 0, budget
    # What needs less than its share leaves the rest of it to the others.
    for done, place in enumerate(sorted(range(len(folds)), key=lambda place: len(folds[place]))):
        share = left // (len(folds) - done)
        if len(folds[place]) > share:
            folds[place] = _fold(place + 1, reported[place], share, web)
        if len(folds[place]) > share:
            folds[place] = ""
            dropped += 1
        left -= len(folds[place]) + 1
    return "\n".join(filter(None, folds)), dropped


def _fold(number: int, model: ModelReview, budget: int, web: str) -> str:
    assert model.report is not None
    name = (
        model.name if _PLAIN.fullmatch(model.name) and prose(model.name) == model.name else f"model {count(number)}"
    )
    summary = f"{OUTCOME_SYMBOLS[model.outcome]} {name}: the whole report"
    frame = "\n".join(details(summary, ["", ""]))
    return "\n".join(details(summary, [report_body(model.report, budget - len(frame), web), ""]))
