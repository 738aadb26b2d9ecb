"""Other rows and other opponents: the evaluation data as it was before, and the champion of a while ago."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from gitops_mlops.domain.comparison.gates import long_term_gate
from gitops_mlops.domain.comparison.report_parts import FrozenRowsComparison, LongTermComparison
from gitops_mlops.domain.errors import MlopsError
from gitops_mlops.domain.shortening import left_out
from gitops_mlops.domain.statistics.measure import MetricEstimate, measure_all, metrics_to_measure
from gitops_mlops.domain.statistics.results import MetricResult
from gitops_mlops.usecases.comparison.candidates import ModelCandidate, find_earlier_champion
from gitops_mlops.usecases.comparison.context import ComparisonContext, SideResult
from gitops_mlops.usecases.comparison.evaluation_rows import EvaluationRows, evaluation_rows
from gitops_mlops.usecases.comparison.predictors import score_candidates
from gitops_mlops.usecases.comparison.scoring import ScoredModels, score_both

_MOST_METRICS = 30


def compare_frozen_rows(compared: ComparisonContext) -> SideResult:
    """Both models on the evaluation data that the champion's commit recorded, when the change brings other data.

    It decides nothing: a change of the data can make a model look better on the new rows alone, and that shows here.
    """
    champion, binding = compared.champion, compared.binding
    path = binding.config.datasets[compared.model.evaluation.dataset].path
    if champion is None or path not in champion.outputs:
        return SideResult()
    if path in compared.challenger.outputs and champion.outputs[path].md5 == compared.challenger.outputs[path].md5:
        return SideResult()
    try:
        rows = evaluation_rows(
            binding.name, binding.config, compared.challenger, champion, compared.sources, champion
        )
        rows, scored = _ask(compared, rows, champion)
    except MlopsError as error:
        return SideResult({"frozen_rows": FrozenRowsComparison(note=str(error))})
    note = f"{'the challenger' if scored.sample is None else 'the champion'} {scored.why}" if scored.why else ""
    asked = metrics_to_measure(compared.model.task, [gate.metric for gate in compared.model.gates])
    measured = _measured(compared, scored, asked)
    return SideResult(
        {
            "frozen_rows": FrozenRowsComparison(
                evaluation=rows.account, metrics=_results(measured), note=_with_left_out(note, measured)
            )
        }
    )


def compare_long_term(compared: ComparisonContext) -> SideResult:
    """The challenger against the version that held the stage a while ago: many small steps down make a long way.

    Since then, the loss of each gate with a rule may not be significantly more than its margin.
    """
    age, champion = compared.model.evaluation.anchor, compared.champion
    ruled = [gate for gate in compared.model.gates if gate.rule and not gate.per_slice]
    if age is None or champion is None or not ruled or not compared.from_stage:
        return SideResult()
    binding = compared.binding
    stage, when = compared.model.evaluation.champion, compared.now - timedelta(seconds=age)
    found = find_earlier_champion(binding.name, stage, when, binding.datasets, compared.sources, champion)
    if found is None:
        return SideResult()
    try:
        _, scored = _ask(compared, compared.rows, found)
    except MlopsError as error:
        return SideResult({"long_term": LongTermComparison(revision=found.revision, age=age, note=str(error))})
    if scored.sample is None or scored.sample.champion is None:
        note = f"it {scored.why}" if scored.sample is not None else f"the challenger {scored.why}"
        return SideResult({"long_term": LongTermComparison(revision=found.revision, age=age, note=note)})
    measured = _measured(compared, scored, [gate.metric for gate in ruled])
    judged = [
        long_term_gate(gate, measured[gate.metric], compared.model.evaluation, found.revision.version)
        for gate in ruled
    ]
    return SideResult(
        {
            "long_term": LongTermComparison(
                revision=found.revision, age=age, metrics=_results(measured), note=_with_left_out("", measured)
            )
        },
        [one for one in judged if one.result.status != "pass"],
    )


def _ask(
    compared: ComparisonContext, rows: EvaluationRows, champion: ModelCandidate
) -> tuple[EvaluationRows, ScoredModels]:
    held = score_candidates(compared.how, rows, compared.challenger, champion)
    return held.rows, score_both(compared.model, held)


def _measured(
    compared: ComparisonContext, scored: ScoredModels, names: Iterable[str]
) -> Mapping[str, MetricEstimate]:
    if scored.sample is None:
        return {}
    return measure_all(scored.sample, list(dict.fromkeys(names)), compared.settings, compared.margins)


def _results(measured: Mapping[str, MetricEstimate]) -> tuple[MetricResult, ...]:
    return tuple(one.result for one in measured.values())[:_MOST_METRICS]


def _with_left_out(note: str, measured: Mapping[str, MetricEstimate]) -> str:
    return "; ".join([*([note] if note else []), *left_out(len(measured), _MOST_METRICS, "metrics")])
