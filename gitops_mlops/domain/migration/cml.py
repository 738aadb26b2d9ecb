"""A CML workflow as one of ours: the same file, with other steps where CML's were.

What is not CML's, DVC's or the report's stays as it is written, comments and blank lines too. What cannot be
translated stays as well, and is named with what to do by hand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import NamedTuple

from gitops_mlops.domain.document.yaml import parse_yaml
from gitops_mlops.domain.errors import ConfigError, FileProblemLine
from gitops_mlops.domain.migration.events import events, start_on_pull_requests
from gitops_mlops.domain.migration.job_steps import JobTranslation
from gitops_mlops.domain.migration.reading import JobReading, MigrationFindings
from gitops_mlops.domain.migration.step_text import ActionSource, drop_token
from gitops_mlops.domain.migration.workflow_text import NotEditable, WorkflowText, read_workflow

_CML = re.compile(r"(?<![\w.])(?:cml(?:[ -][a-z]|\b)|iterative/setup-cml|@dvcorg/cml)")


class TranslationTerms(NamedTuple):
    """What a translation is made with: where our actions are, and the repository's default branch."""

    toolkit: ActionSource
    branch: str = "main"


@dataclass(frozen=True)
class WorkflowTranslation:
    """A workflow before and after, what is left to do by hand in it, and what is good to know."""

    name: str
    before: str
    after: str
    left: tuple[FileProblemLine, ...] = ()
    notes: tuple[FileProblemLine, ...] = ()

    def written(self) -> WorkflowTranslation:
        """The same with the lines of what is left and noted as they are in the file afterwards."""
        matcher = SequenceMatcher(None, self.before.split("\n"), self.after.split("\n"), autojunk=False)
        moves = matcher.get_opcodes()
        return replace(
            self,
            left=tuple(_moved(problem, moves) for problem in self.left),
            notes=tuple(_moved(problem, moves) for problem in self.notes),
        )


@dataclass(frozen=True)
class CmlMigration:
    """Every workflow that was read, and pipelines of other forges that use CML, which we do not translate."""

    workflows: tuple[WorkflowTranslation, ...]
    elsewhere: tuple[FileProblemLine, ...]

    @property
    def left(self) -> list[FileProblemLine]:
        """All that is to be done by hand."""
        return [*(problem for one in self.workflows for problem in one.left), *self.elsewhere]

    @property
    def changed(self) -> list[WorkflowTranslation]:
        """The workflows that are another text afterwards."""
        return [one for one in self.workflows if one.after != one.before]


def _moved(problem: FileProblemLine, moves: Sequence[tuple[str, int, int, int, int]]) -> FileProblemLine:
    at = problem.line - 1
    for _, first, last, new, end in moves:
        if first <= at < last:
            return replace(problem, line=min(new + at - first, max(end - 1, new)) + 1)
    return problem


def may_use_cml(text: str) -> bool:
    """Whether a file speaks of CML at all; a cheap question, before it is read."""
    return _CML.search(text) is not None


def translate(text: str, name: str, terms: TranslationTerms) -> WorkflowTranslation:
    """Translate a workflow. One that cannot be read or edited is left as it is, and that is what is left to do."""
    findings = MigrationFindings(name)
    try:
        read = read_workflow(text, name)
    except ConfigError as error:
        return WorkflowTranslation(name, text, text, tuple(error.problems))
    except NotEditable as error:
        return _untouched(text, name, error) if may_use_cml(text) else WorkflowTranslation(name, text, text)
    try:
        after = _translated(read, terms, findings)
    except NotEditable as error:
        return _untouched(text, name, error)
    return WorkflowTranslation(name, text, after, tuple(findings.left), tuple(findings.notes))


def _untouched(text: str, name: str, error: NotEditable) -> WorkflowTranslation:
    hint = "write one key to a line, and run this again"
    return WorkflowTranslation(name, text, text, (FileProblemLine(name, 0, 0, "", f"the file {error}", hint),))


def _translated(read: WorkflowText, terms: TranslationTerms, findings: MigrationFindings) -> str:
    started = events(read)
    readings = [JobReading(job, read, findings) for job in read.jobs]
    for reading in readings:
        if not reading.uses_cml:
            reading.report_image()
    if not any(reading.uses_cml for reading in readings):
        return _joined(read)
    if reason := _refusal(started):
        findings.by_hand(read.entries["on"].first if started else 0, *reason)
        return _joined(read)
    only = started == ["pull_request"]
    jobs = [JobTranslation(reading, terms.toolkit, only_pull_requests=only) for reading in readings]
    commented = [job.translate() for job in jobs]
    if any(commented):
        if "pull_request" not in started:
            findings.note(read.entries["on"].first, start_on_pull_requests(read, terms.branch))
        _close_top(read, commented)
        if not any(job.keeps_cml for job in jobs):
            drop_token(read, read.entries.get("env"))
    after = read.edited()
    parse_yaml(after, findings.name)
    return after


def _refusal(started: list[str]) -> tuple[str, str] | None:
    """Why a workflow that these events start is left as it is, and what to do."""
    for event, reason in _REFUSED.items():
        if event in started:
            return reason
    if {"pull_request", "push"}.isdisjoint(started):
        what = "no pull request starts this workflow, and our comparison is of one"
        return what, "add pull_request to on:, and run this again"
    return None


def _close_top(read: WorkflowText, commented: list[bool]) -> None:
    """Take `write-all` from a workflow whose jobs say themselves what they may do."""
    top = read.entries.get("permissions")
    told = all(ours or "permissions" in job.entries for job, ours in zip(read.jobs, commented, strict=True))
    if top is not None and top.text in ("write-all", "read-all") and told:
        read.replace(top.first, top.last, [f"{' ' * top.column}permissions: {{}}"])


def _joined(read: WorkflowText) -> str:
    return read.newline.join(read.lines)


_REFUSED = {
    "pull_request_target": (
        "pull_request_target gives the code of a fork a token that writes: we do not translate that",
        "start on pull_request; for comments on pull requests of forks, use our report workflow",
    ),
    "workflow_run": (
        "another workflow starts this one, to comment on what that one made",
        "use our report workflow in its place",
    ),
}
