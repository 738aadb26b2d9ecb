"""What happened in the registry, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.registry.registry import RegistryEvent
from gitops_mlops.domain.registry.tags import parse_reference
from gitops_mlops.domain.registry.view import unknown
from gitops_mlops.usecases.lineage.ledger import withdrawal_warnings
from gitops_mlops.usecases.registry.show import read_registry

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import Ledger, Repository


def history(repository: Repository, artifact: str | None, ledger: Ledger) -> tuple[list[RegistryEvent], list[str]]:
    """The events of one model, or of all, and what makes them doubtful, or is told by no tag any more.

    Raises UsageError, or EvidenceMissing for a model without events.
    """
    reference = parse_reference(artifact) if artifact is not None else None
    if reference and (reference.version or reference.stage):
        raise UsageError("history is told of a model", where=str(artifact), hint=f"write {reference.artifact}")
    registry, warnings = read_registry(repository)
    events = registry.events(artifact)
    if artifact is not None and not events:
        raise unknown(registry, artifact)
    return events, [*warnings, *withdrawal_warnings(registry, ledger, artifact)]
