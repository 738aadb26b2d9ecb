"""What a reviewer looks at: calibration, the ROC curve, confusion counts."""

from __future__ import annotations

import numpy as np

from gitops_mlops.domain.statistics.areas import ScoreRanks
from gitops_mlops.domain.statistics.cells import confusion
from gitops_mlops.domain.statistics.resampled import BINS, bins_of
from gitops_mlops.domain.statistics.results import ConfusionMatrix, PlotCurve
from gitops_mlops.domain.statistics.sample import Floats, Mask, ScoredSample

_MOST_CLASSES = 20
_POINTS = 50


def confusion_of(sample: ScoredSample, classes: tuple[object, ...]) -> ConfusionMatrix | None:
    """Counts by true and predicted label; None for a regression or more classes than a reader can take in."""
    if not 2 <= len(classes) <= _MOST_CLASSES:
        return None
    sides = [
        None if scores is None else confusion(sample.truth, scores.predicted, len(classes))
        for scores in (sample.champion, sample.challenger)
    ]
    champion, challenger = ([] if side is None else [tuple(row) for row in side.tolist()] for side in sides)
    labels = tuple(str(label) for label in classes)
    return ConfusionMatrix(labels=labels, champion=tuple(champion) or None, challenger=tuple(challenger))


def curves_of(sample: ScoredSample) -> tuple[PlotCurve, ...]:
    """Calibration, ROC and precision-recall of a binary task; empty when there is nothing to draw."""
    positive = sample.truth == 1
    champion, challenger = (
        None if side is None else side.probabilities for side in (sample.champion, sample.challenger)
    )
    if challenger is None or challenger.ndim != 1 or positive.all() or not positive.any():
        return ()
    grid = np.linspace(0, 1, _POINTS)
    return (
        _calibration(positive, champion, challenger),
        *(
            PlotCurve(
                name=name,
                x=tuple(grid.tolist()),
                champion=() if champion is None else read_off(positive, champion, grid),
                challenger=read_off(positive, challenger, grid),
            )
            for name, read_off in (("roc", _roc), ("precision_recall", _precision_recall))
        ),
    )


def _calibration(positive: Mask, champion: Floats | None, challenger: Floats) -> PlotCurve:
    x, share, rows = _bins(positive, challenger)
    its_x, its_share, its_rows = ((), (), ()) if champion is None else _bins(positive, champion)
    return PlotCurve(
        name="calibration",
        x=tuple((np.arange(BINS) + 0.5) / BINS),
        champion=its_share,
        challenger=share,
        champion_x=its_x,
        challenger_x=x,
        champion_rows=its_rows,
        challenger_rows=rows,
    )


_Points = tuple[float | None, ...]


def _bins(positive: Mask, probabilities: Floats) -> tuple[_Points, _Points, tuple[int, ...]]:
    """Mean predicted probability, observed share of positives and rows of each bin; None where a bin is empty."""
    bins = bins_of(probabilities)
    rows = np.bincount(bins, minlength=BINS)
    means, shares = (
        tuple(float(total / n) if n else None for total, n in zip(totals, rows, strict=True))
        for totals in (np.bincount(bins, weights=weights, minlength=BINS) for weights in (probabilities, positive))
    )
    return means, shares, tuple(rows.tolist())


def _roc(positive: Mask, probabilities: Floats, grid: Floats) -> tuple[float, ...]:
    """The true positive rate at each false positive rate of `grid`."""
    hits, false = _above(positive, probabilities)
    return tuple(np.interp(grid, false / false[-1], hits / hits[-1]).tolist())


def _precision_recall(positive: Mask, probabilities: Floats, grid: Floats) -> tuple[float, ...]:
    """The precision at the highest threshold that reaches each recall of `grid`.

    No line is drawn between thresholds: Davis and Goadrich 2006, ICML 23:233-240.
    """
    hits, false = _above(positive, probabilities)
    hits, false = hits[1:], false[1:]
    # Recalls are fractions of whole rows: what rounding adds must not ask for one row more.
    reached = np.searchsorted(hits, np.maximum(grid * hits[-1] - 1e-6, 1.0))
    return tuple((hits[reached] / (hits[reached] + false[reached])).tolist())


def _above(positive: Mask, probabilities: Floats) -> tuple[Floats, Floats]:
    """How many positive and negative rows lie above each distinct score, from none to all."""
    ranks = ScoreRanks.of(probabilities)
    counts = (np.bincount(ranks.place, weights=label, minlength=ranks.distinct) for label in (positive, ~positive))
    hits, false = (np.concatenate([[0.0], np.cumsum(one[::-1])]) for one in counts)
    return hits, false
