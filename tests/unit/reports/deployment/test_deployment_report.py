from __future__ import annotations

from datetime import UTC, datetime

from gitops_mlops.domain.deployment.reconciliation import (
    DesiredVersion,
    FailedVersion,
    ObservedPlace,
    Place,
    RunningServer,
    TargetHold,
    judge,
)
from gitops_mlops.domain.faults import Cause
from gitops_mlops.reports.deployment.deployment import (
    deploy_text,
    predictions_text,
    status_data,
    status_findings,
    status_text,
)

NOW = datetime(2026, 1, 1, 12, 30, 5, tzinfo=UTC)
WANTED = DesiredVersion("v1.1.0", "a" * 40)


def running(version: str) -> RunningServer:
    return RunningServer("credit", version, "a" * 40, "sha256:" + "0" * 64, True)


def test_status_is_a_table_and_a_line_for_what_needs_words() -> None:
    states = [
        judge(
            Place("staging", "credit", "127.0.0.1", 8081),
            WANTED,
            ObservedPlace(TargetHold.ALIVE, NOW),
            running("v1.1.0"),
        ),
        judge(
            Place("production", "credit", "127.0.0.1", 8080),
            WANTED,
            ObservedPlace(TargetHold.ENDED, NOW, "gone\x1b[2J"),
            None,
        ),
        judge(Place("other", "credit", "127.0.0.1", 8082), None, ObservedPlace(TargetHold.ABSENT), None),
    ]
    assert status_text(status_data(states)) == (
        "environment  model   desired  running  sync       health    address                since\n"
        "staging      credit  v1.1.0   v1.1.0   Synced     Healthy   http://127.0.0.1:8081  2026-01-01 12:30:05Z\n"
        "production   credit  v1.1.0   -        OutOfSync  Degraded  http://127.0.0.1:8080  -\n"
        "other        credit  -        -        Synced     -         http://127.0.0.1:8082  -\n"
        "\n"
        "credit in production: gone�[2J → gitops-mlops deploy production --model credit\n"
        "credit in other: nothing is assigned"
    )


def test_an_issue_says_what_to_repair() -> None:
    place = Place("staging", "credit", "127.0.0.1", 8081)
    failure = FailedVersion("v1.1.0", "a" * 40, "the disk is full", NOW, Cause.PLACE, "make room")
    state = judge(place, WANTED, ObservedPlace(TargetHold.ALIVE, NOW, failure=failure), running("v1.0.0"))
    (finding,) = status_findings([state])
    assert finding.title == "credit does not run as it should in staging"
    assert "failed (place): v1.1.0 is not at fault and is tried again: the disk is full" in finding.body
    assert "**What to do:** make room, then `gitops-mlops deploy staging --model credit`" in finding.body


def test_each_outcome_is_a_sentence() -> None:
    place = {"environment": "staging", "model": "credit", "address": "A", "step": "switch", "reason": "why"}
    outcome = {**place, "desired": "v2", "previous": "v1", "current": "v1"}
    lines = [
        deploy_text([{**outcome, "result": result}]) for result in ("planned", "deployed", "refused", "unassigned")
    ]
    assert lines == [
        "credit in staging: would switch from v1 to v2 at A",
        "credit in staging: v1 → v2 serves at A",
        "credit in staging: v2 was rejected: why; v1 keeps serving",
        "credit in staging: nothing is assigned, v1 keeps serving",
    ]
    nothing = {**outcome, "desired": "", "step": "stop"}
    assert deploy_text([{**nothing, "result": "planned"}]) == "credit in staging: would stop v1 at A"
    assert deploy_text([{**nothing, "result": "stopped"}]) == ("credit in staging: v1 is stopped; emptied why")
    assert deploy_text([{**nothing, "result": "unnamed"}]) == "credit in staging: v1 why"
    assert deploy_text([{**nothing, "result": "unchanged"}]) == "credit in staging: why\nnothing to do"
    assert deploy_text([{**outcome, "result": "unchanged"}]) == "credit in staging: v2 runs at A\nnothing to do"


def test_predictions_beyond_a_screen_are_counted() -> None:
    text = predictions_text([{"label": "\x1b", "probability": 0.123456789}] * 25)
    assert text.splitlines()[:2] == ["label  probability", "�      0.123457"]
    assert text.splitlines()[-1] == "... 25 rows, --out FILE keeps them all"
