"""A leaderboard over DVC's experiments: every model on the same rows, and who leads only by chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from gitops_mlops.domain.comparison.changes import parameter_changes
from gitops_mlops.domain.comparison.data_checks import gate_of, training_rows
from gitops_mlops.domain.comparison.gates import primary_metric
from gitops_mlops.domain.comparison.leaderboard import (
    Leaderboard,
    LeaderboardEntry,
    LeaderboardRow,
    may_be_best,
    rank,
)
from gitops_mlops.domain.config.metric_settings import metric_problem, untrained_problem
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.config.sections import ModelConfig
from gitops_mlops.domain.digests import version_name
from gitops_mlops.domain.errors import MissingEvidence, MlopsError, UsageError
from gitops_mlops.domain.shortening import LINE, shorten
from gitops_mlops.domain.statistics.estimate import StatisticsSettings
from gitops_mlops.domain.statistics.measure import MetricEstimate, known_metric, measure
from gitops_mlops.domain.statistics.results import Interval
from gitops_mlops.domain.statistics.sample import ScoredSample
from gitops_mlops.usecases.comparison.candidates import (
    CandidateSources,
    ModelCandidate,
    find_champion,
    named_candidate,
)
from gitops_mlops.usecases.comparison.compare import ComparisonPorts
from gitops_mlops.usecases.comparison.context import settings_of
from gitops_mlops.usecases.comparison.custom_metrics import custom_metrics
from gitops_mlops.usecases.comparison.evaluation_rows import EvaluationRows, evaluation_rows, seen_by
from gitops_mlops.usecases.comparison.predictors import ModelReading, reading, score_candidates
from gitops_mlops.usecases.comparison.scoring import score_both
from gitops_mlops.usecases.comparison.settings import (
    ComparisonRequest,
    ComparisonSettings,
    comparison_settings,
    trusted_types,
)

# Each model is compared with every other one.
MOST = 40


@dataclass(frozen=True)
class LeaderboardRequest:
    """What was asked for: `revisions` take part too, `everywhere` means experiments of other commits as well."""

    model: str | None = None
    metric: str | None = None
    revisions: tuple[str, ...] = ()
    everywhere: bool = False


def experiments(wanted: LeaderboardRequest, head: Config, ports: ComparisonPorts) -> Leaderboard:
    """Score the champion, HEAD, its experiments and `revisions` on the evaluation rows that HEAD records.

    Rows that any of them was trained on are left out. Raises UsageError for an unknown model or metric and for too
    many models, EvidenceMissing when HEAD has no evaluation data.
    """
    sources = CandidateSources(ports.repository, ports.store, ports.files)
    request = ComparisonRequest(wanted.model)
    binding = comparison_settings(request, head, sources)
    metric = _metric(wanted.metric, binding.model, head)
    base = named_candidate(binding.name, "HEAD", binding.datasets, sources)
    found = list(_candidates(wanted, binding, base, sources))
    if len(found) > MOST:
        raise UsageError(f"{len(found)} models are too many for one leaderboard ({MOST})", hint="dvc exp remove some")
    rows, warnings = _rows(binding, base, [side for _, side in found if isinstance(side, ModelCandidate)], sources)
    how = reading(
        binding.config,
        binding.name,
        trusted_types(request, binding.model, sources),
        sources,
        ports.formats,
        ports.models,
    )
    own = custom_metrics(head, [metric], None, False, ports.functions)
    settings = settings_of(binding.model, own)
    known = known_metric(metric, settings)
    scored = [_score(candidate, side, how, rows) for candidate, side in found]
    return Leaderboard(
        model=binding.name,
        metric=metric,
        higher_is_better=known is None or known.higher_is_better,
        rows=rows.account.rows,
        clusters=rows.account.clusters,
        alpha=settings.alpha,
        ranking=_standings(_of_one_truth([one for one, _ in scored]), metric, settings),
        warnings=(*rows.warnings, *warnings, *(text for _, told in scored for text in told)),
    )


def _metric(wanted: str | None, model: ModelConfig, config: Config) -> str:
    if wanted is None:
        return primary_metric(model)
    problem = metric_problem(wanted, model.task, config) or untrained_problem(wanted, model)
    if problem is not None:
        raise UsageError(problem[0], where="--metric", hint=problem[1])
    return wanted


_Found = tuple[LeaderboardEntry, ModelCandidate | str]
_Scored = tuple[LeaderboardEntry, ScoredSample | None]


def _candidates(
    wanted: LeaderboardRequest, binding: ComparisonSettings, base: ModelCandidate, sources: CandidateSources
) -> Iterator[_Found]:
    """Everyone once, by commit: the champion and HEAD first."""
    name, data, seen = binding.name, binding.datasets, {base.commit}
    champion = find_champion(name, binding.model.evaluation.champion, data, sources)
    if champion is not None and champion.commit != base.commit:
        seen.add(champion.commit)
        label = version_name(champion.revision.version, champion.commit)
        yield _found(label, binding.model.evaluation.champion, champion, base)
    yield _found("HEAD", "revision", base, base)
    listed = [
        (each.name, "experiment", each.commit)
        for each in sources.repository.experiments()
        if wanted.everywhere or each.baseline == base.commit
    ]
    listed += [(text, "revision", text) for text in wanted.revisions]
    for shown, kind, revision in listed:
        try:
            side = named_candidate(name, revision, data, sources)
        except MlopsError as error:
            if kind == "revision":
                raise
            yield LeaderboardEntry(shown, revision, kind, {}, str(error)), str(error)
            continue
        if side.commit not in seen:
            seen.add(side.commit)
            yield _found(shown, kind, side, base)


def _found(shown: str, kind: str, side: ModelCandidate, base: ModelCandidate) -> _Found:
    changed = {one.name: one.new for one in parameter_changes(base.parameters, side.parameters)}
    return LeaderboardEntry(shown, side.commit, kind, changed, side.missing), side.missing or side


def _rows(
    binding: ComparisonSettings, base: ModelCandidate, sides: Sequence[ModelCandidate], sources: CandidateSources
) -> tuple[EvaluationRows, list[str]]:
    rows = evaluation_rows(binding.name, binding.config, base, None, sources)
    warnings = []
    if rows.overlap is not None:
        check = training_rows(rows.overlap, binding.model.evaluation.max_overlap)
        warnings += [f"HEAD: {check.finding}"] if gate_of(check) else []
    unseen = np.ones(rows.frame.height, dtype=np.bool_)
    for side in sides:
        mask, warning = seen_by(side, rows.frame, base, binding.config, binding.name, sources)
        unseen &= ~mask
        warnings += [warning] if warning else []
    if not unseen.any():
        raise MissingEvidence(
            "every row was seen in some model's training",
            where="evaluation data",
            hint="leave out the model that saw them",
        )
    return rows.only(unseen, "seen in the training of another model"), list(dict.fromkeys(warnings))


def _score(
    candidate: LeaderboardEntry, side: ModelCandidate | str, how: ModelReading, rows: EvaluationRows
) -> tuple[_Scored, list[str]]:
    """A model's answers, and what is odd about them alone."""
    if isinstance(side, str):
        return (candidate, None), []
    try:
        held = score_candidates(how, rows, side, None)
        scored = score_both(how.declared, held)
    except MlopsError as error:
        return (candidate._replace(reason=str(error)), None), []
    told = [f"{candidate.name}: {text}" for text in held.rows.warnings if text not in rows.warnings]
    return (candidate._replace(reason=scored.why), scored.sample), told


def _of_one_truth(scored: Sequence[_Scored]) -> list[_Scored]:
    """The same with one code for each class, which every model numbers in an order of its own."""
    samples = [sample for _, sample in scored if sample is not None]
    classes = tuple(dict.fromkeys(label for sample in samples for label in sample.classes))
    if not samples or all(sample.classes == classes for sample in samples):
        return list(scored)
    found: list[_Scored] = []
    for candidate, sample in scored:
        if sample is None:
            found.append((candidate, None))
        elif sample.task is ModelTask.BINARY and sample.classes != samples[0].classes:
            why = f"its labels {sample.classes} are not {samples[0].classes}, those of {scored[0][0].name}"
            found.append((candidate._replace(reason=shorten(why, LINE)), None))
        else:
            found.append((candidate, sample if sample.task is ModelTask.BINARY else sample.of_classes(classes)))
    return found


def _standings(scored: Sequence[_Scored], metric: str, settings: StatisticsSettings) -> tuple[LeaderboardRow, ...]:
    samples = {place: sample for place, (_, sample) in enumerate(scored) if sample is not None}
    alone = {place: measure(sample, metric, settings) for place, sample in samples.items()}
    good = [place for place, measured in alone.items() if measured.result.challenger is not None]

    @cache
    def against(challenger: int, champion: int) -> MetricEstimate:
        return measure(replace(samples[challenger], champion=samples[champion].challenger), metric, settings)

    def p_better(challenger: int, champion: int) -> float:
        delta = against(good[challenger], good[champion]).delta
        return 1.0 if delta is None else delta.p_at_most(0.0)

    best = dict(zip(good, may_be_best(len(good), p_better, settings.alpha), strict=True))
    made = {place: _standing(candidate, alone.get(place)) for place, (candidate, _) in enumerate(scored)}
    higher = any(measured.result.higher_is_better for measured in alone.values())
    order = sorted(made, key=lambda place: rank(made[place], higher))
    if not good:
        return tuple(made[place] for place in order)
    leader = order[0]
    for place in good:
        # Who is first may be the best in any case.
        made[place] = made[place]._replace(may_be_best=best[place] or place == leader)
        if place != leader:
            made[place] = _behind(made[place], against(place, leader))
    return tuple(made[place] for place in order)


def _standing(candidate: LeaderboardEntry, measured: MetricEstimate | None) -> LeaderboardRow:
    if measured is None:
        return LeaderboardRow(candidate)
    if measured.result.challenger is None:
        return LeaderboardRow(candidate._replace(reason=measured.result.note))
    return LeaderboardRow(candidate, measured.result.challenger, measured.result.challenger_ci)


def _behind(standing: LeaderboardRow, measured: MetricEstimate) -> LeaderboardRow:
    interval: Interval | None = measured.result.ci
    return standing._replace(difference=measured.result.delta, difference_interval=interval)
