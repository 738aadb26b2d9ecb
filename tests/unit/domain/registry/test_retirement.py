"""The policy's rules, each at its threshold."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.errors import ConfigError
from gitops_mlops.domain.lineage.drift_record import drift_record
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.domain.registry.retirement import RetirementProposal, review
from gitops_mlops.domain.registry.tags import TagRecord

START = datetime(2026, 1, 1, tzinfo=UTC)
MLOPS = """\
version: 1
datasets:
  rows: {path: rows.csv}
models:
  m:
    task: regression
    evaluation: {dataset: rows, target: y}
    gates: [{metric: mae, max: 1}]
    retirement: %s
environments:
  staging: {port: 8081}
  production: {port: 8080, after: staging}
"""


def configured(policy: str) -> Config:
    return parse_config(MLOPS % policy)


def registry(*tags: tuple[str, str, float]) -> Registry:
    """Tags as (name, commit, day)."""
    return Registry.from_tags(
        TagRecord(name, commit, True, int((START + timedelta(days=day)).timestamp()), "Ada", f"{name}\n")
        for name, commit, day in tags
    )


TAGS = (
    ("m@v1.0.0", "a", 0.0),
    ("m#staging#1", "a", 1.0),
    ("m#production#2", "a", 2.0),
    ("m@v1.1.0", "b", 10.0),
    ("m#staging#3", "b", 11.0),
)


def proposals(policy: str, day: float, *tags: tuple[str, str, float], **drift: Any) -> list[RetirementProposal]:
    now = START + timedelta(days=day)
    return list(review(configured(policy), registry(*TAGS, *tags), now, drift.get("drift", {})).proposals)


def told(found: list[RetirementProposal]) -> list[tuple[str, str, str, float]]:
    return [(each.target, each.version, each.rule, each.observed / 86400) for each in found]


def test_a_version_that_stands_too_long() -> None:
    assert proposals("{max-age: 20d}", 20) == []
    found = proposals("{max-age: 20d}", 21)
    assert told(found) == [("m#production", "v1.0.0", "max-age", 21)]
    assert found[0].command == "gitops-mlops retire m#production --reason 'v1.0.0 is 21d old'"
    assert found[0].threshold == 20 * 86400
    assert [each.target for each in proposals("{max-age: 20d}", 31)] == ["m#production", "m#staging"]


def test_a_version_that_no_stage_holds() -> None:
    """v1.0.0 left production on day 12; v1.2.0 was in none, and counts from its registration."""
    tags = (("m#production#4", "b", 12.0), ("m@v1.2.0", "c", 15.0))
    assert proposals("{unused: 30d}", 42, *tags) == []
    assert told(proposals("{unused: 30d}", 43, *tags)) == [("m@v1.0.0", "v1.0.0", "unused", 31)]
    found = proposals("{unused: 30d}", 50, *tags)
    assert [each.target for each in found] == ["m@v1.2.0", "m@v1.0.0"]
    assert found[0].command == "gitops-mlops retire m@v1.2.0 --reason 'no stage has held v1.2.0 for 35d'"
    # What is out of use is not proposed again, and nothing of a retired model is.
    assert proposals("{unused: 30d}", 50, *tags, ("m@v1.2.0!", "c", 16.0), ("m@v1.0.0!", "a", 17.0)) == []
    assert proposals("{unused: 1d, max-age: 1d, superseded: 1d}", 50, *tags, ("m@deprecated", "c", 16.0)) == []


def test_a_version_beside_a_greater_one() -> None:
    """staging has held v1.1.0 since day 11, production still holds v1.0.0."""
    assert proposals("{superseded: 7d}", 18) == []
    found = proposals("{superseded: 7d}", 19)
    assert told(found) == [("m#production", "v1.0.0", "superseded", 8)]
    assert (found[0].reason, found[0].command) == (
        "staging has held v1.1.0 for 8d",
        "gitops-mlops promote m@v1.1.0 production",
    )
    # The other way round: staging was rolled back, production went ahead.
    back = (("m#production#4", "b", 12.0), ("m#staging#5", "a", 13.0))
    assert told(proposals("{superseded: 7d}", 20, *back)) == [("m#staging", "v1.0.0", "superseded", 8)]
    # An interruption begins anew.
    again = (("m#staging!#4", "b", 12.0), ("m#staging#5", "b", 17.0))
    assert proposals("{superseded: 7d}", 20, *again) == []


def event(day: float, status: str | None = "fail", kind: str = "monitor", **facet: str) -> dict[str, Any]:
    facets: dict[str, Any] = {"gitops_mlops": {"kind": kind, "model": "m", "environment": "production", **facet}}
    if status:
        facets["test"] = {"tests": [{"name": "psi", "status": "pass"}, {"name": "ks", "status": status}]}
    return {
        "eventType": "COMPLETE",
        "eventTime": (START + timedelta(days=day)).isoformat(),
        "run": {"runId": "x", "facets": facets},
    }


def test_drift_is_counted_since_the_version_entered_its_stage() -> None:
    record = drift_record([event(1), event(2), event(3, "pass"), event(4), event(5, kind="deployment")])
    assert [moment.day for moment in record["m", "production"]] == [2, 3, 5]
    assert proposals("{drift: 3}", 20, drift=record) == []
    found = proposals("{drift: 2}", 20, drift=record)
    assert [(each.target, each.observed, each.threshold) for each in found] == [("m#production", 2, 2)]
    assert found[0].reason == "2 drift findings since v1.0.0 entered production"


def test_no_record_of_drift_is_not_a_record_of_no_drift() -> None:
    now = START + timedelta(days=20)
    record = drift_record([event(3, "pass"), event(3, None, environment="staging")])
    told = review(configured("{drift: 1}"), registry(*TAGS), now, record)
    assert told == ((), ("m#staging: the ledger has no drift record, so drift is not judged",))


@pytest.mark.parametrize("facets", ['"x"', '{"test": 1}', '{"test": {"tests": [1]}}', "[]", "null"])
def test_what_a_stranger_wrote_is_no_finding(facets: str) -> None:
    ours = {"kind": "monitor", "model": "m", "environment": "production"}
    parts = json.loads(facets)
    run = {"runId": "x", "facets": {**parts, "gitops_mlops": ours} if isinstance(parts, dict) else parts}
    assert not any(drift_record([{"eventTime": "2026-01-01T00:00:00+00:00", "run": run}]).values())


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("{}", "sets no rule"),
        ("{max-age: soon}", "is not a duration"),
        ("{drift: 0}", "must be"),
        ("{age: 3d}", "unknown key 'age'"),
    ],
)
def test_a_policy_that_says_nothing(policy: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(policy)
    assert message in str(caught.value.problems[0])
