"""A review that fits into its file, whatever it found: what matters least is left out first, never a verdict.

In this order, until it fits: curves and confusion matrices; slices, groups and the further checks; changes of
parameters and data; whole reports, the largest first; at last the words of everything else are cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.document.bounded import DocumentPart
from gitops_mlops.domain.review.review import MAX_REVIEW_BYTES, ModelReview, PullRequestReport
from gitops_mlops.domain.shortening import first_texts, left_out, shorten

_SHORTEST, _FEW, _MOST_STEPS = 120, 20, 50
_TOLD = "its report is too large for this file: gitops-mlops compare makes it again"
_TOLD_BYTES = len(_TOLD) + 10
# Fields of a report that go together, and what they are called.
_EMPTIED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("curves and confusion matrices", {"curves": (), "confusion": None}),
    ("slices, groups and recipes", {"slices": (), "slice_search": None, "fairness": (), "recipe": None}),
    (
        "the frozen rows, the long-term comparison and the data checks",
        {"frozen_rows": None, "long_term": None, "data_checks": None},
    ),
    ("changes of parameters and data", {"parameters": (), "data": ()}),
)

_BARE_PIPELINE: dict[str, Any] = {"stages": [], "skipped": [], "lock_files": [], "log_tail": [], "differences": []}


def dump_review(review: PullRequestReport, limit: int = MAX_REVIEW_BYTES) -> bytes:
    """The review as JSON of at most `limit` bytes that `parse_review` reads back."""
    for fitting in chain([review], _shorter(review, limit)):
        content = _json(fitting)
        if len(content) <= limit:
            break
    return content


def _json(part: DocumentPart) -> bytes:
    return (part.model_dump_json(by_alias=True) + "\n").encode()


def _shorter(review: PullRequestReport, limit: int) -> Iterator[PullRequestReport]:
    """Ever shorter versions of a review."""
    for name, emptied in _EMPTIED:
        review = _named(_each_report(review, lambda report, emptied=emptied: _with(report, **emptied)), name)  # type: ignore[misc]
        yield review
    yield (review := _without_largest(review, limit))
    yield _named(_cut(review), "texts")


def _named(review: PullRequestReport, name: str) -> PullRequestReport:
    named: PullRequestReport = _with(review, shortened_parts=tuple(dict.fromkeys([*review.shortened_parts, name])))
    return named


def _with(part: Any, **fields: Any) -> Any:
    return part.model_copy(update=fields)


def _each_report(review: PullRequestReport, change: Callable[[Report], Report]) -> PullRequestReport:
    models = (_with(one, report=change(one.report)) if one.report else one for one in review.models)
    shortened: PullRequestReport = _with(review, models=tuple(models))
    return shortened


def _without_largest(review: PullRequestReport, limit: int) -> PullRequestReport:
    """Without the largest reports, as many as it takes."""
    sizes = {i: len(_json(one.report)) for i, one in enumerate(review.models) if one.report}
    excess, dropped = len(_json(review)) - limit, set()
    for i in sorted(sizes, key=lambda i: -sizes[i]):
        if excess <= 0:
            break
        excess -= sizes[i] - _TOLD_BYTES
        dropped.add(i)
    left = tuple(_without_report(one) if i in dropped else one for i, one in enumerate(review.models))
    return _named(_with(review, models=left), "reports of some models")


def _without_report(model: ModelReview) -> ModelReview:
    left: ModelReview = _with(model, report=None, message=_TOLD)
    return left


def _cut(review: PullRequestReport) -> PullRequestReport:
    """Short words, and few of what is listed: still every outcome."""
    shown = [_short(one, "path", "where", "message", "hint") for one in review.problems[:_FEW]]
    lock = review.lock and _with(
        review.lock,
        stale=tuple(shorten(name, _SHORTEST) for name in review.lock.stale[:_FEW]),
        problems=tuple(_short(one, "path", "where", "message", "hint") for one in review.lock.problems[:_FEW]),
        fix=(),
        uncommitted=tuple(shorten(name, _SHORTEST) for name in review.lock.uncommitted[:_FEW]),
    )
    cut: PullRequestReport = _with(
        review,
        failures=tuple(_short(one, "message") for one in review.failures),
        problems=tuple(shown),
        remarks=first_texts([*_left_out(review), *(shorten(text, _SHORTEST) for text in review.remarks)], _FEW),
        lock=lock,
        pipeline=review.pipeline and _with(review.pipeline, **_BARE_PIPELINE),
        datasets=tuple(
            _with(_short(one, "name", "path", "contract", "message"), rules=(), edits=()) for one in review.datasets
        ),
        models=tuple(_short(one, "message") for one in review.models),
        steps=review.steps[:_MOST_STEPS],
    )
    return cut


def _left_out(review: PullRequestReport) -> list[str]:
    lock = review.lock
    return [
        *left_out(len(review.problems), _FEW, "problems"),
        *left_out(len(lock.stale) if lock else 0, _FEW, "stages that changed"),
        *left_out(len(lock.problems) if lock else 0, _FEW, "problems of dvc.lock"),
        *left_out(len(lock.uncommitted) if lock else 0, _FEW, "files that are not committed"),
        *left_out(len(review.steps), _MOST_STEPS, "steps"),
    ]


def _short(part: DocumentPart, *fields: str) -> Any:
    return _with(part, **{field: shorten(getattr(part, field), _SHORTEST) for field in fields})
