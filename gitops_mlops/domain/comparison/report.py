"""The result of comparing a challenger with a champion: `report.json`, schema 2.

It is written by a job that may run a stranger's code and read by one that holds a token, so every text is
bounded, every number finite and nothing unknown is accepted. A new optional field keeps the schema's number;
anything else that a reader could trip over raises it, and `domain/document/recorded.py` reads what was before.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gitops_mlops.domain.comparison.report_parts import (
    ComparedRevision,
    DataChecks,
    EvaluationSample,
    FairnessResult,
    FrozenRowsComparison,
    GateResult,
    Kind,
    LongTermComparison,
    RecipeComparison,
    ReportChange,
    SliceResult,
    SliceSearch,
    Verdict,
)
from gitops_mlops.domain.document.bounded import DocumentPart, Text, Word
from gitops_mlops.domain.document.recorded import RecordedForm, read_recorded
from gitops_mlops.domain.statistics.results import ConfusionMatrix, MetricResult, PlotCurve

SCHEMA: Literal["gitops-mlops/report/2"] = "gitops-mlops/report/2"
MAX_REPORT_BYTES = 1024 * 1024
MOST_SLICES = 500


class Report(DocumentPart):
    """The whole result. `champion` is None for the first version of a model; `reasons` explains the verdict."""

    schema_: Literal["gitops-mlops/report/2"] = Field(default=SCHEMA, alias="schema")
    kind: Kind = "local"
    model: Word
    task: Word
    verdict: Verdict
    reasons: tuple[Text, ...] = Field(default=(), max_length=50)
    champion: ComparedRevision | None
    challenger: ComparedRevision
    evaluation: EvaluationSample
    metrics: tuple[MetricResult, ...] = Field(default=(), max_length=30)
    gates: tuple[GateResult, ...] = Field(default=(), max_length=100)
    slices: tuple[SliceResult, ...] = Field(default=(), max_length=MOST_SLICES)
    slices_left_out: int = Field(default=0, ge=0)
    parameters: tuple[ReportChange, ...] = Field(default=(), max_length=500)
    data: tuple[ReportChange, ...] = Field(default=(), max_length=500)
    gate_changes: tuple[ReportChange, ...] = Field(default=(), max_length=100)
    confusion: ConfusionMatrix | None = None
    curves: tuple[PlotCurve, ...] = Field(default=(), max_length=10)
    frozen_rows: FrozenRowsComparison | None = None
    long_term: LongTermComparison | None = None
    recipe: RecipeComparison | None = None
    data_checks: DataChecks | None = None
    slice_search: SliceSearch | None = None
    fairness: tuple[FairnessResult, ...] = Field(default=(), max_length=10)
    warnings: tuple[Text, ...] = Field(default=(), max_length=50)
    environment: dict[Word, Word] = Field(default_factory=dict, max_length=50)


def parse_report(content: str | bytes, name: str = "report.json") -> Report:
    """A report out of JSON that nobody vouches for. Raises EvidenceMissing when it is not one."""
    return read_recorded(content, Report, RecordedForm(SCHEMA, MAX_REPORT_BYTES, "run compare again"), name)


def dump_report(report: Report) -> bytes:
    """The report as JSON that `parse_report` reads back."""
    return (report.model_dump_json(by_alias=True, indent=1) + "\n").encode()
