"""Are groups of people treated alike, and is the challenger worse at it than the champion?"""

from __future__ import annotations

import math

import numpy as np

from gitops_mlops.domain.evaluation_parts import Fairness, FairnessGap, FairnessGroup, GapName, GroupRates
from gitops_mlops.domain.fairness import judge_gap, reported
from gitops_mlops.domain.gates import Judged
from gitops_mlops.domain.slice_columns import coded
from gitops_mlops.domain.statistics.group_gaps import (
    FEWEST_OF_A_LABEL,
    FEWEST_ROWS,
    Gap,
    Groups,
    Rates,
    group_counts,
    measure_gaps,
)
from gitops_mlops.domain.statistics.sample import Sample
from gitops_mlops.domain.statistics.slice_search import Coded
from gitops_mlops.domain.statistics.verdict import FEWEST_UNITS
from gitops_mlops.usecases.compared import Aside, Compared

_GAPS: tuple[GapName, GapName] = ("demographic_parity", "equalized_odds")


def fairness(compared: Compared) -> Aside:
    """Rates of the groups of each sensitive column, and gates on the gaps between them."""
    asked, sample = compared.model.evaluation.fairness, compared.scored.sample
    if asked is None or sample is None:
        return Aside()
    few = f"only {sample.units} {sample.unit}, at least {FEWEST_UNITS} are needed"
    few = few if sample.units < FEWEST_UNITS else ""
    shown: list[Fairness] = []
    judged: list[Judged] = []
    for column in dict.fromkeys(asked.sensitive):
        split = coded(compared.rows.frame[column], fewest=1)
        groups, gaps = _measure(compared, sample, split, column)
        shown.append(Fairness(column=column[:200], groups=groups, gaps=gaps, method=_method(sample)))
        judged += [judge_gap(column, gap, few, asked, compared.model.evaluation) for gap in gaps]
    return Aside({"fairness": tuple(shown)}, judged)


def _measure(
    compared: Compared, sample: Sample, split: Coded | None, column: str
) -> tuple[tuple[FairnessGroup, ...], tuple[FairnessGap, ...]]:
    alpha, both = compared.settings.alpha, sample.champion is not None
    if split is None:
        return (), tuple(reported(name, None, alpha) for name in _GAPS)
    groups = group_counts(sample, split.codes, len(split.values))
    gaps: tuple[Gap, Gap] = measure_gaps(groups, both, compared.settings, f"fairness {column}")
    found = tuple(reported(name, gap, alpha) for name, gap in zip(_GAPS, gaps, strict=True))
    return tuple(_group(groups, index, value, both) for index, value in enumerate(split.values)), found


def _group(groups: Groups, index: int, value: str, both: bool) -> FairnessGroup:
    note = ""
    if not groups.in_parity[index]:
        note = f"fewer than {FEWEST_ROWS} rows: not judged"
    elif not groups.in_odds[index]:
        note = f"fewer than {FEWEST_OF_A_LABEL} rows of a label: not judged by equalised odds"
    return FairnessGroup(
        value=value[:200],
        rows=int(groups.rows[index]),
        positives=int(groups.labels[index, 1]),
        champion=_rates(groups.champion(), index) if both else None,
        challenger=_rates(groups.challenger(), index),
        note=note,
    )


def _rates(rates: Rates, index: int) -> GroupRates:
    def known(values: np.ndarray) -> float | None:
        return float(values[index]) if math.isfinite(values[index]) else None

    return GroupRates(
        selected=float(rates.selected[index]),
        accuracy=float(rates.accuracy[index]),
        true_positive_rate=known(rates.true_positive),
        false_positive_rate=known(rates.false_positive),
    )


def _method(sample: Sample) -> str:
    return "multinomial bootstrap" if sample.clusters is None else "cluster bootstrap"
