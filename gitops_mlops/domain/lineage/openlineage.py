"""The ledger's events as OpenLineage 2-0-2 RunEvents, one JSON object a line.

A registration reads the data and gives the model; an assignment reads the model and gives it to its stage; a
deployment reads the stage and gives what serves. What has no place in OpenLineage stands in a facet of ours.
Everything follows from the event, so that whoever writes it writes the same line.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from gitops_mlops.domain.registry import evidence
from gitops_mlops.domain.registry.events import RegistryEvent
from gitops_mlops.domain.registry.ledger import DEPLOYMENT, FAILED, REFUSED, RELEASE, STOPPED, WITHDRAWAL, LedgerEvent
from gitops_mlops.domain.registry.tags import TagAction

NAMESPACE = "gitops-mlops"
DATA_NAMESPACE = "dvc"
FACET = "gitops_mlops"
PRODUCER = "urn:gitops-mlops"
FACET_SCHEMA = "urn:gitops-mlops:schema:ledger:1"

_FACET_NUMBER = re.compile(r"urn:gitops-mlops:schema:ledger:([1-9][0-9]{0,3})\Z")
_SPEC = "https://openlineage.io/spec"
_SCHEMA = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_VERSION = f"{_SPEC}/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"
_TESTS = f"{_SPEC}/facets/1-0-1/TestRunFacet.json#/$defs/TestRunFacet"
_ENDS = ("COMPLETE", "ABORT", "FAIL")
# Anything longer was not written by us; git limits no line.
MAX_LINE = 1024 * 1024

_RUNS = uuid.uuid5(uuid.NAMESPACE_URL, PRODUCER)
# The facet's fields; the moment and the run have a place of their own.
_FIELDS = tuple(field for field in LedgerEvent._fields if field not in ("moment", "run"))

_SEVERITY = {"pass": ("pass", "error"), "warn": ("fail", "warn"), "incomparable": ("skip", "error")}


class LineageDataset(NamedTuple):
    """A dataset that a run read or wrote, and its version."""

    namespace: str
    name: str
    version: str


def tag_event(event: RegistryEvent) -> LedgerEvent:
    """What a registry tag tells, with the version that its commit has."""
    known = event.evidence
    return LedgerEvent(
        moment=event.created,
        kind=str(event.action),
        model=event.artifact,
        version=event.version or "",
        commit=event.commit,
        environment=event.stage or "",
        tag=event.tag,
        run=_run("tag", event.tag, event.commit, event.created.isoformat()),
        by=event.author,
        reason=known.one(evidence.REASON),
        replaces=known.one(evidence.REPLACES),
        model_sha256=known.model_sha256,
    )


def deployment_run(event: LedgerEvent) -> str:
    """The run of a deployment: the same place, version, bundle, result and moment are the same run."""
    facts = (event.environment, event.model, event.version, event.commit, event.bundle, event.result)
    return _run(DEPLOYMENT, *facts, event.moment.isoformat())


def withdrawal_run(event: LedgerEvent) -> str:
    """The run of a withdrawal: who took which run back, and when."""
    return _run(WITHDRAWAL, event.withdraws, event.by, event.moment.isoformat())


def withdrawal_lines(event: LedgerEvent) -> list[str]:
    """The two lines of a withdrawal; it gives nothing."""
    return _lines(event, [LineageDataset(NAMESPACE, event.model, event.version or event.commit)], [], [])


def tag_lines(event: RegistryEvent) -> list[str]:
    """The two lines of a registry tag: the run's start and its end."""
    told = tag_event(event)
    model = LineageDataset(NAMESPACE, told.model, told.version or told.commit)
    inputs, outputs = [model], [model._replace(name=f"{told.model}#{told.environment}")]
    if not told.environment:
        data = sorted(event.evidence.data_md5.items())
        inputs, outputs = [LineageDataset(DATA_NAMESPACE, path, f"md5:{md5}") for path, md5 in data], [model]
    if event.action not in (TagAction.REGISTER, TagAction.ASSIGN):
        # What is taken out of use or out of a stage gives nothing.
        inputs, outputs = outputs, []
    return _lines(told, inputs, outputs, _tests(event.evidence))


def step_lines(
    name: str,
    moment: datetime,
    identity: Sequence[str],
    inputs: Sequence[LineageDataset],
    outputs: Sequence[LineageDataset],
) -> list[str]:
    """The two lines of a step of a pipeline; `identity` is what makes a run of it this one."""
    run = {"runId": _run("step", name, *identity)}
    common = {
        "eventTime": moment.isoformat(),
        "job": {"namespace": NAMESPACE, "name": name},
        "producer": PRODUCER,
        "schemaURL": _SCHEMA,
    }
    sides = {"inputs": [_dataset(each) for each in inputs], "outputs": [_dataset(each) for each in outputs]}
    return [
        json.dumps(each)
        for each in (
            {"eventType": "START", **common, "run": run},
            {"eventType": "COMPLETE", **common, "run": run, **sides},
        )
    ]


def release_run(event: LedgerEvent) -> str:
    """The run that judged a model at a commit, at that moment."""
    return _run(RELEASE, event.model, event.commit, event.moment.isoformat())


def release_lines(event: LedgerEvent) -> list[str]:
    """The two lines of a release that looked at a model: it reads the model's stage and gives a version, or none."""
    return _lines(event, [], [LineageDataset(NAMESPACE, event.model, event.version)] if event.version else [], [])


def deployment_lines(event: LedgerEvent) -> list[str]:
    """The two lines of a deployment."""
    stage = LineageDataset(NAMESPACE, f"{event.model}#{event.environment}", event.version or event.commit)
    served = [LineageDataset(event.address, event.model, event.bundle or stage.version)]
    return _lines(event, [stage], [] if event.result in (REFUSED, FAILED, STOPPED) else served, [])


def read_line(line: str) -> LedgerEvent | None:
    """The event that a line tells; None for a run's start, and for an event that others wrote.

    Raises ValueError with the reason for a line that is not an OpenLineage event, or not one as we write it.
    """
    if len(line) > MAX_LINE:
        raise ValueError(f"is longer than {MAX_LINE} characters")
    try:
        data = json.loads(line)
        state, moment, run = data["eventType"], data["eventTime"], data["run"]
        facet = (run.get("facets") or {}).get(FACET)
        when = datetime.fromisoformat(moment)
        utc = when.astimezone(UTC) if when.tzinfo else None
        name = str(uuid.UUID(run["runId"]))
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
        raise ValueError("is not an OpenLineage RunEvent") from None
    if state not in _ENDS or facet is None:
        return None
    if utc is None:
        raise ValueError("has a time without a zone")
    if not isinstance(facet, dict) or not all(
        isinstance(facet.get(field, ""), str) for field in ("_schemaURL", *_FIELDS)
    ):
        raise ValueError(f"has a facet {FACET} that is not ours")
    if (known := _FACET_NUMBER.match(facet.get("_schemaURL", ""))) and int(known[1]) > 1:
        raise ValueError(f"has a facet {FACET} of schema {known[1]}: read it with a newer version of gitops-mlops")
    if not facet.get("kind") or not facet.get("model"):
        raise ValueError(f"names no model or kind in its facet {FACET}")
    fields = {field: facet.get(field, "") for field in _FIELDS}
    return LedgerEvent(moment=utc, run=name, **fields)


def _run(*facts: str) -> str:
    return str(uuid.uuid5(_RUNS, json.dumps(facts)))


def _lines(
    event: LedgerEvent,
    inputs: Sequence[LineageDataset],
    outputs: Sequence[LineageDataset],
    tests: Sequence[Mapping[str, str]],
) -> list[str]:
    words = [event.model, event.kind, event.environment]
    run = {"runId": event.run}
    common: dict[str, Any] = {
        "eventTime": event.moment.isoformat(),
        "job": {"namespace": NAMESPACE, "name": ".".join(word for word in words if word)},
        "producer": PRODUCER,
        "schemaURL": _SCHEMA,
    }
    facets = {FACET: _facet(FACET_SCHEMA, {key: getattr(event, key) for key in _FIELDS if getattr(event, key)})}
    if tests:
        facets["test"] = _facet(_TESTS, {"tests": list(tests)})
    end = {
        "eventType": "FAIL" if event.result in (REFUSED, FAILED) else "COMPLETE",
        **common,
        "run": {**run, "facets": facets},
        "inputs": [_dataset(each) for each in inputs],
        "outputs": [_dataset(each) for each in outputs],
    }
    # In ASCII no character can end a line, hide or turn the text round, whatever reads it.
    return [json.dumps(each) for each in ({"eventType": "START", **common, "run": run}, end)]


def _dataset(dataset: LineageDataset) -> dict[str, Any]:
    version = _facet(_VERSION, {"datasetVersion": dataset.version})
    return {"namespace": dataset.namespace, "name": dataset.name, "facets": {"version": version}}


def _facet(schema: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": schema, **fields}


def _tests(known: evidence.VersionEvidence) -> list[dict[str, str]]:
    """The comparison's verdict and gates; a word that is not ours is a failure."""
    pairs = [("verdict", verdict) for verdict in known.all(evidence.VERDICT)]
    for gate in known.all(evidence.GATE):
        name, _, status = gate.rpartition("=")
        pairs.append((name, status))
    found = []
    for name, word in pairs:
        status, severity = _SEVERITY.get(word, ("fail", "error"))
        found.append({"name": name, "status": status, "severity": severity})
    return found
