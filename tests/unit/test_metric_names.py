"""A metric has one name, and every command reads it the same way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gitops_mlops.domain.config.metric_settings import configured_metrics, metric_problem
from gitops_mlops.domain.config.metrics import METRICS, ModelTask, find_metric
from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.errors import ConfigError, UsageError
from gitops_mlops.domain.registry.evidence import MetricEvidence, parse_trailers, write_message
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.measure import known_metric, measure, unmeasured
from gitops_mlops.domain.statistics.results import MetricResult
from gitops_mlops.domain.statistics.sample import ScoredSample
from gitops_mlops.reports.comparison.headline import metric_name
from gitops_mlops.usecases.comparison.experiments import _metric
from tests.unit.domain.statistics.samples import binary, forecasts, multiclass, ranking, regression

PARAMETERS = {"": [""], "k": ["", "@1", "@10", "@1000000"], "quantile": ["@0.5", "@0.9", "@0.025"]}
NAMES = [
    (task, f"{metric.name}{parameter}")
    for metric in METRICS.values()
    for task in ModelTask
    if task in metric.tasks
    for parameter in PARAMETERS[metric.parameter]
]
WRONG = [
    (ModelTask.RANKING, "ndcg@0"),
    (ModelTask.RANKING, "ndcg@010"),
    (ModelTask.RANKING, "ndcg@"),
    (ModelTask.RANKING, "ndcg[@K]"),
    (ModelTask.RANKING, "ndcg@1000001"),
    (ModelTask.RANKING, "map@5"),
    (ModelTask.RANKING, "accuracy"),
    (ModelTask.REGRESSION, "pinball"),
    (ModelTask.REGRESSION, "pinball@.9"),
    (ModelTask.REGRESSION, "pinball@0.90"),
    (ModelTask.REGRESSION, "pinball@1"),
    (ModelTask.REGRESSION, "mase"),
    (ModelTask.REGRESSION, "savd"),
]
NEEDED = {ModelTask.RANKING: "query: q, ", ModelTask.FORECASTING: "time: t, "}
SAMPLES: dict[ModelTask, ScoredSample] = {
    ModelTask.BINARY: binary(1),
    ModelTask.MULTICLASS: multiclass(1),
    ModelTask.REGRESSION: regression(1),
    ModelTask.RANKING: ranking(1),
    ModelTask.FORECASTING: replace(forecasts(1), scale=np.ones(forecasts(1).rows)),
}


def config(task: ModelTask, gate: str, promoted: str) -> Config:
    return parse_config(
        f"""\
version: 1
datasets: {{test: {{path: test.csv}}, train: {{path: train.csv}}}}
metrics: {{saved: {{function: shop.money:saved, better: lower}}}}
models:
  m:
    task: {task}
    evaluation: {{dataset: test, train: train, {NEEDED.get(task, "")}target: y}}
    gates: [{{metric: {gate!r}, max: 9}}]
environments:
  production: {{port: 8080, promotion: {{metrics: [{{metric: {promoted!r}, max: 9}}]}}}}
"""
    )


@pytest.mark.parametrize(("task", "name"), [*NAMES, *((task, "saved") for task in ModelTask)])
def test_a_metric_is_known_on_every_surface(task: ModelTask, name: str) -> None:
    found = config(task, name, name)
    assert metric_problem(name, task, found) is None
    assert configured_metrics(found.models["m"], found) == [name]
    assert _metric(name, found.models["m"], found) == name, "experiments --metric"
    assert _metric(None, found.models["m"], found) == name, "experiments"
    if name == "saved":
        return
    known = known_metric(name, StatisticsSettings())
    assert known is not None
    result = measure(SAMPLES[task], name, StatisticsSettings(resamples=200)).result
    assert (result.name, result.higher_is_better) == (name, known.higher_is_better)
    assert result.challenger is not None, result.note
    assert unmeasured(name, "", StatisticsSettings()).result.higher_is_better is known.higher_is_better
    evidence = MetricEvidence(name, 0.5, 0.25, 0.75)
    ((_, written),) = parse_trailers(write_message("subject", [("Metric", str(evidence))]))
    assert written == f"{name}=0.5 [0.25, 0.75]"
    assert metric_name(name, str) != name or "_" not in name
    assert MetricResult.model_validate_json(result.model_dump_json()) == result


@pytest.mark.parametrize(("task", "name"), WRONG)
def test_what_is_not_a_metric_is_refused_alike(task: ModelTask, name: str) -> None:
    good = config(task, "saved", "saved")
    problem = metric_problem(name, task, good)
    assert problem is not None
    for gate, promoted, place in ((name, "saved", "models.m.gates[0].metric"), ("saved", name, "promotion.metrics")):
        with pytest.raises(ConfigError) as caught:
            config(task, gate, promoted)
        (one,) = caught.value.problems
        assert (one.message, one.hint) == problem
        assert place in one.where
    with pytest.raises(UsageError) as refused:
        _metric(name, good.models["m"], good)
    assert problem[0] in str(refused.value)


def test_a_metric_of_the_training_series_needs_it_everywhere() -> None:
    found = config(ModelTask.FORECASTING, "mae", "mae")
    model = found.models["m"]
    bare = model.model_copy(update={"evaluation": model.evaluation.model_copy(update={"train": None})})
    with pytest.raises(UsageError, match=r"mase needs the training data → set evaluation\.train"):
        _metric("mase", bare, found)


def test_no_metric_has_two_names() -> None:
    values = [f"{kind}@{text}" for kind in ("ndcg", "mrr") for text in ("1", "01", "1.0", "+1", "1 ", "\u0661")]
    values += [f"pinball@{text}" for text in ("0.5", ".5", "0.50", "5e-1", "0.5 ", "1/2", "50%")]
    assert [name for name in values if find_metric(name)] == ["ndcg@1", "mrr@1", "pinball@0.5"]
