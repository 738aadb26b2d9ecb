"""The first two lines of every report: the verdict in words, and the number that it rests upon.

The verdict stands in the report; here only the words for it are chosen. `Word` is how the medium writes text
from outside, so that one wording serves markdown and terminal.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.comparison.report_parts import DATA_GATE, ComparedRevision, GateResult, SliceResult
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.statistics.results import MetricResult, MetricVerdict
from gitops_mlops.reports.comparison.words import METRIC_WORDS, WORST_FIRST, known_name
from gitops_mlops.reports.rendering.numbers import (
    between,
    counted,
    decimals_of,
    estimate,
    fixed,
    level,
    percent,
    signed,
)

Word = Callable[[str], str]
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def title(report: Report, word: Word) -> str:
    """`delay: better than v1.2.0`."""
    return f"{word(report.model)}: {judgement(report, word)}"


def judgement(report: Report, word: Word) -> str:
    """`better than v1.2.0`."""
    if report.champion is None:
        return {
            "pass": "first version, passes its gates",
            "warn": "first version, passes with warnings",
            "block": f"first version, {_blocked(report, word)}",
            "incomparable": "first version, cannot be judged",
        }[report.verdict]
    champion = revision_name(report.champion, word)
    if report.verdict == "incomparable":
        return f"cannot be compared with {champion}"
    metric = decisive(report)
    words = _COMPARED[report.verdict].get(metric.verdict if metric else "undefined")
    if words and not (metric and _by_value(report, metric)):
        return words.format(champion=champion)
    return _blocked(report, word) if report.verdict == "block" else _OTHERWISE[report.verdict]


def _blocked(report: Report, word: Word) -> str:
    """What blocks: a gate; where every gate passed, the data checks, or something that only the reasons name."""
    gates = [gate for gate in report.gates if gate.status == "block"]
    checks = [gate.id.removeprefix(DATA_GATE) for gate in gates if gate.id.startswith(DATA_GATE)]
    if not gates:
        return "blocked"
    if len(checks) < len(gates):
        return "does not pass its gates"
    return f"blocked by {'a data check' if len(checks) == 1 else 'data checks'} ({', '.join(map(word, checks))})"


_UNJUDGED: dict[MetricVerdict, str] = {"cannot_be_judged": "cannot be judged against {champion}"}
_COMPARED: dict[str, dict[MetricVerdict, str]] = {
    "pass": {"improved": "better than {champion}", "non_inferior": "not worse than {champion}"},
    "warn": {"regressed": "worse than {champion}", "inconclusive": "inconclusive against {champion}", **_UNJUDGED},
    "block": {"regressed": "worse than {champion}", "inconclusive": "not proven against {champion}", **_UNJUDGED},
}
_OTHERWISE = {"pass": "passes its gates", "warn": "passes with warnings"}


def decisive(report: Report) -> MetricResult | None:
    """The metric to speak of first: among those of the gates that made the verdict, the one that says most.

    None when something else made it, such as a leak: then no metric is the reason.
    """
    gates = {gate.metric for gate in report.gates if gate.status == report.verdict}
    known = [metric for metric in report.metrics if metric.name in gates]
    if not known and report.gates and report.verdict in ("warn", "block"):
        return None
    known = known or list(report.metrics)
    order = WORST_FIRST[::-1] if report.verdict == "pass" else WORST_FIRST
    return min(known, key=lambda metric: order.index(metric.verdict), default=None)


def because(report: Report, word: Word, strong: Word = str) -> list[str]:
    """The sentences below the title: the decisive number, and what it lacks."""
    metric = _numbered(report)
    if metric is None:
        first = next(iter([*_untold(report), *(gate.reason for gate in worst_gates(report)), *report.reasons]), "")
        return [word(_sentence(first) or "The report gives no reason."), f"Evaluated on {rows_text(report, word)}."]
    number, comparison = _number(metric, word)
    sentences = [f"{strong(number)}{comparison}, on {rows_text(report, word)}."]
    by_value = _by_value(report, metric)
    if metric.verdict == "inconclusive" and not by_value and (shortage := too_few(report, metric)):
        sentences.append(shortage)
    elif report.verdict in ("warn", "block") and (by_value or metric.verdict != "regressed"):
        sentences += [word(_sentence(_in_short(gate.reason))) for gate in worst_gates(report)[:1]]
    return sentences


def _by_value(report: Report, metric: MetricResult) -> bool:
    """Whether a bound on the challenger's own value decided, and not its difference to the champion."""
    gates = [gate for gate in report.gates if (gate.status, gate.metric) == (report.verdict, metric.name)]
    return report.verdict != "pass" and bool(gates) and all(gate.basis == "value" for gate in gates)


def other_reasons(report: Report) -> list[str]:
    """The reasons that neither `because` nor a gate tells already."""
    return _untold(report)[0 if _numbered(report) else 1 :]


def _untold(report: Report) -> list[str]:
    told = {text for gate in report.gates for text in (gate.reason, f"{gate.requirement}: {gate.reason}")}
    return [text for text in report.reasons if text not in told]


def _numbered(report: Report) -> MetricResult | None:
    """The decisive metric when it can carry the sentence."""
    metric = decisive(report)
    return None if report.verdict == "incomparable" or metric is None or metric.challenger is None else metric


def _number(metric: MetricResult, word: Word) -> tuple[str, str]:
    decimals = decimals_of(metric)
    name, challenger = metric_name(metric.name, word), fixed(metric.challenger, decimals)
    if metric.champion is None:
        own = metric.challenger_ci
        return f"{name} {challenger}", f" ({level(own)} interval {between(own, decimals)})" if own else ""
    number = f"{name} {fixed(metric.champion, decimals)} → {challenger}{_relative(metric)}"
    if metric.delta is None:
        return number, ""
    sign = -1 if metric.verdict == "regressed" else 1
    interval = f", {level(metric.ci)} interval {between(metric.ci, decimals, sign)}" if metric.ci else ""
    if metric.verdict in ("improved", "regressed"):
        return number, f": {METRIC_WORDS[metric.verdict]} by {fixed(sign * metric.delta, decimals)}{interval}"
    return number, f": a difference of {signed(metric.delta, decimals)}{interval}"


def _in_short(reason: str) -> str:
    """Without the list of what cannot be judged, which stands at its gate."""
    head, said, _ = reason.partition(" cannot be judged: ")
    return f"{head}{said.removesuffix(': ')}"


def _sentence(text: str) -> str:
    """With a capital, unless it starts with a name, and a full stop."""
    text = text.strip()
    first = text.split(maxsplit=1)[0] if text else ""
    text = text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."


def _relative(metric: MetricResult) -> str:
    """A share of the champion's value, where that means something: losses, which have a true zero."""
    if metric.higher_is_better or not metric.champion or metric.champion <= 0 or metric.challenger is None:
        return ""
    share = (metric.challenger - metric.champion) / metric.champion
    return f" ({'+' if share > 0 else ''}{percent(share)})"


def too_few(report: Report, metric: MetricResult) -> str:
    """What the rows at hand cannot show, and how many would; "" when that is not known."""
    if metric.mde is None:
        return ""
    clusters, (one, many) = report.evaluation.clusters, units_of(report)
    have = counted(report.evaluation.rows if clusters is None else clusters, one, many)
    unseen = f"a difference under {fixed(metric.mde, decimals_of(metric))} cannot be seen with {have}"
    needed = ""
    if metric.required_sample_size:
        margin = f" for a margin of {fixed(metric.margin, decimals_of(metric))}" if metric.margin else ""
        needed = f"; about {estimate(metric.required_sample_size)} would be needed{margin}"
    return f"Too few {many}: {unseen}{needed}."


def units_of(report: Report) -> tuple[str, str]:
    """What counts as independent: `row` and `rows`, `group` or `point in time`."""
    if report.evaluation.clusters is None:
        return "row", "rows"
    return ("point in time", "points in time") if report.task == ModelTask.FORECASTING else ("group", "groups")


def rows_text(report: Report, word: Word) -> str:
    """`54,321 rows in 61 groups by date`."""
    rows = report.evaluation
    text = counted(rows.rows, "row")
    if rows.clusters is not None:
        in_time = report.task == ModelTask.FORECASTING
        text += f" {'at' if in_time else 'in'} {counted(rows.clusters, *units_of(report))}"
        text += f" by {word(rows.cluster_by)}" if rows.cluster_by and not in_time else ""
    return text


def metric_name(name: str, word: Word) -> str:
    """What people call a metric; a project's own by its name."""
    return known_name(name) or word(name)


def gate_name(gate: GateResult, word: Word) -> str:
    """The gate's id, its metric called as people call it."""
    name, _, rest = gate.id.partition(" ")
    known = known_name(name)
    if name != gate.metric or known is None:
        return word(gate.id)
    return f"{known} {word(rest)}" if rest.strip() else known


def gate_requirement(gate: GateResult) -> str:
    """What is required, without the metric that is next to it already."""
    return gate.requirement.removeprefix(f"{gate.metric} ")


def revision_name(revision: ComparedRevision, word: Word) -> str:
    """The version, else the revision, a commit's hash shortened."""
    name = revision.version or revision.revision
    return word(short_sha(name) if _SHA.fullmatch(name) else name)


def worst_gates(report: Report) -> list[GateResult]:
    """The gates, those that block first."""
    order = ("block", "warn", "pass")
    return sorted(report.gates, key=lambda gate: order.index(gate.status))


def worst_slices(report: Report) -> list[tuple[SliceResult, MetricResult]]:
    """Every metric of every slice, the worst first: by verdict, then by the difference in standard errors."""
    found = [(part, metric) for part in report.slices for metric in part.metrics]
    return sorted(found, key=lambda pair: (WORST_FIRST.index(pair[1].verdict), _standardised(pair[1])))


def unjudged_slices(report: Report, name: Word, word: Word, most: int = 5) -> str:
    """`2 slices cannot be judged: carrier=ZZ (only 176 rows, at least 200 are needed), …`; "" when all could be."""
    found = [
        (part, metric)
        for part in report.slices
        for metric in [next((one for one in part.metrics if one.verdict == "cannot_be_judged"), None)]
        if metric is not None
    ]
    if not found:
        return ""
    named = [f"{name(f'{part.column}={part.value}')} ({word(metric.note)})" for part, metric in found[:most]]
    more = ["…"] if len(found) > most else []
    number = sum(max(part.values, 1) for part, _ in found)
    return f"{counted(number, 'slice')} cannot be judged: {', '.join([*named, *more])}."


def left_out_slices(report: Report) -> str:
    """`13 more slices are left out here; gates count all of them.`; "" when all are in the report."""
    number = report.slices_left_out
    left_out = f"{counted(number, 'more slice')} {'is' if number == 1 else 'are'} left out here"
    return f"{left_out}; gates count all of them." if number else ""


def _standardised(metric: MetricResult) -> float:
    return (metric.delta or 0.0) / (metric.se or 1.0)
