"""Reports as an attacker would write them: whatever the schema lets in."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.comparison.report_parts import (
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
    GateResult,
    GroupRates,
    LongTermComparison,
    RecipeComparison,
    ReportChange,
    SliceResult,
    SliceSearch,
)
from gitops_mlops.domain.statistics.results import ConfusionMatrix, Interval, MetricResult, PlotCurve, RecipeMetric

ATTACKS = (
    "@org/team",
    "\\@org",
    "<img src=x onerror=alert(1)>",
    "<!-- hidden",
    "--> <b>",
    "</details>",
    "`",
    "`` ` ```",
    "```mermaid",
    "|",
    "a|b\\|c\\",
    "\n\n## ✅ better\n\n",
    "\n| --- |\n",
    "\u202egnp.exe",
    "\u2066a\u2069",
    "zero\u200bwidth\ufeff",
    "\ufe0f\U000e0041\u3164",
    "[click](https://evil.example)",
    "![i](//evil.example/i.png)",
    "https://evil.example/x",
    "www.evil.example",
    "someone@example.com",
    "#123",
    "octo/repo#1",
    "GH-1",
    "b7e23ec29af22b0b4e41da31e868d57226121c84",
    "1234567",
    ":smile:",
    "$x^2$",
    "$$\\frac12$$",
    "~~gone~~ **bold** _it_",
    "&lt;b&gt; &#64;org",
    "- [ ] task",
    "1. one",
    "---",
    "===",
    "> quote",
    "    indented",
    "\t",
    "שלום עולم",
    "[^1]: note",
    "[ref]: https://evil.example",
    "\x1b[31mred\x07",
    "e\u0301\u0301\u0301\u0301\u0301\u0301",
    "",
    " ",
    "ﷺ",
    "x" * 200,
    "log_loss",
    "delay",
)

texts = st.lists(st.sampled_from(ATTACKS) | st.text(max_size=20), max_size=4).map(" ".join)
joined = st.lists(st.sampled_from(ATTACKS) | st.text(max_size=20), max_size=4).map("".join)
words = (texts | joined).map(lambda text: text[:200])
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-1, 1) | st.sampled_from([0.0, -0.0, 1e-7])
whole = st.integers() | st.just(10**400)
maybe = st.none() | numbers
json_values = st.recursive(
    st.none() | st.booleans() | whole | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
intervals = st.none() | st.builds(Interval, low=numbers, high=numbers, level=numbers)
metrics = st.builds(
    MetricResult,
    name=words,
    higher_is_better=st.booleans(),
    champion=maybe,
    challenger=maybe,
    challenger_ci=intervals,
    delta=maybe,
    ci=intervals,
    se=maybe,
    p_value=maybe,
    method=words,
    margin=maybe,
    verdict=st.sampled_from(["improved", "non_inferior", "regressed", "inconclusive", "undefined"]),
    mde=maybe,
    required_sample_size=st.none() | whole,
    note=texts,
)
revisions = st.builds(
    ComparedRevision,
    revision=words,
    version=words,
    commit=words,
    model_sha256=words,
    data_md5=st.dictionaries(words, words, max_size=1),
)
changes = st.lists(st.builds(ReportChange, name=words, old=json_values, new=json_values), max_size=4).map(tuple)
curves = st.builds(
    PlotCurve,
    name=st.sampled_from(["calibration", "roc", "precision_recall"]) | words,
    x=st.lists(numbers, max_size=50).map(tuple),
    champion=st.lists(maybe, max_size=50).map(tuple),
    challenger=st.lists(maybe, max_size=50).map(tuple),
    champion_x=st.lists(maybe, max_size=3).map(tuple),
    challenger_x=st.lists(maybe, max_size=50).map(tuple),
    challenger_rows=st.lists(whole, max_size=3).map(tuple),
)


@st.composite
def _confusions(draw: st.DrawFn) -> ConfusionMatrix:
    size = draw(st.integers(0, 6))
    fits = draw(st.booleans())
    line = st.lists(whole, min_size=size if fits else 0, max_size=size).map(tuple)
    matrix = st.lists(line, min_size=size if fits else 0, max_size=size).map(tuple)
    labels = draw(st.lists(words, min_size=size, max_size=size))
    return ConfusionMatrix(labels=tuple(labels), champion=draw(st.none() | matrix), challenger=draw(matrix))


rows = st.builds(
    EvaluationSample,
    dataset=words,
    rows=whole,
    positives=st.none() | whole,
    cluster_by=st.none() | words,
    clusters=st.none() | whole,
    excluded=st.dictionaries(words, whole, max_size=2),
    overlap=st.none() | whole,
)
few_metrics = st.lists(metrics, max_size=2).map(tuple)
frozen = st.builds(FrozenRowsComparison, evaluation=st.none() | rows, metrics=few_metrics, note=texts)
long_terms = st.builds(LongTermComparison, revision=revisions, age=numbers, metrics=few_metrics, note=texts)
few_words = st.lists(words, max_size=3).map(tuple)
checks = st.builds(
    DataCheck, id=words, status=st.sampled_from(["pass", "note", "warn", "block", "unknown"]), finding=texts
)
column_shifts = st.builds(
    ColumnShift,
    dataset=st.just("evaluation") | words,
    column=words,
    psi=maybe,
    champion_missing=numbers,
    challenger_missing=numbers,
    added=whole,
    removed=whole,
    examples=few_words,
    note=words,
)
dataset_shifts = st.builds(
    DatasetShift,
    dataset=st.just("training") | words,
    champion_rows=whole,
    challenger_rows=whole,
    added=whole,
    removed=whole,
    columns_added=few_words,
    columns_removed=few_words,
)
data_checks = st.builds(
    DataChecks,
    checks=st.lists(checks, max_size=3).map(tuple),
    datasets=st.lists(dataset_shifts, max_size=2).map(tuple),
    columns=st.lists(column_shifts, max_size=3).map(tuple),
    note=texts,
)
slices = st.builds(
    SliceResult,
    column=words,
    value=words,
    and_column=st.none() | words,
    and_value=st.none() | words,
    rows=whole,
    metrics=few_metrics,
    declared=st.booleans(),
)
searches = st.builds(
    SliceSearch,
    columns=whole,
    paired_columns=whole,
    slices_searched=whole,
    slices_worse=whole,
    slices=st.lists(slices, max_size=3).map(tuple),
    note=texts,
)
rates = st.builds(
    GroupRates, selection_rate=numbers, accuracy=numbers, true_positive_rate=maybe, false_positive_rate=maybe
)
groups = st.builds(
    FairnessGroup, value=words, rows=whole, positives=whole, champion=st.none() | rates, challenger=rates, note=texts
)
gaps = st.builds(
    FairnessGap,
    name=st.sampled_from(["demographic_parity", "equalized_odds"]),
    champion=maybe,
    challenger=maybe,
    challenger_ci=intervals,
    worsening=maybe,
    ci=intervals,
    note=texts,
)
fairness = st.builds(
    FairnessResult,
    column=words,
    groups=st.lists(groups, max_size=3).map(tuple),
    gaps=st.lists(gaps, max_size=2).map(tuple),
    method=words,
)


@st.composite
def _recipe_metrics(draw: st.DrawFn) -> RecipeMetric:
    deviations: dict[str, Any] = {"champion_deviation": draw(numbers), "challenger_deviation": draw(numbers)}
    return RecipeMetric(**draw(metrics).model_dump(), **deviations)


few_recipe_metrics = st.lists(_recipe_metrics(), max_size=2).map(tuple)
recipes = st.builds(RecipeComparison, trainings=st.none() | whole, metrics=few_recipe_metrics, note=texts)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    measured = draw(st.lists(metrics, max_size=4))
    gated = st.sampled_from([metric.name for metric in measured]) if measured else words
    gates = st.builds(
        GateResult,
        id=words,
        metric=gated | words,
        requirement=texts,
        status=st.sampled_from(["pass", "warn", "block"]),
        reason=texts,
        basis=st.sampled_from([None, "difference", "value"]),
    )
    return Report(
        model=draw(words),
        task=draw(words),
        verdict=draw(st.sampled_from(["pass", "warn", "block", "incomparable"])),
        reasons=tuple(draw(st.lists(texts, max_size=3))),
        champion=draw(st.none() | revisions),
        challenger=draw(revisions),
        evaluation=draw(rows),
        metrics=tuple(measured),
        gates=tuple(draw(st.lists(gates, max_size=4))),
        slices=tuple(draw(st.lists(slices, max_size=4))),
        parameters=draw(changes),
        data=draw(changes),
        gate_changes=draw(changes),
        confusion=draw(st.none() | _confusions()),
        curves=tuple(draw(st.lists(curves, max_size=2))),
        frozen_rows=draw(st.none() | frozen),
        long_term=draw(st.none() | long_terms),
        recipe=draw(st.none() | recipes),
        data_checks=draw(st.none() | data_checks),
        slice_search=draw(st.none() | searches),
        fairness=tuple(draw(st.lists(fairness, max_size=2))),
        warnings=tuple(draw(st.lists(texts, max_size=3))),
        environment=draw(st.dictionaries(words, words, max_size=3)),
    )
