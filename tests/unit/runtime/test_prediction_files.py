from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops import MissingEvidence, MlopsError, UsageError, write_predictions, write_scores
from gitops_mlops.domain.comparison.prediction_frame import prediction_frame
from gitops_mlops.domain.comparison.prediction_table import read_predictions
from gitops_mlops.domain.comparison.trainings import dump_trainings, parse_trainings
from gitops_mlops.domain.config.metrics import ModelTask

IDS = ["a", "b", "c"]
SHARES = np.array([[0.2, 0.3, 0.5], [1, 0, 0], [0.1, 0.1, 0.8]])


def written(tmp_path: Path, *values: Any, **more: Any) -> pl.DataFrame:
    path = tmp_path / "data" / "predictions.parquet"
    write_predictions(path, *values, **{"id_column": "key", **more})
    return pl.read_parquet(path)


@pytest.mark.parametrize(
    ("prediction", "kind"),
    [
        ([1.5, 2.5, 3.5], pl.Float64),
        ([1, 2, 3], pl.Int64),
        (["x", "y", "x"], pl.String),
        ([True, False, True], pl.Boolean),
        (np.array([1, 2, 3], dtype=np.float32), pl.Float32),
        (pd.Series(["x", "y", "x"], index=[7, 8, 9]), pl.String),
        (pd.Series(["x", "y", "x"], dtype="category"), pl.String),
        (pd.Series([1, 2, 3], dtype="Int64"), pl.Int64),
        (pl.Series("anything", ["x", "y", "x"]), pl.String),
        ((np.int64(1), np.int64(2), np.int64(3)), pl.Int64),
    ],
)
def test_what_libraries_answer_becomes_a_column(tmp_path: Path, prediction: Any, kind: Any) -> None:
    frame = written(tmp_path, IDS, prediction)
    assert frame.schema == {"key": pl.String, "prediction": kind}
    assert frame["prediction"].to_list() == list(prediction)


@pytest.mark.parametrize("ids", [[3, 1, 2], [date(2026, 1, day) for day in (1, 2, 3)], np.array([7, 8, 9], np.uint8)])
def test_ids_keep_their_type(tmp_path: Path, ids: Any) -> None:
    assert written(tmp_path, ids, [1, 2, 3])["key"].to_list() == list(ids)


def test_probabilities_get_a_column_for_each_class(tmp_path: Path) -> None:
    frame = written(tmp_path, IDS, probability=SHARES, classes=np.array(["x", "y", "z"]))
    assert frame.columns == ["key", "probability_x", "probability_y", "probability_z"]
    assert frame.drop("key").to_numpy().tolist() == SHARES.tolist()
    frame = written(tmp_path, IDS, ["x", "y", "x"], probability=pl.Series([0.1, 0, 1]))
    assert frame.columns == ["key", "prediction", "probability"]


WRONG: list[tuple[type[MlopsError], str, tuple[Any, ...], dict[str, Any]]] = [
    (UsageError, "there is nothing to write", (IDS,), {}),
    (UsageError, "prediction has 2 values for 3 ids", (IDS, [1, 2]), {}),
    (
        UsageError,
        "probability_x has 2 values",
        (IDS, [1, 2, 3]),
        {"probability": SHARES[:2, :2], "classes": ["x", "y"]},
    ),
    (UsageError, r"key has shape \(3, 3\)", (SHARES, [1, 2, 3]), {}),
    (UsageError, r"prediction has shape \(\)", (IDS, 1), {}),
    (UsageError, "prediction holds values that are not of one type", (IDS, [1, "x", 2]), {}),
    (UsageError, "prediction holds values that are not of one type", (IDS, ["x", math.nan, "y"]), {}),
    (UsageError, "prediction holds values that are not of one type", (IDS, [[1], [2, 3], [4]]), {}),
    (UsageError, "prediction holds Object", (IDS, [{1}, {2}, {3}]), {}),
    (UsageError, "prediction holds Object", (IDS, np.array([1j, 2, 3])), {}),
    (UsageError, r"shape \(3, 3\) for 2 classes", (IDS,), {"probability": SHARES, "classes": ["x", "y"]}),
    (UsageError, r"shape \(3, 3\) for 0 classes", (IDS,), {"probability": SHARES}),
    (UsageError, "so it has no classes", (IDS,), {"probability": [0.1, 0.2, 0.3], "classes": ["x"]}),
    (UsageError, "classes holds values that are not", (IDS,), {"probability": SHARES, "classes": [1, "1", 2]}),
    (UsageError, "probability holds values", (IDS,), {"probability": [[0.5, 0.5], [1], [1]], "classes": [0, 1]}),
    (UsageError, "are alike", (IDS,), {"probability": SHARES, "classes": ["x", "x", "y"]}),
    (UsageError, "cannot be called 'prediction'", (IDS, [1, 2, 3]), {"id_column": "prediction"}),
    (UsageError, "cannot be called 'probability_x'", (IDS, [1, 2, 3]), {"id_column": "probability_x"}),
    (MissingEvidence, "1 rows repeat an id", (["a", "b", "a"], [1, 2, 3]), {}),
    (MissingEvidence, "1 of 3 rows have no id", (["a", "b", None], [1, 2, 3]), {}),
    (MissingEvidence, "1 of 3 rows have no id", ([1.0, math.nan, 2.0], [1, 2, 3]), {}),
    (MissingEvidence, "1 rows have no prediction", (IDS, ["x", None, "y"]), {}),
    (MissingEvidence, "1 of 3 predictions are NaN or infinite", (IDS, [1, math.nan, 2]), {}),
    (MissingEvidence, "1 of 3 predictions are NaN or infinite", (IDS, [1, math.inf, 2]), {}),
    (MissingEvidence, "NaN or infinity in 1 of 3", (IDS,), {"probability": [0.1, math.nan, 0.2]}),
    (MissingEvidence, "outside", (IDS,), {"probability": [0.1, 1.2, 0.2]}),
    (MissingEvidence, "do not add up to 1", (IDS,), {"probability": SHARES[:, :2], "classes": ["x", "y"]}),
    (MissingEvidence, "'probability' holds String", (IDS,), {"probability": ["0.1", "0.2", "0.3"]}),
    (MissingEvidence, "there are no rows", ([], []), {}),
]


@pytest.mark.parametrize(("kind", "says", "values", "more"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_what_compare_would_refuse_is_not_written(
    tmp_path: Path, kind: type[MlopsError], says: str, values: tuple[Any, ...], more: dict[str, Any]
) -> None:
    with pytest.raises(kind, match=says) as refusal:
        written(tmp_path, *values, **more)
    assert "\n" not in str(refusal.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["predictions.csv", "predictions", "predictions.parquet.gz"])
def test_a_format_that_forgets_types_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"is not the name of a Parquet file → end it in \.parquet"):
        write_predictions(tmp_path / name, IDS, [1, 2, 3], id_column="key")
    assert not list(tmp_path.iterdir())


LABELS = st.one_of(
    st.lists(st.text(st.characters(exclude_categories=["C"]), max_size=5), min_size=2, max_size=5, unique=True),
    st.lists(st.integers(-(2**40), 2**40), min_size=2, max_size=5, unique=True),
    st.just([False, True]),
)


@given(LABELS, st.data())
def test_what_is_written_is_read_as_it_was_meant(labels: list[Any], data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(0, 10**6), min_size=1, max_size=8, unique=True))
    weights = np.array(data.draw(st.lists(st.lists(st.floats(0.01, 1), min_size=len(labels), max_size=len(labels)),
                                          min_size=len(ids), max_size=len(ids))))  # fmt: skip
    shares = weights / weights.sum(axis=1, keepdims=True)
    task = ModelTask.BINARY if len(labels) == 2 else ModelTask.MULTICLASS
    frame = prediction_frame(ids, "key", None, shares, labels, "file")
    table = read_predictions(frame, "key", task, "file")
    order = data.draw(st.permutations(range(len(ids))))
    said = table.answers(pl.Series([ids[place] for place in order]), tuple(labels))
    assert list(said.classes) == labels
    np.testing.assert_array_equal(said.probabilities, shares[order])


def test_scores_are_what_seeds_reads(tmp_path: Path) -> None:
    path = tmp_path / "metrics" / "seeds.json"
    write_scores(
        path,
        {1: {"log_loss": 0.5, "roc_auc": 1}, 2: {"roc_auc": cast(Any, np.float32(0.5)), "log_loss": np.float64(1)}},
    )
    found = parse_trainings(path.read_bytes(), "seeds.json")
    assert (found.count, found.values) == (2, {"log_loss": (0.5, 1.0), "roc_auc": (1.0, 0.5)})
    assert path.read_text().count("\n") == 4


@pytest.mark.parametrize(
    ("kind", "says", "scores"),
    [
        (UsageError, "seeds are whole numbers", {1.5: {"mae": 1}}),
        (UsageError, "seeds are whole numbers", {1: {"mae": "low"}}),
        (UsageError, "seeds are whole numbers", {1: 0.5}),
        (UsageError, "no metric can be called 'seed'", {1: {"seed": 1}}),
        (MissingEvidence, "NaN is not a metric value", {1: {"mae": math.nan}}),
        (MissingEvidence, "not a list of objects", {}),
        (MissingEvidence, "no metric besides the seed", {1: {}}),
        (MissingEvidence, "not every training has 'mae'", {1: {"mae": 1}, 2: {"mse": 1}}),
    ],
)
def test_scores_that_compare_would_refuse_are_not_written(
    tmp_path: Path, kind: type[MlopsError], says: str, scores: Any
) -> None:
    with pytest.raises(kind, match=says):
        write_scores(tmp_path / "seeds.json", scores)
    assert not list(tmp_path.iterdir())


@given(
    st.dictionaries(st.integers(-(2**31), 2**31), st.floats(allow_nan=False, allow_infinity=False), min_size=1),
    st.text(st.characters(exclude_categories=["Cs"])).filter(lambda name: name != "seed"),
)
def test_scores_come_back(values: dict[int, float], metric: str) -> None:
    content = dump_trainings({seed: {metric: value} for seed, value in values.items()}, "file")
    assert parse_trainings(content, "file").values == {metric: tuple(values.values())}
