"""Whether the data of a comparison can be trusted: leaks into the features, and what changed since the champion's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from gitops_mlops.domain.comparison.data_checks import (
    PAST,
    TRAINING,
    ModelFeatures,
    balance,
    duplicates,
    gate_of,
    identifiers_read,
    label_copies,
    plain_columns,
    shared,
    single_features,
    time_order,
    training_rows,
)
from gitops_mlops.domain.comparison.data_profile import MeasuredShift, shifts
from gitops_mlops.domain.comparison.leakage import identifiers, labels_of, single_feature_auc
from gitops_mlops.domain.comparison.overlap import overlap_of
from gitops_mlops.domain.comparison.perfect_score import perfect_score
from gitops_mlops.domain.comparison.report_parts import ColumnShift, DataCheck, DataChecks, DatasetShift
from gitops_mlops.domain.comparison.rows import parse_rows, seen_in
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.config.sections import EvaluationConfig, ModelConfig
from gitops_mlops.domain.errors import MlopsError
from gitops_mlops.domain.shortening import left_out
from gitops_mlops.usecases.comparison.context import ComparisonContext, SideResult

# Of one dataset: columns that shifted, columns that came or went, and categories of one.
_MOST_SHIFTED, _MOST_NAMED, _EXAMPLES = 10, 50, 5


@dataclass(frozen=True, eq=False)
class _DatasetVersions:
    """One dataset in the champion's version and in the challenger's."""

    role: str
    then: pl.DataFrame
    now: pl.DataFrame

    @property
    def added(self) -> list[str]:
        """The columns that only the challenger's version has."""
        return [name for name in self.now.columns if name not in self.then.columns]

    @property
    def removed(self) -> list[str]:
        """The columns that only the champion's version has."""
        return [name for name in self.then.columns if name not in self.now.columns]


def check_data(compared: ComparisonContext) -> SideResult:
    """Every check of the data; those that block or warn count as gates.

    Where the champion's data is not available, the report says so, and the checks that need it are left out.
    """
    pairs, notes = _pairs(compared)
    features = _features(compared, pairs)
    checks = [*_of_features(compared, features, pairs), *_of_rows(compared, pairs)]
    shifted = [(pair, _shifted(compared, pair)) for pair in pairs]
    for pair, moved in shifted:
        notes += left_out(len(moved), _MOST_SHIFTED, f"columns of the {pair.role} data that shifted")
        notes += left_out(len(pair.added), _MOST_NAMED, f"columns that are new in the {pair.role} data")
        notes += left_out(len(pair.removed), _MOST_NAMED, f"columns that are gone from the {pair.role} data")
    checked = DataChecks(
        checks=tuple(checks),
        datasets=tuple(_dataset(pair) for pair in pairs),
        columns=tuple(_shift(pair.role, one) for pair, moved in shifted for one in moved[:_MOST_SHIFTED]),
        note="; ".join(notes),
    )
    return SideResult({"data_checks": checked}, [gate for check in checks if (gate := gate_of(check))])


def _pairs(compared: ComparisonContext) -> tuple[list[_DatasetVersions], list[str]]:
    """The datasets that differ from the champion's and are available; why one is not."""
    champion, challenger, evaluation = compared.champion, compared.challenger, compared.model.evaluation
    if champion is None:
        return [], []
    found, notes = [], []
    for role, dataset in (("evaluation", evaluation.dataset), ("training", evaluation.train)):
        if dataset is None:
            continue
        path = compared.binding.config.datasets[dataset].path
        if path not in champion.outputs or path not in challenger.outputs:
            notes.append(f"the champion's commit records no {path}")
        elif champion.outputs[path].md5 != challenger.outputs[path].md5:
            try:
                then = parse_rows(compared.sources.store.read(champion.outputs[path]), path)
                found.append(
                    _DatasetVersions(role, then, parse_rows(compared.sources.content(path, challenger), path))
                )
            except MlopsError as error:
                notes.append(f"the champion's {role} data is not available: {error}")
    return found, notes


def _features(compared: ComparisonContext, pairs: list[_DatasetVersions]) -> ModelFeatures:
    evaluation, frame, scored = compared.model.evaluation, compared.rows.frame, compared.scored
    reads = scored.reads or compared.how.inputs
    told = {evaluation.cluster_by, evaluation.time, evaluation.query, evaluation.series, evaluation.id}
    columns = reads or [name for name in frame.columns if name not in told]
    leave = {evaluation.target, *evaluation.leaks.allowed}
    if compared.model.predictions is not None and evaluation.id:
        # It only joins the rows, even where requests carry it.
        leave.add(evaluation.id)
    asked = tuple(name for name in dict.fromkeys(columns) if name in frame.columns and name not in leave)
    theirs = [pair.then.columns for pair in pairs if pair.role == "evaluation"]
    known = scored.champion_reads or (theirs[0] if theirs else asked)
    return ModelFeatures(asked, bool(reads), evaluation.target in scored.reads, frozenset(asked) - set(known))


def _of_features(
    compared: ComparisonContext, features: ModelFeatures, pairs: list[_DatasetVersions]
) -> Iterator[DataCheck]:
    model, frame = compared.model, compared.rows.frame
    evaluation, leaks = model.evaluation, model.evaluation.leaks
    found = single_feature_auc(frame, features.columns, compared.scored.truth.values, model.task)
    suspects = [one.column for one in found if one.too_good(leaks, one.column in features.new)]
    features = replace(features, then=_then(model, suspects, pairs))
    yield label_copies(found, features, evaluation.target, leaks)
    yield single_features(found, features, model.task, leaks)
    known = [evaluation.id] if evaluation.id in features.columns and features.sure else []
    unique = identifiers(frame, [name for name in features.columns if name != evaluation.id])
    yield identifiers_read([*known, *unique], features, leaks)
    yield perfect_score(compared.scored.sample, leaks)


def _then(model: ModelConfig, suspects: list[str], pairs: list[_DatasetVersions]) -> dict[str, float]:
    """How well each suspect alone told the label in the champion's evaluation data."""
    target = model.evaluation.target
    for pair in pairs:
        if suspects and pair.role == "evaluation" and target in pair.then.columns:
            then = pair.then.drop_nulls(target)
            columns = [name for name in suspects if name in then.columns]
            return {
                one.column: one.strength
                for one in single_feature_auc(then, columns, labels_of(then[target], model.task), model.task)
            }
    return {}


def _of_rows(compared: ComparisonContext, pairs: list[_DatasetVersions]) -> Iterator[DataCheck]:
    evaluation, frame, training = compared.model.evaluation, compared.rows.frame, compared.rows.training
    leaks, overlap = evaluation.leaks, compared.rows.overlap
    if training is None or overlap is None:
        yield DataCheck(id=TRAINING, status="unknown", finding="evaluation.train is not set, so it cannot be checked")
    else:
        yield training_rows(overlap, evaluation.max_overlap)
        when, declared = evaluation.time or evaluation.cluster_by, evaluation.time is not None
        order = time_order(frame, training, when, declared, leaks) if when else None
        if evaluation.cluster_by and order is None:
            yield shared(frame, training, [evaluation.cluster_by], leaks)
        if order is not None:
            yield order
        yield from (_past(pair, training, evaluation) for pair in pairs if pair.role == "evaluation")
    yield duplicates(frame, evaluation.target, [evaluation.id] if evaluation.id else [], leaks)
    yield balance(*_labels(compared, pairs))


def _past(pair: _DatasetVersions, training: pl.DataFrame, evaluation: EvaluationConfig) -> DataCheck:
    seen = int(np.count_nonzero(overlap_of(pair.then, training, evaluation.target, evaluation.id).likely))
    told = f"{seen:,} of the {pair.then.height:,} rows that the champion was evaluated on are training data now"
    return DataCheck(id=PAST, status="note" if seen else "pass", finding=told)


def _labels(
    compared: ComparisonContext, pairs: list[_DatasetVersions]
) -> tuple[ModelTask, list[tuple[str, pl.Series]]]:
    target, training = compared.model.evaluation.target, compared.rows.training
    sides = [("here", compared.rows.frame), ("in the training data", training)]
    sides += [("in the champion's data", pair.then) for pair in pairs if pair.role == "evaluation"]
    told = [(where, side[target]) for where, side in sides if side is not None and target in side.columns]
    return compared.model.task, told


def _dataset(pair: _DatasetVersions) -> DatasetShift:
    then, now = pair.then, pair.now
    odd = [name for side in (then, now) for name in side.columns if name not in plain_columns(side)]
    return DatasetShift(
        dataset=pair.role,
        champion_rows=then.height,
        challenger_rows=now.height,
        added=int(np.count_nonzero(~seen_in(now, then, odd))),
        removed=int(np.count_nonzero(~seen_in(then, now, odd))),
        columns_added=tuple(pair.added[:_MOST_NAMED]),
        columns_removed=tuple(pair.removed[:_MOST_NAMED]),
    )


def _shifted(compared: ComparisonContext, pair: _DatasetVersions) -> list[MeasuredShift]:
    """The columns that changed, the most changed first; ids, times and groups are new in new data by their nature."""
    evaluation = compared.model.evaluation
    named = {evaluation.id, evaluation.cluster_by, evaluation.time, evaluation.query}
    both = [name for name in plain_columns(pair.now) if name in pair.then.columns and name not in named]
    return [one for one in shifts(pair.then, pair.now, both) if one.moved]


def _shift(role: str, one: MeasuredShift) -> ColumnShift:
    return ColumnShift(
        dataset=role,
        column=one.column,
        psi=one.psi,
        champion_missing=one.missing_then,
        challenger_missing=one.missing_now,
        added=len(one.came),
        removed=len(one.went),
        examples=tuple(one.came[:_EXAMPLES]),
        note=one.note,
    )
