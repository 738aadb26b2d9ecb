from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings

from gitops_mlops.domain.comparison.report import Report, parse_report
from gitops_mlops.domain.comparison.report_parts import (
    ComparedRevision,
    EvaluationSample,
    GateResult,
    ReportChange,
    SliceResult,
)
from gitops_mlops.domain.statistics.results import ConfusionMatrix, MetricResult
from gitops_mlops.reports.comparison.markdown import BUDGET, SECTIONS, report_markdown
from tests.unit.reports import github
from tests.unit.reports.comparison.test_golden_reports import GOLDEN, NAMES, load
from tests.unit.reports.hostile import ATTACKS, reports

MINIMAL = Report(
    model="delay",
    task="binary-classification",
    verdict="pass",
    champion=ComparedRevision(revision="production", version="v1.2.0"),
    challenger=ComparedRevision(revision="branch"),
    evaluation=EvaluationSample(dataset="flights", rows=10),
)
OUR_HEADINGS = re.compile(r"(?:✅|⚠️|⛔|❔) .+|Gates.*|Metrics|What changed")


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reports())
def test_no_report_makes_github_act(report: Report) -> None:
    markdown = report_markdown(report)
    assert github.problems(markdown) == []
    assert len(markdown) <= BUDGET
    reading = github.read(markdown)
    assert [heading for heading in reading.headings if not OUR_HEADINGS.fullmatch(heading)] == []
    assert markdown.startswith("<!-- gitops-mlops:report:")
    assert markdown.split("\n")[1].startswith("## ")


@pytest.mark.parametrize("name", NAMES)
def test_what_people_look_at_holds_the_same_rules(name: str) -> None:
    assert github.problems((GOLDEN / f"{name}.md").read_text()) == []


@pytest.mark.parametrize(
    ("markdown", "problem"),
    [
        ("by @org/team", "mention"),
        ("see #12 and GH-3", "issue"),
        ("fixed in b7e23ec", "commit"),
        ("www.evil.example", "address"),
        ("a <b>bold</b> word", "HTML"),
        ("[a](b)", "link"),
        ("| a | b |\n| --- | --- |\n| c |\n", "columns"),
        ("| a | b |\n| --- | --- |\n| `c\\\\|d` | e |\n", "columns"),
        ("so :smile: so", "emoji"),
        ("$a$", "formula"),
        ("a\u202eb", "invisible"),
    ],
)
def test_the_reading_sees_what_it_is_there_to_see(markdown: str, problem: str) -> None:
    assert [one for one in github.problems(markdown) if one.startswith(problem)]


def _huge(character: str) -> Report:
    """Everything as long as the schema allows."""

    def word(number: int) -> str:
        return f"{number}{character * 200}"[:200]

    def text(number: int) -> str:
        return f"{number} {f'{character} a ' * 1000}"[:2000]

    metrics = tuple(
        MetricResult(name=word(i), higher_is_better=True, verdict="regressed", note=text(i)) for i in range(30)
    )
    changes = tuple(ReportChange(name=word(i), old=text(i), new=text(i + 1)) for i in range(500))
    return Report(
        model=word(0),
        task=word(0),
        verdict="block",
        reasons=tuple(text(i) for i in range(50)),
        champion=ComparedRevision(revision=word(1), version=word(1), commit=word(1), model_sha256=word(1)),
        challenger=ComparedRevision(revision=word(2), version=word(2), commit=word(2), model_sha256=word(2)),
        evaluation=EvaluationSample(
            dataset=word(0), rows=10**30, cluster_by=word(1), clusters=1, excluded={word(0): 1}
        ),
        metrics=metrics,
        gates=tuple(
            GateResult(id=word(i), metric=word(i), requirement=text(i), status="block", reason=text(i + 1))
            for i in range(100)
        ),
        slices=tuple(SliceResult(column=word(i), value=word(i), rows=1, metrics=metrics[:2]) for i in range(500)),
        parameters=changes,
        data=changes,
        gate_changes=changes[:100],
        confusion=ConfusionMatrix(
            labels=tuple(word(i) for i in range(20)), challenger=tuple((10**9,) * 20 for _ in range(20))
        ),
        warnings=tuple(text(i) for i in range(50)),
        environment={word(i): word(i) for i in range(50)},
    )


@pytest.mark.parametrize(
    "character", ["a", "@", "`", "|", "\\|", "\u200b", "\U000e0041", "א", "💥", "` ", "< ", "````````"]
)
def test_a_report_of_any_length_fits_and_keeps_verdict_and_gates(character: str) -> None:
    markdown = report_markdown(_huge(character))
    assert len(markdown) <= BUDGET
    assert github.problems(markdown) == []
    assert len(re.findall(r"^\| ⛔", markdown, re.MULTILINE)) == 100
    assert "Gates: 0 of 100 passed" in markdown
    assert "Shortened to fit" in markdown
    assert github.read(markdown).headings[0].startswith("⛔ ")


def test_sections_are_shortened_in_the_declared_order_and_said() -> None:
    report = load("worse")
    whole = report_markdown(report)
    assert "Shortened" not in whole
    tight = report_markdown(report, budget=len(whole) - 1)
    assert "Shortened to fit into a comment: what was compared; `report.json` has it all." in tight
    assert "What was compared" not in tight
    least = report_markdown(report, budget=0)
    assert "<summary>Curves" not in least
    assert "⛔ delay: worse than v1.2.0" in least
    assert "Gates: 1 of 3 passed" in least


def test_every_section_has_its_rank_and_the_verdict_is_never_dropped() -> None:
    assert len({section.rank for section in SECTIONS}) == len({section.name for section in SECTIONS}) == len(SECTIONS)
    kept = {section.name for section in SECTIONS if section.sizes[-1] > 0}
    assert kept >= {"reasons", "gates", "changes of gates", "metrics"}
    assert [section.name for section in sorted(SECTIONS, key=lambda one: one.rank)][-2:] == ["reasons", "gates"]


def test_both_sides_and_their_difference_are_linked_where_the_repository_is_known() -> None:
    report = load("worse")
    assert report.champion is not None
    old, new = report.champion.commit, report.challenger.commit
    assert github.read(report_markdown(report)).links == []
    assert github.read(report_markdown(report, web=github.WEB)).links == [
        f"{github.WEB}/commit/{old}",
        f"{github.WEB}/commit/{new}",
        f"{github.WEB}/compare/{old}...{new}",
    ]
    elsewhere = report.model_copy(
        update={"challenger": ComparedRevision(revision="x", commit=f"{new})[a](//evil.example")}
    )
    assert github.read(report_markdown(elsewhere, web=github.WEB)).links == [f"{github.WEB}/commit/{old}"]


def test_the_phone_shows_the_verdict_and_its_number_first() -> None:
    _, title, _, sentence, *_ = report_markdown(load("better")).split("\n")
    assert title == "## ✅ delay: better than v1.2.0"
    assert sentence == (
        "**log-loss 0.4120 → 0.3981 (−3.4%)**: better by 0.0139, 90% interval 0.0099 to 0.0179, "
        "on 54,321 rows in 61 groups by date."
    )


def test_changed_gates_stand_before_the_metrics_with_a_warning() -> None:
    markdown = report_markdown(load("worse"))
    assert markdown.index("> [!WARNING]") < markdown.index("### Metrics")
    assert "> - `gate recall min`: `recall at least 0.6` → `recall at least 0.5`" in markdown
    removed = MINIMAL.model_copy(update={"gate_changes": (ReportChange(name="g", old={"min": 1}),)})
    assert '> - `g`: **removed**, was `{"min": 1}`' in report_markdown(removed)


def test_the_worst_slice_comes_first() -> None:
    markdown = report_markdown(load("worse"))
    body = markdown[markdown.index("<summary>Slices: 2 of 4 worse, taken alone</summary>") :]
    # The worst in standard errors first, then what cannot be told.
    assert body.index("`carrier=UA`") < body.index("`origin=EWR`") < body.index("`carrier=HA`") < body.index("JFK")


def test_a_matrix_that_does_not_fit_its_labels_is_said_and_not_shown() -> None:
    wrong = ConfusionMatrix(labels=("a", "b"), challenger=((1, 2), (3,)))
    assert "does not fit its labels" in report_markdown(MINIMAL.model_copy(update={"confusion": wrong}))


def test_many_classes_show_their_most_frequent_mistakes() -> None:
    labels = tuple("abcdef")
    counts = tuple(tuple(10 * i + j for j in range(6)) for i in range(6))
    markdown = report_markdown(
        MINIMAL.model_copy(update={"confusion": ConfusionMatrix(labels=labels, champion=counts, challenger=counts)})
    )
    assert "| `f` | `e` | 54 → 54 |" in markdown
    assert "| `f` | `f` |" not in markdown


def test_only_a_name_that_fits_a_command_line_is_offered_as_one() -> None:
    assert "`gitops-mlops compare delay`" in report_markdown(MINIMAL)
    for attack in ATTACKS:
        if attack not in ("delay", "x" * 200, "1234567") and not attack.isalnum():
            hostile = report_markdown(MINIMAL.model_copy(update={"model": f"{attack};$(reboot)"}))
            assert "`gitops-mlops compare`" in hostile


def test_an_unknown_number_in_a_report_is_refused_before_it_is_rendered() -> None:
    content = (GOLDEN / "better.json").read_text().replace('"challenger": 0.3981', '"challenger": NaN')
    with pytest.raises(Exception, match="finite"):
        parse_report(content)
