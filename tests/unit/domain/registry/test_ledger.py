"""The ledger as a set of lines that only grows, and its events as OpenLineage."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.deployment.events import deployed, refused, stopped
from gitops_mlops.domain.deployment.reconciliation import (
    DesiredVersion,
    FailedVersion,
    Place,
    PlaceStatus,
    RunningServer,
    SyncStatus,
)
from gitops_mlops.domain.lineage.openlineage import MAX_LINE, deployment_lines, read_line, tag_event, tag_lines
from gitops_mlops.domain.names import ARTIFACT, NAME
from gitops_mlops.domain.registry.evidence import write_message
from gitops_mlops.domain.registry.ledger import (
    LedgerEvent,
    appended,
    contradictions,
    distinct,
    environment_folder,
    line_key,
    model_folder,
)
from gitops_mlops.domain.registry.registry import Registry, RegistryEvent
from gitops_mlops.domain.registry.tags import TagRecord
from gitops_mlops.domain.schemas import json_schema

MOMENT = datetime(2026, 11, 21, 14, 35, 0, 123456, UTC)
COMMIT = "c" * 40
PLACE = Place("production", "delay", "127.0.0.1", 8080)

lines = st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), min_size=1, max_size=8), max_size=8)
words = st.text(max_size=30)


def text(of: list[str]) -> str:
    return "".join(f"{line}\n" for line in of)


def tags(*names: str, message: str = "m", commit: str = COMMIT) -> list[RegistryEvent]:
    """The registry's events of some tags, the oldest first."""
    records = [
        TagRecord(name, commit, True, 1_790_000_000 + number, "Ada", message) for number, name in enumerate(names)
    ]
    return sorted(Registry.from_tags(records).events())


@given(lines, lines, lines)
def test_merging_loses_no_line_and_doubles_none(base: list[str], ours: list[str], theirs: list[str]) -> None:
    before = appended("", base)
    here, there = appended(before, ours), appended(before, theirs)
    merged = appended(there, here.split("\n"))
    assert merged.startswith(there)
    assert set(merged.split("\n")) == {"", *base, *ours, *theirs}
    assert len(merged.split("\n")) == len({*base, *ours, *theirs}) + 1
    assert set(merged.split("\n")) == set(appended(here, there.split("\n")).split("\n"))
    assert appended(merged, [*ours, *theirs]) == merged


@given(st.text(st.characters(codec="utf-8"), max_size=30), lines)
def test_what_stands_there_stays_as_it_is(before: str, new: list[str]) -> None:
    after = appended(before, new)
    assert after.startswith(before)
    assert set(new) <= set(after.split("\n"))


def test_a_run_is_recorded_once_however_it_is_told() -> None:
    event = tags("delay@v1.0.0")[0]
    first = appended("", tag_lines(event), line_key)
    # The same tag, told by whoever reads another author out of it.
    assert appended(first, tag_lines(event._replace(author="Eve")), line_key) == first
    assert first.count("\n") == 2


@given(st.sets(st.from_regex(rf"(?:{ARTIFACT})\Z"), min_size=2, max_size=2))
def test_no_two_models_share_a_folder_or_a_file(names: set[str]) -> None:
    one, other = (model_folder(name) for name in names)
    assert one.lower() != other.lower() or one != other
    assert re.fullmatch(r"models/[A-Za-z0-9_.%~-]+", one)
    assert not one.startswith(f"{other}/")


@given(st.from_regex(rf"(?:{NAME})\Z"))
def test_an_environment_is_one_folder(name: str) -> None:
    assert re.fullmatch(r"environments/[A-Za-z0-9_.%~-]+", environment_folder(name))


def test_files_are_by_month_in_utc() -> None:
    late = datetime(2026, 12, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    event = LedgerEvent(late.astimezone(UTC), "registration", "dir/sub:a/b", "v1.0.0", COMMIT)
    assert event.file == "models/dir%2Fsub%3Aa%2Fb/2026-11.jsonl"
    assert LedgerEvent(datetime(999, 1, 1, tzinfo=UTC), "x", "m", "", "").file == "models/m/0999-01.jsonl"


def test_a_registration_reads_the_data_and_gives_the_model() -> None:
    trailers = [
        ("Model-SHA256", "a" * 64),
        ("Data-MD5", "data/b=1.csv=0123"),
        ("Data-MD5", "data/a.csv=4567.dir"),
        ("Verdict", "pass"),
        ("Gate", "mae=pass"),
        ("Gate", "size=warn"),
        ("Gate", "recall=block"),
        ("Gate", "odd=maybe"),
    ]
    (event,) = tags("delay@v1.2.3", message=write_message("Register", trailers))
    start, end = map(json.loads, tag_lines(event))
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == end["run"]["runId"]
    assert start["job"] == end["job"] == {"namespace": "gitops-mlops", "name": "delay.registration"}
    inputs = [(each["name"], each["facets"]["version"]["datasetVersion"]) for each in end["inputs"]]
    assert inputs == [("data/a.csv", "md5:4567.dir"), ("data/b=1.csv", "md5:0123")]
    outputs = [(each["name"], each["facets"]["version"]["datasetVersion"]) for each in end["outputs"]]
    assert outputs == [("delay", "v1.2.3")]
    tests = {each["name"]: (each["status"], each["severity"]) for each in end["run"]["facets"]["test"]["tests"]}
    assert tests == {
        "verdict": ("pass", "error"),
        "mae": ("pass", "error"),
        "size": ("fail", "warn"),
        "recall": ("fail", "error"),
        "odd": ("fail", "error"),
    }


def test_an_assignment_reads_the_model_and_what_leaves_gives_nothing() -> None:
    told = {
        event.tag: json.loads(tag_lines(event)[1])
        for event in tags("m@v1.0.0", "m#prod#1", "m#prod!#2", "m@v1.0.0!", "m@deprecated")
    }
    flow = {
        tag: ([each["name"] for each in end["inputs"]], [each["name"] for each in end["outputs"]])
        for tag, end in told.items()
    }
    assert flow["m#prod#1"] == (["m"], ["m#prod"])
    assert flow["m#prod!#2"] == (["m#prod"], [])
    assert flow["m@v1.0.0!"] == flow["m@deprecated"] == (["m"], [])


def test_a_tag_is_the_same_run_wherever_it_is_read_and_another_one_elsewhere() -> None:
    (event,) = tags("m@v1.0.0")
    assert tag_lines(event) == tag_lines(event)
    runs = {
        tag_event(each).run
        for each in (
            event,
            event._replace(commit="d" * 40),
            event._replace(tag="n@v1.0.0"),
            event._replace(seconds=event.seconds + 1),
        )
    }
    assert len(runs) == 4


@given(st.text(max_size=200), words, words)
def test_what_is_written_is_read_and_fills_two_lines(message: str, author: str, reason: str) -> None:
    (event,) = tags("m#prod#1", message=f"{message}\n\nReason: {reason}\n")
    told = tag_lines(event._replace(author=author))
    assert [line.isascii() and "\n" not in line for line in told] == [True, True]
    assert read_line(told[0]) is None
    assert read_line(told[1]) == tag_event(event._replace(author=author))
    assert {line_key(line)[1] for line in told} == {tag_event(event).run}


def test_no_value_can_imitate_a_run() -> None:
    forged = '{"eventType": "COMPLETE", "run": {"runId": "' + "0" * 36 + '"'
    (event,) = tags("m@v1.0.0")
    event = event._replace(artifact=forged, author=forged, tag=forged)
    assert {line_key(line)[1] for line in tag_lines(event)} == {tag_event(event).run}


def test_what_serves_is_the_same_run_for_every_deploy_that_finds_it() -> None:
    running = RunningServer("delay", "v1.0.0", COMMIT, "sha256:1", True)
    wanted = DesiredVersion("v1.0.0", COMMIT, model_sha256="a" * 64)
    state = PlaceStatus(PLACE, wanted, running, SyncStatus.SYNCED, None, MOMENT)
    first, again = deployed(state, "v0.9.0"), deployed(state)
    assert first is not None
    assert again is not None
    assert (first.run, first.replaces, again.replaces) == (again.run, "v0.9.0", "")
    assert first.file == "environments/production/2026-11.jsonl"
    text_before = appended("", deployment_lines(first), line_key)
    assert appended(text_before, deployment_lines(again), line_key) == text_before
    assert deployed(PlaceStatus(PLACE, wanted, running, SyncStatus.SYNCED, None)) is None
    assert deployed(PlaceStatus(PLACE, wanted, None, SyncStatus.OUT_OF_SYNC, None, MOMENT)) is None


def test_how_deployments_end() -> None:
    running = RunningServer("delay", "v1.0.0", COMMIT, "sha256:1", True)
    events = [
        refused(PLACE, FailedVersion("v2.0.0", COMMIT, "it ended with 1:\n\x1b[2J", MOMENT), "sha256:2"),
        stopped(PLACE, running, MOMENT),
        stopped(PLACE, None, MOMENT, "retired"),
    ]
    ends = [json.loads(deployment_lines(event)[1]) for event in events]
    assert [end["eventType"] for end in ends] == ["FAIL", "COMPLETE", "COMPLETE"]
    assert [end["outputs"] for end in ends] == [[], [], []]
    assert [read_line(json.dumps(end)) for end in ends] == events
    assert len({event.run for event in events}) == 3


def test_the_facet_is_as_its_schema_says() -> None:
    schema = json_schema("ledger")
    assert set(schema["properties"]) == {"_producer", "_schemaURL", *LedgerEvent._fields} - {"moment", "run"}
    registered = tag_lines(tags("m#prod#1", message=write_message("m", [("Reason", "why")]))[0])
    served = deployment_lines(refused(PLACE, FailedVersion("v2.0.0", COMMIT, "late", MOMENT), "sha256:2"))
    for line in (registered[1], served[1]):
        facet = json.loads(line)["run"]["facets"]["gitops_mlops"]
        jsonschema.validate(facet, schema)
        assert facet["_schemaURL"] == schema["$id"]


def run_event(**changes: object) -> str:
    event = json.loads(tag_lines(tags("m@v1.0.0")[0])[1])
    event.update(changes)
    return json.dumps(event)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "not an OpenLineage"),
        ("{", "not an OpenLineage"),
        ("null", "not an OpenLineage"),
        ("[]", "not an OpenLineage"),
        ('"text"', "not an OpenLineage"),
        ("1" * 5000, "not an OpenLineage"),
        ("<<<<<<< HEAD", "not an OpenLineage"),
        ("[" * 100_000, "nested too deeply"),
        (run_event(eventTime="yesterday"), "not an OpenLineage"),
        (run_event(eventTime=7), "not an OpenLineage"),
        (run_event(eventTime="2026-11-21T14:35:00"), "without a zone"),
        (run_event(eventTime="0001-01-01T00:00:00+23:59"), "not an OpenLineage"),
        (run_event(eventTime="2026-11-21"), "without a zone"),
        (run_event(run={"runId": "1"}), "not an OpenLineage"),
        (run_event(run={"runId": 7}), "not an OpenLineage"),
        (run_event(run="x"), "not an OpenLineage"),
        (run_event(run={"runId": "0" * 32, "facets": [1]}), "not an OpenLineage"),
        (run_event(run={"runId": "0" * 32, "facets": {"gitops_mlops": 1}}), "not ours"),
        (run_event(run={"runId": "0" * 32, "facets": {"gitops_mlops": {"kind": ["x"]}}}), "not ours"),
        (run_event(run={"runId": "0" * 32, "facets": {"gitops_mlops": {"kind": "x"}}}), "names no model"),
        (" " * (MAX_LINE + 1), "longer than"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_a_line_that_tells_nothing_says_why(line: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_line(line)


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | words,
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["eventType", "eventTime", "run", "runId", "facets", "gitops_mlops"]), inner
            )
        ),
    )
)
def test_no_line_surprises_the_reader(data: object) -> None:
    try:
        event = read_line(json.dumps(data))
    except ValueError:
        return
    assert event is None


def test_events_that_others_wrote_are_left_to_them() -> None:
    assert read_line(run_event(run={"runId": "0" * 32})) is None
    assert read_line(run_event(eventType="RUNNING")) is None


def test_of_two_tales_of_a_run_the_first_counts_and_both_are_named() -> None:
    event = tag_event(tags("m@v1.0.0")[0])
    other = event._replace(commit="d" * 40)
    assert distinct([event, other, event]) == [event]
    assert list(contradictions([event, event, other])) == [(event, other)]
