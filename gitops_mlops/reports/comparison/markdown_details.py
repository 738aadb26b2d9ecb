"""The folded sections of the markdown report, which a reviewer opens to look closer; see `markdown_slices` too."""

from __future__ import annotations

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.comparison.report_parts import ComparedRevision
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.shortening import more_lines
from gitops_mlops.domain.statistics.results import ConfusionMatrix, PlotCurve
from gitops_mlops.reports.comparison.markdown_sections import details, short_prose, table
from gitops_mlops.reports.comparison.panels import Panel, UntrustedText
from gitops_mlops.reports.comparison.panels import panels as all_panels
from gitops_mlops.reports.rendering.escape import code, prose
from gitops_mlops.reports.rendering.mermaid import PLOTS, chart
from gitops_mlops.reports.rendering.numbers import NOTHING, count, counted

_WIDEST_MATRIX = 4


def panels(report: Report, limit: int) -> list[str]:
    """What was looked at beside the gates, each folded; a warning sign before what should not be overlooked."""
    return [line for panel in all_panels(report) for line in _panel(panel, limit)]


def _panel(panel: Panel, limit: int) -> list[str]:
    rows = [[_panel_text(cell) for cell in cells] for cells in panel.rows[:limit]]
    return details(
        f"{'⚠️ ' if panel.alert else ''}{panel.title}: {panel.summary}",
        [
            *(line for sentence in panel.sentences for line in ("".join(map(_panel_text, sentence)), "")),
            *(table(panel.headers, rows) if rows else []),
            *(line for more in more_lines(len(panel.rows) - len(rows)) for line in (more, "")),
        ],
    )


def _panel_text(text: str) -> str:
    return prose(text, 300) if isinstance(text, UntrustedText) else text


def charts(report: Report, limit: int) -> list[str]:
    """Curves as Mermaid charts."""
    drawn = [(curve, plotted) for curve in report.curves[:limit] if (plotted := chart(curve)) is not None]
    lines = []
    for curve, (source, legend) in drawn:
        lines += [f"**{_curve_title(curve)}**: {legend}", "", "```mermaid", source, "```", ""]
    return details(f"Curves: {count(len(drawn))}", lines) if drawn else []


def _curve_title(curve: PlotCurve) -> str:
    return PLOTS[curve.name].title if curve.name in PLOTS else short_prose(curve.name)


def confusion(report: Report, limit: int) -> list[str]:
    """Who is taken for whom, both models in one cell; of many classes only the largest mistakes."""
    matrix = report.confusion
    if matrix is None:
        return []
    if not _square(matrix):
        return details("Confusion matrix", ["It does not fit its labels and is not shown.", ""])
    lines = _whole(matrix) if len(matrix.labels) <= _WIDEST_MATRIX else _mistakes(matrix, limit)
    sides = "Rows" if matrix.champion is None else "Rows, champion → challenger"
    return details("Confusion matrix", [f"{sides}.", "", *lines])


def _square(matrix: ConfusionMatrix) -> bool:
    number = len(matrix.labels)
    present = [side for side in (matrix.champion, matrix.challenger) if side is not None]
    return number > 0 and all(len(side) == number and all(len(line) == number for line in side) for side in present)


def _whole(matrix: ConfusionMatrix) -> list[str]:
    labels = [code(label, 20) for label in matrix.labels]
    rows = [[f"is {labels[i]}", *(_cell(matrix, i, j) for j in range(len(labels)))] for i in range(len(labels))]
    return table(["", *(f"predicted {label}" for label in labels)], rows)


def _mistakes(matrix: ConfusionMatrix, limit: int) -> list[str]:
    number = len(matrix.labels)
    places = [(i, j) for i in range(number) for j in range(number) if i != j]
    largest = sorted(places, key=lambda place: -matrix.challenger[place[0]][place[1]])[:limit]
    rows = [[code(matrix.labels[i], 24), code(matrix.labels[j], 24), _cell(matrix, i, j)] for i, j in largest]
    shown = f"The {count(len(rows))} most frequent mistakes among {count(number)} classes."
    return [shown, "", *table(["Is", "Predicted", "Rows"], rows)]


def _cell(matrix: ConfusionMatrix, i: int, j: int) -> str:
    new = count(matrix.challenger[i][j])
    return new if matrix.champion is None else f"{count(matrix.champion[i][j])} → {new}"


def warnings(report: Report, limit: int) -> list[str]:
    """What the comparison was not sure about."""
    if not report.warnings:
        return []
    lines = [f"- {prose(text, limit)}" for text in report.warnings]
    return details(f"⚠️ {counted(len(report.warnings), 'warning')}", [*lines, ""])


def sides(report: Report, limit: int) -> list[str]:
    """What exactly was compared, on which rows, with what software."""
    champion, challenger = report.champion, report.challenger
    rows = [
        ["Revision", *_both(champion, challenger, "revision")],
        ["Version", *_both(champion, challenger, "version")],
        ["Commit", *_both(champion, challenger, "commit")],
        ["Model, SHA-256", *_both(champion, challenger, "model_sha256")],
    ]
    environment = sorted(report.environment.items())[:limit]
    lines = [
        *table(["", "Champion", "Challenger"], rows),
        *_rows(report),
        "",
        *(
            table(["Software", "Version"], ([code(k, 30), code(v, 30)] for k, v in environment))
            if environment
            else []
        ),
    ]
    return details("What was compared", lines)


def _both(champion: ComparedRevision | None, challenger: ComparedRevision, field: str) -> list[str]:
    texts = (getattr(champion, field) if champion else "", getattr(challenger, field))
    width = 12 if field in ("commit", "model_sha256") else 40
    return [code(text[:width], width) if text else NOTHING for text in texts]


def _rows(report: Report) -> list[str]:
    rows = report.evaluation
    lines = [f"- Rows: {count(rows.rows)} of {code(rows.dataset)}"]
    if rows.positives is not None:
        lines.append(f"- Positive: {count(rows.positives)}")
    if rows.clusters is not None:
        by = f" by {code(rows.cluster_by)}" if rows.cluster_by else ""
        what = "Points in time" if report.task == ModelTask.FORECASTING else "Independent groups"
        lines.append(f"- {what}: {count(rows.clusters)}{by}")
    lines += [f"- Left out: {count(number)}, {prose(reason)}" for reason, number in rows.excluded.items()]
    if rows.overlap is not None:
        lines.append(f"- Rows that are in the training data too: {count(rows.overlap)}")
    return lines


def how_to_read(report: Report, limit: int) -> list[str]:
    """The words of the report."""
    return details(
        "How to read this",
        [
            "- Both models were scored on the same rows. ↑ more is better, ↓ less is better.",
            "- *Better by* is turned so that above zero the challenger is always better, with the interval in "
            "which the true difference lies.",
            "- 🟢 better: the whole interval lies above zero. 🔵 not worse: it lies above minus the margin. "
            "🔴 worse: it lies below minus the margin. 🟡 inconclusive: the interval is too wide for any of these; "
            "more rows would help. ⚪ cannot be judged: too few rows for an interval.",
            "- ⛔ a gate that blocks, ⚠️ a gate that warns, ✅ a gate that passed.",
            "",
        ],
    )
