"""A comparison under way: all that is known once both models have answered, for whoever judges a side of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np

from gitops_mlops.domain.comparison.gates import Champion, GateEvidence, JudgedGate, primary_metric
from gitops_mlops.domain.comparison.slice_columns import MOST_VALUES_OF_A_SLICE, RowGroup, parts
from gitops_mlops.domain.comparison.slice_gates import SliceEstimate
from gitops_mlops.domain.config.metric_settings import configured_metrics
from gitops_mlops.domain.config.sections import Margin, ModelConfig
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.measure import (
    MetricEstimate,
    measure_all,
    metrics_to_measure,
    too_few,
    unmeasured,
)
from gitops_mlops.domain.statistics.sample import ScoredSample
from gitops_mlops.domain.statistics.slice_search import FEWEST_ROWS
from gitops_mlops.domain.statistics.verdict import FEWEST_UNITS
from gitops_mlops.usecases.comparison.candidates import CandidateSources, ModelCandidate
from gitops_mlops.usecases.comparison.evaluation_rows import EvaluationRows
from gitops_mlops.usecases.comparison.predictors import ModelReading
from gitops_mlops.usecases.comparison.scoring import ScoredModels
from gitops_mlops.usecases.comparison.settings import ComparisonSettings


@dataclass(frozen=True, eq=False)
class ComparisonContext:
    """Both sides, the rows and their answers.

    `now` is when the comparison is made; `from_stage` that the champion is what the stage holds, not one that
    somebody named.
    """

    binding: ComparisonSettings
    sources: CandidateSources
    how: ModelReading
    challenger: ModelCandidate
    champion: ModelCandidate | None
    rows: EvaluationRows
    scored: ScoredModels
    settings: StatisticsSettings
    now: datetime
    from_stage: bool = True

    @property
    def model(self) -> ModelConfig:
        """How the model is judged."""
        return self.binding.model

    @property
    def margins(self) -> dict[str, Margin]:
        """By metric, the margin of its first gate with a rule."""
        return {gate.metric: gate.margin for gate in reversed(self.model.gates) if gate.rule}

    @cached_property
    def evidence(self) -> GateEvidence:
        """Every metric, on all rows and on the declared slices."""
        return _measure(self)


@dataclass(frozen=True)
class SideResult:
    """What one judge adds: fields of the report, gates that count like any other, and warnings."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    gates: Sequence[JudgedGate] = ()
    warnings: Sequence[str] = ()


# Looks at one thing beside the configured gates, such as fairness; an empty Aside when there is nothing to say.
Judge = Callable[[ComparisonContext], SideResult]


def settings_of(model: ModelConfig, own: Mapping[str, Any]) -> StatisticsSettings:
    """How the statistics are asked to be computed; `own` are the project's metrics by name."""
    evaluation = model.evaluation
    return StatisticsSettings(evaluation.alpha, evaluation.power, evaluation.resamples, evaluation.seed, own)


def measure_some(compared: ComparisonContext, names: Sequence[str]) -> dict[str, MetricEstimate]:
    """Some metrics on all rows; what was measured already is not measured again."""
    known, sample = compared.evidence.metrics, compared.scored.sample
    more = [name for name in names if name not in known]
    fresh = {} if sample is None else measure_all(sample, more, compared.settings, compared.margins)
    return {name: known.get(name) or fresh[name] for name in names if name in known or name in fresh}


def _measure(compared: ComparisonContext) -> GateEvidence:
    model, scored = compared.model, compared.scored
    names = metrics_to_measure(model.task, configured_metrics(model, compared.binding.config))
    if scored.sample is None:
        nothing = {name: unmeasured(name, f"the challenger {scored.why}", compared.settings) for name in names}
        return GateEvidence(nothing, (), "compared" if compared.champion else "first")
    measured = measure_all(scored.sample, names, compared.settings, compared.margins)
    found: Champion = "compared"
    if scored.sample.champion is None:
        found = "first" if compared.champion is None else "incomparable"
    return GateEvidence(measured, _slices(compared), found, f"the champion {scored.why}" if scored.why else "")


def _slices(compared: ComparisonContext) -> list[SliceEstimate]:
    model, sample = compared.model, compared.scored.sample
    assert sample is not None
    asked = [primary_metric(model), *(gate.metric for gate in model.gates if gate.per_slice)]
    found = []
    for column in model.evaluation.slices:
        for part in parts(compared.rows.frame, column):
            rows = int(np.count_nonzero(part.rows))
            measured = _measure_slice(compared, sample, part, rows, list(dict.fromkeys(asked)))
            found.append(SliceEstimate(column, part.value, rows, measured, part.values))
    return found


def _measure_slice(
    compared: ComparisonContext, sample: ScoredSample, part: RowGroup, rows: int, asked: Sequence[str]
) -> dict[str, MetricEstimate]:
    """The metrics of a slice; one that is too small for an interval has values at most, and says so."""
    settings = compared.settings
    if part.values > 1:
        why = f"{part.values:,} values beyond the {MOST_VALUES_OF_A_SLICE} most frequent"
    elif rows < FEWEST_ROWS:
        why = f"only {rows} rows, at least {FEWEST_ROWS} are needed"
    else:
        return measure_all(sample.only(part.rows), asked, settings, compared.margins)
    if part.values > 1 or rows < FEWEST_UNITS:
        return {name: too_few(unmeasured(name, "", settings), why) for name in asked}
    # No interval is shown, so that few draws are enough.
    quick = replace(settings, resamples=min(settings.resamples, FEWEST_ROWS))
    measured = measure_all(sample.only(part.rows), asked, quick, compared.margins)
    return {name: too_few(one, why) for name, one in measured.items()}
