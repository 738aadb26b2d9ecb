"""Sections that are a sentence and a table, written once for every renderer.

A new one is a function from the report to a Panel, or None when there is nothing to say, and a line in PANELS. Plain
strings are ours; text from outside is `Foreign`, and each renderer escapes it for its medium. A sentence begins with
words of ours, for the start of a line is where markdown looks for lists and headings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.comparison.report_parts import (
    CheckStatus,
    ColumnShift,
    DatasetShift,
    FairnessGap,
    FairnessGroup,
    FairnessResult,
    SliceResult,
)
from gitops_mlops.domain.config.fairness import GAP_WORDS
from gitops_mlops.domain.shortening import first_of, more_lines
from gitops_mlops.domain.statistics.results import MetricResult, MetricVerdict, RecipeMetric
from gitops_mlops.reports.comparison.words import METRIC_SYMBOLS, METRIC_WORDS, known_name
from gitops_mlops.reports.rendering.numbers import (
    NOTHING,
    between,
    count,
    counted,
    decimals_of,
    fixed,
    level,
    percent,
    signed,
)

# The worst first.
_CHECKS: tuple[CheckStatus, ...] = ("block", "warn", "unknown", "note", "pass")
_CHECK_SYMBOLS: dict[CheckStatus, str] = {"block": "⛔", "warn": "⚠️", "unknown": "❔", "note": "🔎", "pass": "✅"}
_ROLES = {"evaluation": "Evaluation", "training": "Training"}
# What the trade calls a moderate shift (Siddiqi 2006, Credit Risk Scorecards).
_LARGE_SHIFT = 0.1
_NOTES_SHOWN = 5
_RATES = ("selection_rate", "true_positive_rate", "false_positive_rate", "accuracy")
_GROUP_HEADERS = ["Group", "Rows", "Selected", "True positives", "False positives", "Accuracy"]


_GOOD: tuple[MetricVerdict, ...] = ("improved", "non_inferior")


class UntrustedText(str):
    """Text that nobody vouches for."""

    __slots__ = ()


class Panel(NamedTuple):
    """A title, what it comes to in a few words (`summary`, ours alone), sentences, and a table or none.

    `alert` is whether a reviewer should not overlook it.
    """

    title: str
    summary: str
    sentences: Sequence[Sequence[str]] = ()
    headers: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    alert: bool = False


def frozen_rows(report: Report) -> Panel | None:
    """Both models on the evaluation data as it was."""
    found = report.frozen_rows
    if found is None:
        return None
    rows = counted(found.evaluation.rows, "row") if found.evaluation else "not scored"
    why = ["This change brings other evaluation data. Here both models are on what the champion's commit has."]
    note = [["Not both were scored: ", UntrustedText(found.note), "."]] if found.note else []
    return Panel("On the data as it was", rows, [why, *note], *_metrics(found.metrics))


def long_term(report: Report) -> Panel | None:
    """The challenger against the champion of a while ago."""
    found = report.long_term
    if found is None:
        return None
    days = counted(round(found.age / 86400), "day")
    who = [
        "Small steps down add up: the version that held the stage then is ",
        UntrustedText(found.revision.version),
        ".",
    ]
    note = [["It was not compared: ", UntrustedText(found.note), "."]] if found.note else []
    worse = any(metric.verdict == "regressed" for metric in found.metrics)
    summary = "not compared" if found.note else "worse" if worse else "no significant decline"
    return Panel(f"Against the champion of {days} ago", summary, [who, *note], *_metrics(found.metrics), worse)


def recipe(report: Report) -> Panel | None:
    """What repeated trainings say of the recipe, beside what is said of the model file."""
    found = report.recipe
    if found is None:
        return None
    artifact = {metric.name: metric.verdict for metric in report.metrics}
    note = [["Not judged: ", UntrustedText(found.note), "."]] if found.note else []
    if not found.metrics:
        return Panel("The recipe", "cannot be judged", note)
    other = [metric for metric in found.metrics if artifact.get(metric.name, metric.verdict) != metric.verdict]
    told = [_seed_noise(metric, artifact.get(metric.name)) for metric in (other or found.metrics)[:3]]
    lucky = any(artifact.get(metric.name) in _GOOD and metric.verdict not in _GOOD for metric in other)
    verdicts = "judged differently from the model file" if other else "judged as the model file"
    headers = ["Metric", "Champion ± seed", "Challenger ± seed", "Recipe better by (CI)", ""]
    rows = [_recipe_metric(metric) for metric in found.metrics]
    summary = f"{verdicts}, by {counted(found.trainings or 0, 'training')} of each"
    return Panel("The recipe", summary, [*told, *note], headers, rows, lucky)


def data_checks(report: Report) -> Panel | None:
    """What was asked of the data."""
    found = report.data_checks
    if found is None or not found.checks:
        return None
    worst = sorted(found.checks, key=lambda check: _CHECKS.index(check.status))
    odd = sum(check.status in ("block", "warn") for check in worst)
    passed = sum(check.status == "pass" for check in worst)
    summary = counted(odd, "suspicion") if odd else f"{counted(passed, 'check')} passed"
    said = [
        [f"{_CHECK_SYMBOLS[check.status]} ", UntrustedText(check.id), ": ", UntrustedText(check.finding)]
        for check in worst
    ]
    return Panel("Data checks", summary, said, alert=odd > 0)


def data_shift(report: Report) -> Panel | None:
    """What changed of the data since the champion's."""
    found = report.data_checks
    if found is None or not (found.datasets or found.columns or found.note):
        return None
    said = [_dataset(one) for one in found.datasets]
    note = [["Not everything is known: ", UntrustedText(found.note), "."]] if found.note else []
    large = sum((one.psi or 0) >= _LARGE_SHIFT or one.note != "" for one in found.columns)
    summary = f"{counted(large, 'column')} shifted" if found.datasets else "not known"
    headers = ["Column", "Data", "PSI", "Missing then", "Now", "Categories"] if found.columns else []
    rows = [_column(one) for one in found.columns]
    return Panel("The data, then and now", summary, [*said, *note], headers, rows)


def _dataset(one: DatasetShift) -> list[str]:
    told = [
        f"{_ROLES.get(one.dataset, 'Data')}: {counted(one.champion_rows, 'row')} then,"
        f" {count(one.challenger_rows)} now; {count(one.added)} are new and {count(one.removed)} gone."
    ]
    for what, names in (("new", one.columns_added), ("gone", one.columns_removed)):
        if names:
            told += [f" Columns that are {what}: ", UntrustedText(first_of(names, 20)), "."]
    return told


def _column(one: ColumnShift) -> list[str]:
    categories = f"{count(one.added)} new, {count(one.removed)} gone" if one.added or one.removed else ""
    return [
        UntrustedText(one.column),
        UntrustedText(one.dataset),
        fixed(one.psi if one.psi is None else max(one.psi, 0.0), 2),
        percent(one.champion_missing),
        percent(one.challenger_missing),
        UntrustedText(one.note) if one.note else categories or NOTHING,
    ]


def slice_search(report: Report) -> Panel | None:
    """Rows that nobody declared, on which the challenger is worse."""
    found = report.slice_search
    if found is None:
        return None
    title = "Search for weak slices"
    if found.note:
        return Panel(title, "not searched", [["Nothing was searched: ", UntrustedText(found.note), "."]])
    pairs = "" if found.paired_columns == found.columns else f" ({count(found.paired_columns)} of them)"
    of = counted(found.columns, "column")
    how = f"Every value or fifth of {of} with 200 rows or more was searched, alone and in pairs{pairs}."
    if not found.slices_worse:
        return Panel(title, f"none of {counted(found.slices_searched, 'slice')} is clearly worse", [[how]])
    why = (
        f"Significantly worse, with Holm's correction for {counted(found.slices_searched, 'slice')}; each covers"
        " rows that are not in those above it. They were picked as the worst: the true difference is likely smaller."
    )
    rows = [_found(part, metric) for part in found.slices for metric in part.metrics]
    headers = ["Slice", "Rows", "Metric", "Better by (CI)"] if rows else []
    return Panel(title, f"worse in {count(found.slices_worse)}", [[how], [why]], headers, rows, True)


def _found(part: SliceResult, metric: MetricResult) -> list[str]:
    name, then, now, better, _ = _metric(metric)
    return [UntrustedText(part.name), count(part.rows), UntrustedText(f"{name} {then} → {now}"), better]


def fairness(report: Report) -> Panel | None:
    """How groups of people are treated by both models, and how far apart."""
    if not report.fairness:
        return None
    gaps = [(part, gap) for part in report.fairness for gap in part.gaps]
    wider = sum(gap.ci is not None and gap.ci.low > 0 for _, gap in gaps)
    summary = f"{wider} of {counted(len(gaps), 'gap')} significantly wider"
    notes = [
        [UntrustedText(f"{part.column} = {group.value}"), ": ", UntrustedText(group.note), "."]
        for part in report.fairness
        for group in part.groups
        if group.note
    ]
    more = [[line.capitalize()] for line in more_lines(len(notes) - _NOTES_SHOWN, after=" groups with a note.")]
    rows = [_group(part, group) for part in report.fairness for group in part.groups]
    sentences = [*(_gap(part, gap) for part, gap in gaps), *notes[:_NOTES_SHOWN], *more]
    return Panel("Fairness", summary, sentences, _GROUP_HEADERS if rows else [], rows, wider > 0)


def _gap(part: FairnessResult, gap: FairnessGap) -> list[str]:
    name = f", {GAP_WORDS[gap.name]}: "
    if gap.challenger is None:
        return [UntrustedText(part.column), f"{name}not judged, ", UntrustedText(gap.note), "."]
    if gap.worsening is None:
        return [UntrustedText(part.column), f"{name}the largest gap is {fixed(gap.challenger, 3)}."]
    interval = f" ({level(gap.ci)} interval {between(gap.ci, 3)})" if gap.ci else ""
    change = f"{fixed(gap.champion, 3)} → {fixed(gap.challenger, 3)}, {signed(gap.worsening, 3)}{interval}"
    return [UntrustedText(part.column), f"{name}the largest gap changed: {change}."]


def _group(part: FairnessResult, group: FairnessGroup) -> list[str]:
    both = [(getattr(group.champion, key, None), getattr(group.challenger, key)) for key in _RATES]
    shown = [f"{fixed(then, 3)} → {fixed(now, 3)}" if group.champion else fixed(now, 3) for then, now in both]
    return [UntrustedText(f"{part.column} = {group.value}"), count(group.rows), *shown]


# In the order in which they are shown.
PANELS: tuple[Callable[[Report], Panel | None], ...] = (
    frozen_rows,
    long_term,
    slice_search,
    fairness,
    recipe,
    data_checks,
    data_shift,
)


def panels(report: Report) -> list[Panel]:
    """Those that have something to say."""
    return [panel for each in PANELS if (panel := each(report)) is not None]


def _metrics(metrics: Sequence[MetricResult]) -> tuple[list[str], list[list[str]]]:
    """Headers and rows of a table of metrics; both empty when there is none."""
    if not metrics:
        return [], []
    levels = sorted({level(metric.ci) for metric in metrics if metric.ci})
    heading = f"Better by ({levels[0]} CI)" if len(levels) == 1 else "Better by (CI)"
    return ["Metric", "Then", "Challenger", heading, ""], [_metric(metric) for metric in metrics]


def _metric(metric: MetricResult) -> list[str]:
    decimals = decimals_of(metric)
    interval = f" ({between(metric.ci, decimals)})" if metric.ci else ""
    return [
        _name(metric),
        fixed(metric.champion, decimals),
        fixed(metric.challenger, decimals),
        f"{signed(metric.delta, decimals)}{interval}" if metric.delta is not None else NOTHING,
        f"{METRIC_SYMBOLS[metric.verdict]} {METRIC_WORDS[metric.verdict]}",
    ]


def _seed_noise(metric: RecipeMetric, artifact: MetricVerdict | None) -> list[str]:
    deviation = math.hypot(metric.champion_deviation, metric.challenger_deviation) / math.sqrt(2)
    file = f"the model file is {METRIC_WORDS[artifact]}; " if artifact else ""
    noise = f"Another seed alone moves it by ±{fixed(deviation, decimals_of(metric))}."
    return [_name(metric), f": {file}the recipe: {METRIC_WORDS[metric.verdict]}. {noise}"]


def _recipe_metric(metric: RecipeMetric) -> list[str]:
    decimals = decimals_of(metric)
    name, _, _, better, verdict = _metric(metric)
    champion = f"{fixed(metric.champion, decimals)} ± {fixed(metric.champion_deviation, decimals)}"
    challenger = f"{fixed(metric.challenger, decimals)} ± {fixed(metric.challenger_deviation, decimals)}"
    return [name, champion, challenger, better, verdict]


def _name(metric: MetricResult) -> str:
    return known_name(metric.name) or UntrustedText(metric.name)
