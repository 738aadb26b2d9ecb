"""How each side of a comparison is asked: its file is read, its project's code runs, or its predictions looked up."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from gitops_mlops.domain.comparison.labels import Labels
from gitops_mlops.domain.comparison.prediction_table import (
    PredictionTable,
    all_labels,
    contradiction,
    read_predictions,
    unlikely,
)
from gitops_mlops.domain.comparison.predictions import Predictor, RecordedPredictor
from gitops_mlops.domain.comparison.rows import parse_rows
from gitops_mlops.domain.comparison.scoring import TrueLabels, UnscorableReason, read_truth
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.config.sections import EvaluationConfig, ModelConfig
from gitops_mlops.domain.contracts.contract import parse_contract
from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.ports import ModelFiles, ProjectModels
from gitops_mlops.domain.shortening import left_out, quoted
from gitops_mlops.usecases.comparison.candidates import CandidateSources, ModelCandidate
from gitops_mlops.usecases.comparison.evaluation_rows import EvaluationRows


@dataclass(frozen=True)
class ModelReading:
    """What reading models takes: the configuration that counts, the reviewed types, and the world."""

    declared: ModelConfig
    trusted: frozenset[str]
    inputs: tuple[str, ...]
    sources: CandidateSources
    formats: ModelFiles
    code: ProjectModels


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """Rows with their labels, and both models ready to be asked. `champion` is None when there is none."""

    rows: EvaluationRows
    truth: TrueLabels
    challenger: Predictor | UnscorableReason
    champion: Predictor | UnscorableReason | None


def reading(
    config: Config,
    name: str,
    trusted: frozenset[str],
    sources: CandidateSources,
    formats: ModelFiles,
    code: ProjectModels,
) -> ModelReading:
    """How the models called `name` are read."""
    declared = config.models[name]
    inputs: tuple[str, ...] = ()
    if declared.input and not declared.input.partition(":")[2] and (content := sources.files.read(declared.input)):
        inputs = tuple(parse_contract(content, declared.input).columns)
    return ModelReading(declared, trusted, inputs, sources, formats, code)


def score_candidates(
    how: ModelReading, rows: EvaluationRows, challenger: ModelCandidate, champion: ModelCandidate | None
) -> ScoredRows:
    """Both models ready to be asked about the same rows.

    Rows that the champion's predictions file lacks are left out. A champion that cannot be asked is Unscorable;
    for a challenger whose file is not what it should be, UsageError and EvidenceMissing are raised.
    """
    if how.declared.predictions is not None:
        return _looked_up(how, how.declared.predictions, rows, challenger, champion)
    mine = _reader(how, challenger, rows.frame)
    theirs: Predictor | UnscorableReason | None = None
    if champion is not None:
        theirs = UnscorableReason(champion.missing) if champion.missing else _champion(how, champion, rows.frame)
    truth = _truth(how.declared, rows.frame, _classes(mine), _classes(theirs))
    return _told(ScoredRows(rows, truth, mine, theirs))


def _looked_up(
    how: ModelReading, path: str, rows: EvaluationRows, challenger: ModelCandidate, champion: ModelCandidate | None
) -> ScoredRows:
    evaluation, task = how.declared.evaluation, how.declared.task
    mine = _table(how.sources.content(path, challenger), path, how.declared)
    _require_all(mine, rows.frame, evaluation)
    theirs: PredictionTable | UnscorableReason | None = None
    if champion is not None:
        theirs = _champions_table(how, path, champion, rows.frame)
    if isinstance(theirs, PredictionTable):
        rows = rows.only(theirs.covers(rows.frame[_id(evaluation)]), "not predicted by the champion")
    known = rows.frame[evaluation.target].unique().to_list() if task.classifies else []
    tables = [mine, *([theirs] if isinstance(theirs, PredictionTable) else [])]
    truth = _truth(how.declared, rows.frame, all_labels(tables, known, task))
    rows, answers = _answers(how, mine, rows, truth, "")
    if isinstance(answers, UnscorableReason):
        raise MissingEvidence(answers.reason, where=path, hint="set evaluation.threshold, or write one of the two")
    if isinstance(theirs, PredictionTable):
        rows, answered = _answers(how, theirs, rows, truth, "the champion's ")
        return _told(ScoredRows(rows, truth, answers, answered))
    return _told(ScoredRows(rows, truth, answers, theirs))


def _classes(side: Predictor | UnscorableReason | None) -> tuple[object, ...]:
    return () if side is None or isinstance(side, UnscorableReason) else side.classes


def _told(held: ScoredRows) -> ScoredRows:
    """The same, with a warning for each model that does not know a label of the rows."""
    truth, told = held.truth, []
    for whose, side in (("challenger", held.challenger), ("champion", held.champion)):
        known = Labels(_classes(side)) if truth.classes else Labels()
        lacking = [label for label in truth.classes if label not in known] if _classes(side) else []
        rows = {label: int(np.count_nonzero(truth.values == truth.classes.index(label))) for label in lacking[:6]}
        told += [
            f"the {whose} does not know the label {quoted(str(label))} ({number:,} rows): its probability counts as 0"
            for label, number in rows.items()
            if number
        ]
        told += left_out(len(lacking), 6, f"labels that the {whose} does not know")
    return replace(held, rows=replace(held.rows, warnings=(*held.rows.warnings, *told))) if told else held


def _champions_table(
    how: ModelReading, path: str, champion: ModelCandidate, frame: pl.DataFrame
) -> PredictionTable | UnscorableReason:
    """What the champion wrote, where it can be read and has some of the rows."""
    if path not in champion.outputs:
        return UnscorableReason(f"wrote no {path}: dvc.lock at its commit records none")
    evaluation = how.declared.evaluation
    try:
        theirs = _table(how.sources.store.read(champion.outputs[path]), f"the champion's {path}", how.declared)
        if how.declared.task.classifies:
            theirs.labels(frame[evaluation.target].unique().to_list())
    except MissingEvidence as error:
        return UnscorableReason(f"gave no predictions: {error.where}: {error.message}")
    if not theirs.covers(frame[_id(evaluation)]).any():
        return UnscorableReason(
            f"predicted none of these rows in its {path}: {theirs.unlike(frame[_id(evaluation)])}"
        )
    return theirs


def _answers(
    how: ModelReading, table: PredictionTable, rows: EvaluationRows, truth: TrueLabels, whose: str
) -> tuple[EvaluationRows, RecordedPredictor | UnscorableReason]:
    """What a table says of the rows, which get a warning where that is odd."""
    evaluation, task = how.declared.evaluation, how.declared.task
    said = table.answers(rows.frame[_id(evaluation)], truth.classes)
    stated = evaluation.threshold if "threshold" in evaluation.model_fields_set else None
    if task is ModelTask.BINARY and (problem := contradiction(said, truth.classes, stated)):
        return rows, UnscorableReason(f"its prediction and probability contradict each other: {problem}")
    if task is ModelTask.MULTICLASS and (odd := unlikely(said)):
        told = f"in {odd:,} of {rows.frame.height:,} rows {whose}prediction is not the most probable label; it counts"
        rows = replace(rows, warnings=(*rows.warnings, told))
    return rows, RecordedPredictor(said)


def _table(content: bytes, path: str, declared: ModelConfig) -> PredictionTable:
    return read_predictions(parse_rows(content, path), _id(declared.evaluation), declared.task, path)


def _id(evaluation: EvaluationConfig) -> str:
    assert evaluation.id is not None, "the configuration requires it where there are predictions"
    return evaluation.id


def _require_all(mine: PredictionTable, frame: pl.DataFrame, evaluation: EvaluationConfig) -> None:
    ids, labels = frame[_id(evaluation)], frame[evaluation.target]
    covered = mine.covers(ids)
    if len(ids) and not covered.any():
        raise MissingEvidence(
            f"no evaluation row has a prediction: {mine.unlike(ids)}",
            where=mine.name,
            hint=f"write {evaluation.id!r} as the evaluation data has it, on the whole of it",
        )
    if lacking := int(np.count_nonzero(~covered)):
        first = ids.filter(~pl.Series(covered))[0]
        raise MissingEvidence(
            f"{lacking} of {len(ids)} evaluation rows have no prediction (the first is {quoted(str(first))})",
            where=mine.name,
            hint="run the stage that writes it on the whole of the evaluation data",
        )
    if wrong := mine.disagreeing(ids, labels):
        raise MissingEvidence(
            f"{wrong} rows have another label here than in the evaluation data",
            where=mine.name,
            hint="predict again: it was written for other data",
        )


def _truth(
    declared: ModelConfig, frame: pl.DataFrame, known: tuple[object, ...], others: tuple[object, ...] = ()
) -> TrueLabels:
    evaluation, name = declared.evaluation, f"the target {declared.evaluation.target!r}"
    return read_truth(frame[evaluation.target], declared.task, evaluation.positive, known, name, others)


def _champion(how: ModelReading, champion: ModelCandidate, frame: pl.DataFrame) -> Predictor | UnscorableReason:
    try:
        return _reader(how, champion, frame)
    except MissingEvidence as error:
        return UnscorableReason(f"cannot be read: {error.message}")


def _reader(how: ModelReading, side: ModelCandidate, frame: pl.DataFrame) -> Predictor | UnscorableReason:
    if how.declared.loader is not None:
        revision = None if side.working else side.commit
        try:
            asked = how.code.predict(how.declared.loader, revision, side.content, side.path, frame)
        except MissingEvidence as error:
            return UnscorableReason(f"cannot predict: {error.where}: {error.message}")
        return RecordedPredictor(asked)
    return how.formats.load(side.content, side.path, how.trusted, how.inputs)
