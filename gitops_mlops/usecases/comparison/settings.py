"""What counts for a comparison: which model, by whose gates, read with whose list of trusted types.

What a pull request could bend is read elsewhere when `config_from` names a base revision: gates and evaluation come
from the base's `mlops.yaml`, and so does the list of types that model files may hold, for both models. A pull
request can therefore neither lower its thresholds nor make the job load a type that nobody on the base reviewed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gitops_mlops.domain.comparison.gates import gate_changes
from gitops_mlops.domain.comparison.report_parts import Kind, ReportChange
from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.root import CONFIG_FILE, Config
from gitops_mlops.domain.config.sections import ModelConfig
from gitops_mlops.domain.config.trusted_types import parse_trusted_types
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.names import suggest
from gitops_mlops.usecases.comparison.candidates import CandidateSources


@dataclass(frozen=True)
class ComparisonRequest:
    """What was asked for. `champion` takes the place of what the stage holds, `challenger` that of the working tree.

    Both are versions, `model#stage` or revisions.
    """

    model: str | None = None
    champion: str | None = None
    challenger: str | None = None
    config_from: str | None = None
    kind: Kind = "local"
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ComparisonSettings:
    """The configuration that counts, and how the working tree's differs from it."""

    name: str
    config: Config
    from_base: bool = False
    changes: tuple[ReportChange, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def model(self) -> ModelConfig:
        """How the model is judged."""
        return self.config.models[self.name]

    @property
    def datasets(self) -> list[str]:
        """The paths of all datasets, sorted."""
        return sorted({dataset.path for dataset in self.config.datasets.values()})


def comparison_settings(request: ComparisonRequest, head: Config, sources: CandidateSources) -> ComparisonSettings:
    """The configuration that counts; `head` is the working tree's. Raises UsageError for an unknown model."""
    name = _model_name(request.model, head)
    if request.config_from is None:
        return ComparisonSettings(name, head)
    content = sources.repository.read(request.config_from, CONFIG_FILE)
    base = None if content is None else parse_config(content, f"{CONFIG_FILE} at {request.config_from}")
    if base is None or name not in base.models:
        warning = f"the base ({request.config_from}) has no gates for {name}, so this change's own decided"
        return ComparisonSettings(name, head, warnings=(warning,))
    return ComparisonSettings(name, base, True, tuple(gate_changes(base.models[name], head.models[name])))


def _model_name(wanted: str | None, config: Config) -> str:
    if wanted is None:
        if len(config.models) != 1:
            hint = f"name one of {', '.join(config.models)}" if config.models else "add one under models:"
            raise UsageError(f"it has {len(config.models) or 'no'} models", where=CONFIG_FILE, hint=hint)
        return next(iter(config.models))
    if wanted not in config.models:
        raise UsageError(f"it has no model {wanted!r}", where=CONFIG_FILE, hint=suggest(wanted, config.models))
    return wanted


def trusted_types(request: ComparisonRequest, model: ModelConfig, sources: CandidateSources) -> frozenset[str]:
    """The types that model files may hold. Raises UsageError when the list is not there."""
    path, base = model.trusted_types, request.config_from
    if path is None:
        return frozenset()
    content = sources.files.read(path) if base is None else sources.repository.read(base, path)
    if content is None:
        place = path if base is None else f"{path} at {base}"
        raise UsageError("there is no such file", where=place, hint="fix trusted-types in mlops.yaml")
    return parse_trusted_types(content, path)
