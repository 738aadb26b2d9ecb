"""What both models say of the same rows, as the statistics want it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from gitops_mlops.domain.comparison.model import Predictor
from gitops_mlops.domain.comparison.rows import cluster_codes, naive_errors
from gitops_mlops.domain.comparison.scoring import Truth, Unscorable, score
from gitops_mlops.domain.config.metrics import Task
from gitops_mlops.domain.config.sections import Model
from gitops_mlops.domain.statistics.sample import Sample, Scores
from gitops_mlops.usecases.comparison.evaluation_rows import EvaluationRows
from gitops_mlops.usecases.comparison.predictors import Contest


@dataclass(frozen=True, eq=False)
class Scored:
    """Both models' answers. `sample` is None when the challenger has none; `why` says whose are missing and why.

    `reads` and `champion_reads` are the columns that each asks for, empty when it does not say.
    """

    truth: Truth
    sample: Sample | None
    why: str = ""
    reads: tuple[str, ...] = ()
    champion_reads: tuple[str, ...] = ()


def score_both(model: Model, held: Contest) -> Scored:
    """Ask the challenger and, when there is one, the champion."""
    mine, theirs = held.challenger, held.champion
    return replace(
        _answers(model, held),
        reads=() if isinstance(mine, Unscorable) else mine.columns,
        champion_reads=() if theirs is None or isinstance(theirs, Unscorable) else theirs.columns,
    )


def _answers(model: Model, held: Contest) -> Scored:
    frame, truth = held.rows.frame, held.truth
    answers = _ask(held.challenger, frame, truth, model)
    if isinstance(answers, Unscorable):
        return Scored(truth, None, answers.reason)
    sample = _sample(model, held.rows, truth, answers)
    if held.champion is None:
        return Scored(truth, sample)
    theirs = _ask(held.champion, frame, truth, model)
    if isinstance(theirs, Scores):
        return Scored(truth, replace(sample, champion=theirs))
    return Scored(truth, sample, theirs.reason)


def _ask(side: Predictor | Unscorable, frame: pl.DataFrame, truth: Truth, model: Model) -> Scores | Unscorable:
    if isinstance(side, Unscorable):
        return side
    return score(side, frame, truth, model.task, model.evaluation.threshold)


def _sample(model: Model, rows: EvaluationRows, truth: Truth, answers: Scores) -> Sample:
    evaluation, task, frame = model.evaluation, model.task, rows.frame
    column, query, scale = evaluation.unit_column(task), evaluation.query, None
    clusters = None if column is None else cluster_codes(frame[column])
    if task is Task.FORECASTING and evaluation.time is not None and rows.training is not None:
        scale = naive_errors(
            rows.training, frame, evaluation.target, evaluation.time, evaluation.series, evaluation.season
        )
    return Sample(
        task,
        truth.values,
        answers,
        clusters=clusters,
        classes=truth.classes,
        queries=clusters if query == column else cluster_codes(frame[query]) if query else None,
        horizon=evaluation.horizon if task is Task.FORECASTING else None,
        scale=scale,
    )
