"""What a scaffold would write: a diff, and a summary."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from gitops_mlops.domain.scaffold.plan import FileEdit, ScaffoldPlan
from gitops_mlops.reports.rendering.terminal import printable, table


def diff_text(plan: ScaffoldPlan) -> str:
    """Every edit as a unified diff."""
    return "\n".join(line for edit in plan.edits for line in _diff(edit))


def plan_text(plan: ScaffoldPlan) -> str:
    """Which files, what was left alone, and what to do next."""
    lines = []
    if plan.edits:
        lines.append(table(("File", ""), [(edit.path, edit.kind.value) for edit in plan.edits]))
    lines += [f"note: {printable(note)}" for note in plan.notes]
    if plan.conflicts:
        lines.append("Choose between the marks <<<<<<< and >>>>>>> in the files with a conflict, then commit.")
    if plan.next:
        lines += ["", "Next:", *(f"  {line}" for line in plan.next)]
    return "\n".join(lines) or "Everything is up to date."


def plan_data(plan: ScaffoldPlan) -> dict[str, Any]:
    """The same as data."""
    return {
        "files": [{"path": edit.path, "kind": edit.kind.value} for edit in plan.edits],
        "conflicts": plan.conflicts,
        "notes": list(plan.notes),
        "next_steps": list(plan.next),
    }


def _diff(edit: FileEdit) -> Iterator[str]:
    before, after = (_lines(content) for content in (edit.before, edit.after))
    old = "/dev/null" if edit.before is None else f"a/{edit.path}"
    new = "/dev/null" if edit.after is None else f"b/{edit.path}"
    for line in difflib.unified_diff(before, after, old, new, lineterm=""):
        yield printable(line.expandtabs())


def _lines(content: bytes | None) -> list[str]:
    return (content or b"").decode(errors="replace").splitlines()
