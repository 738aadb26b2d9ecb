"""The parts of a report: every text is bounded, every number finite, and nothing unknown is accepted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from gitops_mlops.domain.config.fairness import GapName
from gitops_mlops.domain.document.bounded import DocumentPart, Text, Word
from gitops_mlops.domain.statistics.results import (
    Interval,
    MetricResult,
    RecipeMetric,
)

Verdict = Literal["pass", "warn", "block", "incomparable"]
GateStatus = Literal["pass", "warn", "block"]
GateBasis = Literal["difference", "value"]
CheckStatus = Literal["pass", "note", "warn", "block", "unknown"]
# How the id of a gate begins that a data check became.
DATA_GATE = "data: "
Kind = Literal["pull-request", "release", "local", "schedule"]


class ComparedRevision(DocumentPart):
    """One side of the comparison. `version` is empty for a working tree, `commit` for what is not committed."""

    revision: Word
    version: Word = ""
    commit: Word = ""
    model_sha256: Word = ""
    data_md5: dict[Word, Word] = Field(default_factory=dict, max_length=200)


class EvaluationSample(DocumentPart):
    """Which rows were scored. `clusters` counts independent groups; `excluded` says why rows were left out."""

    dataset: Word
    rows: int
    positives: int | None = None
    cluster_by: Word | None = None
    clusters: int | None = None
    excluded: dict[Word, int] = Field(default_factory=dict, max_length=20)
    overlap: int | None = None


class SliceResult(DocumentPart):
    """A part of the rows, such as carrier = AA, or with `and_column` both that and origin = JFK; and its metrics.

    `values` are more than 1 where the values beyond the most frequent are one part.
    """

    column: Word
    value: Word
    and_column: Word | None = None
    and_value: Word | None = None
    rows: int
    metrics: tuple[MetricResult, ...] = Field(default=(), max_length=30)
    declared: bool = True
    values: int = 1

    @property
    def name(self) -> str:
        """`carrier = AA`, or `carrier = AA and origin = JFK`."""
        second = "" if self.and_column is None else f" and {self.and_column} = {self.and_value}"
        return f"{self.column} = {self.value}{second}"


class SliceSearch(DocumentPart):
    """What a search for slices on which the challenger is worse has found.

    `columns` were searched, the first `paired_columns` of them in pairs too. Of `slices_searched` slices,
    `slices_worse` are significantly worse, by Holm over all of them. `slices` are the clearest of these, each with
    one metric, whose `p_value` is one-sided and corrected for the search. `note` says why nothing was searched.
    """

    columns: int = 0
    paired_columns: int = 0
    slices_searched: int = 0
    slices_worse: int = 0
    slices: tuple[SliceResult, ...] = Field(default=(), max_length=10)
    note: Text = ""


class GateResult(DocumentPart):
    """One gate: what it requires, its status, and the reason with the values that were observed.

    `basis` is what the status rests on: the difference between the models, or the challenger's own value; None where
    it is something else, such as slices, or an older report that does not say it.
    """

    id: Word
    metric: Word
    requirement: Text
    status: GateStatus
    reason: Text
    basis: GateBasis | None = None


class ReportChange(DocumentPart):
    """A parameter, data file or gate that differs between the sides; None where it is absent."""

    name: Word
    old: JsonValue = None
    new: JsonValue = None


class FrozenRowsComparison(DocumentPart):
    """Both models on the evaluation data that was there before the change; `note` says why they were not measured."""

    evaluation: EvaluationSample | None = None
    metrics: tuple[MetricResult, ...] = Field(default=(), max_length=30)
    note: Text = ""


class LongTermComparison(DocumentPart):
    """The challenger against the champion of a while ago, on the same rows.

    It takes the champion's place in each metric. `age` is that while, in seconds.
    """

    revision: ComparedRevision
    age: float
    metrics: tuple[MetricResult, ...] = Field(default=(), max_length=30)
    note: Text = ""


class RecipeComparison(DocumentPart):
    """What repeated trainings, `trainings` of each side, say of the recipes and not of the two model files.

    `note` says why nothing, or not everything, could be said.
    """

    trainings: int | None = None
    metrics: tuple[RecipeMetric, ...] = Field(default=(), max_length=30)
    note: Text = ""


class DataCheck(DocumentPart):
    """One question about the data. `note` is only shown, `unknown` was not checked; `finding` is what was seen."""

    id: Word
    status: CheckStatus
    finding: Text


class ColumnShift(DocumentPart):
    """A column of a dataset against the same in the champion's data.

    `psi` is the population stability index less what chance gives, None where it means nothing. `champion_missing`
    and `challenger_missing` are shares of the rows. `added` and `removed` count categories, `examples` are some that
    were added.
    """

    dataset: Word
    column: Word
    psi: float | None = None
    champion_missing: float
    challenger_missing: float
    added: int = 0
    removed: int = 0
    examples: tuple[Word, ...] = Field(default=(), max_length=5)
    note: Word = ""


class DatasetShift(DocumentPart):
    """A dataset against the champion's. `added` and `removed` count rows by all columns that both have."""

    dataset: Word
    champion_rows: int
    challenger_rows: int
    added: int
    removed: int
    columns_added: tuple[Word, ...] = Field(default=(), max_length=50)
    columns_removed: tuple[Word, ...] = Field(default=(), max_length=50)


class DataChecks(DocumentPart):
    """Whether the data can be trusted to find a good model: leaks, and what changed since the champion's.

    `columns` are the most changed ones; `note` says why there is nothing of the champion's data.
    """

    checks: tuple[DataCheck, ...] = Field(default=(), max_length=30)
    datasets: tuple[DatasetShift, ...] = Field(default=(), max_length=2)
    columns: tuple[ColumnShift, ...] = Field(default=(), max_length=20)
    note: Text = ""


class GroupRates(DocumentPart):
    """How one model treats a group; None where a rate has nothing to be a share of."""

    selection_rate: float
    accuracy: float
    true_positive_rate: float | None = None
    false_positive_rate: float | None = None


class FairnessGroup(DocumentPart):
    """The rows of one value of a sensitive column; `note` says why the group is not judged, or not in full."""

    value: Word
    rows: int
    positives: int
    champion: GroupRates | None = None
    challenger: GroupRates
    note: Text = ""


class FairnessGap(DocumentPart):
    """The largest difference of a rate between two groups. `worsening` is the challenger's less the champion's."""

    name: GapName
    champion: float | None = None
    challenger: float | None = None
    challenger_ci: Interval | None = None
    worsening: float | None = None
    ci: Interval | None = None
    note: Text = ""


class FairnessResult(DocumentPart):
    """The groups of one sensitive column and the gaps between them, with the bootstrap that drew the intervals."""

    column: Word
    groups: tuple[FairnessGroup, ...] = Field(default=(), max_length=50)
    gaps: tuple[FairnessGap, ...] = Field(default=(), max_length=2)
    method: Word = ""
