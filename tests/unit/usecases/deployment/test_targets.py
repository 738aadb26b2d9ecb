"""Each environment is deployed to the kind of target that `mlops.yaml` names."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gitops_mlops import bootstrap
from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.deployment.reconciliation import FailedVersion, Place
from gitops_mlops.usecases.deployment.targets import EnvironmentTargets

STAGING = Place("staging", "m", "127.0.0.1", 8081)
PRODUCTION = Place("production", "m", "127.0.0.1", 8080)
FAILURE = FailedVersion("v1", "c0ffee", "slow", datetime(2026, 11, 1, tzinfo=UTC))


def config(**kinds: str) -> Config:
    """Two environments, of kinds that a schema of later may allow."""
    read = parse_config(
        b"version: 1\ndatasets: {d: {path: d.csv}}\n"
        b"models: {m: {task: regression, evaluation: {dataset: d, target: y}, gates: [{metric: mae, max: 1}]}}\n"
        b"environments: {staging: {port: 8081}, production: {port: 8080, after: staging}}\n"
    )
    of_kind = {name: read.environments[name].model_copy(update={"target": kind}) for name, kind in kinds.items()}
    return read.model_copy(update={"environments": of_kind})


@pytest.fixture
def kinds(tmp_path: Path) -> dict[str, Any]:
    """Two targets that know nothing of each other."""
    return {name: bootstrap.process_target(tmp_path / name) for name in ("first", "second")}


def test_a_place_belongs_to_the_target_of_its_environment(kinds: dict[str, Any]) -> None:
    targets = EnvironmentTargets(config(staging="first", production="second"), kinds)
    for place, own, other in ((STAGING, "first", "second"), (PRODUCTION, "second", "first")):
        targets.remember(place, FAILURE)
        assert targets.look(place).failure == kinds[own].look(place).failure != None  # noqa: E711
        assert kinds[other].look(place).failure is None
        with targets.exclusive(place.environment):
            assert (kinds[own]._files.resolve(f"processes/{place.environment}/.lock")).exists()
            assert not (kinds[other]._files.resolve(f"processes/{place.environment}/.lock")).exists()
    assert (targets.known(), targets.bundles(), targets.stop(STAGING)) == ([], set(), False)


def test_what_mlops_yaml_no_longer_names_belongs_to_who_started_it(
    kinds: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds["second"], "known", lambda: [STAGING])
    targets = EnvironmentTargets(config(production="first"), kinds)
    assert targets.known() == [STAGING]
    targets.remember(STAGING, FAILURE)
    assert kinds["second"].look(STAGING).failure is not None
    assert kinds["first"].look(STAGING).failure is None
