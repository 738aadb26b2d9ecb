"""What is left to do: writes that were cut off, a ledger that was not pushed, versions to be retired."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gitops_mlops.domain.doctor.checks import CheckFinding, DoctorCheck, Severity
from gitops_mlops.domain.registry.ledger import BRANCH
from gitops_mlops.domain.registry.retirement import RetirementProposal


@dataclass(frozen=True)
class StateFacts:
    """`unfinished` are models whose last change was cut off; `unpushed` counts commits of the ledger."""

    unfinished: tuple[str, ...] = ()
    unpushed: int = 0
    remote: str = ""
    proposals: tuple[RetirementProposal, ...] = ()


def unfinished(facts: StateFacts) -> Iterator[CheckFinding]:
    """A command was cut off before its user had the answer."""
    for artifact in facts.unfinished:
        what = "its last change was interrupted before it was reported: it may be there or not"
        yield CheckFinding(
            artifact, what, f"gitops-mlops history {artifact}; run the same command again to complete it"
        )


def ledger_unpushed(facts: StateFacts) -> Iterator[CheckFinding]:
    """What happened is recorded on this clone alone."""
    if facts.remote and facts.unpushed:
        what = f"has {facts.unpushed} {'commit' if facts.unpushed == 1 else 'commits'} that {facts.remote} lacks"
        yield CheckFinding(f"branch {BRANCH}", what, "gitops-mlops ledger sync --push")


def retirements(facts: StateFacts) -> Iterator[CheckFinding]:
    """What the policy of `mlops.yaml` would take out of use."""
    return (CheckFinding(each.target, f"{each.reason} ({each.rule})", each.command) for each in facts.proposals)


STATE: tuple[DoctorCheck[StateFacts], ...] = (
    DoctorCheck("change-unfinished", Severity.WARNING, unfinished),
    DoctorCheck("ledger-unpushed", Severity.WARNING, ledger_unpushed),
    DoctorCheck("retirement-proposed", Severity.NOTE, retirements),
)
