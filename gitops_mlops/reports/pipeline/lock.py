"""What is said of `dvc.lock`."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from typing import Any

from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.pipeline.lock_report import LockReport
from gitops_mlops.domain.pipeline.lock_text import PushedLock
from gitops_mlops.domain.ports import TrackedOutput
from gitops_mlops.domain.shortening import first_of
from gitops_mlops.reports.rendering.problems import counted, problem_data, problem_lines
from gitops_mlops.reports.rendering.terminal import printable

_NAMED = 5


def command_line(commands: Sequence[Sequence[str]]) -> str:
    """Commands as they are typed into a shell, each if the one before succeeded."""
    return " && ".join(shlex.join(words) for words in commands)


def lock_text(report: LockReport, missing: Sequence[TrackedOutput], mend: Sequence[Sequence[str]]) -> str:
    """The result of `lock check`."""
    if report.problems:
        count = counted(len(report.problems), "problem")
        lines = [problem_lines(report.problems), "", f"dvc.lock is out of date: {count}"]
    elif missing:
        lines = [f"{printable(output.path)}: MD5 {output.md5} is not on the DVC remote" for output in missing]
        lines += ["", f"dvc.lock is up to date, but {counted(len(missing), 'output')} cannot be pulled"]
    elif not report.unchecked:
        lines = ["dvc.lock is up to date"]
    else:
        lines = []
    lines += [printable(unchecked_words(report.unchecked))] if report.unchecked else []
    return "\n".join([*lines, *([f"run: {printable(command_line(mend))}"] if mend else [])])


def unchecked_words(names: Collection[str]) -> str:
    """`1 stage not checked: train`."""
    found = sorted(names)
    return f"{counted(len(found), 'stage')} not checked: {first_of(found, _NAMED)}"


def lock_data(report: LockReport, missing: Sequence[TrackedOutput], mend: Sequence[Sequence[str]]) -> dict[str, Any]:
    """The same as JSON-ready data."""
    return {
        "problems": problem_data(report.problems),
        "remarks": list(report.remarks),
        "unchecked": sorted(report.unchecked),
        "missing": [{"path": output.path, "md5": output.md5} for output in missing],
        "fix": command_line(mend),
    }


def pushed_text(pushed: PushedLock) -> str:
    """The result of `lock push`."""
    if pushed.outcome == "pushed":
        return printable(f"pushed {short_sha(pushed.commit)} {pushed.reason}: {', '.join(pushed.files)}")
    return f"nothing was pushed: {pushed.reason}"


def pushed_data(pushed: PushedLock) -> dict[str, Any]:
    """The same as JSON-ready data."""
    return {
        "outcome": pushed.outcome,
        "reason": pushed.reason,
        "commit": pushed.commit,
        "files": list(pushed.files),
    }
