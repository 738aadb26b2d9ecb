"""A perfect score is a suspicion of itself: answers that were copied from the labels have it."""

from __future__ import annotations

import numpy as np

from gitops_mlops.domain.comparison.data_checks import PERFECT
from gitops_mlops.domain.comparison.leakage import FEWEST_OF_A_LABEL, FEWEST_ROWS
from gitops_mlops.domain.comparison.report_parts import CheckStatus, DataCheck
from gitops_mlops.domain.config.leakage import LeakageConfig
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.statistics.sample import ScoredSample

_EQUAL = 1e-9


def perfect_score(sample: ScoredSample | None, leaks: LeakageConfig) -> DataCheck:
    """Whether the challenger's answers are the labels.

    A number that is right to nine digits in 20 different cases is a copy, and blocks as copies of the label do.
    Labels and rankings may be easy, so that they only warn; where there are few rows, it is no more than a remark.
    """
    if sample is None:
        return DataCheck(id=PERFECT, status="unknown", finding="the challenger has no answers")
    kinds, counts = np.unique(sample.truth, return_counts=True)
    if len(kinds) < 2:
        return DataCheck(id=PERFECT, status="unknown", finding="every row has the same label")
    told = _ranking(sample) if sample.task is ModelTask.RANKING else _perfect(sample)
    if not told:
        return DataCheck(id=PERFECT, status="pass", finding="the answers are not the labels")
    few = sample.rows < FEWEST_ROWS or int(counts.min()) < FEWEST_OF_A_LABEL
    status: CheckStatus = "warn"
    if sample.task in (ModelTask.REGRESSION, ModelTask.FORECASTING):
        few, status = len(kinds) < FEWEST_OF_A_LABEL, "block" if leaks.label == "block" else "warn"
    elif sample.task is ModelTask.RANKING:
        few = sample.units < FEWEST_OF_A_LABEL
    if few or leaks.label == "ignore":
        status = "note"
    return DataCheck(id=PERFECT, status=status, finding=told + ("; too few rows to suspect anything" if few else ""))


def _perfect(sample: ScoredSample) -> str:
    answers, truth = sample.challenger, sample.truth
    if not sample.task.classifies:
        right = np.abs(answers.predicted - truth) <= _EQUAL * np.maximum(np.abs(truth), 1e-300)
        return f"all {sample.rows:,} numbers are the labels, to nine digits" if right.all() else ""
    if np.array_equal(answers.predicted, truth):
        return f"all {sample.rows:,} answers are right"
    chance = answers.probabilities
    if sample.task is ModelTask.BINARY and chance is not None and chance[truth == 1].min() > chance[truth == 0].max():
        return f"the probabilities of all {sample.rows:,} rows separate the labels without an error"
    return ""


def _ranking(sample: ScoredSample) -> str:
    """Perfect when in no query a row is ranked above, or level with, one that is more relevant."""
    assert sample.queries is not None, "a ranking has queries"
    scores = np.asarray(sample.challenger.predicted, dtype=np.float64)
    order = np.lexsort((sample.truth, -scores, sample.queries))
    same = np.diff(sample.queries[order]) == 0
    if (np.diff(sample.truth[order])[same] > 0).any():
        return ""
    return f"all {len(np.unique(sample.queries)):,} queries are in the best order"
