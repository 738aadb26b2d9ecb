"""Rows that nobody thought of declaring: is the challenger worse on some of them?"""

from __future__ import annotations

import numpy as np

from gitops_mlops.domain.comparison.gates import JudgedGate, primary_metric
from gitops_mlops.domain.comparison.report_parts import GateResult, SliceResult, SliceSearch
from gitops_mlops.domain.comparison.slice_columns import slice_columns
from gitops_mlops.domain.comparison.slice_gates import SLICE_MARGINS
from gitops_mlops.domain.config.metrics import IntervalMethod, Metric
from gitops_mlops.domain.config.sections import Margin
from gitops_mlops.domain.shortening import WORD, and_more, shorten
from gitops_mlops.domain.statistics.measure import measure
from gitops_mlops.domain.statistics.resampled import block_length
from gitops_mlops.domain.statistics.results import MetricResult
from gitops_mlops.domain.statistics.row_loss import loss_of_rows, row_metric
from gitops_mlops.domain.statistics.sample import Ints, ScoredSample
from gitops_mlops.domain.statistics.slice_search import SearchResult, SearchRows, WeakSlice, search
from gitops_mlops.usecases.comparison.context import ComparisonContext, SideResult

_NAMED = 3


def weak_slices(compared: ComparisonContext) -> SideResult:
    """Search every column of the evaluation data, alone and in pairs, and warn of what is significantly worse."""
    action, sample = compared.model.evaluation.find_slices, compared.scored.sample
    if action == "off" or sample is None or sample.champion is None:
        return SideResult()
    metric = row_metric(sample, primary_metric(compared.model))
    if metric is None:
        return _nothing("a ranking has no loss for each row")
    margin = _margin(compared, metric)
    with np.errstate(all="ignore"):
        theirs = loss_of_rows(metric, sample, sample.champion)
        tolerated = margin.amount * theirs if margin.relative else margin.amount
        differences = theirs - loss_of_rows(metric, sample, sample.challenger) + tolerated
    if not np.isfinite(np.var(differences)):
        return _nothing("the losses of some rows are not finite")
    columns = slice_columns(compared.rows.frame, _no_features(compared))
    found = search(columns, SearchRows(differences, _independent(sample)), compared.settings.alpha)
    if not found.searched:
        return _nothing("no column splits the rows into parts of 200 or more")
    shown = tuple(
        _result(one, found, measure(sample.only(one.rows), metric.name, compared.settings, margin).result)
        for one in found.weak
    )
    fields = {
        "slice_search": SliceSearch(
            columns=len(columns),
            paired_columns=found.paired,
            slices_searched=found.searched,
            slices_worse=found.worse,
            slices=shown,
        )
    }
    if not found.worse:
        return SideResult(fields)
    named = [one.name for one in shown[:_NAMED]]
    names = ", ".join(named) + and_more(found.worse - len(named))
    gate = GateResult(
        id="found slices",
        metric=metric.name,
        requirement=f"{metric.name} no slice that a search finds clearly worse than the champion",
        status=action,
        reason=f"worse in {found.worse:,} of {found.searched:,} slices: {names}",
    )
    return SideResult(fields, [JudgedGate(gate)])


def _nothing(note: str) -> SideResult:
    return SideResult({"slice_search": SliceSearch(note=note)})


def _no_features(compared: ComparisonContext) -> set[str]:
    evaluation = compared.model.evaluation
    named = (evaluation.target, evaluation.id, evaluation.unit_column(compared.model.task), evaluation.query)
    return {name for name in named if name}


def _independent(sample: ScoredSample) -> Ints | None:
    """The clusters; of a forecast, stretches of time long enough that errors in one say little of the next."""
    if sample.clusters is None or sample.horizon is None:
        return sample.clusters
    return sample.clusters // block_length(sample.units, sample.horizon)


def _margin(compared: ComparisonContext, metric: Metric) -> Margin:
    """What a declared slice may be worse by: twice the margin of the gate on a mean of losses, 0 without one."""
    own = compared.margins.get(metric.name)
    if own is None or metric.method is not IntervalMethod.MEAN:
        return Margin.model_validate(0)
    return own.model_copy(update={"amount": SLICE_MARGINS * own.amount})


def _result(weak: WeakSlice, found: SearchResult, result: MetricResult) -> SliceResult:
    corrected = result.model_copy(
        update={
            "p_value": weak.p_value,
            "method": shorten(f"{result.method}; p by Holm over {found.searched:,} slices", WORD),
        }
    )
    (column, value), *second = weak.where
    and_column, and_value = second[0] if second else (None, None)
    return SliceResult(
        column=column,
        value=value,
        and_column=and_column,
        and_value=and_value,
        rows=int(np.count_nonzero(weak.rows)),
        metrics=(corrected,),
        declared=False,
    )
