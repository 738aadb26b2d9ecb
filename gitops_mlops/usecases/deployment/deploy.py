"""Reconcile once: bring what runs to what is assigned, without ever serving less than the last healthy version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.deployment.events import deployed, failed, refused, stopped
from gitops_mlops.domain.deployment.reconciliation import (
    DeployStep,
    Desired,
    DesiredVersion,
    FailedVersion,
    Place,
    PlaceStatus,
    RunningServer,
    next_step,
)
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.errors import ExternalError, MlopsError, UsageError
from gitops_mlops.domain.faults import Cause, Fault, fault_of
from gitops_mlops.domain.ports import Repository
from gitops_mlops.domain.registry.ledger import LedgerEvent
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.log import Logger
from gitops_mlops.usecases.deployment.bundle import BundleSources, build_bundle
from gitops_mlops.usecases.deployment.health_gate import DeployPorts, after_switch, examine
from gitops_mlops.usecases.deployment.status import desired, left_over, observe, places, selected
from gitops_mlops.usecases.registry.mainline import merge_refusals

_LOG = Logger(__name__)

Tell = Callable[[str], None]
Record = Callable[[LedgerEvent], None]


class DeployResult(StrEnum):
    """How a place ended. `UNASSIGNED`: no tag says what should run; `UNNAMED`: it runs and is not in `mlops.yaml`."""

    UNCHANGED = "unchanged"
    PLANNED = "planned"
    DEPLOYED = "deployed"
    STOPPED = "stopped"
    REFUSED = "refused"
    UNASSIGNED = "unassigned"
    UNNAMED = "unnamed"


@dataclass(frozen=True)
class DeployOutcome:
    """What a deploy did at a place. `previous` and `current` are versions, "" for none; `reason` explains.

    `event` is what the ledger keeps of it, None for nothing.
    """

    place: Place
    step: DeployStep
    result: DeployResult
    desired: str
    previous: str
    current: str
    reason: str = ""
    event: LedgerEvent | None = None

    def data(self) -> dict[str, Any]:
        """The outcome as JSON-ready data."""
        return {
            "environment": self.place.environment,
            "model": self.place.model,
            "address": self.place.address,
            "step": self.step.value,
            "result": self.result.value,
            "desired": self.desired,
            "previous": self.previous,
            "current": self.current,
            "reason": self.reason,
        }


def deploy(
    config: Config,
    repository: Repository,
    sources: BundleSources,
    world: DeployPorts,
    tell: Tell,
    environments: Sequence[str] = (),
    model: str | None = None,
    dry_run: bool = False,
    record: Record = lambda event: None,
) -> list[DeployOutcome]:
    """Act where desired and observed state differ, environment by environment in the order of the stages.

    `record` is given each event as it happens, before the next place is looked at.

    A version that does not pass its health gate is refused, as is one that is not on main, or whose tags were moved
    or made anew: the outcome says why, and the one before it keeps serving. What is empty on purpose is stopped, and
    bundles that nothing needs any more are dropped. Whatever else keeps a version from serving is no verdict against
    it; it is recorded, too, and raised: EvidenceMissing when nothing is assigned, this clone does not know what was
    merged, or a version cannot be rebuilt from its commit, PlaceError when this machine fails, UsageError,
    OutsideError or Bug by `domain.faults`.
    """
    left = left_over(config, world.target)
    chosen = places(config, environments, model, left)
    left = selected(left, environments, model)
    wanted = desired(repository, chosen, left)
    outcomes = []
    for place in [*chosen, *left]:
        configured = place not in left
        if dry_run:
            state = observe(place, wanted[place], world.target, world.client, configured)
            outcomes.append(_doubted(state, config, sources) or _planned(state))
            continue
        with ExitStack() as held:
            _hold(held, place, wanted[place], world, record)
            # Whoever held it before us may have deployed what was assigned after we looked.
            wanted = desired(repository, chosen, left)
            state = observe(place, wanted[place], world.target, world.client, configured)
            outcome = _attempt(state, config, sources, world, tell, record)
            if outcome.event is not None:
                record(outcome.event)
            outcomes.append(outcome)
    if any(outcome.result in (DeployResult.DEPLOYED, DeployResult.STOPPED) for outcome in outcomes):
        dropped = sources.store.prune(world.target.bundles())
        if dropped:
            tell(f"dropped {len(dropped)} bundle{'s' * (len(dropped) > 1)} that nothing needs")
    return outcomes


def stop(
    config: Config,
    world: DeployPorts,
    environments: Sequence[str],
    model: str | None,
    record: Record = lambda event: None,
) -> list[tuple[Place, bool]]:
    """End what runs in the named environments, on purpose; for each place, whether anything ran.

    Raises OutsideError when a server still answers that this clone did not start.
    """
    if not environments:
        raise UsageError("--stop needs the environment to stop", hint="gitops-mlops deploy ENVIRONMENT --stop")
    left = left_over(config, world.target)
    chosen = places(config, environments, model, left)
    ended = []
    for place in [*chosen, *selected(left, environments, model)]:
        with world.target.exclusive(place.environment):
            event = _end(place, world)
            if event is not None:
                record(event)
            ended.append((place, event is not None))
    return ended


def _end(place: Place, world: DeployPorts, reason: str = "") -> LedgerEvent | None:
    """Stop what runs at a place; None when nothing ran. Raises OutsideError when something still answers."""
    served = world.client.running(place.address, place.model)
    ran = world.target.stop(place)
    left = world.client.running(place.address, place.model)
    if left is not None:
        raise ExternalError(
            f"{left.version} still answers, and this clone did not start it or lost track of it",
            where=place.address,
            hint="end that process yourself",
        )
    return stopped(place, served, world.clock.now(), reason) if ran else None


def _doubted(state: PlaceStatus, config: Config, sources: BundleSources) -> DeployOutcome | None:
    """The end of the matter when a version would be started that is not on main, or whose tags were moved."""
    if state.wanted is None or next_step(state) not in (DeployStep.START, DeployStep.SWITCH):
        return None
    registry = Registry.from_tags(sources.repository.tags())
    doubt = sources.witnesses.doubt(registry, state.place.model, state.place.environment)
    wanted, environment = state.wanted, config.environments[state.place.environment]
    for refusal in () if doubt else merge_refusals(sources.repository, environment, wanted.version, wanted.commit):
        doubt = f"{refusal.observed} → {refusal.requirement}"
    return _outcome(state, DeployResult.REFUSED, _version(state.running), doubt) if doubt else None


def _planned(state: PlaceStatus) -> DeployOutcome:
    step = next_step(state)
    kept = DeployResult.UNASSIGNED if state.configured else DeployResult.UNNAMED
    result = {DeployStep.NOTHING: DeployResult.UNCHANGED, DeployStep.KEEP: kept}.get(step, DeployResult.PLANNED)
    event = deployed(state) if result is DeployResult.UNCHANGED else None
    return _outcome(state, result, _version(state.running), state.note, event)


def _hold(held: ExitStack, place: Place, wanted: Desired, world: DeployPorts, record: Record) -> None:
    """Hold the environment of a place until `held` is left; when that fails, nothing can be deployed there."""
    try:
        held.enter_context(world.target.exclusive(place.environment))
    except MlopsError as error:
        if isinstance(wanted, DesiredVersion):
            _keep(place, wanted, fault_of(error), world, record)
        raise


def _keep(place: Place, wanted: DesiredVersion, fault: Fault, world: DeployPorts, record: Record) -> None:
    """Keep what stood in the way of a version that is not to blame: at the place for `status`, and in the ledger."""
    failure = _failure(wanted, fault, world)
    world.target.remember(place, failure)
    record(failed(place, failure))


def _attempt(
    state: PlaceStatus, config: Config, sources: BundleSources, world: DeployPorts, tell: Tell, record: Record
) -> DeployOutcome:
    """Reconcile one place; a verdict against the version is an outcome, any other fault is kept and raised."""
    try:
        return _doubted(state, config, sources) or _reconcile(state, config, sources, world, tell)
    except Exception as error:
        fault = fault_of(error)
        if state.wanted is None:
            raise
        if fault.answer.taken_back:
            return _rejected(state, fault, world)
        _keep(state.place, state.wanted, fault, world, record)
        if isinstance(error, MlopsError) or fault.cause is Cause.BUG:
            raise
        raise fault.error(str(state.place)) from error


def _reconcile(
    state: PlaceStatus, config: Config, sources: BundleSources, world: DeployPorts, tell: Tell
) -> DeployOutcome:
    place, wanted = state.place, state.wanted
    if state.retirement and next_step(state) is DeployStep.STOP:
        tell(f"{place}: {_version(state.running) or 'what runs'} stops; emptied {state.retirement}")
        event = _end(place, world, str(state.retirement))
        return _outcome(state, DeployResult.STOPPED, "", str(state.retirement), event)
    if wanted is None or next_step(state) is DeployStep.NOTHING:
        return _planned(state)
    health = config.environments[place.environment].health
    tell(f"{place}: {_version(state.running) or 'nothing'} → {wanted.version}, building its bundle")
    built = build_bundle(place.model, wanted, sources, health.timeout)
    beside = " beside it" if state.running else ""
    tell(f"{place}: {wanted.version} starts{beside}, bundle {short_sha(built.digest)}")
    candidate = world.target.start(place, built.path, built.digest)
    fault: Fault | None = None
    try:
        fault = examine(candidate, place, built, health, world)
    except BaseException:
        world.target.discard(place, candidate)
        raise
    if fault is not None:
        world.target.discard(place, candidate)
        if fault.answer.taken_back:
            return _rejected(state, fault, world, built.digest)
        raise fault.error(str(place))
    tell(f"{place}: {wanted.version} is ready and gives its golden predictions, switching")
    world.target.switch(place, candidate)
    after, fault = after_switch(candidate, place, wanted, health, world)
    if fault is not None:
        raise fault.error(str(place))
    event = deployed(after, _version(state.running))
    return _outcome(state, DeployResult.DEPLOYED, wanted.version, event=event)


def _rejected(state: PlaceStatus, fault: Fault, world: DeployPorts, bundle: str = "") -> DeployOutcome:
    """The verdict against the version that is wanted; what served before still does, if it still runs."""
    assert state.wanted is not None
    place, failure = state.place, _failure(state.wanted, fault, world)
    world.target.remember(place, failure)
    serves = _version(world.client.running(place.address, place.model))
    return _outcome(state, DeployResult.REFUSED, serves, fault.reason, refused(place, failure, bundle))


def _failure(wanted: DesiredVersion, fault: Fault, world: DeployPorts) -> FailedVersion:
    return FailedVersion(wanted.version, wanted.commit, fault.reason, world.clock.now(), fault.cause, fault.advice)


def _outcome(
    state: PlaceStatus, result: DeployResult, serves: str, reason: str = "", event: LedgerEvent | None = None
) -> DeployOutcome:
    outcome = DeployOutcome(
        place=state.place,
        step=next_step(state),
        result=result,
        desired=state.wanted.version if state.wanted else "",
        previous=_version(state.running),
        current=serves,
        reason=reason,
        event=event,
    )
    _LOG.info("decided: %s", outcome.data())
    return outcome


def _version(running: RunningServer | None) -> str:
    return running.version if running else ""
