"""Which version ran where and when, out of the ledger's events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gitops_mlops.domain.registry.ledger import DEPLOYED, DEPLOYMENT, STOPPED, LedgerEvent


class DeploymentRun(NamedTuple):
    """A time for which a version ran in an environment; `until` is None while it runs. Times as ISO 8601."""

    environment: str
    since: str
    until: str | None = None
    by: str = ""


Runs = dict[tuple[str, str], tuple[DeploymentRun, ...]]


def runs(events: Iterable[LedgerEvent]) -> Runs:
    """Runs by model and commit, in their order; `events` of any kind, the oldest first.

    What is deployed ends what ran there before; a refused deployment ends nothing, and what was deployed again
    went on running.
    """
    found: dict[tuple[str, str], list[DeploymentRun]] = {}
    current: dict[tuple[str, str], str] = {}
    for event in events:
        if event.kind != DEPLOYMENT or event.result not in (DEPLOYED, STOPPED):
            continue
        place = event.model, event.environment
        before = current.get(place)
        if event.result == DEPLOYED and before == event.commit:
            continue
        if before is not None:
            _end(found[event.model, before], event)
            del current[place]
        if event.result == DEPLOYED:
            run = DeploymentRun(event.environment, event.moment.isoformat(), by=event.by)
            found.setdefault((event.model, event.commit), []).append(run)
            current[place] = event.commit
    return {key: tuple(each) for key, each in found.items()}


def _end(open_runs: list[DeploymentRun], event: LedgerEvent) -> None:
    for index, run in enumerate(open_runs):
        if run.environment == event.environment and run.until is None:
            open_runs[index] = run._replace(until=event.moment.isoformat())
