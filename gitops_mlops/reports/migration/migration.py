"""A migration as a diff that `git apply` takes, and as data."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from gitops_mlops.reports.rendering.problems import problem_data
from gitops_mlops.reports.rendering.terminal import printable

if TYPE_CHECKING:
    from gitops_mlops.domain.migration.cml import CmlMigration, WorkflowTranslation


def migration_text(migration: CmlMigration) -> str:
    """The diffs of all files that change."""
    lines = (line for one in migration.changed for line in difference(one).splitlines())
    return "\n".join(printable(line.replace("\t", "    ")) for line in lines)


def difference(translation: WorkflowTranslation) -> str:
    """What changes in one file."""
    before, after = (text.splitlines(keepends=True) for text in (translation.before, translation.after))
    name = translation.name
    lines = difflib.unified_diff(before, after, f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def migration_data(migration: CmlMigration, *, written: bool) -> dict[str, Any]:
    """The same as JSON-ready data."""
    return {
        "written": written,
        "files": [
            {
                "path": one.name,
                "changed": one.after != one.before,
                "diff": difference(one),
                "manual_steps": problem_data(one.left),
                "notes": problem_data(one.notes),
            }
            for one in migration.workflows
        ],
        "other_files": problem_data(migration.elsewhere),
    }
