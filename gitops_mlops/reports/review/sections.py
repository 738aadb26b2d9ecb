"""The parts of a review's comment, each a function from the review to lines.

`limit` is how many characters of a text are shown; of lists, a tenth of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.review.review import BrokenRule, ContractEdit, DatasetReview, FileProblem, PullRequestReport
from gitops_mlops.domain.shortening import more_lines
from gitops_mlops.reports.comparison.headline import judgement
from gitops_mlops.reports.comparison.markdown_sections import details, short_prose, table
from gitops_mlops.reports.rendering.escape import code, prose
from gitops_mlops.reports.rendering.links import commit_link, run_link
from gitops_mlops.reports.rendering.numbers import NOTHING, count, counted
from gitops_mlops.reports.review.words import (
    OUTCOME_SYMBOLS,
    besides,
    cost_words,
    dataset_words,
    lock_words,
    model_words,
    pipeline_words,
    review_title,
    seconds,
    skipped_words,
)

_UNBROKEN = "\N{NO-BREAK SPACE}"
_STALE_SHOWN = 5


def head(review: PullRequestReport) -> list[str]:
    """The verdict."""
    title = review_title(review, short_prose)
    more = besides(review, short_prose)
    return [f"## {OUTCOME_SYMBOLS[review.verdict]} {_capital(title)}", "", *([more, ""] if more else [])]


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def failures(review: PullRequestReport, limit: int) -> list[str]:
    """What could not be done, and what is wrong in files that people write."""
    if not review.failures and not review.problems:
        return []
    done = [f"- {prose(one.step, 60)}: {prose(one.message, limit)}" for one in review.failures]
    return [*done, *_troubles(review.problems, limit), ""]


def _troubles(found: Sequence[FileProblem], limit: int) -> list[str]:
    shown = [
        f"- {code(_place(one), 120)}: {prose(_said(one), limit)}{f' → {prose(one.hint, limit)}' if one.hint else ''}"
        for one in found[: limit // 10]
    ]
    return [*shown, *_more(len(found), limit)]


def _place(trouble: FileProblem) -> str:
    return f"{trouble.path}:{trouble.line}" if trouble.line else trouble.path


def _said(trouble: FileProblem) -> str:
    return f"{trouble.where}: {trouble.message}" if trouble.where else trouble.message


def models(review: PullRequestReport, limit: int) -> list[str]:
    """One row for each model that there is something to say of."""
    told = [model for model in review.models if model.skipped in ("", "removed")]
    if not told:
        return []
    rows = []
    for model in told:
        if model.report is not None and limit < 100:
            seen = judgement(model.report, short_prose)
        else:
            seen = model_words(model, lambda text: prose(text, limit))
        rows.append([f"{OUTCOME_SYMBOLS[model.outcome]}{_UNBROKEN}{short_prose(model.name)}", seen])
    return [*table(["Model", "Against its champion"], rows)]


def data(review: PullRequestReport, limit: int) -> list[str]:
    """Each dataset that was held against its contract, those that fail first."""
    told = [one for one in review.datasets if one.skipped in ("", "removed")]
    if not told:
        return []
    lines = [line for one in told[: max(limit // 10, 10)] for line in _dataset(one, limit)]
    return ["### Data", "", *lines, *_more(len(told), max(limit, 100)), ""]


def _dataset(dataset: DatasetReview, limit: int) -> Iterable[str]:
    said = dataset_words(dataset, lambda text: prose(text, limit))
    yield f"- {OUTCOME_SYMBOLS[dataset.outcome]} {short_prose(dataset.name)}: {said}"
    if dataset.rules:
        yield ""
        shown = dataset.rules[: limit // 10]
        yield from table(["Column", "Rule", "Rows", "What is wrong"], (_rule(one, limit) for one in shown))
        yield from (line for more in more_lines(dataset.rules_broken - len(shown)) for line in (more, ""))
    if dataset.edits:
        yield from ["", *_edits(dataset, limit)]


def _rule(rule: BrokenRule, limit: int) -> list[str]:
    rows = NOTHING if rule.rows is None else count(rule.rows)
    return [
        short_prose(rule.column) if rule.column else "(table)",
        short_prose(rule.check),
        rows,
        prose(rule.message, limit),
    ]


def _edits(dataset: DatasetReview, limit: int) -> list[str]:
    shown = [f"> - {_edit(one, limit)}" for one in dataset.edits[: limit // 10]]
    return [
        "> [!WARNING]",
        f"> **This change edits the contract of {short_prose(dataset.name)}** "
        f"({counted(len(dataset.edits), 'difference')}). Read it as closely as the numbers.",
        ">",
        *shown,
        *(f"> {line}" for line in _more(len(dataset.edits), limit)),
        "",
    ]


def _edit(edit: ContractEdit, limit: int) -> str:
    column = f"{short_prose(edit.column)}: " if edit.column else ""
    kind = f" ({prose(edit.kind, 40)})" if edit.kind else ""
    return f"{column}{prose(edit.message, limit)}{kind}"


def lock(review: PullRequestReport, limit: int) -> list[str]:
    """Which stages would run again, and what to do about it; nothing where none would."""
    if review.lock is None or review.lock.outcome == "pass":
        return []
    troubles, commands = review.lock.problems[:_STALE_SHOWN], [code(one, limit) for one in review.lock.fix]
    run = f" What to run: {', '.join(commands)}." if commands else ""
    return [
        "### dvc.lock",
        "",
        f"{OUTCOME_SYMBOLS[review.lock.outcome]} {_capital(lock_words(review.lock, short_prose))}.{run}",
        "",
        *(f"- {code(_place(one), 120)}: {prose(_said(one), limit)}" for one in troubles),
        *more_lines(len(review.lock.problems) - len(troubles), "- "),
        "",
    ]


def pipeline(review: PullRequestReport, limit: int) -> list[str]:
    """What came of the pipeline: open when a stage failed, else folded."""
    run = review.pipeline
    trained = [f"CI committed `dvc.lock`. {prose(review.training, limit)}", ""] if review.training else []
    if run is None or not (run.stages or run.skipped):
        return trained
    rows = [[short_prose(one.name), one.outcome, seconds(one.seconds)] for one in run.stages[: limit // 10]]
    stages = [*(table(["Stage", "", "Time"], rows) if rows else []), *_more(len(run.stages), limit)]
    differences = [
        f"- {code(one.path)} of {short_prose(one.stage)} differs" for one in run.differences[: limit // 10]
    ]
    differences += _more(len(run.differences), limit)
    summary = f"Pipeline: {pipeline_words(run)}, {counted(len(run.skipped), 'stage')} skipped"
    if run.outcome not in ("failed", "differs"):
        return [*trained, *details(summary, stages)]
    tail = [f"- {code(line, limit)}" for line in run.log_tail if line.strip()]
    reason = [prose(run.reason, limit), ""] if run.reason else []
    return ["### Pipeline", "", f"⛔ {summary}.", "", *reason, *differences, "", *stages, *tail, ""]


def remarks(review: PullRequestReport, limit: int) -> list[str]:
    """What could not be told, folded."""
    if not review.remarks:
        return []
    lines = [f"- {prose(text, limit)}" for text in review.remarks[: limit // 10]]
    lines += _more(len(review.remarks), limit)
    return details(counted(len(review.remarks), "remark").capitalize(), [*lines, ""])


def foot(review: PullRequestReport, web: str) -> list[str]:
    """In one line: what was compared with what, what was skipped, and what that cost."""
    commits = review.commits
    sides = [
        f"{name} [`{short_sha(commit)}`]({address})"
        for name, commit in (("base", commits.base), ("head", commits.head))
        if (address := commit_link(web, commit))
    ]
    run = run_link(web, review.run)
    left_out = [
        f"Left out, as the file was too large: {', '.join(prose(one, 60) for one in review.shortened_parts)}."
    ]
    parts = [
        *([f"Reviewed: {', '.join(sides)}."] if sides else []),
        *skipped_words(review, short_prose),
        *(left_out if review.shortened_parts else []),
        cost_words(review, short_prose),
        *([f"[The run]({run})."] if run else []),
    ]
    return ["", " ".join(parts), ""]


def _more(number: int, limit: int) -> list[str]:
    return more_lines(number - limit // 10, "- ")
