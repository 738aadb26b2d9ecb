"""Tell the forge how a deployment goes; what the forge cannot be told never stops one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gitops_mlops.domain.errors import MlopsError
from gitops_mlops.domain.ports import Forge
from gitops_mlops.domain.review.forge import DeploymentState, ForgeDeployment
from gitops_mlops.domain.shortening import shorten

_UNFINISHED = ("", "queued", "pending", "in_progress")
# GitHub's limit of a description.
_LONGEST = 140


@dataclass(frozen=True)
class DeploymentReporter:
    """The deployments to one environment of a forge. `run` and `web` are addresses, of this run and of
    what serves, "" when unknown.
    """

    forge: Forge
    environment: str
    production: bool
    run: str
    web: str
    tell: Callable[[str], None]

    def begin(self, commit: str, version: str) -> None:
        """A deployment begins, or goes on where it was cut off."""

        def step() -> None:
            newest = self._newest(commit)
            if newest is not None and newest.state in _UNFINISHED:
                number = newest.id
            else:
                number = self.forge.create_deployment(commit, self.environment, version, self.production)
            self.forge.set_deployment_state(number, "in_progress", version, self.run)

        self._attempt(step)

    def end(self, commit: str, state: DeploymentState, words: str) -> None:
        """How the deployment that was begun has ended; one that ended before stays as it is."""

        def step() -> None:
            newest = self._newest(commit)
            if newest is not None and newest.state in _UNFINISHED:
                self.forge.set_deployment_state(newest.id, state, shorten(words, _LONGEST), self.run, self.web)

        self._attempt(step)

    def _newest(self, commit: str) -> ForgeDeployment | None:
        return next(iter(self.forge.deployments(self.environment, commit)), None)

    def _attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except MlopsError as error:
            self.tell(f"warning: the deployment is done, but not reported to the forge: {error}")
