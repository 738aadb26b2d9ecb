from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.deployment.reconciliation import (
    DeployStep,
    DesiredVersion,
    FailedVersion,
    HealthStatus,
    ObservedPlace,
    Place,
    PlaceStatus,
    RunningServer,
    SyncStatus,
    TargetHold,
    judge,
    next_step,
    unconfigured,
)
from gitops_mlops.domain.faults import Cause
from gitops_mlops.domain.registry.retirement_record import RetirementRecord

PLACE = Place("staging", "credit", "127.0.0.1", 8081)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOMBSTONE = RetirementRecord("credit#staging!#9", "ada", NOW, "no longer sold")
V1, V2 = DesiredVersion("v1.0.0", "a" * 40), DesiredVersion("v2.0.0", "b" * 40)


def runs(wanted: DesiredVersion, ready: bool = True) -> RunningServer:
    return RunningServer("credit", wanted.version, wanted.commit, "sha256:" + "0" * 64, ready)


ALIVE = ObservedPlace(TargetHold.ALIVE, NOW)


@pytest.mark.parametrize(
    ("wanted", "held", "running", "sync", "health", "step"),
    [
        (V1, ALIVE, runs(V1), SyncStatus.SYNCED, HealthStatus.HEALTHY, DeployStep.NOTHING),
        (V1, ALIVE, runs(V1, ready=False), SyncStatus.SYNCED, HealthStatus.PROGRESSING, DeployStep.SWITCH),
        (V2, ALIVE, runs(V1), SyncStatus.OUT_OF_SYNC, HealthStatus.HEALTHY, DeployStep.SWITCH),
        (V1, ALIVE, None, SyncStatus.OUT_OF_SYNC, HealthStatus.DEGRADED, DeployStep.START),
        (
            V1,
            ObservedPlace(TargetHold.ENDED, NOW, "gone"),
            None,
            SyncStatus.OUT_OF_SYNC,
            HealthStatus.DEGRADED,
            DeployStep.START,
        ),
        (
            V1,
            ObservedPlace(TargetHold.STOPPED),
            None,
            SyncStatus.OUT_OF_SYNC,
            HealthStatus.SUSPENDED,
            DeployStep.START,
        ),
        (V1, ObservedPlace(TargetHold.ABSENT), None, SyncStatus.OUT_OF_SYNC, HealthStatus.MISSING, DeployStep.START),
        (None, ObservedPlace(TargetHold.ABSENT), None, SyncStatus.SYNCED, None, DeployStep.KEEP),
        (None, ALIVE, runs(V1), SyncStatus.OUT_OF_SYNC, HealthStatus.HEALTHY, DeployStep.KEEP),
        # The same version at another commit: someone moved its tag.
        (
            DesiredVersion("v1.0.0", "c" * 40),
            ALIVE,
            runs(V1),
            SyncStatus.OUT_OF_SYNC,
            HealthStatus.HEALTHY,
            DeployStep.SWITCH,
        ),
    ],
)
def test_states_and_steps(
    wanted: DesiredVersion | None,
    held: ObservedPlace,
    running: RunningServer | None,
    sync: SyncStatus,
    health: HealthStatus | None,
    step: DeployStep,
) -> None:
    state = judge(PLACE, wanted, held, running)
    assert (state.sync, state.health, next_step(state)) == (sync, health, step)


wanteds = st.none() | st.sampled_from([V1, V2])
runnings = st.none() | st.builds(runs, st.sampled_from([V1, V2]), st.booleans())
failures = st.none() | st.builds(
    lambda of: FailedVersion(of.version, of.commit, "not ready", NOW), st.sampled_from([V1, V2])
)
helds = st.builds(ObservedPlace, st.sampled_from(TargetHold), st.none() | st.just(NOW), st.just(""), failures)


@given(wanteds, helds, runnings)
def test_nothing_is_done_only_when_nothing_is_wrong(
    wanted: DesiredVersion | None, held: ObservedPlace, running: RunningServer | None
) -> None:
    state = judge(PLACE, wanted, held, running)
    if next_step(state) is DeployStep.NOTHING:
        assert state.good
        assert wanted is not None
        assert running is not None
        assert running.ready
        assert running.commit == wanted.commit
    if wanted is None:
        assert next_step(state) is DeployStep.KEEP
    if running is None:
        assert next_step(state) is not DeployStep.SWITCH
        assert state.health not in (HealthStatus.HEALTHY, HealthStatus.PROGRESSING)


@given(wanteds, helds, runnings)
def test_what_a_switch_leads_to_needs_no_other(
    wanted: DesiredVersion | None, held: ObservedPlace, running: RunningServer | None
) -> None:
    state = judge(PLACE, wanted, held, running)
    if wanted is not None and next_step(state) in (DeployStep.START, DeployStep.SWITCH):
        assert next_step(judge(PLACE, wanted, ALIVE, runs(wanted))) is DeployStep.NOTHING


@given(helds, runnings)
def test_what_is_empty_on_purpose_is_stopped_and_then_left_alone(
    held: ObservedPlace, running: RunningServer | None
) -> None:
    for state in (judged := judge(PLACE, TOMBSTONE, held, running)), unconfigured(judged):
        assert next_step(state) is (DeployStep.NOTHING if state.good else DeployStep.STOP)
        assert state.good == (running is None and held.hold is not TargetHold.ALIVE)
        assert "ada on 2026-01-01: no longer sold" in state.note
    stopped = judge(PLACE, TOMBSTONE, ObservedPlace(TargetHold.STOPPED, failure=held.failure), None)
    assert (stopped.sync, stopped.health, stopped.good) == (SyncStatus.SYNCED, HealthStatus.SUSPENDED, True)


@given(helds, st.builds(runs, st.sampled_from([V1, V2]), st.booleans()))
def test_what_is_not_configured_is_kept_and_is_never_in_sync(held: ObservedPlace, running: RunningServer) -> None:
    state = unconfigured(judge(PLACE, None, held, running))
    assert (next_step(state), state.good, state.configured) == (DeployStep.KEEP, False, False)
    assert "gitops-mlops deploy staging --model credit --stop" in state.note


def test_the_note_names_the_version_that_was_refused_while_it_is_wanted() -> None:
    failure = FailedVersion("v2.0.0", V2.commit, "golden row 0 differs", NOW)
    held = ObservedPlace(TargetHold.ALIVE, NOW, failure=failure)
    assert judge(PLACE, V2, held, runs(V1)).note == "v2.0.0 was rejected: golden row 0 differs"
    assert judge(PLACE, V1, held, runs(V1)).note == ""


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.VERSION])
def test_the_note_says_what_else_failed_and_what_to_repair(cause: Cause) -> None:
    held = ObservedPlace(
        TargetHold.ALIVE, NOW, failure=FailedVersion("v2.0.0", V2.commit, "the disk is full", NOW, cause, "make room")
    )
    state = judge(PLACE, V2, held, runs(V1))
    assert state.note == (
        f"failed ({cause}): v2.0.0 is not at fault and is tried again: the disk is full → make room"
    )
    assert (state.failure, next_step(state)) == (held.failure, DeployStep.SWITCH)
    assert judge(PLACE, V1, held, runs(V1)).failure is None


def test_addresses() -> None:
    assert PLACE.address == "http://127.0.0.1:8081"
    assert Place("s", "m", "::1", 80).address == "http://[::1]:80"
    assert str(PLACE) == "credit in staging"


def test_since_belongs_to_what_runs() -> None:
    ended: PlaceStatus = judge(PLACE, V1, ObservedPlace(TargetHold.ENDED, NOW, "gone"), None)
    assert (ended.since, judge(PLACE, V1, ALIVE, runs(V1)).since) == (None, NOW)


@pytest.mark.parametrize("attempts", [1, 2, 3, 40])
@pytest.mark.parametrize("running", [None, runs(V1)])
def test_a_fault_that_is_not_the_versions_says_how_often_and_what_serves(
    attempts: int, running: RunningServer | None
) -> None:
    failure = FailedVersion(V2.version, V2.commit, "no memory", NOW, Cause.PLACE, "more memory", attempts)
    state = judge(PLACE, V2, ObservedPlace(TargetHold.ENDED, NOW, "gone", failure), running)
    often = f", {attempts} attempts" if attempts >= 3 else ""
    assert state.note.startswith(
        f"failed (place){often}: v2.0.0 is not at fault and is tried again: no memory → more"
    )
    nothing = "nothing serves until then → gitops-mlops deploy staging --model credit"
    assert (nothing in state.note) == (running is None)
    assert next_step(state) is (DeployStep.START if running is None else DeployStep.SWITCH)


def test_a_log_that_is_not_kept_is_a_note_of_a_healthy_place() -> None:
    state = judge(PLACE, V1, ALIVE, replace(runs(V1), log="3 rows are lost (No space left on device)"))
    assert state.note == (
        "its prediction log is not kept: 3 rows are lost (No space left on device) → free disk space, or fix it"
    )
    assert (state.good, next_step(state)) == (True, DeployStep.NOTHING)
