"""What a release made of a commit's models."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.comparison.report_parts import ReportChange as Edit
from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST, FileProblemLine
from gitops_mlops.domain.registry.change import RegistryChange

SCHEMA = "gitops-mlops/release/2"


class GateEdit(NamedTuple):
    """How a commit edits what one of its models is judged by."""

    model: str
    change: Edit


class Judgement(NamedTuple):
    """By whose gates a release is judged: those of `commit`, "" for the released commit's own.

    `config` is the released commit's; `models` had gates at `commit`, and `edits` is how the gates differ since.
    """

    commit: str
    config: Config
    models: frozenset[str] = frozenset()
    edits: tuple[GateEdit, ...] = ()

    def base(self, model: str) -> str | None:
        """The commit whose gates count for a model, None for the released one's own."""
        return self.commit if model in self.models else None


class ReleaseResult(StrEnum):
    """How a model ended. `KEPT_OUT`: somebody took it, or its version at this commit, out of use.

    `UNTRAINED`: there is no model yet, as after the first commit of a new project.
    """

    RELEASED = "released"
    PLANNED = "planned"
    UNCHANGED = "unchanged"
    UNTRAINED = "untrained"
    BLOCKED = "blocked"
    KEPT_OUT = "kept out"
    FAILED = "failed"


class ModelRelease(NamedTuple):
    """What became of a model. `version` is the one that its file is, None for none; `code` is the exit code.

    `report` is the comparison, None where none was needed or none came about; `change` what was written.
    """

    model: str
    result: ReleaseResult
    reason: str
    version: str | None = None
    code: int = DONE
    report: Report | None = None
    change: RegistryChange | None = None


class Release(NamedTuple):
    """What a commit gave. Nothing was looked at where `out_of_date` says that `dvc.lock` does not fit the sources.

    `gates_from` is the commit whose gates counted, "" for the commit's own; `edits` count from the next release on.
    """

    commit: str
    models: tuple[ModelRelease, ...] = ()
    out_of_date: tuple[FileProblemLine, ...] = ()
    warnings: tuple[str, ...] = ()
    gates_from: str = ""
    edits: tuple[GateEdit, ...] = ()

    @property
    def code(self) -> int:
        """The exit code: of several the gravest."""
        against = [VERDICT_AGAINST] if self.out_of_date else []
        return max([DONE, *against, *(model.code for model in self.models)])
