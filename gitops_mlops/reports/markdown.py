"""The report as GitHub shows it in a pull request: the verdict first, the evidence below, within one comment."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from gitops_mlops.domain.evaluation import SCHEMA, Report
from gitops_mlops.domain.names import is_artifact
from gitops_mlops.reports import markdown_details as folded
from gitops_mlops.reports import markdown_sections as open_
from gitops_mlops.reports.escape import marker

# GitHub takes 65,536 characters and cuts nothing: it refuses.
BUDGET = 60_000


class Section(NamedTuple):
    """A part of the report, and how much of it is shown: first all that is of use, then ever less; 0 is nothing."""

    name: str
    render: Callable[[Report, int], list[str]]
    sizes: tuple[int, ...]


SECTIONS = (
    Section("reasons", open_.headline, (400, 120)),
    Section("gates", open_.gates, (200, 60, 25)),
    Section("changes of gates", open_.gate_changes, (100, 20, 5)),
    Section("metrics", open_.metrics, (300, 60, 20)),
    Section("changes", open_.changes, (25, 10, 5)),
    Section("slices", folded.slices, (30, 10, 5)),
    Section("curves", folded.charts, (10, 2, 0)),
    Section("confusion matrix", folded.confusion, (10, 5, 0)),
    Section("warnings", folded.warnings, (400, 100, 0)),
    Section("what was compared", folded.sides, (50, 10, 0)),
    Section("how to read this", folded.how_to_read, (1, 0)),
)
# What goes first when it does not fit. The verdict and the gates only get shorter words.
SHORTENED_FIRST = (
    "what was compared",
    "curves",
    "confusion matrix",
    "warnings",
    "slices",
    "changes",
    "changes of gates",
    "how to read this",
    "metrics",
    "reasons",
    "gates",
)


def report_markdown(report: Report, budget: int = BUDGET) -> str:
    """The report in at most `budget` characters; what was left out is said at its end."""
    steps = dict.fromkeys(SHORTENED_FIRST, 0)
    parts = {section.name: _part(section, report, 0) for section in SECTIONS}
    sections = {section.name: section for section in SECTIONS}
    for name in SHORTENED_FIRST:
        for step in range(1, len(sections[name].sizes)):
            if len(_whole(parts, report, steps)) <= budget:
                break
            steps[name] = step
            parts[name] = _part(sections[name], report, step)
    return _whole(parts, report, steps)


def _part(section: Section, report: Report, step: int) -> str:
    size = section.sizes[step]
    return "\n".join(section.render(report, size)) if size else ""


def _whole(parts: dict[str, str], report: Report, steps: dict[str, int]) -> str:
    lines = [marker(report.model), *parts.values(), *_footer(report, steps)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip("\n") + "\n"


def _footer(report: Report, steps: dict[str, int]) -> list[str]:
    shortened = [name for name in SHORTENED_FIRST if steps[name]]
    left_out = [f"Shortened to fit into a comment: {', '.join(shortened)}; `report.json` has it all.", ""]
    model = f" {report.model}" if is_artifact(report.model) else ""
    return [
        "",
        *(left_out if shortened else []),
        f"*Compute it again: `gitops-mlops compare{model}`. Schema `{SCHEMA}`.*",
    ]
