"""A file of predictions as a candidate: each task and shape of file has its verdict, exit code and first sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from gitops_mlops import write_predictions
from tests.conftest import Cli
from tests.integration.comparison_project import ComparisonProject, parquet

pytestmark = pytest.mark.usefixtures("preloaded")

PATH = "data/predictions.parquet"
ROWS = 240
Change = Callable[[pl.DataFrame], pl.DataFrame]
GENERATOR = np.random.default_rng(5)
SIGNAL = GENERATOR.normal(size=ROWS)
NOISE = GENERATOR.normal(size=ROWS)
CHANCE = 1 / (1 + np.exp(-2 * SIGNAL - NOISE))
KINDS = np.array(["a", "b", "c"])

# task: settings, gate, evaluation data, predictions
TASKS: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "binary-classification": (
        "find-slices: off",
        "{metric: accuracy, min: 0.6}",
        {"broken": (SIGNAL + 0.5 * GENERATOR.normal(size=ROWS) > 0).astype(int)},
        {"probability": CHANCE},
    ),
    "multiclass-classification": (
        "find-slices: off",
        "{metric: accuracy, min: 0.6}",
        {"broken": KINDS[np.digitize(SIGNAL + 0.3 * NOISE, [-0.6, 0.6])]},
        {"prediction": KINDS[np.digitize(SIGNAL, [-0.6, 0.6])]},
    ),
    "regression": (
        "find-slices: off",
        "{metric: mae, max: 1}",
        {"broken": SIGNAL},
        {"prediction": SIGNAL + 0.3 * NOISE},
    ),
    "forecasting": (
        "time: day, find-slices: off",
        "{metric: mae, max: 1}",
        {"broken": SIGNAL, "day": [date(2026, 1, 1) + timedelta(days=i) for i in range(ROWS)]},
        {"prediction": SIGNAL + 0.3 * NOISE},
    ),
    "ranking": (
        "query: asked, find-slices: off",
        "{metric: ndcg, min: 0.6}",
        {"broken": np.digitize(SIGNAL, [0.0, 1.0]), "asked": [f"q{i // 8}" for i in range(ROWS)]},
        {"prediction": SIGNAL + 0.5 * NOISE},
    ),
}


def shares(frame: pl.DataFrame, labels: str = "abc") -> pl.DataFrame:
    """Probabilities of each label that agree with the predictions; of `labels` beyond them none has any."""
    columns = {
        f"probability_{label}": pl.when(pl.col("prediction") == label).then(0.8).otherwise(0.1) for label in "abc"
    }
    more = {f"probability_{label}": pl.lit(0.0) for label in labels if label not in "abc"}
    return frame.with_columns(**columns, **more)


def decided(threshold: float) -> Change:
    return lambda f: f.with_columns(prediction=(pl.col("probability") >= threshold).cast(pl.Int64))


def put(column: str, value: Any) -> Change:
    """A value in the first row of a column."""
    return lambda f: f.with_columns(
        pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)
    )


def with_key(key: pl.Expr) -> Change:
    return lambda f: f.with_columns(key=key)


B, M, R, F, K = TASKS
CASES: list[tuple[str, str, Change, str, int, str, str]] = [
    (t, "plain", lambda f: f, "", 0, "pass", "first version, passes its gates") for t in TASKS
]
CASES += [
    (
        t,
        "extra columns, extra rows, another order",
        lambda f: (
            pl.concat([f, f[:3].with_columns(key=pl.col("key") + 9000)]).with_columns(note=pl.lit("x")).reverse()
        ),
        "",
        0,
        "pass",
        "",
    )
    for t in TASKS
]
CASES += [
    (t, "ids as text", lambda f: f.with_columns(pl.col("key").cast(pl.String)), "", 0, "pass", "") for t in TASKS
]
CASES += [
    (B, f"ids as {name}", with_key(key), "", code, "" if code else "pass", says)
    for name, key, code, says in (
        ("floats", pl.col("key").cast(pl.Float64), 0, ""),
        ("text of floats", pl.col("key").cast(pl.Float64).cast(pl.String), 0, ""),
        ("text with zeros", pl.col("key").cast(pl.String).str.zfill(9), 3, "its ids are text ("),
        ("other text", pl.format("m-{}", "key"), 3, "no evaluation row has a prediction: its ids are text ('m-"),
        ("other numbers", pl.col("key") + 10**6, 3, "those of the data int64 ('"),
    )
]
CASES += [
    (t, "rows missing", lambda f: f[7:], "", 3, "", "7 of 240 evaluation rows have no prediction") for t in (B, K)
]
CASES += [(t, "ids twice", lambda f: pl.concat([f, f[:2]]), "", 3, "", "2 rows repeat an id") for t in (M, F)]
CASES += [(t, "a null id", put("key", None), "", 3, "", "1 of 240 rows have no id") for t in (R,)]
CASES += [(t, "a null", put("prediction", None), "", 3, "", "1 rows have no prediction") for t in (M, R, F, K)]
CASES += [
    (t, "infinite", put("prediction", float("inf")), "", 1, "block", "NaN or infinity in 1 of 240") for t in (R, F, K)
]
CASES += [
    (t, "text for numbers", lambda f: f.with_columns(pl.col("prediction").cast(pl.String)), "", 3, "", "holds String")
    for t in (R, F, K)
]
CASES += [
    (t, "a copy of the labels", lambda f: f.with_columns(prediction=pl.col("broken")), "", code, verdict, says)
    for t, code, verdict, says in (
        (M, 0, "warn", "all 240 answers are right"),
        (R, 1, "block", "all 240 numbers are the labels, to nine digits"),
        (F, 1, "block", "all 240 numbers are the labels, to nine digits"),
        (K, 0, "warn", "all 30 queries are in the best order"),
    )
]
CASES += [
    (B, "a copy", lambda f: f.with_columns(probability=pl.col("broken") * 0.6), "", 0, "warn", "answers are right"),
    (B, "label only", lambda f: decided(0.5)(f).drop("probability"), "", 0, "pass", ""),
    (B, "both agree", decided(0.5), "", 0, "pass", ""),
    (B, "a cut of its own", decided(0.3), "", 0, "pass", ""),
    (B, "a stated cut", decided(0.3), ", threshold: 0.3", 0, "pass", ""),
    (B, "another stated cut", decided(0.3), ", threshold: 0.6", 3, "", "is not what the threshold 0.6 gives"),
    (
        B,
        "turned round",
        lambda f: decided(0.5)(f).with_columns(probability=1 - pl.col("probability")),
        "",
        3,
        "",
        "contradict each other: no threshold gives its predictions",
    ),
    (
        B,
        "each label",
        lambda f: f.select("key", probability_1="probability", probability_0=1 - pl.col("probability")),
        "",
        0,
        "pass",
        "",
    ),
    (
        B,
        "a third label",
        lambda f: f.with_columns(prediction=pl.int_range(pl.len()) % 3).drop("probability"),
        "",
        1,
        "block",
        "answers with 2, which the data never has",
    ),
    (B, "NaN", put("probability", float("nan")), "", 1, "block", "NaN or infinity in 1 of 240"),
    (M, "each label", shares, "", 0, "pass", ""),
    (M, "a label that the data lacks", lambda f: shares(f, "abcd"), "", 0, "pass", ""),
    (M, "answers with a label that the data lacks", put("prediction", "d"), "", 0, "pass", ""),
    (
        M,
        "improbable answers",
        lambda f: put("prediction", "a")(shares(f.sort("prediction", descending=True))),
        "",
        0,
        "pass",
        "",
    ),
    (
        M,
        "labels of no kind",
        lambda f: shares(f).rename({f"probability_{c}": f"probability_{c}{c}" for c in "abc"}),
        "",
        3,
        "",
        "no column probability_... is of a label",
    ),
    (
        R,
        "probability only",
        lambda f: f.rename({"prediction": "probability"}),
        "",
        3,
        "",
        "it has no column 'prediction'",
    ),
]


def prepare(project: ComparisonProject, task: str, more: str = "", model: str = "") -> pl.DataFrame:
    """Evaluation data and settings of a task; its predictions, with the label beside them as `broken`."""
    settings, gate, data, predictions = TASKS[task]
    frame = pl.DataFrame({"key": np.arange(ROWS) + 5, "weight": NOISE, **data})
    project.data("data/test.parquet", frame)
    project.configure(f"id: key, {settings}{more}", f"[{gate}]", task)
    path = project.root / "mlops.yaml"
    path.write_text(path.read_text().replace("    evaluation:", f"    predictions: {PATH}\n{model}    evaluation:"))
    project.track("models/fault.skops", b"weights of another framework")
    return frame.select("key", "broken").with_columns(**{name: pl.Series(v) for name, v in predictions.items()})


@pytest.mark.parametrize(
    ("task", "change", "more", "code", "verdict", "says"),
    [pytest.param(task, *rest, id=f"{task}: {name}") for task, name, *rest in CASES],
)
def test_each_shape_of_file(
    cli: Cli,
    comparison_data: ComparisonProject,
    task: str,
    change: Change,
    more: str,
    code: int,
    verdict: str,
    says: str,
) -> None:
    frame = prepare(comparison_data, task, more)
    comparison_data.track(PATH, parquet(change(frame)))
    answer = cli("compare", "--json", folder=comparison_data.root)
    assert answer.code == code, (answer.out[:2000], answer.err)
    assert "Traceback" not in answer.err
    if code == 3:
        assert (answer.err.count("\n"), says in answer.err) == (1, True), answer.err
        return
    assert (answer.json["verdict"], [one["id"] for one in answer.json["gates"] if "identifier" in one["id"]]) == (
        verdict,
        [],
    ), answer.json["reasons"]
    assert says in " ".join(cli("report", folder=comparison_data.root).out.split())


def metric(report: Any, name: str, side: str = "challenger") -> Any:
    return next(one for one in report["metrics"] if one["name"] == name)[side]


def test_prediction_counts_for_labels_and_probability_for_the_rest(
    cli: Cli, comparison_data: ComparisonProject
) -> None:
    frame = prepare(comparison_data, B)
    comparison_data.track(PATH, parquet(frame))
    before = cli("compare", "--json", folder=comparison_data.root).json
    comparison_data.track(PATH, parquet(decided(0.2)(frame)))
    after = cli("compare", "--json", folder=comparison_data.root).json
    expected = float(((CHANCE >= 0.2) == frame["broken"].to_numpy()).mean())
    assert metric(after, "accuracy") == pytest.approx(expected)
    assert metric(after, "accuracy") != metric(before, "accuracy")
    assert metric(after, "log_loss") == metric(before, "log_loss")


def test_the_labels_are_those_of_both_sides(cli: Cli, comparison_data: ComparisonProject) -> None:
    frame = shares(prepare(comparison_data, M), "abcd")
    comparison_data.track(PATH, parquet(frame))
    comparison_data.release()
    comparison_data.track(PATH, parquet(shares(frame, "abce").drop("probability_d")))
    report = cli("compare", "--json", folder=comparison_data.root).json
    assert report["verdict"] != "incomparable"
    assert report["confusion"]["labels"] == ["a", "b", "c", "d", "e"]
    assert metric(report, "log_loss") == pytest.approx(metric(report, "log_loss", "champion"))


def test_improbable_answers_count_and_are_told(cli: Cli, comparison_data: ComparisonProject) -> None:
    frame = shares(prepare(comparison_data, M))
    comparison_data.track(PATH, parquet(put("prediction", "b")(frame.sort("prediction"))))
    report = cli("compare", "--json", folder=comparison_data.root).json
    assert "in 1 of 240 rows prediction is not the most probable label; it counts" in report["warnings"]


def test_leaks_are_looked_for_in_all_columns_or_in_those_of_the_contract(
    cli: Cli, comparison_data: ComparisonProject
) -> None:
    """A copy of the label among the columns warns, and blocks where the contract says that the model reads it."""
    frame = prepare(comparison_data, B)
    test = pl.DataFrame(
        {"key": frame["key"], "weight": NOISE, "broken": frame["broken"], "mended": 1 - frame["broken"]}
    )
    comparison_data.data("data/test.parquet", test)
    comparison_data.track(PATH, parquet(frame))
    answer = cli("compare", "--json", folder=comparison_data.root)
    checks = {one["id"]: (one["status"], one["finding"]) for one in answer.json["data_checks"]["checks"]}
    assert answer.code == 0
    assert checks["label in the features"] == (
        "warn",
        "'mended' is the label, negated; whether the model reads it is unknown",
    )
    assert "every column of the data was checked" in checks["single features"][1]
    for reads, code in (("weight", 0), ("mended", 1)):
        comparison_data.repo.write(
            "in.yaml", f"version: 1\ncolumns:\n  key: {{type: int64}}\n  {reads}: {{type: float64}}\n"
        )
        prepare(comparison_data, B, model="    input: in.yaml\n")
        comparison_data.data("data/test.parquet", test)
        answer = cli("compare", "--json", folder=comparison_data.root)
        assert (answer.code, answer.json["verdict"]) == (code, "block" if code else "pass"), answer.json["reasons"]


SHARES = shares(pl.DataFrame({"prediction": TASKS[M][3]["prediction"]})).drop("prediction").to_numpy()
WRITTEN: list[tuple[str, dict[str, Any], Change]] = [
    *((task, {"prediction": TASKS[task][3]["prediction"]}, lambda f: f) for task in (M, R, F, K)),
    (B, {"probability": CHANCE}, lambda f: f),
    (B, {"probability": np.column_stack([1 - CHANCE, CHANCE]), "classes": [0, 1]}, lambda f: f),
    (B, {"prediction": CHANCE >= 0.3, "probability": CHANCE}, decided(0.3)),
    (M, {"probability": SHARES, "classes": KINDS}, shares),
    (M, {"prediction": TASKS[M][3]["prediction"], "probability": SHARES, "classes": KINDS}, shares),
]


@pytest.mark.parametrize(("task", "values", "change"), WRITTEN, ids=[f"{t}: {', '.join(v)}" for t, v, _ in WRITTEN])
def test_what_a_pipeline_writes_is_judged_as_what_is_written_by_hand(
    cli: Cli, comparison_data: ComparisonProject, task: str, values: dict[str, Any], change: Change
) -> None:
    frame = prepare(comparison_data, task)
    comparison_data.track(PATH, parquet(change(frame)))
    by_hand = cli("compare", "--json", folder=comparison_data.root).json
    path = comparison_data.root / PATH
    write_predictions(path, frame["key"], id_column="key", **values)
    comparison_data.track(PATH, path.read_bytes())
    answer = cli("compare", "--json", folder=comparison_data.root)
    assert (answer.code, answer.json["verdict"]) == (0, "pass"), answer.err
    assert answer.json["metrics"] == by_hand["metrics"]
