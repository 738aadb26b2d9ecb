"""The report as GitHub shows it in a pull request: the verdict first, the evidence below, within one comment."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gitops_mlops.domain.comparison.report import SCHEMA, Report
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.names import is_artifact
from gitops_mlops.reports.comparison import markdown_details as folded
from gitops_mlops.reports.comparison import markdown_sections as open_
from gitops_mlops.reports.comparison.markdown_slices import slices_table
from gitops_mlops.reports.rendering.escape import marker
from gitops_mlops.reports.rendering.links import commit_link, difference_link

# GitHub takes 65,536 characters and cuts nothing: it refuses.
BUDGET = 60_000


class MarkdownSection(NamedTuple):
    """A part of the report, and how much of it is shown: first all that is of use, then ever less; 0 is nothing.

    When the whole does not fit, sections of the lowest `rank` give way first.
    """

    name: str
    render: Callable[[Report, int], list[str]]
    sizes: tuple[int, ...]
    rank: int


# The verdict and the gates only get shorter words.
SECTIONS = (
    MarkdownSection("reasons", open_.headline, (400, 120), 90),
    MarkdownSection("gates", open_.gates, (200, 60, 25), 100),
    MarkdownSection("changes of gates", open_.gate_changes, (100, 20, 5), 60),
    MarkdownSection("metrics", open_.metrics, (300, 60, 20), 80),
    MarkdownSection("changes", open_.changes, (25, 10, 5), 50),
    MarkdownSection("slices", slices_table, (30, 10, 5), 45),
    MarkdownSection("further checks", folded.panels, (30, 10, 3, 0), 42),
    MarkdownSection("curves", folded.charts, (10, 2, 0), 20),
    MarkdownSection("confusion matrix", folded.confusion, (10, 5, 0), 30),
    MarkdownSection("warnings", folded.warnings, (400, 100, 0), 40),
    MarkdownSection("what was compared", folded.sides, (50, 10, 0), 10),
    MarkdownSection("how to read this", folded.how_to_read, (1, 0), 70),
)


def report_markdown(report: Report, budget: int = BUDGET, web: str = "") -> str:
    """The report in at most `budget` characters; what was left out is said at its end.

    `web` is the repository's address (https://host/owner/name), to which commits are linked.
    """
    first = f"{marker(report.model)}\n"
    return first + report_body(report, budget - len(first), web)


def report_body(report: Report, budget: int, web: str = "") -> str:
    """The same without the marker that begins a comment of its own."""
    steps = [0] * len(SECTIONS)
    parts = [_part(section, report, 0) for section in SECTIONS]
    for index in sorted(range(len(SECTIONS)), key=lambda index: SECTIONS[index].rank):
        for step in range(1, len(SECTIONS[index].sizes)):
            if len(_whole(parts, report, steps, web)) <= budget:
                break
            steps[index] = step
            parts[index] = _part(SECTIONS[index], report, step)
    return _whole(parts, report, steps, web)


def _part(section: MarkdownSection, report: Report, step: int) -> str:
    size = section.sizes[step]
    return "\n".join(section.render(report, size)) if size else ""


def _whole(parts: Sequence[str], report: Report, steps: Sequence[int], web: str) -> str:
    lines = [*parts, *_footer(report, steps, web)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip("\n") + "\n"


def _footer(report: Report, steps: Sequence[int], web: str) -> list[str]:
    shortened = [section.name for section, step in zip(SECTIONS, steps, strict=True) if step]
    left_out = [f"Shortened to fit into a comment: {', '.join(shortened)}; `report.json` has it all.", ""]
    model = f" {report.model}" if is_artifact(report.model) else ""
    return [
        "",
        *(left_out if shortened else []),
        *_lineage(report, web),
        f"*Compute it again: `gitops-mlops compare{model}`. Schema `{SCHEMA}`.*",
    ]


def _lineage(report: Report, web: str) -> list[str]:
    """Links to where both sides come from; none without the repository's address."""
    sides = [("champion", report.champion), ("challenger", report.challenger)]
    links = [
        f"[{name} `{short_sha(side.commit)}`]({address})"
        for name, side in sides
        if side is not None and (address := commit_link(web, side.commit))
    ]
    difference = difference_link(web, report)
    links += [f"[what changed between them]({difference})"] if difference else []
    return [" · ".join(links), ""] if links else []
