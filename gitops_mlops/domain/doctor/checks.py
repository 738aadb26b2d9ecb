"""What doctor finds: each check is a row of a table, and a function from facts to findings.

CONTRIBUTING has the recipe of one more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

Facts = TypeVar("Facts")


class Severity(StrEnum):
    """An error stands in the way, a warning will bite some day, a note is worth knowing and nothing wrong."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class FixKind(StrEnum):
    """What `--fix` may do: nothing of it can lose what only this clone has."""

    UNSHALLOW = "fetched the history that was cut off"
    FETCH_TAGS = "fetched the tags that were missing"
    REPLACE_TAG = "fetched the annotated tag"
    REMOVE_LOCK = "removed the stale lock"
    IGNORE = "added to .gitignore"
    MERGE_DRIVER = "configured in this clone"
    RECORD = "recorded in the ledger"


# True of one clone or its machine, and nobody else's business: a runner's clone has no hooks, and no identity.
OF_ONE_CLONE = frozenset(
    {
        "change-unfinished",
        "clone-without-tags",
        "extra-missing",
        "git-identity",
        "git-too-old",
        "hooks-not-installed",
        "ledger-unpushed",
        "lock-stale",
        "merge-driver-missing",
        "remote-unreachable",
        "shallow-clone",
        "tag-lightweight",
        "tags-unfetched",
        "tags-unpushed",
    }
)


class CheckFinding(NamedTuple):
    """One thing that a check found. `remedy` fixes it, on `subject` where it needs one."""

    where: str
    message: str
    fix: str
    remedy: FixKind | None = None
    subject: str = ""


class DoctorFinding(NamedTuple):
    """What a check found, with the check's own id, group and severity."""

    id: str
    group: str
    severity: Severity
    where: str
    message: str
    fix: str
    remedy: FixKind | None = None
    subject: str = ""

    @property
    def fixable(self) -> bool:
        """Whether `--fix` fixes it."""
        return self.remedy is not None


class DoctorCheck(NamedTuple, Generic[Facts]):
    """A row of the table."""

    id: str
    severity: Severity
    find: Callable[[Facts], Iterable[CheckFinding]]


class FixResult(NamedTuple):
    """What `--fix` did about a finding, or why it could not."""

    finding: DoctorFinding
    failure: str = ""


class Diagnosis(NamedTuple):
    """What is wrong (now, after what was fixed), and what could not be checked, each a line."""

    findings: tuple[DoctorFinding, ...]
    skipped: tuple[str, ...] = ()
    fixed: tuple[FixResult, ...] = ()

    @property
    def well(self) -> bool:
        """Whether nothing is wrong; notes are not."""
        return all(finding.severity is Severity.NOTE for finding in self.findings)


def findings(group: str, checks: Iterable[DoctorCheck[Facts]], facts: Facts) -> Iterator[DoctorFinding]:
    """What a group of checks finds, in the table's order."""
    for check in checks:
        for found in check.find(facts):
            yield DoctorFinding(check.id, group, check.severity, *found)
