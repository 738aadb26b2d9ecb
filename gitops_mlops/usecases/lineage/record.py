"""Write what happened into the ledger, after it happened: what cannot be recorded is never undone for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from gitops_mlops.domain.errors import MlopsError
from gitops_mlops.domain.lineage.openlineage import deployment_lines, tag_event, tag_lines
from gitops_mlops.domain.ports import Clock, Ledger, Repository
from gitops_mlops.domain.registry.change import ChangeState, RegistryChange
from gitops_mlops.domain.registry.ledger import LedgerEvent
from gitops_mlops.domain.registry.registry import Registry, RegistryEvent
from gitops_mlops.usecases.clone_state import complete_registry
from gitops_mlops.usecases.lineage.withdraw import withdraw_unshared


def record_change(
    change: RegistryChange, repository: Repository, ledger: Ledger, clock: Clock, push: bool
) -> list[str]:
    """Record the tags that a change wrote, or found there already; what stood in the way, each a line.

    An event follows from its tag alone. So a command that was cut off between the tag and the ledger is made good
    by running it again, and recording a tag twice changes nothing.
    """
    if change.state not in (ChangeState.WRITTEN, ChangeState.UNCHANGED) or not change.tags:
        return []
    try:
        registry = Registry.from_tags(repository.tags())
        events = registry.events(change.artifact)
        if push:
            ledger.fetch()
            # A tag that was deleted before anybody saw it would contradict the ledger in every clone.
            withdraw_unshared(change.artifact, registry, ledger, clock)
        _append(ledger, (event for event in events if event.tag in change.tags), push)
    except MlopsError as error:
        return [_lacking("the tag is written", error)]
    return []


@contextmanager
def recording(ledger: Ledger, push: bool, tell: Callable[[str], None]) -> Iterator[Callable[[LedgerEvent], None]]:
    """Record deployments one by one as they happen; with `push` on top of what the remote has, sent at the end.

    What stands in the way is told, and stops nothing.
    """

    def attempt(step: Callable[[], object]) -> None:
        try:
            step()
        except MlopsError as error:
            tell(f"warning: {_lacking('the deployment is done', error)}")

    if push:
        # What stands in the way of it stands in the way of the push, which tells.
        with suppress(MlopsError):
            ledger.fetch()
    try:
        yield lambda event: attempt(lambda: ledger.append({event.file: deployment_lines(event)}))
    finally:
        if push:
            attempt(ledger.push)


def sync(repository: Repository, ledger: Ledger, push: bool) -> int:
    """Record every registry tag that is not recorded yet; how many were.

    Raises EvidenceMissing for a clone that lacks tags, OutsideError.
    """
    return _append(ledger, complete_registry(repository).events(), push)


def _append(ledger: Ledger, events: Iterable[RegistryEvent], push: bool) -> int:
    """Append the events of tags, the oldest first; with `push` on top of what the remote has, and sent there."""
    lines: dict[str, list[str]] = {}
    for event in sorted(events):
        lines.setdefault(tag_event(event).file, []).extend(tag_lines(event))
    if push:
        ledger.fetch()
    # Each event is two lines, its start and its end.
    added = ledger.append(lines) // 2
    if push:
        ledger.push()
    return added


def _lacking(done: str, error: MlopsError) -> str:
    hint = "gitops-mlops ledger sync, with --push where it is shared"
    return f"{done}, but not recorded in the ledger: {MlopsError(error.message, where=error.where, hint=hint)}"
