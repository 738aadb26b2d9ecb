"""Five hundred hostile reports, each drawn from its number: what the schema lets in, from empty to as much as it can.

Hypothesis (`hostile.reports`) looks for the smallest report that breaks a rule; this corpus has the large ones, and
enough curves to draw. The same number gives the same report, so that a failure can be looked at.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, get_args

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.comparison.report_parts import (
    CheckStatus,
    ColumnShift,
    ComparedRevision,
    DataCheck,
    DataChecks,
    DatasetShift,
    EvaluationSample,
    FairnessGap,
    FairnessGroup,
    FairnessResult,
    FrozenRowsComparison,
    GateBasis,
    GateResult,
    GateStatus,
    GroupRates,
    Kind,
    LongTermComparison,
    RecipeComparison,
    ReportChange,
    SliceResult,
    SliceSearch,
    Verdict,
)
from gitops_mlops.domain.statistics.results import (
    ConfusionMatrix,
    Interval,
    MetricResult,
    MetricVerdict,
    PlotCurve,
    RecipeMetric,
)
from tests.unit.reports.hostile import ATTACKS

COUNT = 500
_MORE = (
    *ATTACKS,
    "<script>alert(1)</script>",
    "</script><script>window.ran=1</script>",
    '" onload="window.ran=1',
    "' autofocus onfocus=window.ran=1 '",
    "</title></style></svg><svg onload=window.ran=1>",
    "]]><iframe src=//evil.example></iframe>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "javascript:window.ran=1",
    "url(//evil.example/x.png)",
    "${7*7} {{7*7}} <%= 7 %>",
    "%%{init: {'theme': 'x'}}%%",
    "end\nclick A callback",
    "x-axis [1, 2]",
    "NaN",
    "-Infinity",
    "1e-5",
    "💥👩‍👩‍👧‍👦🏳️‍🌈",
    "مرحبا بالعالم",
    "‮evil‬",
    "\x00\x1b[2J\x9b",
    "a" * 2000,
    "| " * 500,
    "` " * 500,
    "@a " * 600,
    "\u0301" * 300,
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "大" * 200,
)
_NUMBERS = (0.0, -0.0, 1.0, -1.0, 0.5, 5e-324, 1e-12, 1e-5, 1e6, 1e15, 1e16, sys.float_info.max, -sys.float_info.max)
_WHOLE = (0, 1, -1, 61, 54_321, 10**15, -(10**18), 10**400)
_KNOWN = ("log_loss", "roc_auc", "recall", "f1", "r2")

T = TypeVar("T")


class _Draw:
    def __init__(self, number: int) -> None:
        self.random = random.Random(number)
        self._texts: list[str] = []
        # Most are of the size that people see, some as large as the schema allows.
        self.full = number % 50 == 0
        self.scale = self.one(0.02, 0.1, 0.2)

    def one(self, *choices: T) -> T:
        return self.random.choice(choices)

    def some(self, make: Callable[[], T], most: int, chance: float = 0.8) -> tuple[T, ...]:
        if self.full:
            return tuple(make() for _ in range(most))
        if self.random.random() > chance:
            return ()
        return tuple(make() for _ in range(self.random.randint(0, max(1, int(most * self.scale)))))

    def text(self, limit: int = 2000) -> str:
        # The largest reports have thousands of texts; a few dozen different ones are enough.
        if len(self._texts) < 60:
            parts = [self.one(*_MORE, self._noise()) for _ in range(20 if self.full else self.one(1, 1, 2, 5))]
            self._texts.append(self.one(" ", "", "\n").join(parts)[:2000])
            return self._texts[-1][:limit]
        return f"{self.random.randrange(1000)}{self.random.choice(self._texts)}"[:limit]

    def word(self) -> str:
        return self.text(200)

    def _noise(self) -> str:
        points = (self.random.randrange(0x110000) for _ in range(8))
        return "".join(chr(point) for point in points if not 0xD800 <= point < 0xE000)

    def number(self) -> float:
        return self.one(self.random.uniform(-1, 1), self.random.gauss(0, 1e3), *_NUMBERS)

    def maybe(self) -> float | None:
        return None if self.random.random() < 0.2 else self.number()

    def whole(self) -> int:
        return self.one(self.random.randrange(10**6), *_WHOLE)

    def json(self, depth: int = 2) -> object:
        leaf: object = self.one(None, True, self.whole(), self.number(), self.text(), [], {})
        if depth and self.random.random() < 0.3:
            return self.one([self.json(depth - 1), leaf], {self.word(): self.json(depth - 1)})
        return leaf


def _metric(draw: _Draw) -> MetricResult:
    interval = Interval(low=draw.number(), high=draw.number(), level=draw.one(0.9, 0.95, draw.number()))
    return MetricResult(
        name=draw.one(*_KNOWN, draw.word()),
        higher_is_better=draw.one(True, False),
        champion=draw.maybe(),
        challenger=draw.maybe(),
        challenger_ci=draw.one(None, interval),
        delta=draw.maybe(),
        ci=draw.one(None, interval),
        se=draw.maybe(),
        p_value=draw.maybe(),
        method=draw.word(),
        margin=draw.maybe(),
        verdict=draw.one(*get_args(MetricVerdict)),
        mde=draw.maybe(),
        required_sample_size=draw.one(None, draw.whole()),
        note=draw.one("", draw.text()),
    )


def _gate(draw: _Draw) -> GateResult:
    drawn = GateResult(
        id=draw.word(),
        metric=draw.one(*_KNOWN, draw.word()),
        requirement=draw.text(),
        status=draw.one(*get_args(GateStatus)),
        reason=draw.text(),
    )
    bases = (None, *get_args(GateBasis))
    return drawn.model_copy(update={"basis": bases[len(drawn.reason) % len(bases)]})


def _slice(draw: _Draw) -> SliceResult:
    metrics = tuple(_metric(draw) for _ in range(draw.one(0, 1, 1, 2)))
    return SliceResult(
        column=draw.word(),
        value=draw.word(),
        and_column=draw.one(None, draw.word()),
        and_value=draw.one(None, draw.word()),
        rows=draw.whole(),
        metrics=metrics,
        declared=draw.one(True, False),
    )


def _search(draw: _Draw) -> SliceSearch:
    return SliceSearch(
        columns=draw.whole(),
        paired_columns=draw.whole(),
        slices_searched=draw.whole(),
        slices_worse=draw.whole(),
        slices=draw.some(lambda: _slice(draw), 10),
        note=draw.one("", "", draw.text()),
    )


def _rates(draw: _Draw) -> GroupRates:
    return GroupRates(
        selection_rate=draw.number(),
        accuracy=draw.number(),
        true_positive_rate=draw.maybe(),
        false_positive_rate=draw.maybe(),
    )


def _group(draw: _Draw) -> FairnessGroup:
    return FairnessGroup(
        value=draw.word(),
        rows=draw.whole(),
        positives=draw.whole(),
        champion=draw.one(None, _rates(draw)),
        challenger=_rates(draw),
        note=draw.one("", draw.text()),
    )


def _gap(draw: _Draw) -> FairnessGap:
    interval = Interval(low=draw.number(), high=draw.number(), level=draw.one(0.9, draw.number()))
    return FairnessGap(
        name=draw.one("demographic_parity", "equalized_odds"),
        champion=draw.maybe(),
        challenger=draw.maybe(),
        challenger_ci=draw.one(None, interval),
        worsening=draw.maybe(),
        ci=draw.one(None, interval),
        note=draw.one("", draw.text()),
    )


def _fairness(draw: _Draw) -> FairnessResult:
    return FairnessResult(
        column=draw.word(),
        groups=draw.some(lambda: _group(draw), 50),
        gaps=draw.some(lambda: _gap(draw), 2),
        method=draw.word(),
    )


def _change(draw: _Draw) -> ReportChange:
    return ReportChange(name=draw.word(), old=draw.json(), new=draw.json())  # type: ignore[arg-type]


def _revision(draw: _Draw) -> ComparedRevision:
    sha = "".join(draw.one(*"0123456789abcdef") for _ in range(40))
    return ComparedRevision(
        revision=draw.word(),
        version=draw.one("", "v1.2.0", draw.word()),
        commit=draw.one("", sha, draw.word()),
        model_sha256=draw.word(),
        data_md5={draw.word(): draw.word() for _ in range(draw.one(0, 2))},
    )


def _curve(draw: _Draw) -> PlotCurve:
    points = draw.one(0, 1, 2, 10, 50)
    kind = draw.one("shares", "shares", "shares", "wild", "tiny", "nothing")
    value: dict[str, Callable[[], float | None]] = {
        "shares": draw.random.random,
        "wild": draw.maybe,
        "tiny": lambda: 0.5 + draw.random.random() * 1e-9,
        "nothing": lambda: None,
    }
    x = sorted(draw.random.random() if kind != "wild" else draw.number() for _ in range(points))

    def side() -> tuple[float | None, ...]:
        return tuple(value[kind]() for _ in range(draw.one(points, points, points // 2)))

    def counts() -> tuple[int, ...]:
        return tuple(draw.one(0, 7, 5_000, draw.whole()) for _ in range(draw.one(0, points)))

    return PlotCurve(
        name=draw.one("calibration", "roc", "precision_recall", draw.word()),
        x=tuple(x),
        champion=draw.one((), side()),
        challenger=side(),
        champion_x=draw.one((), side()),
        challenger_x=draw.one((), side()),
        champion_rows=counts(),
        challenger_rows=counts(),
    )


def _confusion(draw: _Draw) -> ConfusionMatrix:
    size = draw.one(0, 1, 2, 3, 5, 20)

    def matrix() -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(draw.whole() for _ in range(size)) for _ in range(draw.one(size, size, size, size // 2)))

    labels = tuple(draw.word() for _ in range(size))
    return ConfusionMatrix(labels=labels, champion=draw.one(None, matrix()), challenger=matrix())


def _rows(draw: _Draw) -> EvaluationSample:
    return EvaluationSample(
        dataset=draw.word(),
        rows=draw.whole(),
        positives=draw.one(None, draw.whole()),
        cluster_by=draw.one(None, draw.word()),
        clusters=draw.one(None, draw.whole()),
        excluded={draw.word(): draw.whole() for _ in range(draw.one(0, 3))},
        overlap=draw.one(None, draw.whole()),
    )


def _frozen(draw: _Draw) -> FrozenRowsComparison:
    metrics = draw.some(lambda: _metric(draw), 30)
    return FrozenRowsComparison(
        evaluation=draw.one(None, _rows(draw)), metrics=metrics, note=draw.one("", draw.text())
    )


def _long_term(draw: _Draw) -> LongTermComparison:
    metrics = draw.some(lambda: _metric(draw), 30)
    return LongTermComparison(
        revision=_revision(draw),
        age=draw.one(7_776_000.0, draw.number()),
        metrics=metrics,
        note=draw.one("", draw.text()),
    )


def _recipe(draw: _Draw) -> RecipeComparison:
    def metric() -> RecipeMetric:
        deviations: dict[str, Any] = {"champion_deviation": draw.number(), "challenger_deviation": draw.number()}
        return RecipeMetric(**_metric(draw).model_dump(), **deviations)

    return RecipeComparison(
        trainings=draw.one(None, draw.whole()), metrics=draw.some(metric, 30), note=draw.one("", draw.text())
    )


def _column_shift(draw: _Draw) -> ColumnShift:
    return ColumnShift(
        dataset=draw.one("evaluation", draw.word()),
        column=draw.word(),
        psi=draw.maybe(),
        champion_missing=draw.number(),
        challenger_missing=draw.number(),
        added=draw.whole(),
        removed=draw.whole(),
        examples=draw.some(draw.word, 5),
        note=draw.one("", draw.word()),
    )


def _dataset_shift(draw: _Draw) -> DatasetShift:
    return DatasetShift(
        dataset=draw.one("training", draw.word()),
        champion_rows=draw.whole(),
        challenger_rows=draw.whole(),
        added=draw.whole(),
        removed=draw.whole(),
        columns_added=draw.some(draw.word, 50),
        columns_removed=draw.some(draw.word, 50),
    )


def _data_checks(draw: _Draw) -> DataChecks:
    def check() -> DataCheck:
        return DataCheck(id=draw.word(), status=draw.one(*get_args(CheckStatus)), finding=draw.text())

    return DataChecks(
        checks=draw.some(check, 30),
        datasets=draw.some(lambda: _dataset_shift(draw), 2),
        columns=draw.some(lambda: _column_shift(draw), 20),
        note=draw.one("", draw.text()),
    )


def hostile_report(number: int) -> Report:
    draw = _Draw(number)
    return Report(
        kind=draw.one(*get_args(Kind)),
        model=draw.one("delay", draw.word()),
        task=draw.word(),
        verdict=draw.one(*get_args(Verdict)),
        reasons=draw.some(draw.text, 50),
        champion=draw.one(None, _revision(draw), _revision(draw), _revision(draw)),
        challenger=_revision(draw),
        evaluation=_rows(draw),
        metrics=draw.some(lambda: _metric(draw), 30),
        gates=draw.some(lambda: _gate(draw), 100),
        slices=draw.some(lambda: _slice(draw), 500, 0.5),
        parameters=draw.some(lambda: _change(draw), 500, 0.5),
        data=draw.some(lambda: _change(draw), 500, 0.5),
        gate_changes=draw.some(lambda: _change(draw), 100, 0.3),
        confusion=draw.one(None, _confusion(draw)),
        curves=tuple(_curve(draw) for _ in range(draw.one(0, 3, 10))),
        frozen_rows=draw.one(None, _frozen(draw)),
        long_term=draw.one(None, _long_term(draw)),
        recipe=draw.one(None, _recipe(draw)),
        data_checks=draw.one(None, _data_checks(draw)),
        slice_search=draw.one(None, _search(draw)),
        fairness=draw.some(lambda: _fairness(draw), 10, 0.5),
        warnings=draw.some(draw.text, 50),
        environment={draw.word(): draw.word() for _ in range(draw.one(0, 4))},
    )


def corpus() -> Iterator[Report]:
    return (hostile_report(number) for number in range(COUNT))
