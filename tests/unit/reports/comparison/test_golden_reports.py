"""Five reports as a reviewer sees them, kept as files that people look at.

After a wanted change: `python tests/unit/reports/comparison/test_golden_reports.py`, and read the diff.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gitops_mlops.domain.comparison.report import Report, parse_report
from gitops_mlops.reports.comparison.markdown import report_markdown
from gitops_mlops.reports.comparison.terminal import comparison_text

GOLDEN = Path(__file__).parents[1] / "golden"
NAMES = ("better", "worse", "inconclusive", "first_version", "incomparable", "hostile")
RENDERERS: dict[str, Callable[[Report], str]] = {
    "md": report_markdown,
    "txt": lambda report: comparison_text(report) + "\n",
}


def load(name: str) -> Report:
    return parse_report((GOLDEN / f"{name}.json").read_bytes())


@pytest.mark.parametrize("suffix", sorted(RENDERERS))
@pytest.mark.parametrize("name", NAMES)
def test_report_reads_as_it_was_looked_at(name: str, suffix: str) -> None:
    assert RENDERERS[suffix](load(name)) == (GOLDEN / f"{name}.{suffix}").read_text()


if __name__ == "__main__":
    for each in NAMES:
        for ending, render in RENDERERS.items():
            (GOLDEN / f"{each}.{ending}").write_text(render(load(each)))
