"""`mlops.yaml` out of its text, with everything that is wrong in it at once."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_mlops.domain.config.environments import wrong_environments
from gitops_mlops.domain.config.metric_settings import wrong_metrics, wrong_task_settings
from gitops_mlops.domain.config.root import CONFIG_FILE, Config, Wrong
from gitops_mlops.domain.config.sections import (
    ModelConfig,
)
from gitops_mlops.domain.document.typed import typed
from gitops_mlops.domain.document.yaml import parse_yaml
from gitops_mlops.domain.errors import ConfigError
from gitops_mlops.domain.names import suggest


def parse_config(content: str | bytes, name: str = CONFIG_FILE) -> Config:
    """The configuration in `content`. Raises ConfigError with every problem, each with path and line."""
    document = parse_yaml(content, name)
    config = typed(document, Config)
    if problems := [document.problem(*wrong) for wrong in _contradictions(config)]:
        raise ConfigError(problems)
    return config


def _contradictions(config: Config) -> Iterator[Wrong]:
    """What each part allows and the whole does not: where, what, and what to do."""
    for name, model in config.models.items():
        yield from _wrong_reading(name, model)
        yield from _wrong_datasets(name, model, config)
        if not model.gates:
            yield ("models", name, "gates"), "a model without a gate would always pass", "give it a gate"
        yield from wrong_metrics(name, model, config)
        yield from wrong_task_settings(name, model)
    yield from wrong_environments(config)


def _wrong_reading(name: str, model: ModelConfig) -> Iterator[Wrong]:
    if model.predictions and model.loader:
        yield ("models", name, "loader"), "predictions are given, so nothing is loaded", "remove one of the two"
    if model.predictions and model.evaluation.id is None:
        yield ("models", name, "predictions"), "predictions are joined by row id", "set evaluation.id"


def _wrong_datasets(name: str, model: ModelConfig, config: Config) -> Iterator[Wrong]:
    for role in ("dataset", "train"):
        dataset = getattr(model.evaluation, role)
        if dataset is not None and dataset not in config.datasets:
            path = ("models", name, "evaluation", role)
            yield path, f"no dataset is called {dataset!r}", suggest(dataset, config.datasets)
