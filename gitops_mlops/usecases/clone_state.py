"""What every decision about the registry stands on: that the clone has all of it, and when the next event is."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.registry.registry import Registry

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import Clock, Repository

# Clocks of machines that take part are minutes apart at most.
_CLOCKS_APART = timedelta(hours=1)
_MISDATED = "check the clocks; gitops-mlops doctor shows how to delete a tag made by mistake"


def complete_registry(repository: Repository, recorded: Collection[str] = ()) -> Registry:
    """The registry of a clone that has all of it; names that are `recorded` in the ledger are not free in it.

    Raises EvidenceMissing for a clone that may lack tags.
    """
    registry = Registry.from_tags(repository.tags(), recorded)
    if warning := incompleteness(repository, registry):
        message, hint = warning
        raise MissingEvidence(message, where="registry", hint=hint)
    return registry


def incompleteness(repository: Repository, registry: Registry) -> tuple[str, str] | None:
    """Why the clone that a registry was read from may lack tags, and what to do about it."""
    if repository.is_shallow():
        return (
            "the clone is shallow, so versions and stages may be missing",
            "git fetch --unshallow --tags (in actions/checkout: fetch-depth: 0)",
        )
    if registry.empty and repository.lacks_tags():
        return (
            "the clone was made without tags, so versions and stages are unknown",
            "git fetch --tags; where the remote has none yet: git config --unset remote.origin.tagOpt",
        )
    return None


def moment(registry: Registry, artifact: str, clock: Clock) -> datetime:
    """Now in whole seconds, but after every event of the artifact: in one second the order would be lost.

    Raises EvidenceMissing when an event stands at the calendar's end, so that nothing can follow it.
    """
    now = clock.now().replace(microsecond=0)
    events = registry.events(artifact)
    try:
        return max(now, events[0].created + timedelta(seconds=1)) if events else now
    except OverflowError:
        message = f"is dated {events[0].created:%Y-%m-%d}, and nothing can be dated later"
        raise MissingEvidence(message, where=f"tag {events[0].tag}", hint=_MISDATED) from None


def future_warnings(registry: Registry, artifact: str, clock: Clock) -> tuple[str, ...]:
    """What to say of an event that a wrong clock, or a hostile hand, has dated in the future."""
    events = registry.events(artifact)
    if not events or events[0].created <= clock.now() + _CLOCKS_APART:
        return ()
    last = events[0]
    message = f"tag {last.tag}: is dated {last.created:%Y-%m-%d %H:%M} UTC, in the future; what is written now is"
    return (f"{message} dated a second later, so that it counts → {_MISDATED}",)
