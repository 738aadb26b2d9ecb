"""`gitops-mlops compare` on real repositories, DVC caches and models."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.svm import LinearSVC

from gitops_mlops.domain.comparison.frames import to_pandas
from gitops_mlops.domain.comparison.report import parse_report
from gitops_mlops.runtime.skops_model import load_model
from tests.conftest import Answer, Cli, Repo
from tests.integration.comparison_project import FEATURES, ComparisonProject, machines, parquet

Compare = Callable[..., Answer]


@pytest.fixture
def two_feature_champion(comparison_project: ComparisonProject) -> ComparisonProject:
    """A champion that knows two of three features, in production."""
    comparison_project.train("speed", "load")
    comparison_project.release()
    return comparison_project


def refused(compare: Compare, project: ComparisonProject, code: int, says: str, *words: str) -> None:
    """One line, the code, and no report."""
    answer = compare(*words, code=code)
    assert says in answer.err, answer.err
    assert answer.err.count("\n") == 1, answer.err
    assert answer.out == ""
    assert not (project.root / "report.json").exists()


def gate(report: Any, identity: str) -> Any:
    return next(one for one in report["gates"] if one["id"] == identity)


def metric(report: Any, name: str) -> Any:
    return next(one for one in report["metrics"] if one["name"] == name)


def test_a_better_model_passes(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.parameters["train.seed"] = 2
    two_feature_champion.train(*FEATURES)
    answer = compare("--json", "-v")
    report = answer.json
    assert report["verdict"] == "pass"
    assert f"fault: the verdict is pass on {report['evaluation']['rows']} rows" in answer.err
    assert report == parse_report((two_feature_champion.root / "report.json").read_bytes()).model_dump(
        mode="json", by_alias=True
    )
    champion, challenger = report["champion"], report["challenger"]
    assert (champion["revision"], champion["version"]) == ("fault#production", "v0.0.1")
    assert champion["commit"] == two_feature_champion.repo.git("rev-parse", "HEAD").strip()
    assert (
        challenger["model_sha256"] == hashlib.sha256(two_feature_champion.tracked["models/fault.skops"]).hexdigest()
    )
    assert (challenger["revision"], challenger["commit"]) == ("working tree", "")
    frame = machines()
    model = load_model(two_feature_champion.tracked["models/fault.skops"], "model")
    answers = model.predict(to_pandas(frame)).probabilities
    assert answers is not None
    truth = frame["broken"].to_numpy()
    assert metric(report, "log_loss")["challenger"] == pytest.approx(log_loss(truth, answers[:, 1]))
    assert metric(report, "roc_auc")["challenger"] == pytest.approx(roc_auc_score(truth, answers[:, 1]))
    assert metric(report, "log_loss")["verdict"] == "improved"
    assert report["evaluation"] | {"positives": None} == {
        "dataset": "test",
        "rows": 900,
        "positives": None,
        "cluster_by": "day",
        "clusters": 30,
        "excluded": {},
        "overlap": None,
    }
    assert report["evaluation"]["positives"] == int(truth.sum())
    assert report["parameters"] == [{"name": "params.yaml:train.seed", "old": 1, "new": 2}]
    assert np.sum(report["confusion"]["challenger"]) == 900
    assert [curve["name"] for curve in report["curves"]] == ["calibration", "roc", "precision_recall"]
    assert report["environment"]["seed"] == "0"
    assert report["warnings"] == []


def test_a_lock_that_is_out_of_step_is_pointed_out(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.train("load", "speed", "age")
    two_feature_champion.repo.write("params.yaml", "train: {seed: 7}\n")
    (warning,) = compare("--json").json["warnings"]
    assert "dvc.lock is out of date" in warning
    assert "train.seed" in warning
    assert "dvc repro" in warning


def test_a_worse_model_is_blocked_and_says_by_which_gate(
    compare: Compare, two_feature_champion: ComparisonProject
) -> None:
    two_feature_champion.train("load")
    answer = compare(code=1)
    assert answer.out.startswith("BLOCK fault: worse than v0.0.1")
    report = parse_report((two_feature_champion.root / "report.json").read_bytes())
    assert [(one.id, one.status) for one in report.gates] == [
        ("log_loss non-inferior", "block"),
        ("roc_auc min", "pass"),
        ("found slices", "warn"),
    ]
    assert "at most −" in report.gates[0].reason


def test_rows_that_nobody_declared_are_searched(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    """A challenger that is as good as before but on one site, which every gate misses."""
    for name, seed, first in (("test", 0, 0), ("train", 1, 10_000)):
        frame = machines(5400, seed=seed, first=first)
        tiny = (pl.col("site") == "tiny").cast(pl.Int64).alias("<b>|tiny")
        two_feature_champion.data(f"data/{name}.parquet", frame.with_columns(tiny))
    columns = (*FEATURES, "<b>|tiny")
    two_feature_champion.train(*columns)
    two_feature_champion.release()
    two_feature_champion.train(
        *columns, target=lambda frame: frame["broken"].to_numpy() * (frame["<b>|tiny"].to_numpy() == 0)
    )
    gates = "[{metric: roc_auc, min: 0.6}]"
    # The 600 rows of that site stand on ten days, and clusters would be too few.
    two_feature_champion.configure("seed: 0", gates)
    report = compare("--json").json
    assert [(one["id"], one["status"]) for one in report["gates"]] == [
        ("roc_auc min", "pass"),
        ("found slices", "warn"),
    ]
    assert report["verdict"] == "warn"
    searched = report["slice_search"]
    assert (searched["columns"], searched["paired_columns"]) == (6, 6)
    (worst,) = searched["slices"]
    assert (worst["column"], worst["value"], worst["rows"], worst["declared"]) == ("site", "tiny", 600, False)
    (found,) = worst["metrics"]
    assert (found["name"], found["verdict"]) == ("log_loss", "regressed")
    assert found["p_value"] < 0.05
    text = compare().out
    assert "Search for weak slices: worse in" in text
    two_feature_champion.configure("find-slices: block", gates)
    assert compare("--json", code=1).json["verdict"] == "block"
    two_feature_champion.configure("find-slices: off", gates)
    assert compare("--json").json["slice_search"] is None


def test_what_cannot_be_told_warns_or_blocks_as_configured(
    compare: Compare, two_feature_champion: ComparisonProject
) -> None:
    gates = "[{metric: roc_auc, rule: superior}]"
    two_feature_champion.configure(gates=gates)
    two_feature_champion.train("speed", "load", estimator=LogisticRegression(C=0.5))
    report = compare("--json").json
    assert (report["verdict"], report["gates"][0]["status"]) == ("warn", "warn")
    assert "inconclusive" in report["reasons"][0]
    two_feature_champion.configure("cluster-by: day, inconclusive: block", gates)
    assert compare("--json", code=1).json["verdict"] == "block"


@pytest.mark.parametrize("label", [0, 1])
def test_a_single_row_says_too_little(compare: Compare, two_feature_champion: ComparisonProject, label: int) -> None:
    two_feature_champion.data("data/test.parquet", machines().filter(pl.col("broken") == label).head(1))
    two_feature_champion.train(*FEATURES)
    report = compare("--json", code=1).json
    assert (report["verdict"], report["evaluation"]["rows"]) == ("block", 1)
    assert all(one["verdict"] in ("undefined", "cannot_be_judged") for one in report["metrics"])


def test_the_same_model_again_is_not_better_and_not_worse(
    compare: Compare, two_feature_champion: ComparisonProject
) -> None:
    gates = "[{metric: log_loss, rule: non-inferior, margin: 0.001}, {metric: roc_auc, rule: superior}]"
    two_feature_champion.configure(gates=gates)
    report = compare("--json", code=1).json
    assert [one["status"] for one in report["gates"]] == ["pass", "block"]
    assert (metric(report, "log_loss")["delta"], metric(report, "log_loss")["se"]) == (0.0, 0.0)
    assert report["challenger"]["commit"] == report["champion"]["commit"]


def test_the_same_inputs_give_the_same_bytes(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.train(*FEATURES)
    first, second = (compare("--json").out for _ in range(2))
    assert first == second


def test_a_first_version_passes_on_its_own_values(cli: Cli, repo: Repo) -> None:
    project = ComparisonProject(repo)
    project.train(*FEATURES)
    repo.commit()
    report = cli("compare", "fault", "--json", folder=project.root).json
    assert (report["verdict"], report["champion"]) == ("pass", None)
    assert "first version" in report["reasons"][0]
    assert metric(report, "roc_auc")["delta"] is None
    project.configure(gates="[{metric: roc_auc, min: 0.99}]")
    answer = cli("compare", "--json", folder=project.root)
    assert (answer.code, answer.json["verdict"]) == (1, "block")


def test_the_champion_may_be_named(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.train("load")
    worse = two_feature_champion.repo.commit("a worse one")
    two_feature_champion.train(*FEATURES)
    assert compare("--champion", worse[:12], "--json").json["champion"]["commit"] == worse
    assert compare("--champion", "v0.0.1", "--json").json["champion"]["version"] == "v0.0.1"
    (two_feature_champion.root / "report.json").unlink()
    refused(compare, two_feature_champion, 3, "no such revision", "--champion", "v9.9.9")
    refused(compare, two_feature_champion, 3, "no such revision", "--champion", "--upload-pack=x")


def test_a_column_that_is_gone_is_incomparable(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.train("speed", "age")
    two_feature_champion.data("data/test.parquet", machines().drop("load"))
    report = compare("--json", code=1).json
    assert report["verdict"] == "incomparable"
    assert report["reasons"] == ["the champion needs the columns 'load', which the data does not have"]
    assert metric(report, "log_loss")["challenger"] is not None
    assert metric(report, "log_loss")["champion"] is None
    assert [one["status"] for one in report["gates"]] == ["block", "pass"]
    two_feature_champion.configure(gates="[{metric: log_loss, rule: superior}, {metric: roc_auc, min: 0.99}]")
    assert compare("--json", code=1).json["verdict"] == "block"


def test_gates_of_the_base_count(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.train("load")
    two_feature_champion.configure(
        "cluster-by: day, alpha: 0.2", "[{metric: log_loss, rule: non-inferior, margin: 90%}]"
    )
    assert compare("--json").json["verdict"] == "pass"
    report = compare("--json", "--config-from", "HEAD", code=1).json
    assert report["verdict"] == "block"
    assert report["gate_changes"] == [
        {
            "name": "gate log_loss non-inferior",
            "old": "log_loss not worse than the champion by 2% or more",
            "new": "log_loss not worse than the champion by 90% or more",
        },
        {"name": "gate roc_auc min", "old": "roc_auc at least 0.6", "new": None},
        {"name": "evaluation.alpha", "old": 0.05, "new": 0.2},
    ]
    empty = two_feature_champion.repo.git(
        "commit-tree", "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "-m", "nothing"
    ).strip()
    assert "has no gates for fault" in compare("--json", "--config-from", empty).json["warnings"][0]


def test_types_that_only_the_pull_request_trusts_are_not_loaded(
    compare: Compare, two_feature_champion: ComparisonProject
) -> None:
    listed = "positive: 1, cluster-by: day"
    two_feature_champion.configure(listed)
    two_feature_champion.repo.write("trusted.yaml", "[]\n")
    text = (
        (two_feature_champion.root / "mlops.yaml")
        .read_text()
        .replace("    evaluation:", "    trusted-types: trusted.yaml\n    evaluation:")
    )
    two_feature_champion.repo.write("mlops.yaml", text)
    base = two_feature_champion.repo.commit("a list of nothing")
    two_feature_champion.train(estimator=CalibratedClassifierCV(LinearSVC()))
    refused(compare, two_feature_champion, 2, "types that are not reviewed", "--config-from", base)
    two_feature_champion.repo.write(
        "trusted.yaml",
        "- sklearn.calibration._CalibratedClassifier\n- sklearn.calibration._SigmoidCalibration\n",
    )
    assert compare("--json").json["verdict"] == "pass"
    (two_feature_champion.root / "report.json").unlink()
    refused(compare, two_feature_champion, 2, "types that are not reviewed", "--config-from", base)


def test_rows_seen_in_training_are_left_out_and_block(
    compare: Compare, two_feature_champion: ComparisonProject
) -> None:
    two_feature_champion.configure("cluster-by: day, train: train, id: row")
    leak = pl.concat(
        [machines(1500, seed=1, first=10_000), machines()[:300].with_columns(speed=pl.col("speed") + 0.1)]
    )
    two_feature_champion.data("data/train.parquet", leak)
    two_feature_champion.train(*FEATURES)
    report = compare("--json", code=1).json
    assert report["evaluation"]["overlap"] == 300
    assert (report["evaluation"]["rows"], report["evaluation"]["excluded"]) == (600, {"seen in training": 300})
    assert report["reasons"][0].startswith(
        "no evaluation row is a training row: 300 of 900 rows have the id of a training row"
    )
    two_feature_champion.configure(
        "cluster-by: day, train: train, id: row, max-overlap: 300, leaks: {time-order: ignore}"
    )
    assert compare("--json").json["verdict"] == "pass"


def test_rows_that_the_champion_was_trained_on_are_left_out(
    compare: Compare, two_feature_champion: ComparisonProject
) -> None:
    old = pl.concat([machines(1500, seed=1, first=10_000), machines()[:100]])
    two_feature_champion.data("data/train.parquet", old)
    two_feature_champion.train("speed", "load")
    two_feature_champion.release()
    two_feature_champion.configure("cluster-by: day, train: train")
    two_feature_champion.data("data/train.parquet", machines(1500, seed=1, first=10_000))
    two_feature_champion.train(*FEATURES)
    report = compare("--json").json
    assert report["evaluation"]["excluded"] == {"seen in the champion's training": 100}
    assert [change["name"] for change in report["data"]] == ["data/train.parquet"]
    assert report["data"][0]["old"]["md5"] == hashlib.md5(parquet(old)).hexdigest()


def test_slices_that_get_worse_block(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    """Better on the whole, worse in the south: the speedometer there is broken from now on."""
    test = machines(3000)
    broken = test.with_columns(age=pl.when(pl.col("site") == "south").then(-6.0 * pl.col("age")).otherwise("age"))
    two_feature_champion.data("data/test.parquet", broken)
    two_feature_champion.configure("cluster-by: day, slices: [site]")
    two_feature_champion.train(*FEATURES)
    report = compare("--json", code=1).json
    found = gate(report, "declared slices")
    assert (found["status"], "site = south" in found["reason"]) == ("block", True), found
    assert [(one["value"], one["rows"]) for one in report["slices"]] == [
        ("north", 1335),
        ("south", 1332),
        ("tiny", 333),
    ]


def test_bounds_in_every_slice(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.train(*FEATURES)
    two_feature_champion.configure("slices: [site]", "[{metric: recall, min: 0.95, per-slice: true}]")
    found = gate(compare("--json", code=1).json, "recall min per slice")
    assert "missed significantly in 2 of 2 slices" in found["reason"]
    two_feature_champion.configure("slices: [site]", "[{metric: recall, min: 0.2, per-slice: true}]")
    assert (
        compare("--json")
        .json["gates"][0]["reason"]
        .startswith("held in 2 of 3 slices; 1 slice cannot be judged: site = tiny (only 100 rows")
    )


def test_dependent_rows_are_pointed_out(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.configure("id: row")
    two_feature_champion.train(*FEATURES)
    assert "day may group them" in compare("--json").json["warnings"][0]


def test_string_labels_need_to_know_which_is_positive(
    compare: Compare, two_feature_champion: ComparisonProject
) -> None:
    words = machines().with_columns(broken=pl.when(pl.col("broken") == 1).then(pl.lit("yes")).otherwise(pl.lit("no")))
    train = machines(1500, seed=1).with_columns(
        broken=pl.when(pl.col("broken") == 1).then(pl.lit("yes")).otherwise(pl.lit("no"))
    )
    two_feature_champion.data("data/train.parquet", train)
    two_feature_champion.data("data/test.parquet", words)
    refused(compare, two_feature_champion, 3, "its labels 'no', 'yes' are not the model's classes 0, 1")
    two_feature_champion.train("speed", "load")
    two_feature_champion.release()
    two_feature_champion.train(*FEATURES)
    refused(compare, two_feature_champion, 2, "which of 'no', 'yes' is the positive label?")
    two_feature_champion.configure("cluster-by: day, positive: 'yes'")
    report = compare("--json").json
    assert (report["verdict"], report["confusion"]["labels"]) == ("pass", ["no", "yes"])
    two_feature_champion.configure("cluster-by: day, positive: ja")
    (two_feature_champion.root / "report.json").unlink()
    refused(compare, two_feature_champion, 2, "'ja' is not one of 'no', 'yes'")


def test_a_champion_with_other_labels_is_incomparable(
    compare: Compare, two_feature_champion: ComparisonProject
) -> None:
    for path, seed in (("data/train.parquet", 1), ("data/test.parquet", 0)):
        frame = machines(900, seed)
        two_feature_champion.data(path, frame.with_columns(broken=pl.col("broken").cast(pl.String)))
    two_feature_champion.configure("cluster-by: day, positive: '1'")
    two_feature_champion.train(*FEATURES)
    assert compare("--json").json["metrics"][0]["champion"] is not None, "'1' is 1 as another file writes it"
    for path, seed in (("data/train.parquet", 1), ("data/test.parquet", 0)):
        labels = pl.Series(["no", "yes"]).gather(machines(900, seed)["broken"])
        two_feature_champion.data(path, machines(900, seed).with_columns(broken=labels))
    two_feature_champion.configure("cluster-by: day, positive: 'yes'")
    two_feature_champion.train(*FEATURES)
    report = compare("--json", code=1).json
    assert report["verdict"] == "incomparable"
    assert "knows the classes 0, 1" in report["reasons"][0]


def test_regression(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.configure(
        "cluster-by: day", "[{metric: rmse, rule: superior}, {metric: r2, min: 0.1}]", "regression"
    )
    two_feature_champion.train("load", estimator=LinearRegression())
    two_feature_champion.release()
    two_feature_champion.train(*FEATURES, estimator=LinearRegression())
    report = compare("--json").json
    assert report["verdict"] == "pass"
    assert [one["name"] for one in report["metrics"]] == ["rmse", "r2", "mae"]
    assert (report["confusion"], report["curves"], report["evaluation"]["positives"]) == (None, [], None)


def test_multiclass(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    for path, seed in (("data/train.parquet", 1), ("data/test.parquet", 0)):
        frame = machines(1200, seed)
        two_feature_champion.data(
            path,
            frame.with_columns(
                broken=pl.when(pl.col("speed") < -0.5)
                .then(pl.lit("a"))
                .when(pl.col("speed") + 0.5 * pl.col("load") < 0.5)
                .then(pl.lit("b"))
                .otherwise(pl.lit("c"))
            ),
        )
    gates = "[{metric: accuracy, rule: superior}, {metric: log_loss, rule: superior}]"
    two_feature_champion.configure("cluster-by: day", gates, "multiclass-classification")
    two_feature_champion.train("speed", estimator=LogisticRegression())
    two_feature_champion.release()
    two_feature_champion.train("speed", "load", estimator=LogisticRegression())
    report = compare("--json").json
    assert (report["verdict"], report["confusion"]["labels"]) == ("pass", ["a", "b", "c"])


def test_predictions_that_are_nan_block(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    estimator = LinearRegression()
    two_feature_champion.configure("cluster-by: day", "[{metric: mae, max: 10}]", "regression")
    two_feature_champion.train(*FEATURES, estimator=estimator)
    estimator.coef_ = np.full(3, np.nan)
    two_feature_champion.track("models/fault.skops", skops.io.dumps(estimator))
    report = compare("--json", code=1).json
    assert report["verdict"] == "block"
    assert report["reasons"][0] == "the challenger gives NaN or infinity in 900 of 900 predictions"
    assert metric(report, "mae")["challenger"] is None


def test_constant_predictions(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.configure("cluster-by: day", "[{metric: precision, min: 0.1}, {metric: roc_auc, min: 0.4}]")
    two_feature_champion.train(*FEATURES, estimator=DummyClassifier(strategy="prior"))
    report = compare("--json", code=1).json
    assert metric(report, "roc_auc")["challenger"] == 0.5
    assert gate(report, "precision min")["reason"].startswith("undefined: 0/0")
    assert gate(report, "roc_auc min")["status"] == "pass"


def test_one_label_only(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.train(*FEATURES)
    two_feature_champion.data("data/test.parquet", machines().with_columns(broken=pl.lit(0, pl.Int64)))
    report = compare("--json", code=1).json
    assert gate(report, "roc_auc min")["reason"].startswith("undefined: every row has the same label")
    assert metric(report, "accuracy")["challenger"] is not None


def test_one_row_decides_nothing(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.configure(
        "inconclusive: block", "[{metric: log_loss, rule: non-inferior, margin: 0.5}, {metric: accuracy, min: 0}]"
    )
    two_feature_champion.train(*FEATURES)
    two_feature_champion.data("data/test.parquet", machines()[:1])
    report = compare("--json", code=1).json
    assert [one["status"] for one in report["gates"]] == ["block", "block"]
    assert "only 1 rows, at least 20 are needed" in report["gates"][1]["reason"]


def test_too_few_clusters_are_said(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.train(*FEATURES)
    two_feature_champion.configure("cluster-by: site")
    report = compare("--json").json
    assert report["verdict"] == "warn"
    assert "only 3 clusters, at least 20 are needed" in metric(report, "log_loss")["note"]


@pytest.mark.parametrize(
    ("evaluation", "code", "says"),
    [
        ("cluster-by: dya", 2, "models.fault.evaluation.cluster-by: data/test.parquet has no column 'dya' → perhaps"),
        ("id: nummer", 2, "evaluation.id: data/test.parquet has no column 'nummer'"),
        ("slices: [sites]", 2, "perhaps you meant 'site'"),
        ("id: site", 3, "repeat an id (column 'site')"),
        ("train: train", 3, "data/train.parquet: dvc.lock does not record it"),
    ],
)
def test_what_the_configuration_gets_wrong(
    compare: Compare, two_feature_champion: ComparisonProject, evaluation: str, code: int, says: str
) -> None:
    two_feature_champion.configure(evaluation)
    if "train" in evaluation:
        del two_feature_champion.tracked["data/train.parquet"]
        two_feature_champion.track("data/test.parquet", two_feature_champion.tracked["data/test.parquet"])
    refused(compare, two_feature_champion, code, says)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda frame: frame.with_columns(broken=pl.when(pl.col("row") > 5).then("broken")),
            "6 of 900 rows have no label",
        ),
        (
            lambda frame: frame.with_columns(day=pl.when(pl.col("row") > 0).then("day")),
            "1 of 900 rows have no cluster",
        ),
        (lambda frame: frame[:0], "the table has no rows"),
        (lambda frame: parquet(frame)[:1000], "cannot be read as a table"),
        (lambda frame: b"", "the file is empty"),
        (lambda frame: b"PAR1" + b"\0" * 100 + b"PAR1", "cannot be read as a table"),
    ],
)
def test_data_that_nothing_can_be_told_from(
    compare: Compare, two_feature_champion: ComparisonProject, change: Callable[[pl.DataFrame], Any], says: str
) -> None:
    two_feature_champion.data("data/test.parquet", change(machines()))
    refused(compare, two_feature_champion, 3, says)


def test_an_unknown_target_or_three_labels(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.data("data/test.parquet", machines().drop("broken"))
    refused(compare, two_feature_champion, 2, "has no column 'broken'")
    two_feature_champion.data("data/test.parquet", machines().with_columns(broken=pl.col("row") % 3))
    refused(compare, two_feature_champion, 2, "a binary task has two labels, here are 0, 1, 2")


def lose_the_champion(project: ComparisonProject) -> str:
    md5 = hashlib.md5(project.tracked["models/fault.skops"]).hexdigest()
    project.train(*FEATURES)
    (project.root / f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}").unlink()
    return md5


def test_a_champion_that_nobody_gives_is_incomparable(
    compare: Compare, two_feature_champion: ComparisonProject
) -> None:
    md5 = lose_the_champion(two_feature_champion)
    report = compare("--json", code=1).json
    assert report["verdict"] == "incomparable"
    assert (
        f"models/fault.skops: its content (MD5 {md5}) is not cached, and no DVC remote provided it"
        in report["reasons"][0]
    )
    assert report["metrics"][0]["challenger"] is not None
    assert report["metrics"][0]["champion"] is None


def test_incomparable_may_be_advice(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.configure(evaluation="cluster-by: day, incomparable: warn")
    lose_the_champion(two_feature_champion)
    report = compare("--json").json
    assert report["verdict"] == "warn"
    assert [(one["id"], one["status"]) for one in report["gates"]] == [
        ("log_loss non-inferior", "warn"),
        ("roc_auc min", "pass"),
    ]
    two_feature_champion.configure(
        evaluation="cluster-by: day, incomparable: warn", gates="[{metric: roc_auc, min: 0.99}]"
    )
    assert compare("--json", code=1).json["verdict"] == "block"


def test_a_damaged_cache_is_not_believed(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    md5 = hashlib.md5(two_feature_champion.tracked["data/test.parquet"]).hexdigest()
    (two_feature_champion.root / f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}").write_bytes(b"something else")
    refused(compare, two_feature_champion, 3, "damaged")


def test_the_working_tree_must_be_what_is_recorded(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.repo.write("models/fault.skops", b"another model")
    refused(compare, two_feature_champion, 3, "models/fault.skops: differs from what dvc.lock records")
    two_feature_champion.repo.write("models/fault.skops", two_feature_champion.tracked["models/fault.skops"])
    two_feature_champion.repo.write("data/test.parquet", b"edited")
    refused(compare, two_feature_champion, 3, "data/test.parquet: differs from what dvc.lock records")


def test_a_registered_model_that_was_exchanged_is_refused(
    compare: Compare, two_feature_champion: ComparisonProject
) -> None:
    two_feature_champion.train(*FEATURES)
    commit = two_feature_champion.repo.commit("another")
    two_feature_champion.repo.tag("fault@v0.1.0", commit, f"register\n\nModel-SHA256: {'0' * 64}\n")
    two_feature_champion.repo.tag("fault#production#9", commit)
    refused(compare, two_feature_champion, 3, "the model file is not the one that was registered")


def test_shallow_clones_and_detached_heads(cli: Cli, two_feature_champion: ComparisonProject, tmp_path: Path) -> None:
    two_feature_champion.repo.commit("later")
    shallow = tmp_path / "shallow"
    two_feature_champion.repo.git(
        "clone", "--quiet", "--depth=1", f"file://{two_feature_champion.root}", str(shallow)
    )
    answer = cli("compare", folder=shallow)
    assert (answer.code, "git fetch --unshallow --tags" in answer.err) == (3, True), answer.err
    two_feature_champion.repo.git("checkout", "--quiet", "--detach")
    two_feature_champion.repo.write("report.json", "old")
    assert cli("compare", "--json", folder=two_feature_champion.root).code == 0


def test_names_that_are_not_there(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    refused(compare, two_feature_champion, 2, "it has no model 'falt' → perhaps you meant 'fault'", "falt")
    two_feature_champion.repo.write("dvc.yaml", "artifacts:\n  fautl: {path: models/fault.skops}\n")
    refused(compare, two_feature_champion, 2, "dvc.yaml declares no such artifact → perhaps you meant 'fautl'")
    two_feature_champion.repo.write("mlops.yaml", "version: 1\n")
    refused(compare, two_feature_champion, 2, "it has no models")
    (two_feature_champion.root / "mlops.yaml").unlink()
    refused(compare, two_feature_champion, 2, "mlops.yaml: there is no such file")


def test_nothing_is_written_where_nothing_can_be(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    (two_feature_champion.root / "file").write_text("")
    answer = compare("--out", "file/report.json", code=4)
    assert answer.err.count("\n") == 1


def test_on_a_pipeline_that_dvc_ran(repo: Repo, cli: Cli) -> None:
    """`dvc repro` writes the lock and the cache; nothing here is ours."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    made = ComparisonProject(repo)
    made.train("speed", "load")
    script = (
        "import pathlib, shutil, sys\n"
        "pathlib.Path('models').mkdir(exist_ok=True)\n"
        "shutil.copy(sys.argv[1], 'models/fault.skops')\n"
        "pathlib.Path('data').mkdir(exist_ok=True)\n"
        "shutil.copy('source.parquet', 'data/test.parquet')\n"
    )
    repo.write("produce.py", script)
    repo.write("source.parquet", parquet(machines()))
    repo.write("champion.skops", made.tracked["models/fault.skops"])
    made.train(*FEATURES)
    repo.write("challenger.skops", made.tracked["models/fault.skops"])
    (repo.root / "dvc.lock").unlink()

    def produce(which: str) -> None:
        repo.write(
            "dvc.yaml",
            f"stages:\n  train:\n    cmd: {sys.executable} produce.py {which}.skops\n"
            f"    deps: [produce.py, {which}.skops, source.parquet]\n"
            "    outs: [models/fault.skops, data/test.parquet]\n"
            "artifacts:\n  fault: {path: models/fault.skops, type: model}\n",
        )
        subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=repo.root, env=environment, check=True)

    produce("champion")
    made.release()
    produce("challenger")
    report = cli("compare", "--json", folder=repo.root).json
    assert (report["verdict"], metric(report, "log_loss")["verdict"]) == ("pass", "improved")
    assert report["evaluation"]["rows"] == 900


def test_any_two_versions_can_be_compared(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.train(*FEATURES)
    two_feature_champion.release()
    two_feature_champion.train("age")
    two_feature_champion.repo.commit("worse")
    two_feature_champion.data("data/test.parquet", b"the working tree does not matter")
    report = compare("v0.0.1", "v0.0.3", "--json").json
    assert (report["champion"]["version"], report["challenger"]["version"]) == ("v0.0.1", "v0.0.3")
    assert metric(report, "log_loss")["verdict"] == "improved"
    assert report["warnings"] == []
    back = compare("fault@v0.0.3", "fault@v0.0.1", "--json").json
    assert metric(back, "log_loss")["delta"] == pytest.approx(-metric(report, "log_loss")["delta"])
    worse = compare("fault", "fault#production", "HEAD", "--json", code=1).json
    assert (worse["champion"]["version"], worse["challenger"]["version"]) == ("v0.0.3", "")
    assert worse["challenger"]["commit"] == two_feature_champion.repo.git("rev-parse", "HEAD").strip()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("v0.0.1", "v9.0.0"), 3, "no such revision"),
        (("fault@v0.0.9", "HEAD"), 3, "fault@v0.0.9: no such active version"),
        (("fault#staging", "HEAD"), 3, "fault#staging: holds no version"),
        (("v0.0.1", "HEAD", "--champion", "HEAD"), 2, "--champion and OLD are the same thing"),
        (("gone@v0.0.1", "HEAD"), 2, "it has no model 'gone'"),
    ],
)
def test_sides_that_are_not_there(
    compare: Compare, two_feature_champion: ComparisonProject, words: tuple[str, ...], code: int, says: str
) -> None:
    refused(compare, two_feature_champion, code, says, *words)


def test_a_challenger_whose_file_is_gone_is_an_error(
    compare: Compare, two_feature_champion: ComparisonProject
) -> None:
    lose_the_champion(two_feature_champion)
    two_feature_champion.repo.commit("another")
    refused(compare, two_feature_champion, 3, "the challenger is not available", "HEAD", "v0.0.1")


def test_data_as_it_was_is_shown_beside(compare: Compare, two_feature_champion: ComparisonProject) -> None:
    two_feature_champion.train(*FEATURES)
    assert compare("--json").json["frozen_rows"] is None, "the data is the same"
    two_feature_champion.data("data/test.parquet", machines(600, seed=5, first=5000))
    report = compare("--json").json
    assert report["evaluation"]["rows"] == 600
    assert report["frozen_rows"]["evaluation"]["rows"] == 900
    before = next(one for one in report["frozen_rows"]["metrics"] if one["name"] == "log_loss")
    two_feature_champion.data("data/test.parquet", machines())
    assert before == metric(compare("--json").json, "log_loss")


def test_where_the_champion_cannot_read_the_new_data_the_old_tells(
    compare: Compare, two_feature_champion: ComparisonProject
) -> None:
    two_feature_champion.train("speed", "age")
    two_feature_champion.data("data/test.parquet", machines().drop("load"))
    two_feature_champion.data("data/train.parquet", machines(1500, seed=1, first=10_000).drop("load"))
    report = compare("--json", code=1).json
    assert report["verdict"] == "incomparable"
    assert metric(report, "log_loss")["champion"] is None
    old = next(one for one in report["frozen_rows"]["metrics"] if one["name"] == "log_loss")
    assert old["champion"] is not None
    assert old["challenger"] is not None


def test_many_small_steps_down_are_seen_against_the_anchor(cli: Cli, repo: Repo) -> None:
    """Neither step loses more than the margin beyond doubt; both together do."""
    project = ComparisonProject(repo)
    gates = "[{metric: log_loss, rule: non-inferior, margin: 29%}]"
    project.configure(gates=gates)
    project.train(*FEATURES)
    today = datetime.now(UTC)
    project.release(today - timedelta(days=200))
    project.train("speed", "age")
    report = cli("compare", "--json", folder=project.root).json
    assert (report["verdict"], report["long_term"]) == ("pass", None), "the champion is the anchor"
    project.release(today - timedelta(days=10))
    project.train("load", "age")
    answer = cli("compare", "--json", folder=project.root)
    report = answer.json
    assert report["long_term"]["revision"]["version"] == "v0.0.1"
    assert [(one["id"], one["status"]) for one in report["gates"]] == [
        ("log_loss non-inferior", "pass"),
        ("log_loss non-inferior since v0.0.1", "block"),
    ], report["long_term"]
    assert (answer.code, report["verdict"]) == (1, "block")
    assert "no slow decline since v0.0.1" in report["reasons"][0]
    assert cli("compare", "fault#production", "HEAD", "--json", folder=project.root).json["long_term"] is None
    project.configure(evaluation="anchor: null", gates=gates)
    assert cli("compare", "--json", folder=project.root).json["long_term"] is None


@pytest.mark.parametrize(("setting", "code"), [("", 0), (", cannot-be-judged: block", 1)])
def test_a_slice_that_is_too_small_is_named_everywhere(
    cli: Cli, two_feature_champion: ComparisonProject, setting: str, code: int
) -> None:
    gates = "[{metric: accuracy, min: 0.1, per-slice: true}]"
    two_feature_champion.configure(f"cluster-by: day, find-slices: off, slices: [site]{setting}", gates)
    two_feature_champion.train(*FEATURES)
    two_feature_champion.release()
    report = cli("compare", "--json", folder=two_feature_champion.root).json
    assert report["verdict"] == ("block" if code else "warn")
    tiny = next(one for one in report["slices"] if one["value"] == "tiny")
    (metric,) = tiny["metrics"]
    assert (tiny["rows"], metric["verdict"], metric["challenger_ci"]) == (100, "cannot_be_judged", None)
    assert metric["challenger"] is not None
    assert metric["note"] == "only 100 rows, at least 200 are needed"
    answer = cli("compare", folder=two_feature_champion.root)
    assert answer.code == code
    seen = " ".join(answer.out.split())
    assert "1 slice cannot be judged: site = tiny (only 100 rows, at least 200 are needed)" in seen
