"""What runs: servers, the bundles that they hold, and how they are asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from gitops_mlops.domain.comparison.predictions import Predictions
    from gitops_mlops.domain.deployment.inference import InferenceResult
    from gitops_mlops.domain.deployment.reconciliation import (
        CandidateServer,
        FailedVersion,
        ObservedPlace,
        Place,
        RunningServer,
    )
    from gitops_mlops.domain.faults import Effort, Ending


class DeployTarget(Protocol):
    """Where versions run: it starts, switches and ends servers, and decides nothing."""

    def exclusive(self, environment: str) -> AbstractContextManager[None]:
        """Hold an environment for one deploy at a time; others wait."""

    def look(self, place: Place) -> ObservedPlace:
        """What is known of the process behind a place."""

    def start(self, place: Place, bundle: Path, digest: str) -> CandidateServer:
        """Start a server beside the current one, without public traffic. Raises OutsideError."""

    def ended(self, candidate: CandidateServer) -> Ending | None:
        """How a candidate ended, before or after it took over; None while it lives."""

    def effort(self, candidate: CandidateServer) -> Effort | None:
        """What a candidate that lives had of its machine since it was started; None when nobody can tell."""

    def remember(self, place: Place, failure: FailedVersion) -> None:
        """Keep why a version does not serve here; `look` tells it."""

    def switch(self, place: Place, candidate: CandidateServer) -> None:
        """Give a candidate the public traffic, without losing a request, then end the server before it."""

    def discard(self, place: Place, candidate: CandidateServer) -> None:
        """End a candidate that did not take over."""

    def stop(self, place: Place) -> bool:
        """End what runs here, on purpose; whether anything ran."""

    def known(self) -> list[Place]:
        """The places where something runs that was started from this clone, whatever is configured now."""

    def bundles(self) -> set[str]:
        """The digests of the bundles that run, or ran last, and of the one before at each place."""


class InferenceClient(Protocol):
    """Servers that speak the Open Inference Protocol, by their address (`http://host:port`)."""

    def running(self, address: str, model: str) -> RunningServer | None:
        """What answers there, None when nothing does or it is no server of this model."""

    def predict(
        self, address: str, model: str, rows: Sequence[Mapping[str, object]], patience: float = 60.0
    ) -> InferenceResult:
        """Predictions for rows, in their order; `patience` is for the first byte of an answer, in seconds.

        Raises UsageError with the server's words when it refuses the rows, OutsideError when it is not there
        or fails, NoAnswer when it takes longer.
        """

    def inputs(self, address: str, model: str) -> dict[str, str]:
        """The columns that the model takes, and their tensor datatypes. Raises OutsideError when it is not there."""


class GoldenModels(Protocol):
    """Models that are asked about their golden rows where they can end nobody but themselves."""

    def predict(
        self,
        files: Mapping[str, bytes],
        columns: Mapping[str, Sequence[Any]],
        place: str,
        contract_name: str,
        timeout: float,
    ) -> Predictions:
        """What the model in a bundle's files says of admitted columns, as `domain.golden` makes it.

        It has `timeout` seconds, and a minute at least. Raises the error of its fault: BundleRefused also for a crash
        and a model that hangs, PlaceError when the system ends it or this machine is too busy.
        """


class BundleStore(Protocol):
    """Bundles of this clone, by their digest."""

    def keep(self, manifest: bytes, files: Mapping[str, bytes]) -> Path:
        """The folder that holds exactly this bundle; made when it is not there yet, made again when damaged.

        It stays as long as the process that asked for it.
        """

    def prune(self, keep: Collection[str]) -> list[str]:
        """Drop every bundle but those with these digests and those that a process reads; the digests dropped."""
