"""What the methods answer, as a report holds it: metrics with their intervals, curves, confusion counts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gitops_mlops.domain.document.bounded import DocumentPart, Text, Word

MetricVerdict = Literal["improved", "non_inferior", "regressed", "inconclusive", "cannot_be_judged", "undefined"]


class Interval(DocumentPart):
    """A two-sided confidence interval at `level`, for instance 0.90 for one-sided bounds at 0.05."""

    low: float
    high: float
    level: float


class MetricResult(DocumentPart):
    """One metric for both models on the same rows.

    `delta` is oriented: positive means that the challenger is better, whichever direction the metric has.
    `ci` and `se` belong to `delta`; where too few rows make the verdict `cannot_be_judged` there is no interval, and
    `note` says so. `mde` is the smallest difference seen with the wanted power, `required_sample_size`
    how many rows (or clusters) would make it as small as the margin.
    """

    name: Word
    higher_is_better: bool
    champion: float | None = None
    challenger: float | None = None
    challenger_ci: Interval | None = None
    delta: float | None = None
    ci: Interval | None = None
    se: float | None = None
    p_value: float | None = None
    method: Word = ""
    margin: float | None = None
    verdict: MetricVerdict = "undefined"
    mde: float | None = None
    required_sample_size: int | None = None
    note: Text = ""


class PlotCurve(DocumentPart):
    """Points of a plot, such as calibration: at most 50.

    The points of both models lie at `x`, unless a model has places of its own: `champion_x`, `challenger_x`.
    `champion_rows` and `challenger_rows` count the rows behind each point.
    """

    name: Word
    x: tuple[float, ...] = Field(max_length=50)
    champion: tuple[float | None, ...] = Field(default=(), max_length=50)
    challenger: tuple[float | None, ...] = Field(default=(), max_length=50)
    champion_x: tuple[float | None, ...] = Field(default=(), max_length=50)
    challenger_x: tuple[float | None, ...] = Field(default=(), max_length=50)
    champion_rows: tuple[int, ...] = Field(default=(), max_length=50)
    challenger_rows: tuple[int, ...] = Field(default=(), max_length=50)


class ConfusionMatrix(DocumentPart):
    """Counts by true label (rows) and predicted label (columns), at most 20 classes."""

    labels: tuple[Word, ...] = Field(max_length=20)
    champion: tuple[tuple[int, ...], ...] | None = None
    challenger: tuple[tuple[int, ...], ...]


class RecipeMetric(MetricResult):
    """A metric over the trainings of both recipes: `champion` and `challenger` are means, `delta` their difference.

    The deviations are those of single trainings: what another seed alone moves the metric by.
    """

    champion_deviation: float
    challenger_deviation: float
