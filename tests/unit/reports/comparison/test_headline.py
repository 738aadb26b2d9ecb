from __future__ import annotations

import itertools

import pytest

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.comparison.report_parts import ComparedRevision, EvaluationSample, GateResult, SliceResult
from gitops_mlops.domain.statistics.results import Interval, MetricResult
from gitops_mlops.reports.comparison.headline import (
    because,
    decisive,
    gate_name,
    gate_requirement,
    other_reasons,
    title,
)
from gitops_mlops.reports.comparison.html import report_html
from gitops_mlops.reports.comparison.markdown import report_markdown
from gitops_mlops.reports.comparison.terminal import comparison_text
from gitops_mlops.reports.comparison.words import (
    GATE_SYMBOLS,
    METRIC_SYMBOLS,
    METRIC_WORDS,
    VERDICT_SYMBOLS,
    WORST_FIRST,
)

VERDICTS = ("pass", "warn", "block", "incomparable")


def metric(verdict: str = "improved", name: str = "log_loss", **fields: object) -> MetricResult:
    numbers = {"champion": 0.5, "challenger": 0.45, "delta": 0.05, "ci": Interval(low=0.01, high=0.09, level=0.9)}
    return MetricResult.model_validate(
        {"name": name, "higher_is_better": False, "verdict": verdict, **numbers, **fields}
    )


def report(verdict: str, *metrics: MetricResult, gates: tuple[GateResult, ...] = (), **fields: object) -> Report:
    return Report.model_validate(
        {
            "model": "delay",
            "task": "binary-classification",
            "verdict": verdict,
            "champion": ComparedRevision(revision="production", version="v1.2.0"),
            "challenger": ComparedRevision(revision="branch"),
            "evaluation": EvaluationSample(dataset="flights", rows=1200),
            "metrics": metrics,
            "gates": gates,
            **fields,
        }
    )


def gate(metric: str, status: str, reason: str = "because") -> GateResult:
    return GateResult.model_validate(
        {"id": metric, "metric": metric, "requirement": "more", "status": status, "reason": reason}
    )


@pytest.mark.parametrize(
    ("verdict", "metric_verdict", "words"),
    [
        ("pass", "improved", "delay: better than v1.2.0"),
        ("pass", "non_inferior", "delay: not worse than v1.2.0"),
        ("pass", "inconclusive", "delay: passes its gates"),
        ("warn", "inconclusive", "delay: inconclusive against v1.2.0"),
        ("warn", "regressed", "delay: worse than v1.2.0"),
        ("warn", "improved", "delay: passes with warnings"),
        ("block", "regressed", "delay: worse than v1.2.0"),
        ("block", "inconclusive", "delay: not proven against v1.2.0"),
        ("block", "improved", "delay: blocked"),
        ("incomparable", "improved", "delay: cannot be compared with v1.2.0"),
    ],
)
def test_the_title_follows_the_verdict(verdict: str, metric_verdict: str, words: str) -> None:
    assert title(report(verdict, metric(metric_verdict)), str) == words


def data_gate(check: str, status: str = "block") -> GateResult:
    return gate("", status).model_copy(update={"id": f"data: {check}"})


@pytest.mark.parametrize(
    ("gates", "words"),
    [
        ((gate("log_loss", "pass"), data_gate("training rows")), "blocked by a data check (training rows)"),
        ((data_gate("time order"), data_gate("labels")), "blocked by data checks (time order, labels)"),
        ((data_gate("time order"), data_gate("labels", "warn")), "blocked by a data check (time order)"),
        ((gate("log_loss", "pass"),), "blocked"),
        ((gate("fairness", "block"), data_gate("time order")), "does not pass its gates"),
        ((gate("log_loss", "block"), data_gate("time order", "pass")), "does not pass its gates"),
    ],
)
def test_the_title_names_what_blocked_and_no_gate_where_all_passed(gates: tuple[GateResult, ...], words: str) -> None:
    assert title(report("block", metric("improved"), gates=gates), str) == f"delay: {words}"
    first = title(report("block", metric("improved"), gates=gates, champion=None), str)
    assert first == f"delay: first version, {words}"


def test_a_bound_that_blocks_is_not_too_few_rows() -> None:
    """Rows would not help: the value itself is below the bound."""
    bound = gate("log_loss", "block").model_copy(update={"basis": "value", "reason": "0.45 is above 0.4"})
    short = metric("inconclusive", mde=0.08, required_sample_size=9300)
    made = report("block", short, gates=(bound,))
    assert title(made, str) == "delay: does not pass its gates"
    assert because(made, str)[1:] == ["0.45 is above 0.4."]
    worse = report("block", metric("regressed"), gates=(bound,))
    assert title(worse, str) == "delay: does not pass its gates"
    both = report("block", short, gates=(bound, gate("log_loss", "block").model_copy(update={"basis": "difference"})))
    assert title(both, str) == "delay: not proven against v1.2.0"
    assert because(both, str)[1].startswith("Too few rows")


@pytest.mark.parametrize(("verdict", "one"), list(itertools.product(VERDICTS, WORST_FIRST)))
def test_a_report_never_sounds_better_than_its_verdict(verdict: str, one: str) -> None:
    words = title(report(verdict, metric(one)), str)
    assert ("better" in words) == (verdict == "pass" and one == "improved")


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_first_version_is_compared_with_nothing(verdict: str) -> None:
    words = title(report(verdict, metric(), champion=None), str)
    assert words.startswith("delay: first version, ")


def test_every_verdict_has_its_words() -> None:
    assert set(VERDICT_SYMBOLS) == set(VERDICTS)
    assert set(METRIC_SYMBOLS) == set(METRIC_WORDS) == set(WORST_FIRST)
    assert set(GATE_SYMBOLS) == {"pass", "warn", "block"}


def test_the_decisive_metric_is_one_of_a_gate_that_made_the_verdict() -> None:
    metrics = (metric("regressed", "ece"), metric("improved", "log_loss"), metric("regressed", "recall"))
    gates = (gate("log_loss", "pass"), gate("recall", "block"))
    chosen = decisive(report("block", *metrics, gates=gates))
    assert chosen is not None
    assert chosen.name == "recall"
    passing = decisive(report("pass", *metrics, gates=gates[:1]))
    assert passing is not None
    assert passing.name == "log_loss"
    assert decisive(report("pass")) is None


@pytest.mark.parametrize(
    ("made", "sentences"),
    [
        (
            report("pass", metric()),
            ["log-loss 0.500 → 0.450 (−10%): better by 0.050, 90% interval 0.010 to 0.090, on 1,200 rows."],
        ),
        (
            report(
                "block",
                metric("regressed", challenger=0.55, delta=-0.05, ci=Interval(low=-0.09, high=-0.01, level=0.9)),
            ),
            ["log-loss 0.500 → 0.550 (+10%): worse by 0.050, 90% interval 0.010 to 0.090, on 1,200 rows."],
        ),
        (
            report("warn", metric("inconclusive", mde=0.08, required_sample_size=9300)),
            [
                "log-loss 0.500 → 0.450 (−10%): a difference of +0.050, 90% interval 0.010 to 0.090, on 1,200 rows.",
                "Too few rows: a difference under 0.080 cannot be seen with 1,200 rows; about 9,300 would be needed.",
            ],
        ),
        (
            report(
                "block",
                metric("improved"),
                gates=(gate("log_loss", "block", "recall of carrier AA is 0.41"),),
            ),
            [
                "log-loss 0.500 → 0.450 (−10%): better by 0.050, 90% interval 0.010 to 0.090, on 1,200 rows.",
                "Recall of carrier AA is 0.41.",
            ],
        ),
        (
            report("incomparable", reasons=("the champion needs wind_gust",)),
            ["The champion needs wind_gust.", "Evaluated on 1,200 rows."],
        ),
        (report("incomparable"), ["The report gives no reason.", "Evaluated on 1,200 rows."]),
        (
            report("block", gates=(gate("recall", "block", "log_loss is not a number"),)),
            ["log_loss is not a number.", "Evaluated on 1,200 rows."],
        ),
        (
            # A leak makes every metric look good, or unclear: none of them is the reason.
            report(
                "block",
                metric("improved"),
                metric("inconclusive", "ece"),
                gates=(gate("log_loss", "pass"), gate("", "block", "new feature 'behind' alone has AUC 0.999")),
                reasons=("more: new feature 'behind' alone has AUC 0.999",),
            ),
            ["New feature 'behind' alone has AUC 0.999.", "Evaluated on 1,200 rows."],
        ),
        (
            report(
                "block",
                metric("inconclusive", "ece"),
                gates=(gate("log_loss", "pass"),),
                reasons=("12 of 900 evaluation rows are in the training data too",),
            ),
            ["12 of 900 evaluation rows are in the training data too.", "Evaluated on 1,200 rows."],
        ),
        (
            report("pass", metric("undefined", champion=None, delta=None, ci=None), champion=None),
            ["log-loss 0.4500, on 1,200 rows."],
        ),
    ],
)
def test_the_sentence_says_what_the_verdict_rests_upon(made: Report, sentences: list[str]) -> None:
    assert because(made, str) == sentences


def test_groups_are_named_for_they_are_what_counts() -> None:
    rows = EvaluationSample(dataset="flights", rows=54321, cluster_by="date", clusters=61)
    made = report("warn", metric("inconclusive", mde=0.08, required_sample_size=140), evaluation=rows)
    assert because(made, str)[0].endswith("on 54,321 rows in 61 groups by date.")
    assert because(made, str)[1].startswith("Too few groups: ")
    assert "cannot be seen with 61 groups; about 140 would be needed." in because(made, str)[1]


def test_a_series_has_points_in_time() -> None:
    rows = EvaluationSample(dataset="air", rows=120, cluster_by="month", clusters=60)
    shortage = metric("inconclusive", mde=0.08, required_sample_size=1234, margin=0.05)
    made = report("warn", shortage, evaluation=rows, task="forecasting")
    first, second = because(made, str)
    assert first.endswith("on 120 rows at 60 points in time.")
    assert second.startswith("Too few points in time: ")
    assert second.endswith("with 60 points in time; about 1,300 would be needed for a margin of 0.050.")


def test_a_share_is_told_only_of_losses() -> None:
    accuracy = metric("improved", "accuracy", higher_is_better=True, champion=0.8, challenger=0.85)
    assert because(report("pass", accuracy), str)[0].startswith("accuracy 0.800 → 0.850: better by")
    assert "%" not in because(report("pass", metric(champion=0.0)), str)[0].split(":")[0]


def test_no_reason_is_told_twice() -> None:
    gates = (gate("log_loss", "block", "seen"),)
    made = report("block", metric("regressed"), gates=gates, reasons=("seen", "unseen"))
    assert other_reasons(made) == ["unseen"]
    assert other_reasons(report("block", metric(), gates=gates, reasons=("more: seen", "unseen"))) == ["unseen"]
    assert other_reasons(report("incomparable", reasons=("first", "second"))) == ["second"]
    leak = report("block", metric(), gates=(gate("", "block", "leak"),), reasons=("overlap", "more: leak"))
    assert because(leak, str)[0] == "Overlap."
    assert other_reasons(leak) == []


def test_a_gate_is_called_as_people_call_its_metric() -> None:
    made = gate("roc_auc", "pass").model_copy(
        update={"id": "roc_auc non-inferior", "requirement": "roc_auc not worse than the champion by 0.005 or more"}
    )
    assert gate_name(made, str) == "ROC-AUC non-inferior"
    assert gate_requirement(made) == "not worse than the champion by 0.005 or more"
    assert gate_name(gate("@own", "pass"), lambda text: f"<{text}>") == "<@own>"
    assert gate_name(gate("recall", "pass"), str) == "recall"
    assert gate_name(gate("recall", "pass").model_copy(update={"id": "declared slices"}), str) == "declared slices"


def test_slices_that_a_report_has_no_room_for_are_counted_everywhere() -> None:
    said = "13 more slices are left out here; gates count all of them."
    part = SliceResult(column="site", value="a", rows=300, metrics=(metric(),))
    cut, whole = (report("pass", slices=(part,), slices_left_out=number) for number in (13, 0))
    for rendered in (report_markdown, report_html, comparison_text):
        assert said in " ".join(rendered(cut).split())
        assert "left out here" not in rendered(whole)


def test_a_commit_is_cut_to_its_first_ten_digits() -> None:
    champion = ComparedRevision(revision="b7e23ec29af22b0b4e41da31e868d57226121c84")
    assert title(report("pass", metric(), champion=champion), str) == "delay: better than b7e23ec29a"
