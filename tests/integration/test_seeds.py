"""A claim on the recipe, out of repeated trainings on both sides, through `gitops-mlops compare`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.conftest import Cli, Repo
from tests.integration.comparison_project import FEATURES, ComparisonProject, machines

PATH = "metrics/seeds.json"
SEEDS = f"cluster-by: day, seeds: {PATH}"
Trained = list[dict[str, Any]]


def trainings(*losses: float, metric: str = "log_loss") -> Trained:
    return [{"seed": number, metric: loss} for number, loss in enumerate(losses, 1)]


# The two artifacts' log-loss differs by 0.05 with a standard error of 0.01.
STEADY_OLD, STEADY_NEW = trainings(0.551, 0.550, 0.549), trainings(0.451, 0.450, 0.449)
WILD_OLD, WILD_NEW = trainings(0.45, 0.60, 0.52, 0.47), trainings(0.60, 0.44, 0.41, 0.55)


@pytest.fixture
def seeds_project(repo: Repo) -> ComparisonProject:
    """A first model, of which more than one training is recorded."""
    made = ComparisonProject(repo)
    made.configure(SEEDS)
    made.train("speed", "load")
    return made


Told = Callable[..., Any]


@pytest.fixture
def compare_trainings(cli: Cli, seeds_project: ComparisonProject) -> Told:
    """Release with the champion's trainings, then compare a better model with the challenger's; the report."""

    def call(old: object, new: object) -> Any:
        write(seeds_project, old)
        seeds_project.release()
        seeds_project.train(*FEATURES)
        write(seeds_project, new)
        answer = cli("compare", "--json", folder=seeds_project.root)
        assert (answer.code, answer.err) == (0, "")
        return answer.json

    return call


def write(project: ComparisonProject, content: object) -> None:
    if content is not None:
        project.track(PATH, content if isinstance(content, bytes) else json.dumps(content).encode())


def test_the_recipe_is_better_too(compare_trainings: Told, cli: Cli, seeds_project: ComparisonProject) -> None:
    report = compare_trainings(STEADY_OLD, STEADY_NEW)
    (metric,) = report["recipe"]["metrics"]
    artifact = next(one for one in report["metrics"] if one["name"] == "log_loss")
    assert (report["recipe"]["trainings"], report["recipe"]["note"]) == (3, "")
    assert (metric["champion"], metric["challenger"]) == (pytest.approx(0.55), pytest.approx(0.45))
    assert metric["delta"] == pytest.approx(0.1)
    # SE² = SE_test² + (0.001² + 0.001²) / 3
    assert metric["se"] ** 2 == pytest.approx(artifact["se"] ** 2 + 2e-6 / 3)
    assert metric["champion_deviation"] == pytest.approx(0.001)
    assert metric["margin"] == pytest.approx(0.02 * 0.55)
    assert (artifact["verdict"], metric["verdict"]) == ("improved", "improved")
    text = cli("report", folder=seeds_project.root).out
    assert "The recipe: judged as the model file, by 3 trainings of each" in text


def test_a_lucky_seed_is_said_beside_a_verdict_that_stands(
    compare_trainings: Told, cli: Cli, seeds_project: ComparisonProject
) -> None:
    report = compare_trainings(WILD_OLD, WILD_NEW)
    (metric,) = report["recipe"]["metrics"]
    assert (report["verdict"], metric["verdict"]) == ("pass", "inconclusive")
    assert metric["ci"]["low"] < 0 < metric["ci"]["high"]
    noise = np.sqrt((np.var([0.45, 0.60, 0.52, 0.47], ddof=1) + np.var([0.60, 0.44, 0.41, 0.55], ddof=1)) / 2)
    said = (
        f"log-loss: the model file is better; the recipe: inconclusive. Another seed alone moves it by ±{noise:.2f}."
    )
    markdown = cli("report", "--format", "markdown", folder=seeds_project.root).out
    assert said in markdown
    assert "⚠️ The recipe: judged differently from the model file, by 4 trainings of each" in markdown
    assert said in " ".join(cli("report", folder=seeds_project.root).out.split())


def test_a_file_that_git_alone_tracks_counts_as_it_was_committed(
    cli: Cli, repo: Repo, seeds_project: ComparisonProject
) -> None:
    repo.write(PATH, json.dumps(STEADY_OLD))
    seeds_project.release()
    seeds_project.train(*FEATURES)
    repo.write(PATH, json.dumps(STEADY_NEW))
    (metric,) = cli("compare", "--json", folder=seeds_project.root).json["recipe"]["metrics"]
    assert (metric["champion"], metric["challenger"]) == (pytest.approx(0.55), pytest.approx(0.45))
    newer = repo.commit("better")
    recorded = cli("compare", "v0.0.1", newer, "--json", folder=seeds_project.root).json["recipe"]
    assert recorded["metrics"] == [metric]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (None, STEADY_NEW, f"{PATH} of v0.0.1: neither dvc.lock nor git records it"),
        (trainings(0.5, 0.6), trainings(0.4, 0.5), "2 trainings of each are too few to measure the effect of a seed"),
        (STEADY_OLD, trainings(0.4, 0.5, 0.6, 0.7), "the champion was trained 3 times, the challenger 4"),
        (STEADY_OLD, b'[{"seed": 1, "log_loss": NaN}]', f"{PATH} of the working tree: NaN is not a metric value"),
        (STEADY_OLD, b"\xff", f"{PATH} of the working tree: not JSON"),
        (STEADY_OLD, {"log_loss": [1, 2, 3]}, "not a list of objects, one a training"),
    ],
)
def test_what_cannot_be_told_is_said_and_decides_nothing(
    compare_trainings: Told, old: object, new: object, why: str
) -> None:
    report = compare_trainings(old, new)
    assert report["verdict"] == "pass"
    assert why in report["recipe"]["note"]
    assert report["recipe"]["metrics"] == []


def test_a_file_that_git_holds_otherwise_than_the_lock_is_refused(compare_trainings: Told, repo: Repo) -> None:
    repo.write(PATH, json.dumps(trainings(0.9, 0.91, 0.92)))
    note = compare_trainings(STEADY_OLD, STEADY_NEW)["recipe"]["note"]
    assert note.startswith(f"{PATH} of v0.0.1: differs from what dvc.lock records")


def test_metrics_that_are_unknown_or_on_one_side_only_are_named(compare_trainings: Told) -> None:
    old = [{**one, "logloss": 1, "roc_auc": 0.7, "r2": 0.1} for one in STEADY_OLD]
    recipe = compare_trainings(old, STEADY_NEW)["recipe"]
    assert [one["name"] for one in recipe["metrics"]] == ["log_loss"]
    assert "no metric is called 'logloss' (perhaps you meant 'log_loss')" in recipe["note"]
    assert "only one side's trainings have roc_auc" in recipe["note"]


def test_values_that_no_deviation_can_hold_are_left_out(compare_trainings: Told) -> None:
    recipe = compare_trainings(trainings(1e308, -1e308, 1e308), STEADY_NEW)["recipe"]
    assert (recipe["metrics"], "log_loss: " in recipe["note"]) == ([], True)


def test_trainings_that_were_measured_on_other_rows_are_not_compared(
    cli: Cli, seeds_project: ComparisonProject
) -> None:
    write(seeds_project, STEADY_OLD)
    seeds_project.release()
    seeds_project.data("data/test.parquet", machines(seed=5))
    write(seeds_project, STEADY_NEW)
    recipe = cli("compare", "--json", folder=seeds_project.root).json["recipe"]
    assert recipe["note"] == "data/test.parquet: the champion's trainings were measured on other evaluation data"


def test_nothing_is_said_of_a_first_version_or_without_the_setting(
    cli: Cli, seeds_project: ComparisonProject
) -> None:
    write(seeds_project, STEADY_NEW)
    seeds_project.repo.commit("first")
    assert cli("compare", "--json", folder=seeds_project.root).json["recipe"] is None
    seeds_project.release()
    seeds_project.configure("cluster-by: day")
    assert cli("compare", "--json", folder=seeds_project.root).json["recipe"] is None
