"""`--github`: a step of a GitHub job is told where to mark files, what came out, and what to show.

Everything that is printed is fenced, because much of it was written by strangers and GitHub reads commands out of
the log: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#stopping-and-starting-workflow-commands
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from gitops_mlops import bootstrap
from gitops_mlops.cli.streams import write
from gitops_mlops.domain.errors import ConfigError, FileProblemLine, MlopsError
from gitops_mlops.reports.rendering.workflow_commands import (
    LARGEST_SUMMARY,
    Annotation,
    Level,
    annotation_lines,
    markdown_summary,
    output_text,
    outputs_of,
    text_summary,
)


class JobStep:
    """What the step of a job has to say, gathered while the command runs."""

    def __init__(self) -> None:
        self.command = ""
        self.folder = Path()
        self._annotations: list[Annotation] = []
        self._result: Any = None
        self._summary: Callable[[int], str] | None = None
        self._failure = ""
        self._token = secrets.token_hex(16)
        # The runner reads both streams, each at its own pace: only within one is a fence a fence.
        self._stderr = _joined()
        write(f"::stop-commands::{self._token}\n")

    def mark(self, errors: Iterable[FileProblemLine], warnings: Iterable[FileProblemLine] = ()) -> None:
        """Annotate the places of problems, the most important first."""
        self._annotations += [self._annotation(Level.ERROR, one) for one in errors]
        self._annotations += [self._annotation(Level.WARNING, one) for one in warnings]

    def warn(self, message: str) -> None:
        """Annotate the step with what makes its answer doubtful."""
        self._say(Level.WARNING, message)

    def result(self, data: Any, text: str, markdown: str | None) -> None:
        """Take what a command came to: JSON-ready data, the terminal's text, and its own markdown if it has any."""
        self._result = data
        self._summary = (
            (lambda room: text_summary(self.command, text, room))
            if markdown is None
            else lambda room: markdown_summary(markdown, room)
        )

    def failed(self, error: BaseException, lines: Iterable[str]) -> None:
        """Take what stopped a command."""
        said = list(lines)
        if isinstance(error, ConfigError):
            self.mark(error.problems)
        else:
            for line in said:
                self._say(Level.ERROR, line)
        self._failure = "\n".join(said)

    def finish(self, code: int) -> int:
        """Write outputs and summary, end the fence, annotate; the exit code, 4 when GitHub's files took nothing."""
        try:
            self._write_files(code)
        except MlopsError as error:
            self._say(Level.ERROR, str(error))
            code = code or error.exit_code
        if code and not any(one.level is Level.ERROR for one in self._annotations):
            self._say(Level.ERROR, f"ended with exit code {code}: the summary of the step has the reason")
        with suppress(MlopsError):
            write("\n".join([f"::{self._token}::", *annotation_lines(self._annotations), ""]))
        _parted(self._stderr)
        return code

    def _write_files(self, code: int) -> None:
        if (outputs := bootstrap.job_file("GITHUB_OUTPUT")) is not None:
            values, note = outputs_of(self._result, code)
            if note:
                self._say(Level.WARNING, note)
            outputs.add(output_text(values, lambda: f"end-{secrets.token_hex(16)}"))
        if (summary := bootstrap.job_file("GITHUB_STEP_SUMMARY")) is not None:
            room = LARGEST_SUMMARY - summary.size()
            shown = self._summary(room) if self._summary else ""
            if self._failure:
                shown += text_summary(self.command, f"error: {self._failure}", room - len(shown.encode()))
            summary.add(shown)

    def _annotation(self, level: Level, problem: FileProblemLine) -> Annotation:
        file = self._file(problem.path)
        place = (file, problem.line, problem.column) if file else ("", 0, 0)
        where = "" if file or not problem.path else f"{problem.path}: "
        advice = f" → {problem.hint}" if problem.hint else ""
        return Annotation(level, problem.where or self._title, f"{where}{problem.message}{advice}", *place)

    def _say(self, level: Level, message: str) -> None:
        self._annotations.append(Annotation(level, self._title, message))

    @property
    def _title(self) -> str:
        return f"gitops-mlops {self.command}".rstrip()

    def _file(self, path: str) -> str:
        """A path of a problem as GitHub wants it, from the workspace; "" when it is none there."""
        here = self.folder.resolve()
        root = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
        workspace = Path(os.environ.get("GITHUB_WORKSPACE") or root).resolve()
        with suppress(OSError, ValueError):
            for home in dict.fromkeys((root, here)):
                found = Path(os.path.normpath(home / path))
                if found.is_file() and found.is_relative_to(workspace):
                    return found.relative_to(workspace).as_posix()
        return ""


def _joined() -> int | None:
    """Let standard error go where standard output goes; what is needed to part them again."""
    sys.stderr.flush()
    try:
        kept = os.dup(sys.stderr.fileno())
        os.dup2(sys.stdout.fileno(), sys.stderr.fileno())
    except (OSError, ValueError):
        return None
    return kept


def _parted(kept: int | None) -> None:
    if kept is not None:
        sys.stderr.flush()
        os.dup2(kept, sys.stderr.fileno())
        os.close(kept)
