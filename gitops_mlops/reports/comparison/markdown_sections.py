"""The open sections of the markdown report: each a function from the report to lines.

`limit` is how much is shown (characters of a text, or rows of a table), so that a long report can be shortened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.comparison.report_parts import GateResult, ReportChange
from gitops_mlops.domain.shortening import more_lines
from gitops_mlops.domain.statistics.results import MetricResult
from gitops_mlops.reports.comparison.headline import (
    because,
    gate_name,
    gate_requirement,
    metric_name,
    other_reasons,
    title,
    worst_gates,
)
from gitops_mlops.reports.comparison.words import GATE_SYMBOLS, METRIC_SYMBOLS, METRIC_WORDS, VERDICT_SYMBOLS
from gitops_mlops.reports.rendering.escape import code, prose, row
from gitops_mlops.reports.rendering.numbers import (
    NOTHING,
    between,
    counted,
    data_text,
    decimals_of,
    fixed,
    level,
    pair_text,
    signed,
    value_text,
)

# A symbol and its word stay on one line of a narrow column.
_UNBROKEN = "\N{NO-BREAK SPACE}"

_MOST_REASONS = 10


def short_prose(text: str) -> str:
    """A name inside a sentence or a cell."""
    return prose(text, limit=40)


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table out of finished cells."""
    return [row(headers), row(["---"] * len(headers)), *(row(cells) for cells in rows), ""]


def headline(report: Report, limit: int) -> list[str]:
    """The verdict and why, then the reasons that no gate repeats."""
    sentences = because(report, lambda text: prose(text, limit), strong=lambda text: f"**{text}**")
    reasons = other_reasons(report)
    return [
        f"## {VERDICT_SYMBOLS[report.verdict]} {title(report, short_prose)}",
        "",
        " ".join(sentences),
        "",
        *(f"- {prose(text, limit)}" for text in reasons[:_MOST_REASONS]),
        *more_lines(len(reasons) - _MOST_REASONS, "- ", " reasons"),
        "",
    ]


def gates(report: Report, limit: int) -> list[str]:
    """Every gate, those that block first."""
    if not report.gates:
        return ["### Gates", "", "No gate is configured, so nothing was required.", ""]
    passed = sum(gate.status == "pass" for gate in report.gates)
    return [
        f"### Gates: {passed} of {len(report.gates)} passed",
        "",
        *table(["Gate", "Required", "Observed"], (_gate(gate, limit) for gate in worst_gates(report))),
    ]


def _gate(gate: GateResult, limit: int) -> list[str]:
    name = gate_name(gate, lambda text: prose(text, min(limit, 40)))
    return [
        f"{GATE_SYMBOLS[gate.status]}{_UNBROKEN}{name}",
        prose(gate_requirement(gate), min(limit, 80)),
        prose(gate.reason, limit),
    ]


def gate_changes(report: Report, limit: int) -> list[str]:
    """A warning nobody overlooks: the change moves its own goalposts."""
    if not report.gate_changes:
        return []
    changes = [f"> - {code(change.name)}: {_change_words(change)}" for change in report.gate_changes[:limit]]
    return [
        "> [!WARNING]",
        f"> **This change edits the gates** ({counted(len(report.gate_changes), 'difference')}). "
        "Read it as closely as the numbers.",
        ">",
        *changes,
        *more_lines(len(report.gate_changes) - limit, "> - "),
        "",
    ]


def _change_words(change: ReportChange) -> str:
    if change.old is None:
        return f"new, {code(value_text(change.new))}"
    if change.new is None:
        return f"**removed**, was {code(value_text(change.old))}"
    return _values(change)


def metrics(report: Report, limit: int) -> list[str]:
    """Each metric for both models, the difference with its interval, and what follows from it."""
    if not report.metrics:
        return ["### Metrics", "", "No metric was computed.", ""]
    notes = [
        f"- {metric_name(one.name, short_prose)}: {prose(one.note, limit)}" for one in report.metrics if one.note
    ]
    return [
        "### Metrics",
        "",
        *metrics_table([(directed_name(one), one) for one in report.metrics], "Metric"),
        *notes,
        *([""] if notes else []),
    ]


def directed_name(metric: MetricResult) -> str:
    """The metric's name and the direction in which it is better."""
    return f"{metric_name(metric.name, short_prose)}{_UNBROKEN}{'↑' if metric.higher_is_better else '↓'}"


def metrics_table(named: Sequence[tuple[str, MetricResult]], header: str) -> list[str]:
    """A table of metrics under finished names; without a champion's column where there is no champion."""
    if all(metric.champion is None for _, metric in named):
        levels = sorted({level(metric.challenger_ci) for _, metric in named if metric.challenger_ci})
        heading = f"Interval ({levels[0]})" if len(levels) == 1 else "Interval"
        return table([header, "Value", heading], (_alone(name, metric) for name, metric in named))
    levels = sorted({level(metric.ci) for _, metric in named if metric.ci})
    heading = f"Better by ({levels[0]} CI)" if len(levels) == 1 else "Better by (CI)"
    rows = (_compared(name, metric) for name, metric in named)
    return table([header, "Champion → challenger", heading], rows)


def _alone(name: str, metric: MetricResult) -> list[str]:
    decimals = decimals_of(metric)
    interval = between(metric.challenger_ci, decimals) if metric.challenger_ci else NOTHING
    return [name, fixed(metric.challenger, decimals), interval]


def _compared(name: str, metric: MetricResult) -> list[str]:
    decimals = decimals_of(metric)
    interval = f" ({between(metric.ci, decimals)})" if metric.ci else ""
    return [
        name,
        f"{fixed(metric.champion, decimals)} → {fixed(metric.challenger, decimals)}",
        f"{METRIC_SYMBOLS[metric.verdict]}{_UNBROKEN}{METRIC_WORDS[metric.verdict]}: "
        f"{signed(metric.delta, decimals)}{interval}",
    ]


def changes(report: Report, limit: int) -> list[str]:
    """Parameters and data that differ between the sides."""
    if report.champion is None and not (report.parameters or report.data):
        return []
    if not report.parameters and not report.data:
        return ["### What changed", "", "No difference in parameters or tracked data is recorded.", ""]
    return [
        "### What changed",
        "",
        *_changes_list("Parameters", report.parameters, limit, _values),
        *_changes_list("Data", report.data, limit, _files),
    ]


def _changes_list(
    heading: str, found: Sequence[ReportChange], limit: int, words: Callable[[ReportChange], str]
) -> list[str]:
    """A list and no table, for names and values are long and a phone is narrow."""
    if not found:
        return []
    # DVC's own file needs no mention.
    lines = [f"- {code(change.name.removeprefix('params.yaml:'))}: {words(change)}" for change in found[:limit]]
    return [f"**{heading}**", "", *lines, *more_lines(len(found) - limit, "- "), ""]


def _values(change: ReportChange) -> str:
    old, new = pair_text(change.old, change.new, 60)
    return f"{NOTHING if change.old is None else code(old)} → {NOTHING if change.new is None else code(new)}"


def _files(change: ReportChange) -> str:
    return f"{data_text(change.old, code)} → {data_text(change.new, code)}"


def details(summary: str, lines: Sequence[str]) -> list[str]:
    """A folded section; `summary` is ours alone, for no markdown is read in it."""
    return [f"<details><summary>{summary}</summary>", "", *lines, "</details>", ""]
