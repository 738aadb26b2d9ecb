"""Why something is out of use: the tag that took it out says who did it, when and why."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from gitops_mlops.domain.registry.events import RegistryEvent
from gitops_mlops.domain.registry.evidence import REASON, REGISTERED_BY


class RetirementRecord(NamedTuple):
    """The tag that retired a model, took a version out of use, or emptied a stage."""

    tag: str
    by: str
    at: datetime
    reason: str

    @classmethod
    def of(cls, event: RegistryEvent) -> RetirementRecord:
        """What a deprecation, deregistration or unassignment says; GTO writes its reason as the message alone."""
        evidence = event.evidence
        return cls(
            event.tag,
            evidence.one(REGISTERED_BY) or event.author,
            event.created,
            evidence.one(REASON) or evidence.subject,
        )

    def __str__(self) -> str:
        return f"by {self.by} on {self.at:%Y-%m-%d}: {self.reason or 'no reason given'}"
