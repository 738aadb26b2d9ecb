"""By what each row alone can be judged."""

from __future__ import annotations

from gitops_mlops.domain.config.metrics import METRICS, IntervalMethod, Metric, MetricInput, ModelTask, find_metric
from gitops_mlops.domain.statistics.linear import row_losses
from gitops_mlops.domain.statistics.sample import Floats, ModelScores, ScoredSample


def row_metric(sample: ScoredSample, primary: str) -> Metric | None:
    """The metric whose loss a row has by itself, as near to the primary one as there is; None for a ranking.

    The primary metric when it is a mean of losses; else accuracy for a metric of class counts, RMSE for R², and
    log-loss or MAE, where the answers allow it, for any other.
    """
    metric = find_metric(primary)
    certain = all(scores.probabilities is not None for scores in sample.sides)
    if sample.task is ModelTask.RANKING:
        return None
    if sample.task.classifies:
        if metric is not None and metric.method is IntervalMethod.MEAN and certain:
            return metric
        counted = metric is not None and metric.method is IntervalMethod.COUNTS
        return METRICS["log_loss" if certain and not counted else "accuracy"]
    if metric is not None and metric.method is IntervalMethod.MEAN and metric.needs is not MetricInput.HISTORY:
        return metric
    return METRICS["rmse" if metric is not None and metric.method is IntervalMethod.SMOOTH else "mae"]


def loss_of_rows(metric: Metric, sample: ScoredSample, scores: ModelScores) -> Floats:
    """The loss of each row of one model, less being better; shape (n,). `metric` is what `row_metric` said."""
    if metric.name == "accuracy":
        wrong: Floats = (scores.predicted != sample.truth).astype(float)
        return wrong
    if metric.name == "rmse":
        squared: Floats = (sample.truth - scores.predicted.astype(float)) ** 2
        return squared
    return row_losses(metric, sample, scores)
