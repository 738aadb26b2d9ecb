"""What is said of a review in every medium: its title, one sentence a part, what was skipped and what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitops_mlops.domain.pipeline.run import PipelineRunReport
from gitops_mlops.domain.review.review import (
    ERRORS,
    DatasetReview,
    LockReview,
    ModelReview,
    Outcome,
    PullRequestReport,
)
from gitops_mlops.domain.shortening import first_of, more_lines
from gitops_mlops.reports.comparison.headline import Word, because, judgement
from gitops_mlops.reports.rendering.numbers import count, counted, fixed, size

OUTCOME_SYMBOLS: dict[Outcome, str] = {
    "pass": "✅",
    "warn": "⚠️",
    "incomparable": "❔",
    "block": "⛔",
    "outside": "❌",
    "evidence": "❌",
    "usage": "❌",
    "bug": "❌",
}
_TITLES: dict[Outcome, str] = {
    "warn": "passes with warnings",
    "incomparable": "cannot be compared",
    "block": "does not pass",
    "outside": "could not be finished, an outside system failed",
    "evidence": "cannot be judged, evidence is missing",
    "usage": "cannot be judged, the set-up is wrong",
    "bug": "could not be finished, because of a bug in gitops-mlops",
}
_NAMED = 3
_SKIPPED_NAMED = 12


def review_title(review: PullRequestReport, word: Word) -> str:
    """`does not pass: model delay, dvc.lock`."""
    if review.verdict == "pass":
        return _passed(review)
    parts = list(_parts(review, word, review.verdict))
    return f"{_TITLES[review.verdict]}: {_listed(parts, _NAMED)}"


def _passed(review: PullRequestReport) -> str:
    compared = sum(model.report is not None for model in review.models)
    validated = sum(not dataset.skipped for dataset in review.datasets)
    if not compared and not validated:
        return "passes: no model and no data changed"
    done = [counted(compared, "model compared", "models compared")] if compared else []
    done += [counted(validated, "dataset validated", "datasets validated")] if validated else []
    return f"passes: {', '.join(done)}"


def besides(review: PullRequestReport, word: Word) -> str:
    """What is against the change where an error heads the title, which would hide it; "" when nothing is."""
    if review.verdict not in ERRORS:
        return ""
    parts = list(_parts(review, word, "block"))
    return f"These do not pass either: {_listed(parts)}." if parts else ""


def _parts(review: PullRequestReport, word: Word, outcome: Outcome) -> Iterator[str]:
    """What came to an outcome."""
    if outcome == "usage" and review.problems:
        yield counted(len(review.problems), "problem")
    yield from (word(one.step) for one in review.failures if one.outcome == outcome)
    if review.lock and review.lock.outcome == outcome:
        yield "dvc.lock"
    if review.pipeline and outcome == "block" and review.pipeline.outcome in ("failed", "differs"):
        yield "the pipeline"
    yield from (f"model {word(one.name)}" for one in review.models if one.outcome == outcome)
    yield from (f"data {word(one.name)}" for one in review.datasets if one.outcome == outcome)


def model_words(model: ModelReview, word: Word) -> str:
    """What came of a model, in a sentence or two."""
    if model.report is not None:
        return f"{judgement(model.report, word)}. {because(model.report, word)[0]}"
    return word(model.message) if model.message else "not compared"


def dataset_words(dataset: DatasetReview, word: Word) -> str:
    """What came of a dataset, in a sentence."""
    if dataset.message:
        return word(dataset.message)
    rows = "" if dataset.rows is None else counted(dataset.rows, "row")
    if not dataset.rules_broken:
        return f"{rows} keep {word(dataset.contract)}"
    verb = "is" if dataset.rules_broken == 1 else "are"
    return f"{counted(dataset.rules_broken, 'rule')} of {word(dataset.contract)} {verb} broken, {rows} read"


def lock_words(lock: LockReview, word: Word) -> str:
    """Whether `dvc.lock` is up to date."""
    if lock.uncommitted:
        names = _listed([word(name) for name in lock.uncommitted])
        return (
            f"not yet that of this commit ({names}). CI ran what changed, but does not commit to a fork's branch "
            "or store what a fork made. A maintainer who trusts the change does both"
        )
    unchecked = f"{counted(len(lock.unchecked), 'stage')} not checked: {_stages(lock.unchecked, word)}"
    if lock.stale:
        stale = f"out of date, {counted(len(lock.stale), 'stage')} would run again: {_stages(lock.stale, word)}"
        return f"{stale}; {unchecked}" if lock.unchecked else stale
    return unchecked if lock.unchecked else "up to date with dvc.yaml, parameters and sources"


def _stages(names: Sequence[str], word: Word) -> str:
    return first_of([word(name) for name in names], _SKIPPED_NAMED)


def pipeline_words(pipeline: PipelineRunReport) -> str:
    """What running the pipeline came to."""
    return {
        "unchanged": "nothing had to run",
        "ran": "ran what had changed",
        "failed": "a stage failed",
        "differs": "gave other outputs when it ran again",
        "reproduced": "gave the same outputs when it ran again",
    }[pipeline.outcome]


def skipped_words(review: PullRequestReport, word: Word) -> list[str]:
    """What was not looked at, and why that is right: at most a sentence each for the base and the champion."""
    base = [f"model {word(one.name)}" for one in review.models if one.skipped == "base"]
    base += [f"data {word(one.name)}" for one in review.datasets if one.skipped == "base"]
    champions = [word(one.name) for one in review.models if one.skipped == "champion"]
    told = [f"As on the base, so skipped: {_listed(base)}."] if base else []
    return [*told, *([f"Same as the champion, so skipped: {_listed(champions)}."] if champions else [])]


def _listed(names: list[str], most: int = _SKIPPED_NAMED) -> str:
    return ", ".join([*names[:most], *more_lines(len(names) - most)])


def cost_words(review: PullRequestReport, word: Word) -> str:
    """`Took 12 s (model delay 8 s), pulled 12.3 MB.`"""
    longest = sorted((step for step in review.steps if step.seconds >= 1), key=lambda step: -step.seconds)[:_NAMED]
    shares = f" ({', '.join(f'{word(step.name)} {seconds(step.seconds)}' for step in longest)})" if longest else ""
    moved = []
    if (pipeline := review.pipeline) is not None:
        moved.append(f"the pipeline {seconds(pipeline.seconds)}")
        traffic = (("pulled", pipeline.pulled), ("pushed", pipeline.pushed))
        moved += [f"{verb} {size(one.bytes)}" for verb, one in traffic if one.bytes]
    return f"{', '.join([f'Took {seconds(review.seconds)}{shares}', *moved])}."


def seconds(duration: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`."""
    if duration < 9.95:
        return f"{fixed(duration, 1)} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{count(minutes)} min {rest} s" if minutes else f"{rest} s"
