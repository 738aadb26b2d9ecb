"""What is said of `dvc.lock`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from gitops_mlops.domain.dvc_lock import PushedLock
from gitops_mlops.domain.errors import Problem
from gitops_mlops.domain.ports import Output
from gitops_mlops.reports.problems import counted, problem_data, problem_lines
from gitops_mlops.reports.terminal import printable


def command_line(commands: Sequence[Sequence[str]]) -> str:
    """Commands as they are typed into a shell, each if the one before succeeded."""
    return " && ".join(shlex.join(words) for words in commands)


def lock_text(problems: Sequence[Problem], missing: Sequence[Output], mend: Sequence[Sequence[str]]) -> str:
    """The result of `lock check`."""
    if problems:
        lines = [problem_lines(problems), "", f"dvc.lock is out of step: {counted(len(problems), 'problem')}"]
    elif missing:
        lines = [f"{printable(output.path)}: MD5 {output.md5} is not on the DVC remote" for output in missing]
        lines += ["", f"dvc.lock is in step, but {counted(len(missing), 'output')} cannot be pulled"]
    else:
        lines = ["dvc.lock is in step"]
    return "\n".join([*lines, *([f"run: {printable(command_line(mend))}"] if mend else [])])


def lock_data(
    problems: Sequence[Problem], remarks: Sequence[str], missing: Sequence[Output], mend: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """The same as JSON-ready data."""
    return {
        "problems": problem_data(problems),
        "remarks": list(remarks),
        "missing": [{"path": output.path, "md5": output.md5} for output in missing],
        "run": command_line(mend),
    }


def pushed_text(pushed: PushedLock) -> str:
    """The result of `lock push`."""
    if pushed.outcome == "pushed":
        return printable(f"pushed {pushed.commit[:12]} {pushed.reason}: {', '.join(pushed.files)}")
    return f"nothing was pushed: {pushed.reason}"


def pushed_data(pushed: PushedLock) -> dict[str, Any]:
    """The same as JSON-ready data."""
    return {
        "outcome": pushed.outcome,
        "reason": pushed.reason,
        "commit": pushed.commit,
        "files": list(pushed.files),
    }
