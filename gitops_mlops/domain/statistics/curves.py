"""What a reviewer looks at: calibration, the ROC curve, confusion counts."""

from __future__ import annotations

import numpy as np

from gitops_mlops.domain.evaluation import Confusion, Curve
from gitops_mlops.domain.statistics.cells import confusion
from gitops_mlops.domain.statistics.ranking import Ranks
from gitops_mlops.domain.statistics.resampled import BINS, bins_of
from gitops_mlops.domain.statistics.sample import Floats, Mask, Sample

_MOST_CLASSES = 20
_ROC_POINTS = 50


def confusion_of(sample: Sample, classes: tuple[object, ...]) -> Confusion | None:
    """Counts by true and predicted label; None for a regression or more classes than a reader can take in."""
    if not 2 <= len(classes) <= _MOST_CLASSES:
        return None
    sides = [
        None if scores is None else confusion(sample.truth, scores.predicted, len(classes))
        for scores in (sample.champion, sample.challenger)
    ]
    champion, challenger = ([] if side is None else [tuple(row) for row in side.tolist()] for side in sides)
    labels = tuple(str(label)[:200] for label in classes)
    return Confusion(labels=labels, champion=tuple(champion) or None, challenger=tuple(challenger))


def curves_of(sample: Sample) -> tuple[Curve, ...]:
    """Calibration and ROC of a binary task whose models give probabilities; empty when there is nothing to draw."""
    positive = sample.truth == 1
    sides = (sample.champion, sample.challenger)
    champion, challenger = (None if side is None else side.probabilities for side in sides)
    if challenger is None or challenger.ndim != 1 or positive.all() or not positive.any():
        return ()
    centres = tuple((np.arange(BINS) + 0.5) / BINS)
    grid = np.linspace(0, 1, _ROC_POINTS)
    return (
        Curve(
            name="calibration",
            x=centres,
            champion=() if champion is None else _calibration(positive, champion),
            challenger=_calibration(positive, challenger),
        ),
        Curve(
            name="roc",
            x=tuple(grid.tolist()),
            champion=() if champion is None else _roc(positive, champion, grid),
            challenger=_roc(positive, challenger, grid),
        ),
    )


def _calibration(positive: Mask, probabilities: Floats) -> tuple[float | None, ...]:
    """The observed share of positives in each bin of predicted probability; None where a bin is empty."""
    bins = bins_of(probabilities)
    rows = np.bincount(bins, minlength=BINS)
    hits = np.bincount(bins, weights=positive, minlength=BINS)
    return tuple(float(hit / n) if n else None for hit, n in zip(hits, rows, strict=True))


def _roc(positive: Mask, probabilities: Floats, grid: Floats) -> tuple[float, ...]:
    """The true positive rate at each false positive rate of `grid`."""
    ranks = Ranks.of(probabilities)
    hits = np.bincount(ranks.place, weights=positive, minlength=ranks.distinct)[::-1]
    false = np.bincount(ranks.place, weights=~positive, minlength=ranks.distinct)[::-1]
    true_rate = np.concatenate([[0.0], np.cumsum(hits) / hits.sum()])
    false_rate = np.concatenate([[0.0], np.cumsum(false) / false.sum()])
    return tuple(np.interp(grid, false_rate, true_rate).tolist())
