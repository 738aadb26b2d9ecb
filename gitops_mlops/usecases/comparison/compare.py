"""Compare the working tree's model with the champion, on the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gitops_mlops.domain.comparison.changes import data_changes, parameter_changes
from gitops_mlops.domain.comparison.gates import GateEvidence, JudgedGate, judge, overall
from gitops_mlops.domain.comparison.report import MOST_SLICES, Report
from gitops_mlops.domain.comparison.report_parts import GateResult, ReportChange, SliceResult
from gitops_mlops.domain.comparison.slice_gates import SliceEstimate
from gitops_mlops.domain.config.metric_settings import configured_metrics
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.ports import (
    Clock,
    DataStore,
    Files,
    ModelFiles,
    ProjectFunctions,
    ProjectModels,
    Repository,
    Tree,
)
from gitops_mlops.domain.shortening import and_more, first_texts, left_out
from gitops_mlops.domain.statistics.curves import confusion_of, curves_of
from gitops_mlops.log import Logger
from gitops_mlops.usecases.comparison.candidates import (
    CandidateSources,
    ModelCandidate,
    find_champion,
    named_candidate,
    recorded_challenger,
    working_challenger,
)
from gitops_mlops.usecases.comparison.context import ComparisonContext, Judge, settings_of
from gitops_mlops.usecases.comparison.custom_metrics import custom_metrics, edited_metrics
from gitops_mlops.usecases.comparison.data_checks import check_data
from gitops_mlops.usecases.comparison.evaluation_rows import evaluation_rows
from gitops_mlops.usecases.comparison.fairness import fairness
from gitops_mlops.usecases.comparison.frozen_rows import compare_frozen_rows, compare_long_term
from gitops_mlops.usecases.comparison.predictors import reading, score_candidates
from gitops_mlops.usecases.comparison.recipe import recipe
from gitops_mlops.usecases.comparison.scoring import score_both
from gitops_mlops.usecases.comparison.settings import (
    ComparisonRequest,
    ComparisonSettings,
    comparison_settings,
    trusted_types,
)
from gitops_mlops.usecases.comparison.weak_slices import weak_slices
from gitops_mlops.usecases.pipeline.lock_status import lock_step

_MOST_METRICS, _MOST_GATES, _MOST_CHANGES = 30, 100, 100
_MOST_DIFFERENCES, _MOST_TEXTS = 500, 50
_LOG = Logger(__name__)

# Each looks at one thing beside the configured gates; a new one is a function and a line here.
JUDGES: tuple[Judge, ...] = (compare_frozen_rows, compare_long_term, weak_slices, fairness, recipe, check_data)


@dataclass(frozen=True)
class ComparisonPorts:
    """What a comparison reads and runs."""

    repository: Repository
    store: DataStore
    files: Files
    tree: Tree
    formats: ModelFiles
    models: ProjectModels
    functions: ProjectFunctions
    clock: Clock


def compare(request: ComparisonRequest, head: Config, ports: ComparisonPorts) -> Report:
    """The whole comparison; `head` is the working tree's configuration.

    Raises UsageError for what cannot mean anything (an unknown model or column), EvidenceMissing when the model,
    the data or the history that a verdict needs is not there.
    """
    sources = CandidateSources(ports.repository, ports.store, ports.files)
    binding = comparison_settings(request, head, sources)
    champion, challenger = _candidates(request, binding, sources)
    rows = evaluation_rows(binding.name, binding.config, challenger, champion, sources)
    trusted = trusted_types(request, binding.model, sources)
    how = reading(binding.config, binding.name, trusted, sources, ports.formats, ports.models)
    held = score_candidates(how, rows, challenger, champion)
    # The files of repeated trainings may hold any of the project's metrics.
    others = binding.config.metrics if binding.model.evaluation.seeds else ()
    asked = [*configured_metrics(binding.model, binding.config), *others]
    own = custom_metrics(binding.config, asked, request.config_from, binding.from_base, ports.functions)
    edits = edited_metrics(own, binding.config, request.config_from, sources)
    changes = (*binding.changes, *edits)
    warnings = (*binding.warnings, *left_out(len(changes), _MOST_CHANGES, "changes of gates"))
    compared = ComparisonContext(
        binding=replace(binding, changes=changes[:_MOST_CHANGES], warnings=warnings),
        sources=sources,
        how=how,
        challenger=challenger,
        champion=champion,
        rows=held.rows,
        scored=score_both(binding.model, held),
        settings=settings_of(binding.model, own),
        now=ports.clock.now(),
        from_stage=request.champion is None,
    )
    report = _report(request, compared, list(_stale(ports.tree)) if challenger.working else [])
    _log_report(report)
    return report


def _log_report(report: Report) -> None:
    _LOG.debug("%s: the champion is %r", report.model, report.champion)
    _LOG.debug("%s: the challenger is %r", report.model, report.challenger)
    _LOG.debug("%s: the rows are %r", report.model, report.evaluation)
    for gate in report.gates:
        _LOG.info("%s: the gate %r says %s", report.model, gate.requirement, gate.status)
    _LOG.info("%s: the verdict is %s on %d rows", report.model, report.verdict, report.evaluation.rows)


def _candidates(
    request: ComparisonRequest, binding: ComparisonSettings, sources: CandidateSources
) -> tuple[ModelCandidate | None, ModelCandidate]:
    name, data = binding.name, binding.datasets
    if request.champion is None:
        champion = find_champion(name, binding.model.evaluation.champion, data, sources)
    else:
        champion = named_candidate(name, request.champion, data, sources)
    if request.challenger is None:
        return champion, working_challenger(name, data, sources)
    return champion, recorded_challenger(name, request.challenger, data, sources)


def _report(request: ComparisonRequest, compared: ComparisonContext, stale: Sequence[str]) -> Report:
    model, scored, rows, binding = compared.model, compared.scored, compared.rows, compared.binding
    evidence, sample, champion = compared.evidence, scored.sample, compared.champion
    asides = [judge_aside(compared) for judge_aside in JUDGES]
    judged = [*judge(model, evidence), *(one for aside in asides for one in aside.gates)]
    blocked = [] if sample is not None else [f"the challenger {scored.why}"]
    positives = int(np.count_nonzero(scored.truth.values == 1)) if model.task is ModelTask.BINARY else None
    parameters = parameter_changes(champion.parameters, compared.challenger.parameters) if champion else ()
    data = _data(compared)
    fields = {name: value for aside in asides for name, value in aside.fields.items()}
    return Report(
        kind=request.kind,
        model=binding.name,
        task=str(model.task),
        verdict=overall(judged, blocked, evidence, model.evaluation.incomparable),
        reasons=first_texts([*blocked, *_reasons(judged, evidence)], _MOST_TEXTS),
        champion=None if champion is None else champion.revision,
        challenger=compared.challenger.revision,
        evaluation=rows.account.model_copy(update={"positives": positives}),
        metrics=tuple(one.result for one in evidence.metrics.values())[:_MOST_METRICS],
        gates=_gates(judged),
        slices=tuple(_slice_result(one) for one in evidence.slices[:MOST_SLICES]),
        slices_left_out=max(len(evidence.slices) - MOST_SLICES, 0),
        parameters=parameters[:_MOST_DIFFERENCES],
        data=data[:_MOST_DIFFERENCES],
        gate_changes=binding.changes,
        confusion=None if sample is None else confusion_of(sample, scored.truth.classes),
        curves=() if sample is None or model.task is not ModelTask.BINARY else curves_of(sample),
        warnings=first_texts(
            [
                *left_out(len(evidence.metrics), _MOST_METRICS, "metrics"),
                *left_out(len(judged), _MOST_GATES, "gates"),
                *left_out(len(parameters), _MOST_DIFFERENCES, "changes of parameters"),
                *left_out(len(data), _MOST_DIFFERENCES, "changes of data"),
                *stale,
                *binding.warnings,
                *rows.warnings,
                *(w for one in asides for w in one.warnings),
            ],
            _MOST_TEXTS,
        ),
        environment={**request.environment, "seed": str(model.evaluation.seed)},
        **fields,
    )


def _data(compared: ComparisonContext) -> tuple[ReportChange, ...]:
    """What changed of the data; outputs that git itself tracks (`cache: false`: metrics, plots) are none."""
    champion, challenger = compared.champion, compared.challenger
    if champion is None:
        return ()
    return data_changes(champion.outputs, challenger.outputs, {challenger.path, *compared.sources.repository.files()})


def _stale(tree: Tree) -> Iterator[str]:
    """Why the recorded model may not be what the parameters and sources would give now."""
    problems = lock_step(tree).problems
    if problems:
        others = and_more(len(problems) - 1, ", ")
        yield (
            f"dvc.lock is out of date ({problems[0].where or problems[0].path}: {problems[0].message}{others}): "
            "the model that it records was compared, not the one that dvc repro would make now"
        )


def _reasons(judged: Sequence[JudgedGate], evidence: GateEvidence) -> list[str]:
    told = [f"{one.result.requirement}: {one.result.reason}" for one in judged if _speaks(one)]
    if evidence.champion == "incomparable":
        return [evidence.why, *told]
    if evidence.champion == "first":
        return ["first version: there is no champion, so only bounds on its own values decide", *told]
    return told


def _gates(judged: Sequence[JudgedGate]) -> tuple[GateResult, ...]:
    """The results that a report holds; those that did not pass go first where there are too many."""
    results = [one.result for one in judged]
    if len(results) > _MOST_GATES:
        results.sort(key=lambda one: one.status == "pass")
    return tuple(results[:_MOST_GATES])


def _speaks(judged: JudgedGate) -> bool:
    return judged.result.status != "pass" and not judged.incomparable


def _slice_result(one: SliceEstimate) -> SliceResult:
    metrics = tuple(measured.result for measured in one.metrics.values())[:_MOST_METRICS]
    return SliceResult(column=one.column, value=one.value, rows=one.rows, metrics=metrics, values=one.values)
