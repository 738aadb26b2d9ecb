"""The ledger's lines, read by the classes that OpenLineage generates from its specification."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from openlineage.client.generated.base import EventType

from gitops_mlops.domain.deployment.events import refused, stopped
from gitops_mlops.domain.deployment.reconciliation import FailedVersion, Place, RunningServer
from gitops_mlops.domain.lineage.openlineage import deployment_lines, tag_lines
from gitops_mlops.domain.registry.evidence import write_message
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.domain.registry.tags import TagRecord
from tests.fakes.openlineage_client import read

TRAILERS = [("Data-MD5", "data/a.csv=0123"), ("Verdict", "pass"), ("Gate", "mae=warn"), ("Reason", "why")]


def written() -> list[dict[str, Any]]:
    names = ("m@v1.0.0", "m#prod#1", "m#prod!#2", "m@v1.0.0!", "m@deprecated", "dir=m@created")
    message = write_message("m", TRAILERS)
    tags = [TagRecord(name, "c" * 40, True, 1_790_000_000 + i, "Ada", message) for i, name in enumerate(names)]
    place, moment = Place("prod", "m", "127.0.0.1", 8080), datetime(2026, 11, 21, microsecond=5, tzinfo=UTC)
    deployments = [
        refused(place, FailedVersion("v2.0.0", "c" * 40, "late", moment), "sha256:2"),
        stopped(place, RunningServer("m", "v1.0.0", "c" * 40, "sha256:1", True), moment),
        stopped(place, None, moment),
    ]
    lines = [line for event in Registry.from_tags(tags).events() for line in tag_lines(event)]
    lines += [line for event in deployments for line in deployment_lines(event)]
    return [json.loads(line) for line in lines]


def test_every_line_is_a_run_event_of_the_specification() -> None:
    events = [read(event) for event in written()]
    assert {event.eventType for event in events} == {EventType.START, EventType.COMPLETE, EventType.FAIL}
    runs = [event.run.runId for event in events]
    assert [runs.count(run) for run in set(runs)] == [2] * 9


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("eventType", "DONE"),
        ("eventTime", "2026-11-21"),
        ("run", {"runId": "7"}),
        ("run", {}),
        ("job", {"name": "x"}),
        ("job", {"namespace": "x", "name": 7}),
        ("inputs", [{"name": "x"}]),
        (
            "inputs",
            [{"namespace": "x", "name": "y", "facets": {"version": {"_producer": "urn:x", "_schemaURL": "u"}}}],
        ),
        ("schemaURL", "https://openlineage.io/spec/1-0-0/OpenLineage.json"),
        ("surprise", 1),
    ],
)
def test_the_reader_is_strict(path: str, value: object) -> None:
    event = copy.deepcopy(next(each for each in written() if each["eventType"] == "COMPLETE"))
    event[path] = value
    with pytest.raises((TypeError, ValueError)):
        read(event)
