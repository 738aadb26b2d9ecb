"""What verdicts, gates and metrics are called, in every kind of report."""

from __future__ import annotations

from gitops_mlops.domain.comparison.report_parts import GateStatus, Verdict
from gitops_mlops.domain.config.metrics import find_metric
from gitops_mlops.domain.statistics.results import MetricVerdict

VERDICT_SYMBOLS: dict[Verdict, str] = {"pass": "✅", "warn": "⚠️", "block": "⛔", "incomparable": "❔"}
GATE_SYMBOLS: dict[GateStatus, str] = {"pass": "✅", "warn": "⚠️", "block": "⛔"}
METRIC_SYMBOLS: dict[MetricVerdict, str] = {
    "improved": "🟢",
    "non_inferior": "🔵",
    "inconclusive": "🟡",
    "cannot_be_judged": "⚪",
    "regressed": "🔴",
    "undefined": "⚪",
}
METRIC_WORDS: dict[MetricVerdict, str] = {
    "improved": "better",
    "non_inferior": "not worse",
    "inconclusive": "inconclusive",
    "cannot_be_judged": "cannot be judged",
    "regressed": "worse",
    "undefined": "not defined",
}
# The order in which a reader wants to see them.
WORST_FIRST: tuple[MetricVerdict, ...] = (
    "regressed",
    "inconclusive",
    "cannot_be_judged",
    "undefined",
    "non_inferior",
    "improved",
)


def known_name(name: str) -> str | None:
    """What people call a metric of the catalogue, for instance `NDCG@10`; None for any other."""
    metric = find_metric(name)
    return None if metric is None else metric.title + name.removeprefix(metric.kind)
