"""What happened in the registry, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.registry.ledger import LedgerEvent
from gitops_mlops.domain.registry.registry import RegistryEvent
from gitops_mlops.domain.registry.tags import parse_reference
from gitops_mlops.domain.registry.view import unknown
from gitops_mlops.usecases.lineage.ledger import read_withdrawals
from gitops_mlops.usecases.registry.show import read_registry

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import Ledger, Repository


def history(
    repository: Repository, artifact: str | None, ledger: Ledger
) -> tuple[list[RegistryEvent | LedgerEvent], list[str]]:
    """What tags tell of one model, or of all, and the withdrawals that the ledger does; and what is doubtful.

    Raises UsageError, or EvidenceMissing for a model without events.
    """
    reference = parse_reference(artifact) if artifact is not None else None
    if reference and (reference.version or reference.stage):
        raise UsageError("history is of a model", where=str(artifact), hint=f"write {reference.artifact}")
    registry, warnings = read_registry(repository)
    taken, told = read_withdrawals(registry, ledger, artifact)
    events: list[RegistryEvent | LedgerEvent] = [*registry.events(artifact), *taken]
    if artifact is not None and not events:
        raise unknown(registry, artifact)
    # Where both are of one second, the tags stay in their order: the sort is stable.
    return sorted(events, key=_moment, reverse=True), [*warnings, *told]


def _moment(event: RegistryEvent | LedgerEvent) -> datetime:
    return event.moment if isinstance(event, LedgerEvent) else event.created
