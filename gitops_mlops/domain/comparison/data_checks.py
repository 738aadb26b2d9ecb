"""What a comparison asks of its data before it believes a verdict: each question is one function, its answer a check.

A check that cannot be asked says so and stops nothing; what blocks or warns becomes a gate like any other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from gitops_mlops.domain.comparison.equal_values import comparable
from gitops_mlops.domain.comparison.gates import JudgedGate
from gitops_mlops.domain.comparison.leakage import SingleFeature
from gitops_mlops.domain.comparison.overlap import Overlap
from gitops_mlops.domain.comparison.report_parts import DATA_GATE, CheckStatus, DataCheck, GateResult
from gitops_mlops.domain.comparison.rows import repeats
from gitops_mlops.domain.config.leakage import LeakageConfig, Reaction
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.shortening import and_more, quoted

LABEL, FEATURES, IDENTIFIERS = "label in the features", "single features", "identifiers as features"
PERFECT = "perfect score"
TRAINING, SHARED = "training rows", "shared with training"
TIME, DUPLICATES = "time order", "duplicates"
BALANCE, PAST = "labels", "past evaluation rows"
# Of one finding: what is said, and the labels that are counted.
_MOST_TOLD, _MOST_LABELS = 5, 4
_DEMANDS = {
    LABEL: "no feature is the label",
    FEATURES: "no feature alone predicts the label",
    IDENTIFIERS: "the model reads no identifier",
    PERFECT: "the answers are not the labels",
    TRAINING: "no evaluation row is a training row",
    SHARED: "training and evaluation share no group",
    TIME: "evaluation rows are later than the training data",
    DUPLICATES: "no evaluation row appears twice",
}
_TEXT_DATE = r"^\d{4}-\d{2}-\d{2}(?:[ T].*)?$"
# What is this rarely equal by chance: half of its rows have a value of their own.
_NEARLY_CONTINUOUS = 0.5
_MANY_DUPLICATES = 0.01


@dataclass(frozen=True)
class ModelFeatures:
    """The columns that a model reads. `sure` is whether it said so; else they are all that it might read.

    `new` are those that the champion does not have, `then` how well each alone told the label in its data.
    """

    columns: tuple[str, ...]
    sure: bool
    reads_target: bool = False
    new: frozenset[str] = frozenset()
    then: Mapping[str, float] = field(default_factory=dict)


def gate_of(check: DataCheck) -> JudgedGate | None:
    """The gate of a check that blocks or warns."""
    if check.status not in ("warn", "block"):
        return None
    result = GateResult(
        id=f"{DATA_GATE}{check.id}",
        metric="",
        requirement=_DEMANDS[check.id],
        status=check.status,
        reason=check.finding,
    )
    return JudgedGate(result)


def label_copies(
    found: Sequence[SingleFeature], features: ModelFeatures, target: str, leaks: LeakageConfig
) -> DataCheck:
    """Columns that are the label under another name; a model that wants the target itself is no better."""
    told = [f"{_name(one.column)} is {one.copy}" for one in found if one.copy]
    if features.reads_target and target not in leaks.allowed:
        told.insert(0, f"the model reads its own target {_name(target)}")
    return _check(LABEL, told, leaks.label, "no feature is the label", features)


def single_features(
    found: Sequence[SingleFeature], features: ModelFeatures, task: ModelTask, leaks: LeakageConfig
) -> DataCheck:
    """Features that alone tell the label too well. A forecast may follow its own past, so there it only warns."""
    suspects = [one for one in found if one.too_good(leaks, one.column in features.new) and not one.copy]
    if not suspects:
        rest = [one for one in found if not one.copy]
        best = f"the best alone, {_name(rest[0].column)}, has {_strength(rest[0], task)}" if rest else ""
        found_best = f"{best}{_asked(features)}" if best else "too few rows to judge"
        return DataCheck(id=FEATURES, status="pass" if best else "unknown", finding=found_best)
    certain = suspects[0].strength >= leaks.certain and task is not ModelTask.FORECASTING
    told = [_suspect(one, features, task) for one in suspects]
    return _check(FEATURES, told, "block" if certain else "warn", "", features)


def identifiers_read(names: Sequence[str], features: ModelFeatures, leaks: LeakageConfig) -> DataCheck:
    """Identifiers among the features: they say nothing of rows to come, unless they leak the order of the rows.

    Data has identifiers: where the model may not read them, they are no more than a remark.
    """
    told = [f"{_name(name)} is nearly unique per row" for name in names]
    reaction = leaks.identifiers if features.sure else "ignore"
    return _check(IDENTIFIERS, told, reaction, "no feature is nearly unique per row", features)


def training_rows(overlap: Overlap, most: int) -> DataCheck:
    """Evaluation rows that are training rows, of which `most` are tolerated.

    A shared id is proof. Rows that only look alike are a suspicion when chance does not explain them; it blocks where
    no id can tell, and warns where the ids say otherwise.
    """
    rows, found, by_id = len(overlap.rows), int(overlap.rows.sum()), overlap.shared is not None
    status: CheckStatus = "block" if found > most else "note" if found else "pass"
    told = [f"the id {_name(overlap.id)} cannot be used: {overlap.why}"] if overlap.why else []
    if by_id:
        told += _same_ids(overlap, found)
    if alike := int(overlap.alike.sum()):
        likely = f"chance gives about {_about(overlap.twins.expected)}"
        told.append(
            f"{alike:,} of {rows:,} rows look like a training row, {likely} (p = {overlap.twins.p_value:.2g})"
        )
        if by_id and overlap.beyond_chance:
            status = "block" if status == "block" else "warn"
        elif status == "pass":
            status = "note"
    elif not by_id:
        told.append(f"no row of {rows:,} looks like a training row")
    told += [f"max-overlap is {most:,}"] if found else []
    return DataCheck(id=TRAINING, status=status, finding="; ".join(told))


def _same_ids(overlap: Overlap, found: int) -> list[str]:
    told = f"{found:,} of {len(overlap.rows):,} rows have the id of a training row"
    if found and not overlap.twins.twins[overlap.rows].any():
        told += ", and none of them looks like it: does each file number its ids from the start?"
    return [told, *([f"{overlap.nameless:,} training rows have no id"] if overlap.nameless else [])]


def _about(expected: float) -> str:
    return f"{expected:,.0f}" if expected >= 10 else f"{expected:.2g}"


def shared(frame: pl.DataFrame, training: pl.DataFrame, columns: Sequence[str], leaks: LeakageConfig) -> DataCheck:
    """Groups that stand in both."""
    told = []
    readable = {*plain_columns(frame)} & {*plain_columns(training)}
    asked = [name for name in columns if name in readable]
    for name in asked:
        kinds = frame.schema[name], training.schema[name]
        here = frame.select(comparable(name, *kinds))[name].drop_nulls().unique()
        there = training.select(comparable(name, *kinds[::-1]))[name].drop_nulls().unique()
        if common := int(here.is_in(there.implode()).sum()):
            told.append(f"{common:,} of {here.len():,} values of {_name(name)} are in the training data too")
    if not asked:
        return DataCheck(id=SHARED, status="unknown", finding="no group is known in both")
    return _check(SHARED, told, leaks.shared, f"no value of {' or '.join(map(_name, asked))} is in both")


def time_order(
    frame: pl.DataFrame, training: pl.DataFrame, column: str, declared: bool, leaks: LeakageConfig
) -> DataCheck | None:
    """Whether every evaluation row is later than training; None when the column is no time.

    A column that only groups rows (`declared` False) may be a date by accident, so it blocks nothing.
    """
    if column not in training.columns:
        return (
            DataCheck(id=TIME, status="unknown", finding=f"the training data has no {_name(column)}")
            if declared
            else None
        )
    here, there = (_moments(side[column], declared) for side in (frame, training))
    if here is None and there is None:
        return None
    if here is None or there is None or here.dtype != there.dtype:
        return DataCheck(id=TIME, status="unknown", finding=f"{_name(column)} is a time in one of the two only")
    latest, now = there.max(), here.drop_nulls()
    if latest is None or now.is_empty():
        return None
    early = int((now <= latest).sum())
    shown = f"the training data ends at {_moment(latest)}"
    told = (
        [f"{early:,} of {frame.height:,} evaluation rows are not later: {shown} ({_name(column)})"] if early else []
    )
    reaction: Reaction = leaks.time_order if declared or leaks.time_order == "ignore" else "warn"
    return _check(TIME, told, reaction, f"{shown}, the evaluation begins at {_moment(now.min())}")


def duplicates(frame: pl.DataFrame, target: str, without: Sequence[str], leaks: LeakageConfig) -> DataCheck:
    """Rows that stand in the evaluation twice, and those among them whose labels contradict each other.

    Rows of a few categories repeat by nature: only where some column is nearly continuous is it a suspicion.
    """
    readable = plain_columns(frame)
    again, contrary = repeats(frame.select(readable), target, without) if target in readable else (0, 0)
    if not again:
        return DataCheck(id=DUPLICATES, status="pass", finding="no row appears twice")
    told = f"{again:,} of {frame.height:,} rows repeat another but for the label"
    if contrary:
        told += f"; {contrary:,} have different labels"
    odd = any(
        frame[name].dtype.is_float() and frame[name].n_unique() >= _NEARLY_CONTINUOUS * frame.height
        for name in readable
    )
    if not odd or again < _MANY_DUPLICATES * frame.height:
        return DataCheck(id=DUPLICATES, status="note", finding=told)
    return _check(DUPLICATES, [told], leaks.duplicates, "")


def balance(task: ModelTask, sides: Sequence[tuple[str, pl.Series]]) -> DataCheck:
    """How the labels are spread, here and in each other place: the most frequent, or their middle and quartiles."""
    told = [f"{where} {text}" for where, column in sides if (text := _spread(task, column))]
    return DataCheck(id=BALANCE, status="note" if told else "unknown", finding="; ".join(told))


def _spread(task: ModelTask, column: pl.Series) -> str:
    known = column.drop_nulls()
    if known.is_empty():
        return ""
    if not task.classifies and known.dtype.is_numeric():
        low, middle, high = (known.quantile(share, "nearest") for share in (0.25, 0.5, 0.75))
        return f"median {middle:.4g} (quartiles {low:.4g} and {high:.4g})"
    counts = known.cast(pl.String).value_counts(sort=True)
    shares = [f"{quoted(str(row[0]))} {row[1] / known.len():.1%}" for row in counts.head(_MOST_LABELS).iter_rows()]
    return ", ".join(shares) + and_more(counts.height - _MOST_LABELS)


def plain_columns(frame: pl.DataFrame) -> list[str]:
    """Columns of single values that have a text of their own: no lists, structs, bytes or objects."""
    return [
        name
        for name, kind in frame.schema.items()
        if not (kind.is_nested() or isinstance(kind, pl.Binary | pl.Object))
    ]


def _check(
    name: str, told: Sequence[str], reaction: Reaction, fine: str, features: ModelFeatures | None = None
) -> DataCheck:
    if not told:
        return DataCheck(id=name, status="pass", finding=fine + (_asked(features) if features else ""))
    more = and_more(len(told) - _MOST_TOLD, "; ")
    status: CheckStatus = "note" if reaction == "ignore" else reaction
    if features is not None and not features.sure:
        more += "; whether the model reads it is unknown"
        status = "warn" if status == "block" else status
    return DataCheck(id=name, status=status, finding="; ".join(told[:_MOST_TOLD]) + more)


def _asked(features: ModelFeatures) -> str:
    return (
        ""
        if features.sure
        else "; every column of the data was checked, as the columns that the model reads are unknown"
    )


def _suspect(one: SingleFeature, features: ModelFeatures, task: ModelTask) -> str:
    new = "new feature " if one.column in features.new else ""
    then = f" ({features.then[one.column]:.3f} in the champion's data)" if one.column in features.then else ""
    return f"{new}{_name(one.column)} alone has {_strength(one, task)}{then}"


def _strength(one: SingleFeature, task: ModelTask) -> str:
    # Rounded down: what is not perfect is not shown as 1.
    return f"{'AUC' if task.classifies else 'rank correlation'} {math.floor(one.strength * 1000) / 1000:.3f}"


def _name(column: str) -> str:
    return quoted(column)


def _moments(column: pl.Series, declared: bool) -> pl.Series | None:
    """Points in time in one unit; None when the column holds none. Numbers count only where they are declared."""
    kind = column.dtype
    if kind.is_numeric():
        return column.cast(pl.Float64).fill_nan(None) if declared else None
    if isinstance(kind, pl.String):
        known = column.drop_nulls()
        if known.is_empty() or not known.str.contains(_TEXT_DATE).all():
            return None
        try:
            return column.str.to_datetime(time_unit="us", time_zone="UTC").dt.replace_time_zone(None)
        except pl.exceptions.PolarsError:
            return None
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return column.cast(pl.Datetime("us")) if isinstance(kind, pl.Date | pl.Datetime) else None


def _moment(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value).removesuffix(" 00:00:00")
