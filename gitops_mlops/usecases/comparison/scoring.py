"""What both models say of the same rows, as the statistics want it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from gitops_mlops.domain.comparison.predictions import Predictor
from gitops_mlops.domain.comparison.rows import cluster_codes, is_time, naive_errors
from gitops_mlops.domain.comparison.scoring import TrueLabels, UnscorableReason, score
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.config.sections import ModelConfig
from gitops_mlops.domain.statistics.sample import ModelScores, ScoredSample
from gitops_mlops.usecases.comparison.evaluation_rows import EvaluationRows
from gitops_mlops.usecases.comparison.predictors import ScoredRows


@dataclass(frozen=True, eq=False)
class ScoredModels:
    """Both models' answers. `sample` is None when the challenger has none; `why` says whose are missing and why.

    `reads` and `champion_reads` are the columns that each asks for, empty when it does not say.
    """

    truth: TrueLabels
    sample: ScoredSample | None
    why: str = ""
    reads: tuple[str, ...] = ()
    champion_reads: tuple[str, ...] = ()


def score_both(model: ModelConfig, held: ScoredRows) -> ScoredModels:
    """Ask the challenger and, when there is one, the champion."""
    mine, theirs = held.challenger, held.champion
    return replace(
        _answers(model, held),
        reads=() if isinstance(mine, UnscorableReason) else mine.columns,
        champion_reads=() if theirs is None or isinstance(theirs, UnscorableReason) else theirs.columns,
    )


def _answers(model: ModelConfig, held: ScoredRows) -> ScoredModels:
    frame, truth = held.rows.frame, held.truth
    answers = _ask(held.challenger, frame, truth, model)
    if isinstance(answers, UnscorableReason):
        return ScoredModels(truth, None, answers.reason)
    sample = _sample(model, held.rows, truth, answers)
    if held.champion is None:
        return ScoredModels(truth, sample)
    theirs = _ask(held.champion, frame, truth, model)
    if isinstance(theirs, ModelScores):
        return ScoredModels(truth, replace(sample, champion=theirs))
    return ScoredModels(truth, sample, theirs.reason)


def _ask(
    side: Predictor | UnscorableReason, frame: pl.DataFrame, truth: TrueLabels, model: ModelConfig
) -> ModelScores | UnscorableReason:
    if isinstance(side, UnscorableReason):
        return side
    return score(side, frame, truth, model.task, model.evaluation.threshold)


def _sample(model: ModelConfig, rows: EvaluationRows, truth: TrueLabels, answers: ModelScores) -> ScoredSample:
    evaluation, task, frame = model.evaluation, model.task, rows.frame
    column, query, scale = evaluation.unit_column(task), evaluation.query, None
    clusters = None if column is None else cluster_codes(frame[column])
    if task is ModelTask.FORECASTING and evaluation.time is not None and rows.training is not None:
        scale = naive_errors(
            rows.training, frame, evaluation.target, evaluation.time, evaluation.series, evaluation.season
        )
    return ScoredSample(
        task,
        truth.values,
        answers,
        clusters=clusters,
        classes=truth.classes,
        queries=clusters if query == column else cluster_codes(frame[query]) if query else None,
        horizon=evaluation.horizon if task is ModelTask.FORECASTING else None,
        scale=scale,
        in_time=column is not None and (column == evaluation.time or is_time(frame[column])),
    )
