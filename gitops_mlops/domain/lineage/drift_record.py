"""What the ledger knows of drift: the runs of a monitor, and which of them found something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from gitops_mlops.domain.lineage.openlineage import FACET
from gitops_mlops.domain.registry.retirement import DriftRecord

MONITOR = "monitor"


def drift_record(runs: Iterable[Mapping[str, Any]]) -> DriftRecord:
    """The findings in OpenLineage events: ends of `monitor` runs, with a failed test in their TestRunFacet.

    A run that tested nothing does not count as watching.
    """
    found: dict[tuple[str, str], list[datetime]] = {}
    for run in runs:
        facets = _part(_part(run, "run"), "facets")
        told, tests = _part(facets, FACET), _part(facets, "test").get("tests")
        if told.get("kind") != MONITOR or not isinstance(tests, list) or not tests:
            continue
        moments = found.setdefault((str(told.get("model", "")), str(told.get("environment", ""))), [])
        if any(isinstance(test, dict) and test.get("status") == "fail" for test in tests):
            moments.append(datetime.fromisoformat(run["eventTime"]).astimezone(UTC))
    return {place: tuple(sorted(moments)) for place, moments in found.items()}


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, dict) else {}
