"""The health gate: whether a server that was started is the version that is wanted, and whose fault it is if not."""

from __future__ import annotations

from dataclasses import dataclass

from gitops_mlops.domain.config.sections import HealthConfig
from gitops_mlops.domain.deployment.bundle import Bundle, golden_mismatch
from gitops_mlops.domain.deployment.inference import InferenceResult
from gitops_mlops.domain.deployment.reconciliation import CandidateServer, DesiredVersion, Place, PlaceStatus
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.errors import MlopsError, NoAnswer, PlaceError
from gitops_mlops.domain.faults import Cause, Effort, Fault, fault_of_delay, fault_of_ending
from gitops_mlops.domain.ports import Clock, DeployTarget, InferenceClient, Timer
from gitops_mlops.usecases.deployment.bundle import BuiltBundle
from gitops_mlops.usecases.deployment.status import observe

# A process whose connections broke is gone within this time, in seconds, if it crashed.
_LAST_MOMENTS = 2.0
# A wait for processors of this share of the time makes the machine the reason for silence.
_BUSY_SHARE = 0.25


@dataclass(frozen=True)
class DeployPorts:
    """What a deploy acts on."""

    target: DeployTarget
    client: InferenceClient
    clock: Clock
    timer: Timer


def examine(
    candidate: CandidateServer, place: Place, built: BuiltBundle, health: HealthConfig, world: DeployPorts
) -> Fault | None:
    """The health gate: ready in time, the very bundle, and its golden predictions over HTTP. None when passed."""
    if fault := await_ready(candidate, place.model, health, world):
        return fault
    begun, before = world.timer.seconds(), world.target.effort(candidate)
    running = world.client.running(candidate.address, place.model)
    if running is None:
        return _silence(candidate, "does not answer any more", health, world, begun, before)
    if running.digest != built.digest:
        return Fault(
            Cause.VERSION, f"the server runs {short_sha(running.digest)} instead of {short_sha(built.digest)}"
        )
    try:
        answers = world.client.predict(candidate.address, place.model, built.manifest.golden.rows, health.timeout)
    except PlaceError as error:
        return Fault(Cause.PLACE, f"golden predictions failed: {error.message}", error.hint)
    except NoAnswer as error:
        what = f"did not return its golden predictions ({error.message})"
        return _silence(candidate, what, health, world, begun, before)
    except MlopsError as error:
        return Fault(Cause.VERSION, f"golden predictions failed: {error.message}")
    mismatch = _golden_mismatch(built.manifest, answers)
    return Fault(Cause.VERSION, mismatch) if mismatch else None


def await_ready(candidate: CandidateServer, model: str, health: HealthConfig, world: DeployPorts) -> Fault | None:
    """Wait until a server is ready; None when it is, else why it will not be."""
    begun = world.timer.seconds()
    while True:
        if ending := world.target.ended(candidate):
            return fault_of_ending(ending)
        running = world.client.running(candidate.address, model)
        if running is not None and running.ready:
            return None
        if fault := _overdue(candidate, "was not ready", begun, health.timeout, world):
            return fault
        world.timer.sleep(health.interval)


def after_switch(
    candidate: CandidateServer, place: Place, wanted: DesiredVersion, health: HealthConfig, world: DeployPorts
) -> tuple[PlaceStatus, Fault | None]:
    """The place after a switch, and what is wrong with it: looked at until it is good or time is up."""
    begun, before = world.timer.seconds(), world.target.effort(candidate)
    while True:
        state = observe(place, wanted, world.target, world.client)
        if state.good:
            return state, None
        ending = world.target.ended(candidate)
        if ending is not None:
            fault: Fault | None = fault_of_ending(ending)
        else:
            fault = _overdue(candidate, f"did not serve ({state.note})", begun, health.timeout, world, before)
        if fault is None:
            world.timer.sleep(health.interval)
            continue
        said = f"{wanted.version} passed its health gate, but {place.address} does not serve it: {fault.reason}"
        return state, fault._replace(reason=said)


def _overdue(
    candidate: CandidateServer,
    what: str,
    begun: float,
    timeout: float,
    world: DeployPorts,
    before: Effort | None = None,
) -> Fault | None:
    """Why a server that lives is too slow, when it is; `before` is its effort at the moment `begun`."""
    # First the effort: what it waits afterwards would count as its own.
    effort = None if world.timer.seconds() - begun < timeout else world.target.effort(candidate)
    if effort and before:
        effort = Effort(effort.ran - before.ran, effort.waited - before.waited)
    return fault_of_delay(what, world.timer.seconds() - begun, timeout, effort, candidate.log)


def _silence(
    candidate: CandidateServer,
    what: str,
    health: HealthConfig,
    world: DeployPorts,
    begun: float,
    before: Effort | None,
) -> Fault:
    """Why a server that was ready answers no more: it is gone, this machine is too busy, or it hangs."""
    deadline = world.timer.seconds() + _LAST_MOMENTS
    while (ending := world.target.ended(candidate)) is None and world.timer.seconds() < deadline:
        world.timer.sleep(health.interval)
    if ending is not None:
        return fault_of_ending(ending)
    effort = world.target.effort(candidate)
    waited = effort.waited - before.waited if effort and before else 0.0
    if waited >= _BUSY_SHARE * (world.timer.seconds() - begun):
        return Fault(Cause.PLACE, f"the server {what}, as this machine is busy, see {candidate.log}")
    return Fault(Cause.VERSION, f"the server {what}, see {candidate.log}")


def _golden_mismatch(manifest: Bundle, answers: InferenceResult) -> str:
    classes = manifest.golden.classes
    if answers.probability and manifest.positive in classes and len(classes) == 2:
        positive = classes.index(manifest.positive)
        both = [(1 - value, value) if positive else (value, 1 - value) for value in answers.probability]
        return golden_mismatch(manifest, answers.labels, both)
    if answers.classes != classes:
        return f"the server has the classes {list(answers.classes)}, recorded are {list(classes)}"
    return golden_mismatch(manifest, answers.labels, answers.probabilities or None)
