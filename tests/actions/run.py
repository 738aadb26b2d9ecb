"""A run of a workflow: what it was started with, and how its jobs ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.actions.engine import Annotation, Job, Machine
from tests.actions.permissions import RESTRICTED, Permissions
from tests.actions.workflow import Done, Workflow


@dataclass(frozen=True)
class Environment:
    """A deployment environment: its own secrets and variables, and who lets a job in.

    `reviewed` holds a job back until someone approves; `branches` are the only ones that deploy to it.
    """

    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    reviewed: bool = False
    branches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What a repository gives its runs. `labels` are those of its own runners, beside GitHub's.

    With `approve_forks` the runs of a fork's pull request wait until someone lets them start. With `stays` all jobs
    run on one runner that is not thrown away: each begins in what the last one left in the workspace.
    """

    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    environments: Mapping[str, Environment] = field(default_factory=dict)
    default_permissions: Permissions = field(default_factory=lambda: RESTRICTED)
    labels: tuple[str, ...] = ()
    approve_forks: bool = False
    stays: bool = False


class World(Protocol):
    """What a run asks of the dispatcher."""

    def called(self, uses: str, within: Workflow) -> Workflow:
        """The workflow that a job calls."""

    def actions(self, steps: list[Mapping[str, Any]], within: Workflow) -> Mapping[str, Path]:
        """The folders of the actions that steps use."""

    def machine(self, run: Run, permissions: Permissions, settings: Settings) -> Machine:
        """A machine for a job, with a new token that may do so much and no more."""

    def ended(self, machine: Machine) -> None:
        """A job ended, and its token with it."""


@dataclass
class Record:
    """A job of a run, or one machine of its matrix; `written` is its name, `callers` those of the jobs that call."""

    callers: str
    written: str
    done: Done | None
    machine: Job | None = None
    permissions: Permissions = field(default_factory=dict)
    environment: str = ""

    @property
    def name(self) -> str:
        """The name of the check."""
        return f"{self.callers}{self.machine.name if self.machine else self.written}"

    @property
    def result(self) -> str:
        """success, failure, cancelled or skipped; waiting before an approval."""
        return self.done.result if self.done else "waiting"

    @property
    def outputs(self) -> Mapping[str, str]:
        return self.done.outputs if self.done else {}

    @property
    def log(self) -> str:
        return self.machine.log if self.machine else ""

    @property
    def summary(self) -> str:
        return self.machine.summary if self.machine else ""

    @property
    def annotations(self) -> list[Annotation]:
        return self.machine.annotations if self.machine else []


@dataclass(repr=False)
class Run:
    """A run: what started it, and how it goes.

    `commit` and `ref` are GITHUB_SHA and GITHUB_REF, `head` is the commit that shows the checks. `trusted` is false
    for what comes from a fork or from Dependabot. `conclusion` is empty while something waits; `turn`
    counts the runs and re-runs.
    """

    id: int
    number: int
    workflow: Workflow
    event: str
    payload: Mapping[str, Any]
    repository: str
    actor: str
    commit: str
    ref: str
    head: str
    head_branch: str
    head_repository: str
    trusted: bool
    folder: Path
    artifacts_in: Path
    settings: Settings
    attempt: int = 1
    conclusion: str = ""
    error: str = ""
    jobs: dict[str, Record] = field(default_factory=dict)
    approved: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    cancelled: bool = False
    turn: int = 0

    @property
    def artifacts(self) -> dict[str, Path]:
        """The zips that the run uploaded."""
        return {path.stem: path for path in sorted(self.artifacts_in.glob("*/*.zip"))}

    @property
    def log(self) -> str:
        return "".join(record.log for record in self.jobs.values())

    @property
    def checks(self) -> dict[str, str]:
        """Every check of the run and how it ended."""
        return {record.name: record.result for record in self.jobs.values()}

    def job(self, name: str) -> Record:
        """A job by the name of its check."""
        for record in self.jobs.values():
            if record.name == name:
                return record
        raise KeyError(f"{name}: there are {list(self.checks)} {self.error}")

    def __repr__(self) -> str:
        """What a failing test should show."""
        told = [f"{self.workflow.path} on {self.event}: {self.conclusion or 'waiting'} {self.error}"]
        for record in self.jobs.values():
            told.append(f"--- {record.name}: {record.result} {dict(record.permissions)}\n{record.log}")
            told += [f"    {one.level}: {one.file}:{one.line} {one.message}" for one in record.annotations]
        return "\n".join(told)
