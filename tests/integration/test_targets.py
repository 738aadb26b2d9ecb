"""A kind of target that is not there is refused in one line that names those that are."""

from __future__ import annotations

import pytest

from tests.conftest import Cli, Repo
from tests.integration.deploy_project import CONTRACT, DVC_YAML, MLOPS

WORDS = (
    ("check",),
    ("deploy",),
    ("deploy", "production"),
    ("deploy", "--dry-run"),
    ("deploy", "staging", "--stop"),
    ("status",),
    ("rollout", "production"),
    ("rollout", "staging", "--no-promote"),
    ("promote", "credit", "staging"),
    ("predict", "credit", "--env", "staging", "--row", "{}"),
)


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
@pytest.mark.parametrize("kind", ["docker", "proces", "7", "[process]"])
def test_a_target_of_another_kind_is_refused(repo: Repo, cli: Cli, words: tuple[str, ...], kind: str) -> None:
    text = MLOPS.format(threshold=0.5, staging=8081, production=8080)
    repo.write("mlops.yaml", text.replace("staging: {port", f"staging: {{target: {kind}, port"))
    repo.write("contracts/credit.yaml", CONTRACT)
    repo.write("dvc.yaml", DVC_YAML)
    repo.commit("configure")
    said = cli(*words, folder=repo.root)
    assert said.code == 2, said
    (line,) = [line for line in (said.out + said.err).splitlines() if "environments.staging.target" in line]
    assert 'must be "process", not ' in line
