"""What should run, what runs, and what to do about the difference. The words are Argo CD's.

Desired state is the active assignment of a stage and the environment of that name in `mlops.yaml`. Observed
state is what the running server says of itself, together with what its target knows of the process behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gitops_mlops.domain.faults import ANSWERS, Cause
from gitops_mlops.domain.registry.retirement_record import RetirementRecord

# Attempts that failed in a row, from which on their number is said.
_OFTEN = 3


class SyncStatus(StrEnum):
    """Whether what runs is what should run."""

    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"


class HealthStatus(StrEnum):
    """How what runs is doing. `Suspended` is not there on purpose, `Missing` was never started."""

    HEALTHY = "Healthy"
    PROGRESSING = "Progressing"
    DEGRADED = "Degraded"
    SUSPENDED = "Suspended"
    MISSING = "Missing"


@dataclass(frozen=True)
class Place:
    """Where one model runs: the public address that an environment gives it."""

    environment: str
    model: str
    host: str
    port: int

    @property
    def address(self) -> str:
        """The URL that clients call."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.model} in {self.environment}"


@dataclass(frozen=True)
class DesiredVersion:
    """The version that is assigned: `version` is its name, or the short commit where none is registered."""

    version: str
    commit: str
    since: datetime | None = None
    by: str = ""
    model_sha256: str = ""


Desired = DesiredVersion | RetirementRecord | None
"""A version; why there is to be none; or no word, which stops nothing: a tag may not have arrived."""


@dataclass(frozen=True)
class RunningServer:
    """What a server says of itself when it is asked. `digest` identifies its bundle, `sha256:…`.

    `log` says that it drops rows of its log, and why.
    """

    model: str
    version: str
    commit: str
    digest: str
    ready: bool
    log: str = ""


@dataclass(frozen=True)
class FailedVersion:
    """A version that did not come to serve here, and why; the one before it kept serving.

    `cause` says what is to blame, `repair` what a person should do, `attempts` how often it came in a row.
    """

    version: str
    commit: str
    reason: str
    at: datetime
    cause: Cause = Cause.VERSION
    repair: str = ""
    attempts: int = 1

    def __str__(self) -> str:
        if self.cause is Cause.VERSION:
            return f"{self.version} was rejected: {self.reason}"
        repair = self.repair or ANSWERS[self.cause].repair
        often = f", {self.attempts} attempts" if self.attempts >= _OFTEN else ""
        said = f"{self.version} is not at fault and is tried again: {self.reason}"
        return f"failed ({self.cause}){often}: {said} → {repair}"


class TargetHold(StrEnum):
    """What a target knows of the process behind a place."""

    ABSENT = "absent"
    ALIVE = "alive"
    ENDED = "ended"
    STOPPED = "stopped"


@dataclass(frozen=True)
class ObservedPlace:
    """A place as its target sees it. `since` is when what runs was switched to, `note` how it ended."""

    hold: TargetHold
    since: datetime | None = None
    note: str = ""
    failure: FailedVersion | None = None


@dataclass(frozen=True)
class CandidateServer:
    """A server that was started beside the current one and takes no public traffic yet."""

    id: str
    address: str
    log: str


@dataclass(frozen=True)
class PlaceStatus:
    """One place, judged. `health` is None where nothing is wanted and nothing runs.

    `retirement` says why nothing is wanted; a place that is not `configured` runs and is not in `mlops.yaml`.
    `failure` says why what is wanted did not come to serve.
    `unmerged` says of a version that is wanted or runs that it is not on main, and must be.
    """

    place: Place
    wanted: DesiredVersion | None
    running: RunningServer | None
    sync: SyncStatus
    health: HealthStatus | None
    since: datetime | None = None
    note: str = ""
    retirement: RetirementRecord | None = None
    configured: bool = True
    failure: FailedVersion | None = None
    unmerged: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing needs to be done: in sync, and healthy or not wanted."""
        return self.sync is SyncStatus.SYNCED and (
            self.retirement is not None or self.health in (None, HealthStatus.HEALTHY)
        )


def judge(place: Place, desired: Desired, held: ObservedPlace, running: RunningServer | None) -> PlaceStatus:
    """A place's state: by the server's own words first, by the process behind it where no server answers."""
    if isinstance(desired, RetirementRecord):
        return _emptied(place, desired, held, running)
    wanted = desired
    health, note = _health(place, held, running)
    if wanted is None and running is None and health is HealthStatus.MISSING:
        return PlaceStatus(place, None, None, SyncStatus.SYNCED, None, note="nothing is assigned")
    sync = SyncStatus.SYNCED if wanted is not None and _same(wanted, running) else SyncStatus.OUT_OF_SYNC
    failure = None
    if wanted is None:
        note = "nothing is assigned, yet it runs" if running is not None else note
    elif held.failure is not None and held.failure.commit == wanted.commit and sync is SyncStatus.OUT_OF_SYNC:
        note, failure = str(held.failure), held.failure
        if running is None:
            note = f"{note}; nothing serves until then → {_deploy_again(place)}"
    elif health is HealthStatus.DEGRADED:
        note = f"{note} → {_deploy_again(place)}"
    elif running is not None and held.hold is not TargetHold.ALIVE:
        note = "answers, but this clone did not start it or lost track of it"
    if running is not None and running.log:
        note = "; ".join(
            filter(None, [note, f"its prediction log is not kept: {running.log} → free disk space, or fix it"])
        )
    since = held.since if running is not None else None
    return PlaceStatus(place, wanted, running, sync, health, since, note, failure=failure)


def _emptied(
    place: Place, retirement: RetirementRecord, held: ObservedPlace, running: RunningServer | None
) -> PlaceStatus:
    if running is None and held.hold is not TargetHold.ALIVE:
        suspended, note = HealthStatus.SUSPENDED, f"empty on purpose {retirement}"
        return PlaceStatus(place, None, None, SyncStatus.SYNCED, suspended, note=note, retirement=retirement)
    health, _ = _health(place, held, running)
    note = f"still runs; emptied {retirement}"
    return PlaceStatus(place, None, running, SyncStatus.OUT_OF_SYNC, health, held.since, note, retirement)


def unconfigured(state: PlaceStatus) -> PlaceStatus:
    """The state of a place that `mlops.yaml` does not name (any more): only a tombstone ends what runs there."""
    if state.retirement is not None:
        return replace(state, configured=False)
    place = state.place
    retire = f"gitops-mlops retire {place.model}#{place.environment}"
    stop = f"gitops-mlops deploy {place.environment} --model {place.model} --stop"
    note = f"runs, and mlops.yaml gives it no port → {retire}, or {stop}"
    return replace(state, sync=SyncStatus.OUT_OF_SYNC, note=note, configured=False)


def noted(state: PlaceStatus, unmerged: Sequence[str], allowed: bool) -> PlaceStatus:
    """The state, with what is not on main, or that the environment allows it (`allow-unmerged`)."""
    notes = [state.note, *unmerged, "allow-unmerged: versions need not be on main" if allowed else ""]
    return replace(state, note="; ".join(note for note in notes if note), unmerged="; ".join(unmerged))


def _health(place: Place, held: ObservedPlace, running: RunningServer | None) -> tuple[HealthStatus, str]:
    if running is not None:
        return (HealthStatus.HEALTHY, "") if running.ready else (HealthStatus.PROGRESSING, "is not ready")
    if held.hold is TargetHold.STOPPED:
        return HealthStatus.SUSPENDED, "stopped on purpose"
    if held.hold is TargetHold.ENDED:
        return HealthStatus.DEGRADED, held.note
    if held.hold is TargetHold.ALIVE:
        return HealthStatus.DEGRADED, f"its process is alive but does not answer at {place.address}"
    return HealthStatus.MISSING, ""


def _deploy_again(place: Place) -> str:
    return f"gitops-mlops deploy {place.environment} --model {place.model}"


def _same(wanted: DesiredVersion, running: RunningServer | None) -> bool:
    return running is not None and (running.version, running.commit) == (wanted.version, wanted.commit)


class DeployStep(StrEnum):
    """What a deploy does at a place."""

    NOTHING = "nothing"
    START = "start"
    SWITCH = "switch"
    STOP = "stop"
    KEEP = "keep"


def next_step(state: PlaceStatus) -> DeployStep:
    """The step that brings a place nearer to what is wanted.

    What is not wanted is stopped when a tombstone says so, and else kept: a tag that did not arrive must not stop
    what serves (`deploy ENV --stop` does).
    """
    if state.retirement is not None:
        return DeployStep.NOTHING if state.good else DeployStep.STOP
    if state.wanted is None:
        return DeployStep.KEEP
    if state.good:
        return DeployStep.NOTHING
    return DeployStep.START if state.running is None else DeployStep.SWITCH
