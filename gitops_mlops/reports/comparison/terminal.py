"""The comparison in a terminal: 80 columns, the verdict first, colour only when it is asked for."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.comparison.report_parts import ReportChange, SliceResult, Verdict
from gitops_mlops.domain.shortening import more_lines
from gitops_mlops.domain.statistics.results import Interval, MetricResult, MetricVerdict
from gitops_mlops.reports.comparison.headline import (
    because,
    gate_name,
    gate_requirement,
    left_out_slices,
    metric_name,
    other_reasons,
    revision_name,
    title,
    unjudged_slices,
    worst_gates,
    worst_slices,
)
from gitops_mlops.reports.comparison.panels import Panel, panels
from gitops_mlops.reports.comparison.words import METRIC_WORDS
from gitops_mlops.reports.rendering.numbers import (
    NOTHING,
    counted,
    data_text,
    decimals_of,
    fixed,
    level,
    pair_text,
    signed,
)
from gitops_mlops.reports.rendering.terminal import fit, printable, table

WIDTH = 80
_CHANGES_SHOWN = 12
_SLICES_SHOWN = 8
_NARROWEST_NAME = 12
_WIDEST_CELL = 32
_PANEL_ROWS_SHOWN = 12

_GREEN, _YELLOW, _RED, _PLAIN = "32", "33", "31", "0"
_VERDICT_COLOURS: dict[Verdict, str] = {"pass": _GREEN, "warn": _YELLOW, "block": _RED, "incomparable": _YELLOW}
_METRIC_COLOURS: dict[MetricVerdict, str] = {
    "improved": _GREEN,
    "non_inferior": _GREEN,
    "inconclusive": _YELLOW,
    "cannot_be_judged": _YELLOW,
    "regressed": _RED,
    "undefined": _PLAIN,
}
_VERDICT_WORDS: dict[Verdict, str] = {"pass": "PASS", "warn": "WARN", "block": "BLOCK", "incomparable": "UNKNOWN"}

Paint = Callable[[str, str], str]


def comparison_text(report: Report, colour: bool = False) -> str:
    """The whole report as plain text; with `colour`, in ANSI colours."""
    paint: Paint = _ansi if colour else lambda text, _: text
    sections = (section(report, paint) for section in SECTIONS)
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _ansi(text: str, colour: str) -> str:
    return f"\033[1;{colour}m{text}\033[0m"


def _headline(report: Report, paint: Paint) -> list[str]:
    first, *rest = _wrap(f"{_VERDICT_WORDS[report.verdict]}  {title(report, printable)}")
    return [
        paint(first, _VERDICT_COLOURS[report.verdict]),
        *rest,
        *_wrap(" ".join(because(report, printable))),
        *(line for text in other_reasons(report) for line in _wrap(text, "- ", "  ")),
    ]


def _gates(report: Report, paint: Paint) -> list[str]:
    if not report.gates:
        return ["No gate is configured, so nothing was required."]
    passed = sum(gate.status == "pass" for gate in report.gates)
    lines = [f"Gates: {passed} of {len(report.gates)} passed"]
    for gate in worst_gates(report):
        word = f"{_VERDICT_WORDS[gate.status]:<5}"
        first, *rest = _wrap(
            f"{gate_name(gate, printable)}: {gate_requirement(gate)}. Observed: {gate.reason}", f"  {word}  ", " " * 9
        )
        lines += [f"  {paint(word, _VERDICT_COLOURS[gate.status])}{first[7:]}", *rest]
    return lines


def _gate_changes(report: Report, paint: Paint) -> list[str]:
    if not report.gate_changes:
        return []
    lines = [paint("This change edits the gates. Read it as closely as the numbers.", _YELLOW)]
    return lines + _change_table(report, "Gate", report.gate_changes, _values)


def _metrics(report: Report, paint: Paint) -> list[str]:
    if not report.metrics:
        return ["No metric was computed."]
    notes = [
        line
        for metric in report.metrics
        if metric.note
        for line in _wrap(f"{metric_name(metric.name, printable)}: {metric.note}", "- ", "  ")
    ]
    named = [(metric_name(metric.name, printable), metric) for metric in report.metrics]
    return [*_metric_table("Metric", named, paint), "↑ more is better, ↓ less is better", *notes]


def _metric_table(header: str, named: Sequence[tuple[str, MetricResult]], paint: Paint) -> list[str]:
    levels = sorted({level(interval) for _, metric in named if (interval := _interval(metric))})
    headers = ["Champion", "Challenger", "Better by", f"{levels[0]} CI" if len(levels) == 1 else "CI", ""]
    cells = [_metric_cells(metric) for _, metric in named]
    alone = all(metric.champion is None for _, metric in named)
    if alone:
        # Without a champion there is nothing but values.
        headers, cells = ["Value", headers[3]], [[row[1], row[3]] for row in cells]
    heading, *lines = table(
        [header, *headers], _named_rows(named, headers, cells), right=range(1, min(len(headers), 4) + 1)
    ).split("\n")
    return [heading, *(lines if alone else _coloured(lines, named, paint))]


def _named_rows(
    named: Sequence[tuple[str, MetricResult]], headers: Sequence[str], cells: Sequence[Sequence[str]]
) -> list[list[str]]:
    """The rows with their names, which get what the numbers leave of the width."""
    # Two spaces between columns, an arrow after the name.
    taken = sum(max(len(row[column]) for row in [headers, *cells]) + 2 for column in range(len(headers)))
    width = max(WIDTH - taken - 2, _NARROWEST_NAME)
    names = [f"{fit(name, width)} {'↑' if metric.higher_is_better else '↓'}" for name, metric in named]
    return [[name, *row] for name, row in zip(names, cells, strict=True)]


def _coloured(lines: Sequence[str], named: Sequence[tuple[str, MetricResult]], paint: Paint) -> list[str]:
    words = [(METRIC_WORDS[metric.verdict], _METRIC_COLOURS[metric.verdict]) for _, metric in named]
    return [line.removesuffix(word) + paint(word, colour) for line, (word, colour) in zip(lines, words, strict=True)]


def _metric_cells(metric: MetricResult) -> list[str]:
    decimals = decimals_of(metric)
    interval = _interval(metric)
    return [
        fixed(metric.champion, decimals),
        fixed(metric.challenger, decimals),
        signed(metric.delta, decimals),
        f"{fixed(interval.low, decimals)}…{fixed(interval.high, decimals)}" if interval else NOTHING,
        METRIC_WORDS[metric.verdict],
    ]


def _interval(metric: MetricResult) -> Interval | None:
    """Of the difference; without a champion, of the challenger's own value."""
    return metric.ci or (metric.challenger_ci if metric.champion is None else None)


def _changes(report: Report, _: Paint) -> list[str]:
    parameters = _change_table(report, "Parameter", report.parameters, _values)
    data = _change_table(report, "Data", report.data, _data)
    return [*parameters, *([""] if parameters and data else []), *data]


def _change_table(
    report: Report, header: str, changes: Sequence[ReportChange], cells: Callable[[ReportChange], tuple[str, str]]
) -> list[str]:
    if not changes:
        return []
    old = fit(revision_name(report.champion, printable), 20) if report.champion else "Champion"
    rows = [[fit(change.name, 34), *(fit(cell, 20) for cell in cells(change))] for change in changes[:_CHANGES_SHOWN]]
    return [table([header, old, "Challenger"], rows), *more_lines(len(changes) - len(rows))]


def _values(change: ReportChange) -> tuple[str, str]:
    old, new = pair_text(change.old, change.new, 20)
    return (NOTHING if change.old is None else old, NOTHING if change.new is None else new)


def _data(change: ReportChange) -> tuple[str, str]:
    return (data_text(change.old, printable), data_text(change.new, printable))


def _slices(report: Report, paint: Paint) -> list[str]:
    found = worst_slices(report)
    if not found:
        return []
    several = len({metric.name for _, metric in found}) > 1
    named = [(_slice_name(part, metric, several), metric) for part, metric in found[:_SLICES_SHOWN]]
    more = [f"the {len(named)} worst of {counted(len(found), 'slice')}"] if len(found) > len(named) else []
    notes = [unjudged_slices(report, printable, printable), left_out_slices(report)]
    told = [line for note in notes if note for line in _wrap(note, "- ", "  ")]
    return [*_metric_table("Slice", named, paint), *more, *told]


def _slice_name(part: SliceResult, metric: MetricResult, several: bool) -> str:
    place = f"{part.column}={part.value}"
    return f"{metric_name(metric.name, printable)} {place}" if several else place


def _panels(report: Report, paint: Paint) -> list[str]:
    found = [_panel(panel, paint) for panel in panels(report)]
    return [line for lines in found for line in (*lines, "")][:-1]


def _panel(panel: Panel, paint: Paint) -> list[str]:
    title = f"{panel.title}: {panel.summary}"
    rows = [[fit(cell, _WIDEST_CELL) for cell in cells] for cells in panel.rows[:_PANEL_ROWS_SHOWN]]
    return [
        paint(title, _YELLOW) if panel.alert else title,
        *(line for words in panel.sentences for line in _wrap("".join(words))),
        *(table([header.upper() for header in panel.headers], rows).splitlines() if rows else []),
        *more_lines(len(panel.rows) - len(rows)),
    ]


def _warnings(report: Report, paint: Paint) -> list[str]:
    if not report.warnings:
        return []
    lines = [line for text in report.warnings for line in _wrap(text, "- ", "  ")]
    return [paint(counted(len(report.warnings), "warning").capitalize(), _YELLOW), *lines]


def _wrap(text: str, first: str = "", rest: str = "") -> list[str]:
    shown = printable(" ".join(text.split()))
    return textwrap.wrap(shown, WIDTH, initial_indent=first, subsequent_indent=rest) or [first.rstrip()]


SECTIONS: tuple[Callable[[Report, Paint], list[str]], ...] = (
    _headline,
    _gates,
    _gate_changes,
    _metrics,
    _changes,
    _slices,
    _panels,
    _warnings,
)
