"""The targets of all environments as one, so that one deploy reaches environments of several kinds."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.deployment.reconciliation import CandidateServer, FailedVersion, ObservedPlace, Place
from gitops_mlops.domain.faults import Effort, Ending
from gitops_mlops.domain.ports import DeployTarget


class EnvironmentTargets:
    """A deploy target that leaves each place to the kind of target that its environment names in `mlops.yaml`.

    `targets` are all kinds by name. What runs in an environment that `mlops.yaml` no longer names belongs to the
    target that started it.
    """

    def __init__(self, config: Config, targets: Mapping[str, DeployTarget]) -> None:
        self._config = config
        self._targets = targets
        self._started: dict[str, DeployTarget] = {}

    def exclusive(self, environment: str) -> AbstractContextManager[None]:
        """Hold an environment for one deploy at a time; others wait."""
        return self._of(environment).exclusive(environment)

    def look(self, place: Place) -> ObservedPlace:
        """What is known of the process behind a place."""
        return self._of(place.environment).look(place)

    def start(self, place: Place, bundle: Path, digest: str) -> CandidateServer:
        """Start a server beside the current one, without public traffic. Raises OutsideError."""
        target = self._of(place.environment)
        candidate = target.start(place, bundle, digest)
        self._started[candidate.id] = target
        return candidate

    def ended(self, candidate: CandidateServer) -> Ending | None:
        """How a candidate ended, before or after it took over; None while it lives."""
        return self._started[candidate.id].ended(candidate)

    def effort(self, candidate: CandidateServer) -> Effort | None:
        """What a candidate that lives had of its machine since it was started; None when nobody can tell."""
        return self._started[candidate.id].effort(candidate)

    def remember(self, place: Place, failure: FailedVersion) -> None:
        """Keep why a version does not serve here."""
        self._of(place.environment).remember(place, failure)

    def switch(self, place: Place, candidate: CandidateServer) -> None:
        """Give a candidate the public traffic, then end the server before it."""
        self._started[candidate.id].switch(place, candidate)

    def discard(self, place: Place, candidate: CandidateServer) -> None:
        """End a candidate that did not take over."""
        self._started[candidate.id].discard(place, candidate)

    def stop(self, place: Place) -> bool:
        """End what runs here, on purpose; whether anything ran."""
        return self._of(place.environment).stop(place)

    def known(self) -> list[Place]:
        """The places where something runs that was started from this clone, whatever is configured now."""
        return [place for target in self._targets.values() for place in target.known()]

    def bundles(self) -> set[str]:
        """The digests of the bundles that run, or ran last, and of the one before at each place."""
        return {digest for target in self._targets.values() for digest in target.bundles()}

    def _of(self, environment: str) -> DeployTarget:
        configured = self._config.environments.get(environment)
        if configured is not None:
            return self._targets[configured.target]
        started = (one for one in self._targets.values() if any(at.environment == environment for at in one.known()))
        return next(started, next(iter(self._targets.values())))
