"""The rows that both models are scored on, and the account of those that are left out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from gitops_mlops.domain.comparison.overlap import Overlap, overlap_of
from gitops_mlops.domain.comparison.report_parts import EvaluationSample
from gitops_mlops.domain.comparison.rows import (
    dependent_columns,
    parse_rows,
    require_columns,
    require_nested,
    require_ordered,
    require_unique,
    require_values,
)
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.config.sections import EvaluationConfig
from gitops_mlops.domain.errors import MissingEvidence, MlopsError
from gitops_mlops.domain.shortening import first_of
from gitops_mlops.domain.statistics.sample import Mask
from gitops_mlops.usecases.comparison.candidates import CandidateSources, ModelCandidate


@dataclass(frozen=True, eq=False)
class EvaluationRows:
    """Rows that neither model was trained on.

    `training` is the challenger's training data, where the configuration names it, and `overlap` what the evaluation
    data has in common with it, before rows were left out.
    """

    frame: pl.DataFrame
    account: EvaluationSample
    training: pl.DataFrame | None = None
    overlap: Overlap | None = None
    warnings: tuple[str, ...] = ()

    def only(self, chosen: Mask, reason: str) -> EvaluationRows:
        """Some of the rows; the account says why the others are left out."""
        left_out = int(np.count_nonzero(~chosen))
        if not left_out:
            return self
        frame, column = self.frame.filter(pl.Series(chosen)), self.account.cluster_by
        account = self.account.model_copy(
            update={
                "rows": frame.height,
                "clusters": frame[column].n_unique() if column else None,
                "excluded": {**self.account.excluded, reason: left_out},
            }
        )
        return replace(self, frame=frame, account=account)


def evaluation_rows(
    name: str,
    config: Config,
    challenger: ModelCandidate,
    champion: ModelCandidate | None,
    sources: CandidateSources,
    owner: ModelCandidate | None = None,
) -> EvaluationRows:
    """Read, check and cut down the evaluation data of a model: the challenger's, or that of another `owner`."""
    evaluation, task = config.models[name].evaluation, config.models[name].task
    path = config.datasets[evaluation.dataset].path
    frame = parse_rows(sources.content(path, owner or challenger), path)
    _demand(frame, evaluation, f"models.{name}.evaluation", path)
    warnings = _independence(frame, evaluation, task)
    train, overlap = None, None
    excluded: dict[str, int] = {}
    if evaluation.train is not None:
        training = config.datasets[evaluation.train].path
        train = parse_rows(sources.content(training, challenger), training)
        overlap = overlap_of(frame, train, evaluation.target, evaluation.id)
        mine = overlap.rows
        theirs, warning = _seen_by_champion(frame, mine, training, champion, challenger, evaluation, sources)
        warnings += [warning] if warning else []
        counts = {
            "seen in training": int(mine.sum()),
            "seen in the champion's training": int((theirs & ~mine).sum()),
        }
        excluded = {reason: count for reason, count in counts.items() if count}
        frame = frame.filter(~(mine | theirs))
    if frame.height == 0:
        hint = "evaluate on rows that were not"
        if overlap is not None and overlap.shared is not None:
            hint += f", and give each row of both files its own {evaluation.id!r}"
        raise MissingEvidence("every row was seen in training", where=path, hint=hint)
    column = evaluation.unit_column(task)
    account = EvaluationSample(
        dataset=evaluation.dataset,
        rows=frame.height,
        cluster_by=column or None,
        clusters=frame[column].n_unique() if column else None,
        excluded=excluded,
        overlap=None if overlap is None else int(overlap.rows.sum()),
    )
    return EvaluationRows(frame, account, train, overlap, tuple(warnings))


def seen_by(
    side: ModelCandidate,
    frame: pl.DataFrame,
    base: ModelCandidate,
    config: Config,
    name: str,
    sources: CandidateSources,
) -> tuple[Mask, str]:
    """Which rows stand in the training data of a side but not in `base`'s, which are gone already; and a warning."""
    evaluation, none = config.models[name].evaluation, np.zeros(frame.height, dtype=np.bool_)
    if evaluation.train is None:
        return none, ""
    training = config.datasets[evaluation.train].path
    return _seen_by_champion(frame, none, training, side, base, evaluation, sources)


def _demand(frame: pl.DataFrame, evaluation: EvaluationConfig, section: str, path: str) -> None:
    wanted = [("target", evaluation.target), ("id", evaluation.id), ("cluster-by", evaluation.cluster_by)]
    wanted += [("query", evaluation.query), ("time", evaluation.time), ("series", evaluation.series)]
    wanted += [("slices", column) for column in evaluation.slices]
    wanted += [("fairness.sensitive", column) for column in evaluation.sensitive]
    require_columns(frame, [(f"{section}.{key}", column) for key, column in wanted if column], path)
    require_values(frame, evaluation.target, "label", path)
    for what, column in (("cluster", evaluation.cluster_by), ("query", evaluation.query), ("time", evaluation.time)):
        if column:
            require_values(frame, column, what, path)
    if evaluation.time:
        require_ordered(frame, evaluation.time, path)
    if evaluation.query and evaluation.cluster_by:
        require_nested(frame, evaluation.query, evaluation.cluster_by, path)
    if evaluation.id:
        require_unique(frame, evaluation.id, path)


def _independence(frame: pl.DataFrame, evaluation: EvaluationConfig, task: ModelTask) -> list[str]:
    if evaluation.unit_column(task):
        return []
    known = {evaluation.target, evaluation.id or "", *evaluation.slices, *evaluation.sensitive}
    suspects = dependent_columns(frame, known)
    if not suspects:
        return []
    return [
        f"rows count as independent, but {first_of(suspects, 5)} may group them: intervals can be several times too"
        " narrow; set evaluation.cluster-by"
    ]


def _seen_by_champion(
    frame: pl.DataFrame,
    mine: Mask,
    training: str,
    champion: ModelCandidate | None,
    challenger: ModelCandidate,
    evaluation: EvaluationConfig,
    sources: CandidateSources,
) -> tuple[Mask, str]:
    """Rows of the champion's own training data; its data may be gone, which is worth a warning and no more."""
    none = np.zeros(frame.height, dtype=np.bool_)
    if champion is None or training not in champion.outputs:
        return none, ""
    output = champion.outputs[training]
    if output.md5 == challenger.outputs[training].md5:
        return mine, ""
    try:
        theirs = parse_rows(sources.store.read(output), training)
    except MlopsError as error:
        return none, f"whether the champion was trained on these rows is unknown: {error}"
    return overlap_of(frame, theirs, evaluation.target, evaluation.id).rows, ""
