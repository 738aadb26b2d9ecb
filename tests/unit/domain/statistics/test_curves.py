"""The curves of the report against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import precision_recall_curve, roc_curve

from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.statistics.curves import curves_of
from gitops_mlops.domain.statistics.results import PlotCurve
from gitops_mlops.domain.statistics.sample import ModelScores, ScoredSample


def curves(truth: np.ndarray, champion: np.ndarray | None, challenger: np.ndarray) -> dict[str, PlotCurve]:
    sides = [
        None if one is None else ModelScores((one > 0.5).astype(np.int64), one) for one in (champion, challenger)
    ]
    assert sides[1] is not None
    return {one.name: one for one in curves_of(ScoredSample(ModelTask.BINARY, truth, sides[1], champion=sides[0]))}


@pytest.fixture(params=[1000, 8], ids="{}-levels".format)
def drawn(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels and the scores of two models, with few and with many ties, none on the edge of a bin."""
    generator = np.random.default_rng(3)
    levels = request.param
    steps = generator.integers(0, levels, 900)
    champion = (steps + 0.5) / levels
    challenger = (np.clip(steps + generator.integers(-2, 3, 900), 0, levels - 1) + 0.5) / levels
    return (generator.random(900) < champion).astype(np.int64), champion, challenger


def test_calibration_is_that_of_scikit_learn(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    truth, champion, challenger = drawn
    curve = curves(truth, champion, challenger)["calibration"]
    for scores, x, y, rows in (
        (champion, curve.champion_x, curve.champion, curve.champion_rows),
        (challenger, curve.challenger_x, curve.challenger, curve.challenger_rows),
    ):
        share, mean = calibration_curve(truth, scores, n_bins=10)
        assert [one for one in y if one is not None] == pytest.approx(share.tolist())
        assert [one for one in x if one is not None] == pytest.approx(mean.tolist())
        assert sum(rows) == 900
        assert [n > 0 for n in rows] == [one is not None for one in y]


def test_roc_passes_through_the_points_of_scikit_learn(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    truth, champion, challenger = drawn
    curve = curves(truth, champion, challenger)["roc"]
    for scores, y in ((champion, curve.champion), (challenger, curve.challenger)):
        false, true, _ = roc_curve(truth, scores, drop_intermediate=False)
        assert y == pytest.approx(np.interp(curve.x, false, true).tolist())


def test_precision_is_that_of_the_first_threshold_to_reach_a_recall(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    truth, champion, challenger = drawn
    curve = curves(truth, champion, challenger)["precision_recall"]
    for scores, y in ((champion, curve.champion), (challenger, curve.challenger)):
        precision, recall, _ = precision_recall_curve(truth, scores)
        # Its last point, precision 1 at recall 0, belongs to no threshold.
        reached = [np.flatnonzero(recall[:-1] >= max(at, 1e-9) - 1e-12)[-1] for at in curve.x]
        assert y == pytest.approx(precision[reached].tolist())


def test_a_first_version_has_curves_of_its_own() -> None:
    found = curves(np.array([0, 1, 1]), None, np.array([0.2, 0.4, 0.9]))
    assert sorted(found) == ["calibration", "precision_recall", "roc"]
    assert all(curve.champion == curve.champion_x == curve.champion_rows == () for curve in found.values())
    assert found["precision_recall"].challenger[0] == 1.0
    assert len(found["roc"].x) == 50


@pytest.mark.parametrize("label", [0, 1])
def test_one_label_alone_has_no_curves(label: int) -> None:
    assert curves(np.full(5, label), None, np.linspace(0, 1, 5)) == {}
