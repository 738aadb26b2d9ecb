from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest

from gitops_mlops.domain.comparison.predictions import Predictions
from gitops_mlops.domain.comparison.scoring import TrueLabels, UnscorableReason, checked, read_truth, score
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.measure import measure
from gitops_mlops.domain.statistics.sample import ModelScores, ScoredSample

ROWS = pl.DataFrame({"x": [1.0, 2.0, 3.0]})
BINARY = TrueLabels(np.array([0, 1, 1]), (0, 1))


@dataclass
class Says:
    """A model that answers with what it was given."""

    predictions: Predictions
    columns: tuple[str, ...] = ()
    classes: tuple[Any, ...] = ()

    def predict(self, rows: Any) -> Predictions:
        return self.predictions


def probabilities(*rows: tuple[float, ...], classes: tuple[Any, ...] = (0, 1)) -> Predictions:
    return Predictions(np.zeros(len(rows)), np.array(rows), classes)


@pytest.mark.parametrize(
    ("predictions", "says"),
    [
        (probabilities((0.5, 0.5), (float("nan"), 1), (0, 1)), "gives NaN or infinity in 1 of 3 predictions"),
        (probabilities((0.5, 0.5), (-0.2, 1.2), (0, 1)), "1 of 3 predictions have a probability outside [0, 1]"),
        (probabilities((0.5, 0.4), (0, 1), (0, 1)), "in 1 of 3 predictions the probabilities do not add up to 1"),
        (probabilities((0, 1), (0, 1)), "gave 2 answers for 3 rows"),
        (probabilities((1, 0), (1, 0), (1, 0), classes=("n", "y")), "knows the classes 'n', 'y', the data has 0, 1"),
        (Predictions(np.array([0, 1, 7])), "answers with 7, which the data never has"),
        (Predictions(np.array([[0, 1, 1]])), "gave 1 answers for 3 rows"),
    ],
)
def test_answers_that_cannot_be_used(predictions: Predictions, says: str) -> None:
    found = score(Says(predictions), ROWS, BINARY, ModelTask.BINARY, 0.5)
    assert found == UnscorableReason(says)


def test_a_model_that_raises_is_said_to() -> None:
    found = score(Says(None), ROWS, BINARY, ModelTask.BINARY, 0.5)  # type: ignore[arg-type]
    assert isinstance(found, UnscorableReason)
    assert found.reason.startswith("cannot score these rows (AttributeError")


def test_the_threshold_makes_labels() -> None:
    predictions = probabilities((0.7, 0.3), (0.6, 0.4), (0.1, 0.9))
    found = score(Says(predictions), ROWS, BINARY, ModelTask.BINARY, 0.35)
    assert isinstance(found, ModelScores)
    assert found.predicted.tolist() == [0, 1, 1]


def test_the_order_of_classes_is_the_models_own() -> None:
    truth = read_truth(pl.Series(["no", "yes"]), ModelTask.BINARY, "yes", ("yes", "no"), "target")
    assert (truth.classes, truth.values.tolist()) == (("no", "yes"), [0, 1])
    predictions = probabilities((0.9, 0.1), (0.2, 0.8), (0.6, 0.4), classes=("yes", "no"))
    found = score(Says(predictions), ROWS, truth, ModelTask.BINARY, 0.5)
    assert isinstance(found, ModelScores)
    assert found.probabilities is not None
    assert found.probabilities.tolist() == [0.9, 0.2, 0.6]


def test_a_positive_label_that_a_model_never_saw_gets_no_chance() -> None:
    found = score(Says(probabilities((1,), (1,), (1,), classes=(0,))), ROWS, BINARY, ModelTask.BINARY, 0.5)
    assert isinstance(found, ModelScores)
    assert found.probabilities is not None
    assert (found.predicted.tolist(), found.probabilities.tolist()) == ([0, 0, 0], [0, 0, 0])
    sample = ScoredSample(ModelTask.BINARY, BINARY.values, found, classes=BINARY.classes)
    assert measure(sample, "log_loss", StatisticsSettings()).result.challenger == pytest.approx(
        -np.log(2**-52) * 2 / 3
    )


@pytest.mark.parametrize(
    ("task", "data", "known", "others", "classes"),
    [
        (ModelTask.MULTICLASS, "ab", "ab", "abz", "abz"),
        (ModelTask.MULTICLASS, "ab", "bc", "az", "bcaz"),
        (ModelTask.MULTICLASS, "ab", "ab", "yz", "ab"),
        (ModelTask.MULTICLASS, "ab", "", "abz", "abz"),
        (ModelTask.BINARY, "aa", "a", "ab", "ab"),
        (ModelTask.BINARY, "ab", "b", "abz", "ab"),
    ],
)
def test_the_champions_classes_are_labels_too(
    task: ModelTask, data: str, known: str, others: str, classes: str
) -> None:
    truth = read_truth(pl.Series([*data]), task, "b", (*known,), "target", (*others,))
    assert truth.classes == (*classes,)
    assert [truth.classes[code] for code in truth.values] == [*data]


def test_a_class_that_the_champion_never_saw_gets_no_chance() -> None:
    truth = read_truth(pl.Series(["a", "c", "b"]), ModelTask.MULTICLASS, None, ("a", "b", "c"), "target")
    predictions = probabilities((0.9, 0.1), (0.2, 0.8), (0.6, 0.4), classes=("a", "b"))
    found = score(Says(predictions), ROWS, truth, ModelTask.MULTICLASS, 0.5)
    assert isinstance(found, ModelScores)
    assert found.probabilities is not None
    assert found.probabilities[:, 2].tolist() == [0, 0, 0]
    assert isinstance(
        score(
            Says(probabilities((1, 0), (1, 0), (1, 0), classes=("a", "z"))), ROWS, truth, ModelTask.MULTICLASS, 0.5
        ),
        UnscorableReason,
    )


@pytest.mark.parametrize(("labels", "known"), [([True, False], ()), ([1.0, 0.0], (0, 1)), ([1, 0], (False, True))])
def test_numbers_and_truth_values_are_the_same_labels(labels: list[Any], known: tuple[Any, ...]) -> None:
    assert read_truth(pl.Series(labels), ModelTask.BINARY, None, known, "target").values.tolist() == [1, 0]


def test_a_million_classes_fit_or_are_said_not_to() -> None:
    rows = 20_000
    column = pl.Series([f"c{i}" for i in range(rows)])
    truth = read_truth(column, ModelTask.MULTICLASS, None, ("c0", "c1"), "target")
    assert len(truth.classes) == rows
    given = np.tile([0.5, 0.5], (rows, 1))
    found = checked(Predictions(np.zeros(rows), given, ("c0", "c1")), rows, truth, ModelTask.MULTICLASS, 0.5)
    assert found == UnscorableReason(
        "gives probabilities, which for 20,000 rows with 20,000 classes each do not fit into memory:"
        " is the target an identifier?"
    )
    labels = np.array(column.to_list(), dtype=object)
    scores = checked(Predictions(labels), rows, truth, ModelTask.MULTICLASS, 0.5)
    assert isinstance(scores, ModelScores)
    many = read_truth(pl.Series(range(1_000_000)), ModelTask.MULTICLASS, None, (), "target")
    sample = ScoredSample(
        ModelTask.MULTICLASS,
        many.values,
        ModelScores(many.values[::-1]),
        ModelScores(many.values),
        classes=many.classes,
    )
    result = measure(sample, "f1_macro", StatisticsSettings()).result
    assert (result.champion, result.challenger, result.verdict) == (1.0, 0.0, "cannot_be_judged")


def test_labels_are_plain_values() -> None:
    with pytest.raises(UsageError, match="labels are numbers, text or truth values"):
        read_truth(pl.Series([[1], [2]]), ModelTask.BINARY, None, (), "target")


def test_a_ranking_takes_numbers_or_the_chance_of_the_last_class() -> None:
    relevant = read_truth(pl.Series([0, 1, 2]), ModelTask.RANKING, None, (0, 1), "target")
    assert relevant.classes == ()
    found = checked(probabilities((0.9, 0.1), (0.2, 0.8), (0.6, 0.4)), 3, relevant, ModelTask.RANKING, 0.5)
    assert isinstance(found, ModelScores)
    assert found.predicted.tolist() == [0.1, 0.8, 0.4]
    assert checked(Predictions(np.array([1, np.inf, 0])), 3, relevant, ModelTask.RANKING, 0.5) == UnscorableReason(
        "gives NaN or infinity in 1 of 3 predictions"
    )
    with pytest.raises(MissingEvidence, match="cannot be below 0"):
        read_truth(pl.Series([0, -1]), ModelTask.RANKING, None, (), "target")
    with pytest.raises(UsageError, match="a forecasting needs numbers"):
        read_truth(pl.Series(["a"]), ModelTask.FORECASTING, None, (), "target")
