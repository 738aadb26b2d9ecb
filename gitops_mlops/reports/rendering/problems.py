"""Problems in files as lines that editors and people can follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from gitops_mlops.domain.errors import FileProblemLine
from gitops_mlops.reports.rendering.terminal import printable


def problem_lines(problems: Sequence[FileProblemLine]) -> str:
    """`path:line:column: where: what → what to do`, one a line."""
    return "\n".join(printable(str(problem)) for problem in problems)


def problem_data(problems: Sequence[FileProblemLine]) -> list[dict[str, Any]]:
    """The same as JSON-ready data."""
    return [asdict(problem) for problem in problems]


def counted(count: int, singular: str, plural: str = "") -> str:
    """`1 problem`, `2 problems`."""
    return f"{count} {singular if count == 1 else plural or f'{singular}s'}"
