"""Deployments as events of the ledger."""

from __future__ import annotations

from datetime import datetime

from gitops_mlops.domain.deployment.reconciliation import FailedVersion, Place, PlaceStatus, RunningServer
from gitops_mlops.domain.lineage.openlineage import deployment_run
from gitops_mlops.domain.registry.ledger import DEPLOYED, DEPLOYMENT, FAILED, REFUSED, STOPPED, LedgerEvent


def deployed(state: PlaceStatus, replaced: str = "") -> LedgerEvent | None:
    """What serves at a place as it was assigned; None where nobody knows since when.

    It follows from what serves, so that a deploy that was cut off behind its switch is told by the next one.
    """
    running = state.running
    if running is None or state.since is None:
        return None
    sha256 = state.wanted.model_sha256 if state.wanted else ""
    return _event(
        state.place, DEPLOYED, state.since, running.version, running.commit, running.digest, "", replaced, sha256
    )


def refused(place: Place, failure: FailedVersion, bundle: str) -> LedgerEvent:
    """A version that did not pass its health gate."""
    return _event(place, REFUSED, failure.at, failure.version, failure.commit, bundle, failure.reason)


def failed(place: Place, failure: FailedVersion) -> LedgerEvent:
    """A version that did not come to serve through no fault of its own."""
    reason = f"{failure.cause}: {failure.reason}"
    return _event(place, FAILED, failure.at, failure.version, failure.commit, reason=reason)


def stopped(place: Place, running: RunningServer | None, at: datetime, reason: str = "") -> LedgerEvent:
    """What served, ended on purpose; `running` is what it said of itself before, if it answered."""
    if running is None:
        return _event(place, STOPPED, at, reason=reason)
    return _event(place, STOPPED, at, running.version, running.commit, running.digest, reason)


def _event(
    place: Place,
    result: str,
    moment: datetime,
    version: str = "",
    commit: str = "",
    bundle: str = "",
    reason: str = "",
    replaces: str = "",
    model_sha256: str = "",
) -> LedgerEvent:
    event = LedgerEvent(
        moment,
        DEPLOYMENT,
        place.model,
        version,
        commit,
        environment=place.environment,
        result=result,
        reason=reason,
        replaces=replaces,
        model_sha256=model_sha256,
        bundle=bundle,
        address=place.address,
    )
    return event._replace(run=deployment_run(event))
