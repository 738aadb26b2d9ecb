"""Are groups of people treated alike, and is the challenger worse at it than the champion?"""

from __future__ import annotations

import math

import numpy as np

from gitops_mlops.domain.comparison.fairness import UndersizedGroups, judge_gap, reported
from gitops_mlops.domain.comparison.gates import JudgedGate
from gitops_mlops.domain.comparison.report_parts import FairnessGap, FairnessGroup, FairnessResult, GroupRates
from gitops_mlops.domain.comparison.slice_columns import coded
from gitops_mlops.domain.config.fairness import GapName
from gitops_mlops.domain.statistics.group_gaps import (
    FEWEST_OF_A_LABEL,
    FEWEST_ROWS,
    GroupCounts,
    GroupGap,
    MeasuredRates,
    group_counts,
    measure_gaps,
)
from gitops_mlops.domain.statistics.sample import ScoredSample
from gitops_mlops.domain.statistics.slice_search import EncodedColumn
from gitops_mlops.domain.statistics.verdict import FEWEST_UNITS
from gitops_mlops.usecases.comparison.context import ComparisonContext, SideResult

# A report holds fifty, one of them for all the others.
_MOST_GROUPS = 49
_GAPS: tuple[GapName, GapName] = ("demographic_parity", "equalized_odds")


def fairness(compared: ComparisonContext) -> SideResult:
    """Rates of the groups of each sensitive column, and gates on the gaps between them."""
    asked, sample = compared.model.evaluation.fairness, compared.scored.sample
    if asked is None or sample is None:
        return SideResult()
    few = f"only {sample.units} {sample.unit}, at least {FEWEST_UNITS} are needed"
    few = few if sample.units < FEWEST_UNITS else ""
    shown: list[FairnessResult] = []
    judged: list[JudgedGate] = []
    for column in dict.fromkeys(asked.sensitive):
        split = coded(compared.rows.frame[column], fewest=1, most=_MOST_GROUPS)
        groups = None if split is None else _groups(sample, split)
        gaps = _measure(compared, groups, column)
        rates = () if split is None or groups is None else _shown(groups, split, sample.champion is not None)
        shown.append(FairnessResult(column=column, groups=rates, gaps=gaps, method=_method(sample)))
        for gap in gaps:
            unjudged = _unjudged(groups, split, column, gap.name, few)
            judged.append(judge_gap(column, gap, unjudged, asked, compared.model.evaluation))
    return SideResult({"fairness": tuple(shown)}, judged)


def _groups(sample: ScoredSample, split: EncodedColumn) -> GroupCounts:
    return group_counts(sample, split.codes, len(split.values), split.pooled > 0)


def _measure(compared: ComparisonContext, groups: GroupCounts | None, column: str) -> tuple[FairnessGap, ...]:
    if groups is None:
        return tuple(reported(name, None, compared.settings.alpha) for name in _GAPS)
    sample = compared.scored.sample
    both = sample is not None and sample.champion is not None
    gaps: tuple[GroupGap, GroupGap] = measure_gaps(groups, both, compared.settings, f"fairness {column}")
    return tuple(reported(name, gap, compared.settings.alpha) for name, gap in zip(_GAPS, gaps, strict=True))


def _unjudged(
    groups: GroupCounts | None, split: EncodedColumn | None, column: str, gap: GapName, few: str
) -> UndersizedGroups:
    if groups is None or split is None or few:
        return UndersizedGroups(few)
    enough = groups.in_parity if gap == "demographic_parity" else groups.in_odds
    small = [code for code in range(len(split.values)) if not enough[code]]
    pooled = len(split.values) - 1 if split.pooled else None
    return UndersizedGroups(
        number=sum(split.pooled if code == pooled else 1 for code in small),
        named=tuple(f"{column} = {split.values[code]} ({int(groups.rows[code]):,} rows)" for code in small),
    )


def _shown(groups: GroupCounts, split: EncodedColumn, both: bool) -> tuple[FairnessGroup, ...]:
    return tuple(_group(groups, index, value, both) for index, value in enumerate(split.values))


def _group(groups: GroupCounts, index: int, value: str, both: bool) -> FairnessGroup:
    note = ""
    if groups.pooled and index == len(groups.rows) - 1:
        note = f"beyond the {_MOST_GROUPS} most frequent: cannot be judged"
    elif not groups.in_parity[index]:
        note = f"fewer than {FEWEST_ROWS} rows: cannot be judged"
    elif not groups.in_odds[index]:
        note = f"fewer than {FEWEST_OF_A_LABEL} rows of a label: cannot be judged with equalised odds"
    return FairnessGroup(
        value=value,
        rows=int(groups.rows[index]),
        positives=int(groups.labels[index, 1]),
        champion=_rates(groups.champion(), index) if both else None,
        challenger=_rates(groups.challenger(), index),
        note=note,
    )


def _rates(rates: MeasuredRates, index: int) -> GroupRates:
    def known(values: np.ndarray) -> float | None:
        return float(values[index]) if math.isfinite(values[index]) else None

    return GroupRates(
        selection_rate=float(rates.selected[index]),
        accuracy=float(rates.accuracy[index]),
        true_positive_rate=known(rates.true_positive),
        false_positive_rate=known(rates.false_positive),
    )


def _method(sample: ScoredSample) -> str:
    return "multinomial bootstrap" if sample.clusters is None else "cluster bootstrap"
