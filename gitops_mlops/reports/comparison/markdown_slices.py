"""The folded table of slices in the markdown report."""

from __future__ import annotations

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.comparison.report_parts import SliceResult
from gitops_mlops.domain.statistics.results import MetricResult, MetricVerdict
from gitops_mlops.reports.comparison.headline import left_out_slices, unjudged_slices, worst_slices
from gitops_mlops.reports.comparison.markdown_sections import details, directed_name, metrics_table, short_prose
from gitops_mlops.reports.rendering.escape import code
from gitops_mlops.reports.rendering.numbers import count, counted


def slices_table(report: Report, limit: int) -> list[str]:
    """Parts of the rows, the worst first, each judged alone: only the gates correct for how many there are."""
    if not report.slices:
        return []
    found = worst_slices(report)
    worse = _with(report, "regressed")
    unjudged = _with(report, "cannot_be_judged")
    called = {metric.name: directed_name(metric) for _, metric in found}
    several = len(called) > 1
    rows = [(_slice_row(part, metric, several), metric) for part, metric in found[:limit]]
    header = "Slice" if several else f"Slice ({next(iter(called.values()), '')})"
    more = f"The {count(limit)} worst of {count(len(found))} are shown. " if len(found) > limit else ""
    return details(
        f"Slices: {count(worse)} of {count(len(report.slices))} worse, taken alone"
        + (f", {count(unjudged)} cannot be judged" if unjudged else ""),
        [
            *(metrics_table(rows, header) if rows else ["No metric was computed.", ""]),
            f"{more}Each slice is judged alone here; of many, some look worse by chance, which the gates allow for.",
            "",
            *([unjudged_slices(report, code, short_prose, limit // 10), ""] if unjudged else []),
            *([left_out, ""] if (left_out := left_out_slices(report)) else []),
        ],
    )


def _with(report: Report, verdict: MetricVerdict) -> int:
    """How many slices have a metric with that verdict."""
    return sum(any(metric.verdict == verdict for metric in part.metrics) for part in report.slices)


def _slice_name(part: SliceResult) -> str:
    return code(f"{part.column}={part.value}")


def _slice_row(part: SliceResult, metric: MetricResult, several: bool) -> str:
    name = f"{directed_name(metric)}, " if several else ""
    found = "" if part.declared else ", found"
    return f"{_slice_name(part)} ({name}{counted(part.rows, 'row')}{found})"
