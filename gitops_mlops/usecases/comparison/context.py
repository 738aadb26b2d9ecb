"""A comparison under way: all that is known once both models have answered, for whoever judges a side of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np

from gitops_mlops.domain.comparison.gates import Champion, Evidence, Judged, primary_metric
from gitops_mlops.domain.comparison.slice_columns import MOST_VALUES_OF_A_SLICE, Part, parts
from gitops_mlops.domain.comparison.slice_gates import SliceMeasured
from gitops_mlops.domain.config.metric_settings import asked_metrics
from gitops_mlops.domain.config.sections import Margin, Model
from gitops_mlops.domain.statistics.estimate import Settings
from gitops_mlops.domain.statistics.measure import Measured, measure_all, metrics_to_measure, too_few, unmeasured
from gitops_mlops.domain.statistics.sample import Sample
from gitops_mlops.domain.statistics.slice_search import FEWEST_ROWS
from gitops_mlops.domain.statistics.verdict import FEWEST_UNITS
from gitops_mlops.usecases.comparison.candidates import Contender, Sources
from gitops_mlops.usecases.comparison.evaluation_rows import EvaluationRows
from gitops_mlops.usecases.comparison.predictors import Reading
from gitops_mlops.usecases.comparison.scoring import Scored
from gitops_mlops.usecases.comparison.settings import Binding


@dataclass(frozen=True, eq=False)
class Compared:
    """Both sides, the rows and their answers.

    `now` is when the comparison is made; `from_stage` that the champion is what the stage holds, not one that
    somebody named.
    """

    binding: Binding
    sources: Sources
    how: Reading
    challenger: Contender
    champion: Contender | None
    rows: EvaluationRows
    scored: Scored
    settings: Settings
    now: datetime
    from_stage: bool = True

    @property
    def model(self) -> Model:
        """How the model is judged."""
        return self.binding.model

    @property
    def margins(self) -> dict[str, Margin]:
        """By metric, the margin of its first gate with a rule."""
        return {gate.metric: gate.margin for gate in reversed(self.model.gates) if gate.rule}

    @cached_property
    def evidence(self) -> Evidence:
        """Every metric, on all rows and on the declared slices."""
        return _measure(self)


@dataclass(frozen=True)
class Aside:
    """What one judge adds: fields of the report, gates that count like any other, and warnings."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    gates: Sequence[Judged] = ()
    warnings: Sequence[str] = ()


# Looks at one thing beside the configured gates, such as fairness; an empty Aside when there is nothing to say.
Judge = Callable[[Compared], Aside]


def settings_of(model: Model, own: Mapping[str, Any]) -> Settings:
    """How the statistics are asked to be computed; `own` are the project's metrics by name."""
    evaluation = model.evaluation
    return Settings(evaluation.alpha, evaluation.power, evaluation.resamples, evaluation.seed, own)


def measure_some(compared: Compared, names: Sequence[str]) -> dict[str, Measured]:
    """Some metrics on all rows; what was measured already is not measured again."""
    known, sample = compared.evidence.metrics, compared.scored.sample
    more = [name for name in names if name not in known]
    fresh = {} if sample is None else measure_all(sample, more, compared.settings, compared.margins)
    return {name: known.get(name) or fresh[name] for name in names if name in known or name in fresh}


def _measure(compared: Compared) -> Evidence:
    model, scored = compared.model, compared.scored
    names = metrics_to_measure(model.task, asked_metrics(model, compared.binding.config))
    if scored.sample is None:
        nothing = {name: unmeasured(name, f"the challenger {scored.why}", compared.settings) for name in names}
        return Evidence(nothing, (), "compared" if compared.champion else "first")
    measured = measure_all(scored.sample, names, compared.settings, compared.margins)
    found: Champion = "compared"
    if scored.sample.champion is None:
        found = "first" if compared.champion is None else "incomparable"
    return Evidence(measured, _slices(compared), found, f"the champion {scored.why}" if scored.why else "")


def _slices(compared: Compared) -> list[SliceMeasured]:
    model, sample = compared.model, compared.scored.sample
    assert sample is not None
    asked = [primary_metric(model), *(gate.metric for gate in model.gates if gate.per_slice)]
    found = []
    for column in model.evaluation.slices:
        for part in parts(compared.rows.frame, column):
            rows = int(np.count_nonzero(part.rows))
            measured = _measure_slice(compared, sample, part, rows, list(dict.fromkeys(asked)))
            found.append(SliceMeasured(column, part.value, rows, measured, part.values))
    return found


def _measure_slice(
    compared: Compared, sample: Sample, part: Part, rows: int, asked: Sequence[str]
) -> dict[str, Measured]:
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
