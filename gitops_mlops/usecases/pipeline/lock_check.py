"""Whether `dvc.lock` is current, and whether what it records is available; what to run when it is not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST, ConfigError, MissingEvidence
from gitops_mlops.domain.pipeline.lock_report import LockReport
from gitops_mlops.domain.ports import RemoteOutputs, TrackedOutput, Tree
from gitops_mlops.log import Logger
from gitops_mlops.usecases.pipeline.lock_status import lock_step

_LOG = Logger(__name__)

if TYPE_CHECKING:
    from gitops_mlops.domain.config.root import Config, UncheckedStages


@dataclass
class LockState:
    """What is out of date; when nothing is, the outputs that the DVC remote lacks. `fix` is what to run, in order.

    `unchecked_stages` says what becomes of stages that could not be checked.
    """

    report: LockReport
    missing: Sequence[TrackedOutput] = ()
    fix: list[list[str]] = field(default_factory=list)
    unchecked_stages: UncheckedStages = "block"

    @property
    def exit_code(self) -> int:
        """A lock that is out of date is a verdict; data that nobody pushed, and what could not be checked, is missing
        evidence.
        """
        if self.report.problems:
            return VERDICT_AGAINST
        unchecked = self.report.unchecked and self.unchecked_stages == "block"
        return MissingEvidence.exit_code if self.missing or unchecked else DONE


def check_lock(tree: Tree, remote: RemoteOutputs | None = None, unless_said: UncheckedStages = "block") -> LockState:
    """Compare every `dvc.lock` with its `dvc.yaml`, without data; with a remote, ask it for the outputs too.

    `unless_said` is what becomes of stages that cannot be checked where `unchecked-stages` does not say it.
    """
    report = lock_step(tree)
    _LOG.info(
        "compared %d stages with dvc.lock: %d changed, %d cannot be checked",
        len(report.stages),
        len(report.changed),
        len(report.unchecked),
    )
    said = _config(tree) if report.unchecked else None
    unchecked_stages = (said.unchecked_stages if said else None) or unless_said
    if report.problems:
        return LockState(report, (), _rerun(report), unchecked_stages)
    missing = remote.missing() if remote is not None else ()
    return LockState(report, missing, [["dvc", "push"]] if missing else [], unchecked_stages)


def check_staged(tree: Tree, edited: Callable[[], Collection[str]]) -> LockReport:
    """What is out of date in a commit that is to be made, as `mlops.yaml` of the same commit has it.

    A stage that cannot be checked counts when the commit may have changed it: when what the stage reads, or a file of
    DVC, is among the `edited` paths.
    """
    report = lock_step(tree)
    if not report.problems and not report.unchecked:
        return report
    config = _config(tree)
    if report.unchecked:
        tolerated = config is not None and config.unchecked_stages == "warn"
        report.unchecked = set() if tolerated else report.unchecked - report.untouched(edited())
    # Where the configuration cannot be read, another hook tells of it.
    return report.as_ci_sees(config.training) if config is not None else report


def _config(tree: Tree) -> Config | None:
    # It takes longer to import than all the rest.
    from gitops_mlops.domain.config.parse import parse_config
    from gitops_mlops.domain.config.root import CONFIG_FILE

    content = tree.read(CONFIG_FILE)
    try:
        return parse_config(content) if content is not None else None
    except ConfigError:
        return None


def _rerun(report: LockReport) -> list[list[str]]:
    """What runs the stages that changed and all that depends on them, and puts the result into a commit."""
    affected = [] if report.unreadable else report.affected()
    if not affected:
        return []
    beyond = ["--all-pipelines"] if any(judged.pipeline for judged in affected) else []
    added = {judged.lock for judged in affected}
    added |= {path for judged in affected for path in judged.stage.keeps()}
    return [["dvc", "repro", *beyond], ["dvc", "push"], ["git", "add", "--", *sorted(added)]]
