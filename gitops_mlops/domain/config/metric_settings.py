"""What `mlops.yaml` says of metrics: the project's own, which a gate may ask for, and what a task's need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_mlops.domain.config.metrics import METRICS, MetricInput, ModelTask, example, find_metric, metrics_of
from gitops_mlops.domain.document.yaml import Path
from gitops_mlops.domain.names import suggest

if TYPE_CHECKING:
    from gitops_mlops.domain.config.root import Config
    from gitops_mlops.domain.config.sections import ModelConfig

# Which setting of `evaluation` a task cannot do without, and which tasks a setting means anything for.
_NEEDED = {ModelTask.RANKING: "query", ModelTask.FORECASTING: "time"}
_ONLY = {
    "query": ModelTask.RANKING,
    "series": ModelTask.FORECASTING,
    "horizon": ModelTask.FORECASTING,
    "season": ModelTask.FORECASTING,
}

Wrong = tuple[Path, str, str]


def metric_problem(name: str, task: ModelTask, config: Config) -> tuple[str, str] | None:
    """Why a name is not a metric of the models of a task, and what to do; None when it is one.

    Every command asks here: the catalogue with its parameters, and the project's own.
    """
    if name in config.metrics:
        return None
    metric = find_metric(name)
    if metric is not None and task in metric.tasks:
        return None
    known = [*metrics_of(task), *config.metrics]
    if metric is not None:
        return f"{name} is not defined for {task}", f"choose from {', '.join(known)}"
    kind = METRICS.get(name.partition("@")[0])
    if kind is not None and kind.parameter and task in kind.tasks:
        return f"no metric is called {name!r}", f"write it with its {kind.parameter}, as in {example(kind)}"
    return f"no metric is called {name!r}", suggest(name, known)


def untrained_problem(name: str, model: ModelConfig) -> tuple[str, str] | None:
    """Why a model's evaluation does not give what a metric of the catalogue reads, and what to do."""
    metric = find_metric(name)
    if metric is not None and metric.needs is MetricInput.HISTORY and model.evaluation.train is None:
        return f"{name} needs the training data", "set evaluation.train"
    return None


def configured_metrics(model: ModelConfig, config: Config) -> list[str]:
    """What a comparison has to measure: the metrics of the gates, then those that a promotion asks for."""
    demands = [demand.metric for each in config.environments.values() for demand in each.promotion.metrics]
    promoted = [name for name in demands if metric_problem(name, model.task, config) is None]
    return list(dict.fromkeys([*(gate.metric for gate in model.gates), *promoted]))


def wrong_metrics(name: str, model: ModelConfig, config: Config) -> Iterator[Wrong]:
    """Gates on metrics that there are not, or that the model's task or evaluation does not give."""
    for index, gate in enumerate(model.gates):
        wrong = metric_problem(gate.metric, model.task, config) or untrained_problem(gate.metric, model)
        if wrong is not None:
            yield ("models", name, "gates", index, "metric"), *wrong


def wrong_task_settings(name: str, model: ModelConfig) -> Iterator[Wrong]:
    """Settings of the evaluation that the task needs and lacks, or has and cannot use."""
    evaluation, path = model.evaluation, ("models", name, "evaluation")
    needed = _NEEDED.get(model.task)
    if needed and getattr(evaluation, needed) is None:
        told = {"query": "which column holds the query", "time": "which column holds the time"}[needed]
        yield path, f"a {model.task} model needs {needed!r}", f"say {told} with {needed}:"
    for key, task in _ONLY.items():
        if model.task is not task and key in evaluation.model_fields_set:
            yield (*path, key), f"{key!r} means nothing for {model.task}", "remove it"
    if model.task is not ModelTask.BINARY and evaluation.fairness is not None:
        yield (
            (*path, "fairness"),
            f"'fairness' is for {ModelTask.BINARY}, not for {model.task}",
            "declare slices instead",
        )
    if model.task is ModelTask.FORECASTING and evaluation.cluster_by is not None:
        yield (*path, "cluster-by"), "points in time are the units of a forecast", "remove it"
