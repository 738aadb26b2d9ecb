"""The sections of `mlops.yaml`: data, models with their gates, environments."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from gitops_mlops.domain.config.fairness import FairnessConfig
from gitops_mlops.domain.config.leakage import LeakageConfig
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.config.promotion import PromotionPolicy
from gitops_mlops.domain.config.retirement import RetirementPolicy
from gitops_mlops.domain.config.values import (
    Action,
    ArtifactName,
    ContractRef,
    EntryPoint,
    Port,
    Probability,
    RepoPath,
    RuleName,
    Seconds,
    StageName,
    TargetKind,
)
from gitops_mlops.domain.document.typed import ConfigSection

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%\Z")


class Margin(ConfigSection):
    """How much worse still counts as equal: an absolute amount, or a share of the champion's value."""

    amount: float = Field(ge=0)
    relative: bool = False

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, value: Any) -> Any:
        if isinstance(value, str) and (match := _PERCENT.match(value)):
            return {"amount": float(match[1]) / 100, "relative": True}
        if isinstance(value, int | float) and not isinstance(value, bool):
            return {"amount": value}
        if isinstance(value, Margin):
            return value
        said = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)
        raise ValueError(f"{said} is not a margin → write 0.005, or 1% for a share of the champion's value")

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        """What people write, and not what it is read into."""
        return {
            "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$"}],
            "description": cls.__doc__,
            "x-expected": "an amount of at least 0 such as 0.005, or a share such as 1%",
        }

    def of(self, champion: float) -> float:
        """The margin in the metric's own unit."""
        return self.amount * abs(champion) if self.relative else self.amount


class DatasetConfig(ConfigSection):
    """Data that DVC tracks, and the contract it must keep."""

    path: RepoPath
    contract: ContractRef | None = None


class GateConfig(ConfigSection):
    """One condition on a challenger: a rule against the champion, or a bound of its own.

    `superior`: the difference is significantly better than 0. `non-inferior`: it is significantly
    not worse than the margin. `min` and `max` bound the challenger's own value, with any champion.
    """

    metric: str
    rule: RuleName | None = None
    margin: Margin = Field(default_factory=lambda: Margin.model_validate(0))
    min: float | None = None
    max: float | None = None
    per_slice: bool = False
    action: Action = "block"

    @model_validator(mode="after")
    def _says_something(self) -> GateConfig:
        if self.rule is None and self.min is None and self.max is None:
            raise ValueError("the gate has no requirement → give it a rule, a min or a max")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is greater than max")
        if self.rule == "non-inferior" and self.margin.amount == 0:
            raise ValueError("a non-inferior gate needs a margin greater than 0 → margin: 0.005, or 1%")
        return self

    @property
    def name(self) -> str:
        """For instance `roc_auc non-inferior per slice`."""
        bounds = [word for word, bound in (("min", self.min), ("max", self.max)) if bound is not None]
        words = [
            self.metric,
            *([self.rule] if self.rule else []),
            *bounds,
            *(["per slice"] if self.per_slice else []),
        ]
        return " ".join(words)


class EvaluationConfig(ConfigSection):
    """Which rows models are compared on, and how sure we want to be."""

    dataset: str
    target: str
    id: str | None = None
    train: str | None = None
    cluster_by: str | None = None
    champion: StageName = "production"
    slices: tuple[str, ...] = ()
    find_slices: Literal["warn", "block", "off"] = "warn"
    fairness: FairnessConfig | None = None
    positive: str | int | bool | None = None
    threshold: Probability = 0.5
    alpha: Probability = 0.05
    power: Probability = 0.8
    resamples: int = Field(default=2000, ge=200, le=100_000)
    seed: int = Field(default=0, ge=0)
    inconclusive: Action = "warn"
    # Typing keeps one of two unions that are equal, whatever the order of their words.
    cannot_be_judged: Annotated[Action, "cannot-be-judged"] | None = None
    incomparable: Action = "block"
    max_overlap: int = Field(default=0, ge=0)
    leaks: LeakageConfig = Field(default_factory=LeakageConfig)
    anchor: Seconds | None = 90 * 86400.0
    query: str | None = None
    time: str | None = None
    series: str | None = None
    horizon: int = Field(default=1, ge=1)
    season: int = Field(default=1, ge=1)
    seeds: RepoPath | None = None

    @property
    def when_not_judged(self) -> Action:
        """What a slice, a group or a whole comparison does that has too few rows to be judged."""
        return self.cannot_be_judged or self.inconclusive

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The columns whose groups are to be treated alike."""
        return self.fairness.sensitive if self.fairness else ()

    def unit_column(self, task: ModelTask) -> str | None:
        """The column whose values are the independent units; None when they are the rows."""
        if task is ModelTask.FORECASTING:
            return self.time
        return self.cluster_by or (self.query if task is ModelTask.RANKING else None)


class ModelConfig(ConfigSection):
    """A model: an artifact of `dvc.yaml`, how it is read and judged, and what it accepts.

    Without `predictions`, a file that a pipeline stage writes, and without `loader`, a function of the project
    that takes a model file's path, the file is read as skops or, when its name ends so, as ONNX.
    """

    task: ModelTask
    input: ContractRef | None = None
    trusted_types: RepoPath | None = None
    predictions: RepoPath | None = None
    loader: EntryPoint | None = None
    evaluation: EvaluationConfig
    gates: tuple[GateConfig, ...]
    retirement: RetirementPolicy | None = None

    def gate_names(self) -> list[str]:
        """The gates' names in reports and evidence, in their order: the second of one name ends in ` #2`."""
        names: list[str] = []
        for gate in self.gates:
            name, number = gate.name, 1
            while name in names:
                number += 1
                name = f"{gate.name} #{number}"
            names.append(name)
        return names


class HealthConfig(ConfigSection):
    """When a deployment counts as healthy: ready and answering its golden predictions in time."""

    timeout: Seconds = 60.0
    interval: Seconds = 0.2


class EnvironmentConfig(ConfigSection):
    """Where the version assigned to the stage of the same name runs."""

    target: TargetKind = "process"
    port: Port | dict[ArtifactName, Port]
    host: str = "127.0.0.1"
    after: StageName | None = None
    allow_unmerged: bool = False
    promotion: PromotionPolicy = Field(default_factory=PromotionPolicy)
    health: HealthConfig = Field(default_factory=HealthConfig)

    def port_of(self, model: str) -> int | None:
        """The port that a model is served on here, None when it is not served here."""
        return self.port.get(model) if isinstance(self.port, dict) else self.port
