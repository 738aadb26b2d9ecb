"""Whether `dvc.lock` is current, and whether what it records can be had; what to run when it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST, ConfigError, EvidenceMissing
from gitops_mlops.domain.lock_report import LockReport
from gitops_mlops.domain.ports import Output, RemoteOutputs, Tree
from gitops_mlops.usecases.lock_step import lock_step


@dataclass
class LockState:
    """What is out of step; in step, the outputs that the DVC remote lacks. `mend` is what to run, in order."""

    report: LockReport
    missing: Sequence[Output] = ()
    mend: list[list[str]] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """A lock that is out of step is a verdict, data that nobody pushed is missing evidence."""
        if self.report.problems:
            return VERDICT_AGAINST
        return EvidenceMissing.exit_code if self.missing else DONE


def check_lock(tree: Tree, remote: RemoteOutputs | None = None) -> LockState:
    """Compare every `dvc.lock` with its `dvc.yaml`, without data; with a remote, ask it for the outputs too."""
    report = lock_step(tree)
    if report.problems:
        return LockState(report, mend=_rerun(report))
    missing = remote.missing() if remote is not None else ()
    return LockState(report, missing, [["dvc", "push"]] if missing else [])


def check_staged(tree: Tree) -> LockReport:
    """What is out of step in a commit that is to be made, as `training:` of the same commit has it."""
    report = lock_step(tree)
    if not report.problems:
        return report
    # It takes longer to import than all the rest.
    from gitops_mlops.domain.config import CONFIG_FILE, parse_config

    content = tree.read(CONFIG_FILE)
    try:
        return report.as_ci_sees(parse_config(content).training) if content is not None else report
    except ConfigError:
        # Another hook tells of it.
        return report


def _rerun(report: LockReport) -> list[list[str]]:
    """What runs the stages that changed and all that depends on them, and puts the result into a commit."""
    affected = [] if report.unreadable else report.affected()
    if not affected:
        return []
    beyond = ["--all-pipelines"] if any(judged.pipeline for judged in affected) else []
    added = {judged.lock for judged in affected}
    added |= {path for judged in affected for path in judged.stage.keeps()}
    return [["dvc", "repro", *beyond], ["dvc", "push"], ["git", "add", "--", *sorted(added)]]
