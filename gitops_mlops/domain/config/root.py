"""`mlops.yaml`: what a repository wants, as one typed model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gitops_mlops.domain.config.custom_metrics import CustomMetricConfig, MetricName
from gitops_mlops.domain.config.sections import (
    DatasetConfig,
    EnvironmentConfig,
    ModelConfig,
)
from gitops_mlops.domain.config.values import (
    ArtifactName,
    StageName,
)
from gitops_mlops.domain.document.typed import ConfigSection
from gitops_mlops.domain.document.yaml import Path

CONFIG_FILE = "mlops.yaml"

# Who runs the pipeline: whoever changes it, before the commit, or CI.
Training = Literal["author", "ci"]
UncheckedStages = Literal["warn", "block"]


class Config(ConfigSection):
    """The whole of `mlops.yaml`."""

    version: Literal[1]
    training: Training = "author"
    unchecked_stages: UncheckedStages | None = None
    datasets: dict[str, DatasetConfig] = Field(default_factory=dict)
    metrics: dict[MetricName, CustomMetricConfig] = Field(default_factory=dict)
    models: dict[ArtifactName, ModelConfig] = Field(default_factory=dict)
    environments: dict[StageName, EnvironmentConfig] = Field(default_factory=dict)

    def stages(self) -> list[str]:
        """Every stage, each after the one it waits for."""
        ordered: list[str] = []

        def place(name: str) -> None:
            after = self.environments[name].after
            if after is not None and after not in ordered:
                place(after)
            if name not in ordered:
                ordered.append(name)

        for name in self.environments:
            place(name)
        return ordered


Wrong = tuple[Path, str, str]
