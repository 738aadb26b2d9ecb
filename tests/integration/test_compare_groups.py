"""Groups of people in a comparison, from the configuration to the exit code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.conftest import Answer, Cli, Repo
from tests.integration.comparison_project import FEATURES, ComparisonProject, machines

Compare = Callable[..., Answer]
GATES = "[{metric: roc_auc, min: 0.5}]"
FAIR = "find-slices: off, fairness: {sensitive: [group]}"
COLUMNS = (*FEATURES, "second")


def people(rows: int, seed: int, names: list[Any], kind: Any = None) -> pl.DataFrame:
    """Rows of which every second has the second name; `second` says so as a number that a model can read."""
    index = np.arange(rows)
    group = pl.Series("group", [names[i % len(names)] for i in index], dtype=kind, strict=False)
    return machines(rows, seed=seed, first=seed * 100_000).with_columns(group, pl.Series("second", index % 2))


@pytest.fixture
def grouped_champion(comparison_project: ComparisonProject) -> ComparisonProject:
    """A champion in production, and two groups that no model may treat otherwise."""
    project = comparison_project
    project.data("data/train.parquet", people(2400, 1, ["a|<b>", "@b"]))
    project.data("data/test.parquet", people(2400, 0, ["a|<b>", "@b"]))
    project.configure(FAIR, GATES)
    project.train(*COLUMNS)
    project.release()
    return project


def biased(frame: pl.DataFrame) -> np.ndarray:
    """Labels by which nobody of the second group is ever positive."""
    return np.asarray(frame["broken"].to_numpy() * (frame["second"].to_numpy() == 0))


def gates(report: Any) -> dict[str, str]:
    return {gate["id"]: gate["status"] for gate in report["gates"]}


PARITY, ODDS = "fairness group demographic parity", "fairness group equalised odds"


def test_a_challenger_that_treats_a_group_worse_is_blocked(
    compare: Compare, grouped_champion: ComparisonProject
) -> None:
    grouped_champion.train(*COLUMNS, target=biased)
    report = compare("--json", code=1).json
    assert gates(report) == {"roc_auc min": "pass", PARITY: "block", ODDS: "block"}
    (found,) = report["fairness"]
    assert (found["column"], found["method"]) == ("group", "multinomial bootstrap")
    assert {group["value"]: group["rows"] for group in found["groups"]} == {"a|<b>": 1200, "@b": 1200}
    rates = [group["challenger"]["selection_rate"] for group in found["groups"]]
    parity = found["gaps"][0]
    assert parity["challenger"] == pytest.approx(max(rates) - min(rates))
    assert parity["worsening"] == pytest.approx(parity["challenger"] - parity["champion"])
    assert parity["ci"]["low"] > 0
    assert "Fairness: 2 of 2 gaps significantly wider" in compare(code=1).out


@pytest.mark.usefixtures("grouped_champion")
def test_the_same_model_changes_no_gap(compare: Compare) -> None:
    report = compare("--json").json
    assert gates(report) == {"roc_auc min": "pass", PARITY: "pass", ODDS: "pass"}
    assert [gap["worsening"] for gap in report["fairness"][0]["gaps"]] == [0, 0]


def test_a_first_version_is_only_warned_of(cli: Cli, repo: Repo) -> None:
    project = ComparisonProject(repo)
    for name, seed in (("train", 1), ("test", 0)):
        project.data(f"data/{name}.parquet", people(2400, seed, ["a", "b"]))
    project.configure(FAIR, GATES)
    project.train(*COLUMNS, target=biased)
    repo.commit()
    report = cli("compare", "--json", folder=project.root).json
    assert gates(report)[PARITY] == "warn"
    assert report["fairness"][0]["gaps"][0]["worsening"] is None


@pytest.mark.parametrize(
    ("names", "kind", "shown"),
    [
        ([1, 2], pl.Int64, {"1", "2"}),
        ([0.5, float("nan")], pl.Float64, {"0.5", "missing"}),
        ([None, "None"], pl.String, {"missing", "None"}),
        ([True, None], pl.Boolean, {"true", "missing"}),
        (["only"], pl.String, set()),
        ([None], pl.Null, set()),
    ],
)
def test_groups_of_any_name(
    compare: Compare, grouped_champion: ComparisonProject, names: list[Any], kind: Any, shown: set[str]
) -> None:
    grouped_champion.data("data/test.parquet", people(1200, 0, names, kind))
    report = compare("--json").json
    assert {group["value"] for group in report["fairness"][0]["groups"]} == shown
    assert gates(report)[PARITY] == ("pass" if shown else "warn")


def test_identifiers_are_many_groups_that_are_too_small(
    compare: Compare, grouped_champion: ComparisonProject
) -> None:
    grouped_champion.data("data/test.parquet", people(1200, 0, [f"person {i}" for i in range(1200)]))
    report = compare("--json").json
    groups = report["fairness"][0]["groups"]
    assert len(groups) == 50
    assert groups[0]["note"] == "fewer than 200 rows: cannot be judged"
    assert gates(report)[PARITY] == "warn"


def test_few_clusters_are_said(compare: Compare, grouped_champion: ComparisonProject) -> None:
    grouped_champion.configure(f"cluster-by: site, {FAIR}", GATES)
    gate = compare("--json").json["gates"][1]
    assert (gate["status"], gate["reason"]) == ("warn", "cannot be judged: only 3 clusters, at least 20 are needed")


@pytest.mark.parametrize(
    ("evaluation", "task", "said"),
    [
        ("fairness: {sensitive: [grop]}", "binary-classification", "no column 'grop'"),
        (
            "fairness: {sensitive: [group]}",
            "regression",
            "'fairness' is for binary-classification, not for regression",
        ),
        ("fairness: {sensitive: []}", "binary-classification", "sensitive"),
        ("fairness: {sensitive: [group], max-worsening: 2}", "binary-classification", "max-worsening"),
        ("find-slices: maybe", "binary-classification", "find-slices"),
    ],
)
def test_wrong_settings(cli: Cli, grouped_champion: ComparisonProject, evaluation: str, task: str, said: str) -> None:
    metric = "rmse" if task == "regression" else "roc_auc"
    grouped_champion.configure(evaluation, f"[{{metric: {metric}, min: 0.5}}]", task=task)
    answer = cli("compare", folder=grouped_champion.root)
    assert answer.code == 2
    assert said in answer.err
