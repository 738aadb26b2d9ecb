"""A review in a terminal: the verdict, then a line for each part."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from gitops_mlops.domain.review.review import Outcome, PullRequestReport
from gitops_mlops.reports.rendering.terminal import printable
from gitops_mlops.reports.review.words import (
    besides,
    cost_words,
    dataset_words,
    lock_words,
    model_words,
    review_title,
    skipped_words,
)

WIDTH = 80
_WORDS: dict[Outcome, str] = {
    "pass": "PASS",
    "warn": "WARN",
    "incomparable": "UNKNOWN",
    "block": "BLOCK",
    "outside": "FAILED",
    "evidence": "MISSING",
    "usage": "WRONG",
    "bug": "BUG",
}
_COLOURS: dict[Outcome, str] = {"pass": "32", "warn": "33", "incomparable": "33"}
_RED = "31"


def review_text(review: PullRequestReport, colour: bool = False) -> str:
    """The whole review as plain text; with `colour`, in ANSI colours."""
    head = _painted(_WORDS[review.verdict], review.verdict, colour)
    lines = [f"{head}  {line}" if i == 0 else line for i, line in enumerate(_wrap(review_title(review, printable)))]
    lines += _wrap(besides(review, printable)) if besides(review, printable) else []
    for outcome, text in _lines(review):
        word = _WORDS[outcome]
        first, *rest = _wrap(text, " " * 11)
        lines += [f"  {_painted(word, outcome, colour)}{' ' * (9 - len(word))}{first[11:]}", *rest]
    return "\n".join([*lines, *(line for text in _foot(review) for line in _wrap(text))])


def _lines(review: PullRequestReport) -> Iterator[tuple[Outcome, str]]:
    yield from ((one.outcome, f"{one.step}: {one.message}") for one in review.failures)
    yield from (("usage", str(one.problem)) for one in review.problems)
    if review.lock is not None:
        yield review.lock.outcome, f"dvc.lock: {lock_words(review.lock, printable)}"
        yield from (("block", str(one.problem)) for one in review.lock.problems)
    for model in review.models:
        if model.skipped in ("", "removed"):
            yield model.outcome, f"model {model.name}: {model_words(model, printable)}"
    for dataset in review.datasets:
        if dataset.skipped in ("", "removed"):
            yield dataset.outcome, f"data {dataset.name}: {dataset_words(dataset, printable)}"
            for rule in dataset.rules:
                rows = "" if rule.rows is None else f" ({rule.rows:,} rows)"
                place = f"{dataset.contract.partition(':')[0]}:{rule.line}: " if rule.line else ""
                yield "block", f"{place}{rule.column or 'the table'}, {rule.check}: {rule.message}{rows}"


def _foot(review: PullRequestReport) -> list[str]:
    remarks = [f"remark: {text}" for text in review.remarks]
    return [*remarks, *skipped_words(review, printable), cost_words(review, printable)]


def _painted(word: str, outcome: Outcome, colour: bool) -> str:
    return f"\033[1;{_COLOURS.get(outcome, _RED)}m{word}\033[0m" if colour else word


def _wrap(text: str, indent: str = "") -> list[str]:
    shown = printable(" ".join(text.split()))
    wrapped = textwrap.wrap(
        shown, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return wrapped or [indent]
