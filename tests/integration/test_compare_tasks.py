"""Rankings and forecasts, from the configuration to the verdict."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression

from tests.conftest import Answer
from tests.integration.comparison_project import ComparisonProject, machines

Compare = Callable[..., Answer]


def by_name(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in report["metrics"]}


def answers(queries: int, seed: int) -> pl.DataFrame:
    """Eight documents a query; how relevant one is, and whether it is, depends on two features."""
    generator = np.random.default_rng(seed)
    rows = queries * 8
    words, clicks = generator.normal(size=(2, rows))
    relevance = np.clip(np.round(words + 0.8 * clicks + generator.normal(0, 0.4, rows)), 0, 3)
    return pl.DataFrame(
        {
            "query": [f"q{seed}-{i // 8}" for i in range(rows)],
            "user": [f"u{i // 24}" for i in range(rows)],
            "words": words,
            "clicks": clicks,
            "broken": relevance,
        }
    )


@pytest.fixture
def ranking(comparison_project: ComparisonProject) -> ComparisonProject:
    comparison_project.data("data/train.parquet", answers(200, 1))
    comparison_project.data("data/test.parquet", answers(120, 2))
    comparison_project.configure(
        "query: query", "[{metric: ndcg@5, rule: superior}, {metric: map, min: 0.3}]", "ranking"
    )
    comparison_project.train("words", estimator=LinearRegression())
    comparison_project.release()
    comparison_project.train("words", "clicks", estimator=LinearRegression())
    return comparison_project


def test_a_better_ranking(compare: Compare, ranking: ComparisonProject) -> None:
    report = compare("--json").json
    assert report["verdict"] == "pass"
    assert (report["evaluation"]["cluster_by"], report["evaluation"]["clusters"]) == ("query", 120)
    metrics = by_name(report)
    assert set(metrics) == {"ndcg@5", "ndcg", "mrr", "map"}
    assert metrics["ndcg@5"]["method"] == "cluster bootstrap"
    assert not report["warnings"]


def test_users_are_the_units_where_they_are_said_to_be(compare: Compare, ranking: ComparisonProject) -> None:
    ranking.configure("query: query, cluster-by: user", "[{metric: ndcg@5, rule: superior}]", "ranking")
    report = compare("--json").json
    assert (report["evaluation"]["cluster_by"], report["evaluation"]["clusters"]) == ("user", 40)
    ranking.configure("query: user, cluster-by: query", "[{metric: ndcg@5, rule: superior}]", "ranking")
    assert "40 values of 'user' are in more than one 'query'" in compare(code=3).err


def test_relevance_below_nothing_is_refused(compare: Compare, ranking: ComparisonProject) -> None:
    ranking.data("data/test.parquet", answers(120, 2).with_columns(broken=pl.col("broken") - 1))
    assert "how relevant a row is cannot be below 0" in compare(code=3).err


def test_queries_without_a_relevant_row_are_undefined(compare: Compare, ranking: ComparisonProject) -> None:
    ranking.data("data/test.parquet", answers(120, 2).with_columns(broken=pl.lit(0.0)))
    report = compare("--json", code=1).json
    assert by_name(report)["ndcg@5"]["note"] == "no row is relevant"


@pytest.mark.parametrize(("then", "now"), [("abc", "abz"), ("abz", "abc"), ("abcd", "abc"), ("abc", "abcd")])
def test_a_class_that_one_of_two_models_lacks_has_no_chance_there(
    compare: Compare, comparison_project: ComparisonProject, then: str, now: str
) -> None:
    def of(letters: str) -> Callable[[pl.DataFrame], list[str]]:
        return lambda frame: [letters[i] for i in (frame["row"] * 7 + (frame["speed"] > 0)) % len(letters)]

    comparison_project.configure("cluster-by: day", "[{metric: accuracy, min: 0.05}]", "multiclass-classification")
    test = machines()
    comparison_project.data("data/test.parquet", test.with_columns(broken=pl.Series(of("abc")(test))))
    comparison_project.train(target=of(then))
    comparison_project.release()
    comparison_project.train("speed", target=of(now))
    report = compare("--json").json
    assert report["verdict"] != "incomparable", report["reasons"]
    assert by_name(report)["log_loss"]["champion"] is not None
    assert report["confusion"]["labels"] == sorted({*then, *now, *"abc"}, key=[*now, *"abc", *then].index)
    lacking = [(whose, "c") for whose, has in (("challenger", now), ("champion", then)) if "c" not in has]
    assert [text for text in report["warnings"] if "does not know" in text] == [
        f"the {whose} does not know the label '{label}' (298 rows): its probability counts as 0"
        for whose, label in lacking
    ]


@pytest.mark.parametrize("lacks", ["champion", "challenger"])
def test_a_model_of_one_label_is_compared_too(
    compare: Compare, comparison_project: ComparisonProject, lacks: str
) -> None:
    for side in ("champion", "challenger"):
        if side == lacks:
            comparison_project.train(
                estimator=DummyClassifier(), target=lambda frame: np.zeros(frame.height, dtype=int)
            )
        else:
            comparison_project.train()
        if side == "champion":
            comparison_project.release()
    report = compare("--json", code=0 if lacks == "champion" else 1).json
    assert report["verdict"] in ("pass", "block"), report["reasons"]
    assert by_name(report)["log_loss"][lacks] > 10
    assert any(text.startswith(f"the {lacks} does not know the label '1'") for text in report["warnings"])


def sales(days: int, first: int, seed: int) -> pl.DataFrame:
    """Two shops whose sales depend on the weather and on the day of the week."""
    generator = np.random.default_rng(seed)
    day = np.arange(first, first + days)
    frames = []
    for shop, size in (("a", 100.0), ("b", 30.0)):
        weather = generator.normal(size=days)
        weekday = np.sin(2 * np.pi * day / 7)
        frames.append(
            pl.DataFrame(
                {
                    "day": [date(2025, 1, 1) + timedelta(days=int(i)) for i in day],
                    "shop": shop,
                    "size": size,
                    "weather": weather,
                    "weekday": weekday,
                    "broken": size * (1 + 0.05 * weather + 0.08 * weekday) + generator.normal(0, 2, days),
                }
            )
        )
    return pl.concat(frames)


@pytest.fixture
def forecast(comparison_project: ComparisonProject) -> ComparisonProject:
    comparison_project.data("data/train.parquet", sales(200, 0, 1))
    comparison_project.data("data/test.parquet", sales(90, 200, 2).sample(fraction=1.0, shuffle=True, seed=3))
    gates = "[{metric: mae, rule: superior}, {metric: mase, max: 1}]"
    comparison_project.configure("time: day, series: shop, horizon: 2, season: 7, train: train", gates, "forecasting")
    comparison_project.train("size", "weather", estimator=LinearRegression())
    comparison_project.release()
    comparison_project.train("size", "weather", "weekday", estimator=LinearRegression())
    return comparison_project


def test_a_better_forecast(compare: Compare, forecast: ComparisonProject) -> None:
    report = compare("--json").json
    assert report["verdict"] == "pass"
    assert (report["evaluation"]["cluster_by"], report["evaluation"]["clusters"]) == ("day", 90)
    metrics = by_name(report)
    assert metrics["mae"]["method"] == "Diebold-Mariano"
    assert metrics["rmse"]["method"] == "delta method, Diebold-Mariano"
    assert 0 < metrics["mase"]["challenger"] < metrics["mase"]["champion"]


def test_text_is_no_time(compare: Compare, forecast: ComparisonProject) -> None:
    forecast.data("data/test.parquet", sales(90, 200, 2).with_columns(pl.col("day").dt.strftime("%d.%m.%Y")))
    assert "column 'day' is String, which has no order in time" in compare(code=3).err


def test_a_series_that_training_never_had_leaves_mase_undefined(
    compare: Compare, forecast: ComparisonProject
) -> None:
    forecast.data("data/test.parquet", sales(90, 200, 2).with_columns(shop=pl.col("shop").replace("b", "new")))
    report = compare("--json", code=1).json
    assert "the series of 90 of 180 rows is too short or constant" in by_name(report)["mase"]["note"]


@pytest.mark.parametrize(
    ("evaluation", "gates", "task", "says"),
    [
        ("positive: 1", "[{metric: ndcg, min: 0}]", "ranking", "a ranking model needs 'query'"),
        ("positive: 1", "[{metric: mae, max: 9}]", "forecasting", "a forecasting model needs 'time'"),
        ("time: day, cluster-by: day", "[{metric: mae, max: 9}]", "forecasting", "units of a forecast → remove it"),
        ("query: q", "[{metric: mae, max: 9}]", "regression", "'query' means nothing for regression"),
        ("time: day", "[{metric: mase, max: 1}]", "forecasting", "mase needs the training data"),
        ("time: day", "[{metric: pinball, max: 1}]", "forecasting", "write it with its quantile, as in pinball@0.9"),
        ("query: q", "[{metric: ndcg@0, min: 1}]", "ranking", "write it with its k, as in ndcg@10"),
        ("query: q", "[{metric: map@3, min: 1}]", "ranking", "no metric is called 'map@3'"),
    ],
)
def test_settings_that_do_not_fit(
    compare: Compare, comparison_project: ComparisonProject, evaluation: str, gates: str, task: str, says: str
) -> None:
    comparison_project.configure(evaluation, gates, task)
    answer = compare(code=2)
    assert says in answer.err
