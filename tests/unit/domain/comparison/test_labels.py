from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest

from gitops_mlops.domain.comparison.labels import Labels
from gitops_mlops.domain.comparison.prediction_table import all_labels, read_predictions
from gitops_mlops.domain.comparison.predictions import Predictions
from gitops_mlops.domain.comparison.scoring import UnscorableReason, checked, read_truth
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.statistics.sample import ModelScores

ZERO_AND_ONE: dict[str, tuple[Any, Any]] = {
    "integers": (0, 1),
    "floats": (0.0, 1.0),
    "truth values": (False, True),
    "text": ("0", "1"),
    "decimals": (Decimal(0), Decimal(1)),
}
B, M = ModelTask.BINARY, ModelTask.MULTICLASS
PAIRS = list(itertools.product(ZERO_AND_ONE, repeat=2))


@pytest.mark.parametrize(("data", "model"), PAIRS)
@pytest.mark.parametrize("task", [ModelTask.BINARY, ModelTask.MULTICLASS])
def test_a_label_is_one_in_data_classes_and_answers(data: str, model: str, task: ModelTask) -> None:
    no, yes = ZERO_AND_ONE[model]
    column = pl.Series([ZERO_AND_ONE[data][code] for code in (1, 0, 1)])
    truth = read_truth(column, task, yes, (no, yes), "target")
    assert (list(truth.classes), truth.values.tolist()) == (list(ZERO_AND_ONE[data]), [1, 0, 1])
    chances = np.array([[0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
    for said in (
        Predictions(np.array([yes, no, yes], dtype=object)),
        Predictions(np.array([yes, no, yes], dtype=object), chances, (no, yes)),
        Predictions(np.array([yes, no, yes], dtype=object), chances, (no, yes), decided=True),
    ):
        found = checked(said, 3, truth, task, 0.5)
        assert isinstance(found, ModelScores), found
        assert found.predicted.tolist() == [1, 0, 1]


@pytest.mark.parametrize(("data", "file"), PAIRS)
@pytest.mark.parametrize("names", [("0", "1"), ("0.0", "1.0")])
def test_a_label_is_one_in_data_columns_and_predictions(data: str, file: str, names: tuple[str, str]) -> None:
    if data == "text":
        # The name of a column is text as well, and two texts are two labels.
        names = ("0", "1")
    rows = [ZERO_AND_ONE[file][code] for code in (1, 0, 1)]
    frame = pl.DataFrame({"key": [1, 2, 3], "prediction": rows, "label": rows})
    chances = {f"probability_{names[1]}": [0.8, 0.4, 0.7], f"probability_{names[0]}": [0.2, 0.6, 0.3]}
    table = read_predictions(frame.with_columns(**{k: pl.Series(v) for k, v in chances.items()}), "key", B, "p.csv")
    column = pl.Series([ZERO_AND_ONE[data][code] for code in (1, 0, 1)])
    assert table.disagreeing(frame["key"], column) == 0
    classes = all_labels([table], column.unique().to_list(), B)
    truth = read_truth(column, B, classes[1], classes, "target")
    found = checked(table.answers(frame["key"], truth.classes), 3, truth, B, 0.5)
    assert isinstance(found, ModelScores), found
    assert found.probabilities is not None
    assert (found.predicted.tolist(), found.probabilities.tolist()) == ([1, 0, 1], [0.8, 0.4, 0.7])


def test_two_labels_are_never_one() -> None:
    texts = Labels(["1", "1.0", "true"])
    assert [texts.of(value) for value in ("1", "1.0", 1, 1.0, True, "01")] == ["1", "1.0", "1", "1.0", "true", "01"]
    truth = read_truth(pl.Series(["1", "1.0"]), ModelTask.MULTICLASS, None, (), "target")
    assert len(truth.classes) == 2
    truth = read_truth(pl.Series([1, 2]), M, None, (), "target")
    twice = checked(Predictions(np.zeros(2), np.array([[0.3, 0.7]] * 2), (1, "1")), 2, truth, M, 0.5)
    assert twice == UnscorableReason("has two classes of the same name: 1, '1'")
    frame = pl.DataFrame({"key": [1], "probability_1": [0.3], "probability_1.0": [0.7]})
    with pytest.raises(MissingEvidence, match=r"probability_1(\.0)? is of the same label as another column"):
        read_predictions(frame, "key", M, "p.csv").labels([1, 2])
