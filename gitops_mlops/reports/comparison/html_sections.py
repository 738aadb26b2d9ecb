"""The sections of the HTML page that are words and tables: each a function from the report to a body, or None."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.comparison.report_parts import ComparedRevision, ReportChange
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.reports.comparison.headline import (
    because,
    gate_name,
    gate_requirement,
    other_reasons,
    title,
    worst_gates,
)
from gitops_mlops.reports.comparison.html_parts import (
    VERDICT_CHIPS,
    TableRow,
    bullets,
    chip,
    fold,
    gate_chip,
    link,
    paragraph,
    sentence,
    table,
    value,
    value_or_nothing,
)
from gitops_mlops.reports.comparison.panels import Panel, UntrustedText
from gitops_mlops.reports.comparison.panels import panels as all_panels
from gitops_mlops.reports.rendering.links import commit_link, difference_link, version_link
from gitops_mlops.reports.rendering.markup import Markup, fragment, tag
from gitops_mlops.reports.rendering.numbers import NOTHING, count, counted, data_text, pair_text

_PICTURE = "\N{VARIATION SELECTOR-16}"
_CHANGES_OPEN = 30


def headline(report: Report) -> Markup:
    """The verdict, the number it rests upon, and what was compared."""
    kind, words = VERDICT_CHIPS[report.verdict]
    sentences = Markup(" ".join(because(report, sentence, strong=_strong)))
    sides = [fragment(["Challenger: ", _side(report.challenger)])]
    if report.champion is not None:
        sides.insert(0, fragment(["Champion: ", _side(report.champion)]))
    facts = [
        fragment(["Task: ", sentence(report.task)]),
        *sides,
        fragment(["Data: ", sentence(report.evaluation.dataset)]),
    ]
    return tag(
        "header",
        chip(kind, words),
        tag("h1", Markup(title(report, sentence))),
        paragraph(sentences, class_="because"),
        bullets(sentence(text) for text in other_reasons(report)),
        tag("ul", *(tag("li", fact) for fact in facts), class_="facts soft"),
        class_=f"verdict {kind}",
    )


def _strong(text: str) -> Markup:
    # What `because` hands over was put together from finished parts.
    return tag("strong", Markup(text))


def _side(revision: ComparedRevision) -> Markup:
    name = revision.version or revision.revision
    commit = fragment([" at ", value(short_sha(revision.commit))]) if revision.commit else ""
    return fragment([sentence(name), commit])


def gate_changes(report: Report) -> Markup | None:
    """A warning nobody overlooks: the change moves its own goalposts."""
    if not report.gate_changes:
        return None
    return fragment(
        [
            paragraph("Read it as closely as the numbers: the change moves what it is measured by."),
            _changes_table("Gates", report.gate_changes, _values, ("Base", "This change")),
        ]
    )


def gates(report: Report) -> Markup:
    """Every gate, those that block first."""
    if not report.gates:
        return paragraph("No gate is configured, so nothing was required.")
    passed = sum(gate.status == "pass" for gate in report.gates)
    rows = [
        TableRow(
            [
                Markup(gate_name(gate, sentence)),
                gate_chip(gate.status),
                sentence(gate_requirement(gate)),
                sentence(gate.reason),
            ]
        )
        for gate in worst_gates(report)
    ]
    return table(f"{passed} of {len(report.gates)} passed", ["Gate", "Result", "Required", "Observed"], rows)


def warnings(report: Report) -> Markup | None:
    """What the comparison was not sure about."""
    return bullets(sentence(text) for text in report.warnings) if report.warnings else None


def changes(report: Report) -> Markup | None:
    """Parameters and data that differ between the sides."""
    if report.champion is None and not (report.parameters or report.data):
        return None
    if not report.parameters and not report.data:
        return paragraph("No difference in parameters or tracked data is recorded.")
    parts = [
        _changes_table(heading, found, cells)
        for heading, found, cells in (("Parameters", report.parameters, _values), ("Data", report.data, _files))
        if found
    ]
    return fragment(parts)


def _changes_table(
    heading: str,
    found: Sequence[ReportChange],
    cells: Callable[[ReportChange], list[str]],
    sides: tuple[str, str] = ("Champion", "Challenger"),
) -> Markup:
    headers = ["Name", *sides]
    rows = [TableRow([value(one.name.removeprefix("params.yaml:")), *cells(one)]) for one in found]
    shown = table(f"{heading}: {counted(len(found), 'difference')}", headers, rows[:_CHANGES_OPEN])
    if len(rows) <= _CHANGES_OPEN:
        return shown
    return fragment([shown, fold("The others", table(f"{heading}: the others", headers, rows[_CHANGES_OPEN:]))])


def _values(change: ReportChange) -> list[str]:
    old, new = pair_text(change.old, change.new, 200)
    return [Markup(NOTHING) if side is None else value(text) for side, text in ((change.old, old), (change.new, new))]


def _files(change: ReportChange) -> list[str]:
    return [Markup(data_text(side, value)) for side in (change.old, change.new)]


def sides(report: Report, web: str) -> Markup:
    """What exactly was compared, on which rows, with what software: enough to compute it again."""
    found = [side for side in (report.champion, report.challenger) if side is not None]
    headers = ["What", *(["Champion"] if report.champion else []), "Challenger"]
    rows = [
        TableRow(["Revision", *(value_or_nothing(side.revision) for side in found)]),
        TableRow(["Version", *(_linked(version_link(web, report.model, side), side.version) for side in found)]),
        TableRow(["Commit", *(_linked(commit_link(web, side.commit), side.commit) for side in found)]),
        TableRow(["Model, SHA-256", *(value_or_nothing(side.model_sha256) for side in found)]),
        *(
            TableRow(
                [
                    fragment(["Data ", value(path), ", MD5"]),
                    *(value_or_nothing(side.data_md5.get(path, "")) for side in found),
                ]
            )
            for path in sorted({path for side in found for path in side.data_md5})
        ),
    ]
    difference = difference_link(web, report)
    return fragment(
        [
            table("Where both sides come from", headers, rows, "lineage"),
            paragraph(link(difference, "What changed in git between both")) if difference else None,
            tag("h3", "Rows"),
            bullets(_rows(report)),
            _software(report),
        ]
    )


def _linked(address: str, text: str) -> Markup:
    return link(address, value(text)) if text else Markup(NOTHING)


def _rows(report: Report) -> list[Markup]:
    rows = report.evaluation
    found = [fragment([f"{counted(rows.rows, 'row')} of ", value(rows.dataset)])]
    if rows.positives is not None:
        found.append(fragment([f"{count(rows.positives)} with the positive label"]))
    if rows.clusters is not None:
        by = [" by ", value(rows.cluster_by)] if rows.cluster_by else []
        found.append(fragment([counted(rows.clusters, "independent group"), *by]))
    found += [fragment([f"{count(number)} left out: ", sentence(reason)]) for reason, number in rows.excluded.items()]
    if rows.overlap is not None:
        found.append(fragment([f"{count(rows.overlap)} are in the training data too"]))
    return found


def _software(report: Report) -> Markup | None:
    if not report.environment:
        return None
    rows = [TableRow([value(name), value(version)]) for name, version in sorted(report.environment.items())]
    return fold("Software", table("Software it was computed with", ["Name", "Version"], rows))


def how_to_read(report: Report) -> Markup:
    """The words of the report."""
    return bullets(
        [
            "Both models were scored on the same rows. ↑ more is better, ↓ less is better.",
            "Differences are turned so that above zero, right of the line, the challenger is always better. "
            "The bar is the interval in which the true difference lies; the shaded band is the margin, which is "
            "how much worse is still tolerated.",
            "● better: the whole interval lies above zero. ■ not worse: it lies above minus the margin. "
            "◆ worse: it lies below minus the margin. ○ inconclusive: the interval is too wide for any of these; "
            "more rows would help. – cannot be judged: too few rows for an interval.",
        ]
    )


def panels(report: Report) -> Markup | None:
    """What was looked at beside the gates."""
    found = [part for panel in all_panels(report) for part in _panel(panel)]
    return fragment(found) if found else None


def _panel(panel: Panel) -> list[Markup]:
    title = tag("h3", _text(f"{'⚠️ ' if panel.alert else ''}{panel.title}: {panel.summary}"))
    sentences = [paragraph(*map(_text, words)) for words in panel.sentences]
    rows = [TableRow([_text(cell) for cell in cells]) for cells in panel.rows]
    return [title, *sentences, *([table(panel.title, list(panel.headers), rows)] if rows else [])]


def _text(text: str) -> Markup:
    # What chooses between a sign and its picture is invisible, and escaping writes it out.
    return sentence(text) if isinstance(text, UntrustedText) else fragment([text.replace(_PICTURE, "")])
