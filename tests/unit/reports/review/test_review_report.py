"""A review as a comment and in a terminal: what people look at, what no attacker can do, and what always fits."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from gitops_mlops.domain.comparison.report import parse_report
from gitops_mlops.domain.pipeline.run import PipelineRunReport, RemoteTraffic, StageRun
from gitops_mlops.domain.review.review import (
    BrokenRule,
    ContractEdit,
    DatasetReview,
    FileProblem,
    LockReview,
    ModelReview,
    PullRequestReport,
    ReviewedCommits,
    TimedStep,
    parse_review,
)
from gitops_mlops.domain.review.size import dump_review
from gitops_mlops.reports.comparison.markdown import BUDGET
from gitops_mlops.reports.rendering.terminal import printable
from gitops_mlops.reports.review.markdown import review_markdown
from gitops_mlops.reports.review.terminal import review_text
from tests.unit.reports import github
from tests.unit.reports.comparison.test_markdown import OUR_HEADINGS
from tests.unit.reports.corpus import hostile_report
from tests.unit.reports.hostile_reviews import full_review, review_of, reviews

GOLDEN = Path(__file__).parents[1] / "golden"
DOCS = Path(__file__).parents[4] / "docs"
HEADINGS = re.compile(rf"{OUR_HEADINGS.pattern}|❌ .+|Data|dvc\.lock|Pipeline")
BASE, HEAD = "5f3d8e0c1b2a49687f5e4d3c2b1a09f8e7d6c5b4", "c4b5d6e7f809a1b2c3d4e5f60718293a4b5c6d7e"


def _compared(name: str, model: str) -> ModelReview:
    report = parse_report((GOLDEN / f"{name}.json").read_bytes()).model_copy(update={"model": model})
    return ModelReview(name=model, outcome=report.verdict, report=report)


def _one() -> PullRequestReport:
    """A good change of one model."""
    return review_of(
        commits=ReviewedCommits(base=BASE, head=HEAD),
        lock=LockReview(),
        pipeline=PipelineRunReport(
            commit=HEAD,
            outcome="ran",
            seconds=81.2,
            stages=[StageRun(name="train", outcome="ran", seconds=79.5)],
            skipped=["ingest", "prepare"],
            pulled=RemoteTraffic(files=2, bytes=3_100_000),
            pushed=RemoteTraffic(files=1, bytes=412_000),
        ),
        datasets=[
            DatasetReview(
                name="flights-test",
                path="data/prepared/test.parquet",
                contract="contracts/flights.yaml",
                outcome="pass",
                skipped="base",
            )
        ],
        models=[_compared("better", "delay")],
        steps=[TimedStep(name="check", seconds=0.1), TimedStep(name="model delay", seconds=8.4)],
        run=4711,
        pull_request=7,
    )


def _several() -> PullRequestReport:
    """A change with about everything in it."""
    trouble = FileProblem(
        path="dvc.yaml",
        line=14,
        column=7,
        where="stages.train.params",
        message="its parameter 'train.seed' is 2 in params.yaml and 1 in dvc.lock",
        hint="dvc repro, then add dvc.lock to the commit",
    )
    return review_of(
        commits=ReviewedCommits(base=BASE, head=HEAD),
        remarks=["dvc.yaml: stage 'plot' is not checked in full: 'notebooks' is outside of the repository"],
        lock=LockReview(stale=("train",), problems=(trouble,), fix=("dvc repro", "dvc push", "git add -- dvc.lock")),
        datasets=[
            DatasetReview(
                name="flights-train",
                path="data/prepared/train.parquet",
                contract="contracts/flights.yaml",
                outcome="block",
                rows=218_413,
                rules_broken=2,
                rules=(
                    BrokenRule(
                        column="carrier", check="allowed", message="is not among the allowed values", rows=312, line=9
                    ),
                    BrokenRule(column="dep_delay", check="nulls", message="is null", rows=4, line=12),
                ),
                edits=(ContractEdit(kind="tightening", column="carrier", message="allowed narrowed: 'ZZ' is gone"),),
            ),
            DatasetReview(
                name="flights-test",
                path="data/prepared/test.parquet",
                contract="contracts/flights.yaml",
                outcome="pass",
                rows=54_321,
            ),
        ],
        models=[
            ModelReview(
                name="cancel",
                outcome="evidence",
                message="models/cancel.skops: its content is not cached, and no DVC remote provided it → dvc push",
            ),
            _compared("worse", "delay"),
            _compared("better", "diverted"),
            ModelReview(name="turnaround", outcome="pass", skipped="base"),
            ModelReview(name="fuel", outcome="pass", skipped="champion"),
        ],
        steps=[TimedStep(name="data flights-train", seconds=2.1), TimedStep(name="model delay", seconds=8.4)],
        run=4712,
    )


EXAMPLES = {"review_one": _one, "review_several": _several}
RENDERERS: dict[str, Callable[[PullRequestReport], str]] = {
    "md": lambda one: review_markdown(one, github.WEB),
    "txt": lambda one: review_text(one) + "\n",
}


@pytest.mark.parametrize("suffix", RENDERERS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_review_reads_as_it_was_looked_at(name: str, suffix: str) -> None:
    assert RENDERERS[suffix](EXAMPLES[name]()) == (GOLDEN / f"{name}.{suffix}").read_text()


def test_the_documentation_shows_what_is_printed() -> None:
    assert (GOLDEN / "review_several.txt").read_text() in (DOCS / "review.md").read_text()


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_people_look_at_holds_the_same_rules(name: str) -> None:
    assert github.problems((GOLDEN / f"{name}.md").read_text()) == []


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(reviews())
def test_no_review_makes_github_or_a_terminal_act(review: PullRequestReport) -> None:
    markdown = review_markdown(review, github.WEB)
    assert github.problems(markdown) == []
    assert len(markdown) <= BUDGET
    first, title, *_ = markdown.split("\n")
    assert (first, title[:3]) == ("<!-- gitops-mlops:review -->", "## ")
    assert [one for one in github.read(markdown).headings if not HEADINGS.fullmatch(one)] == []
    assert [line for line in review_text(review).split("\n") if printable(line) != line] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("models", "datasets", "text"),
    [
        (0, 0, "大"),
        (1, 0, "@org/team | ` <b> "),
        (3, 3, "大"),
        (20, 12, "plain words "),
        (200, 200, "@org/team | ` "),
    ],
)
def test_the_largest_review_fits_into_a_comment_and_keeps_every_verdict(
    models: int, datasets: int, text: str
) -> None:
    review = parse_review(dump_review(full_review(models, datasets, text)))
    markdown = review_markdown(review, github.WEB)
    assert len(markdown) <= BUDGET
    assert github.problems(markdown) == []
    rows = [line for line in markdown.split("\n") if re.match(r"\| (?:✅|⚠️|⛔|❔)\N{NO-BREAK SPACE}.*\d", line)]
    assert len(rows) >= models
    assert len(review_text(review)) > 0


def test_several_reports_share_the_room_and_small_ones_are_whole() -> None:
    large = hostile_report(0)
    models = [
        _compared("better", "small"),
        *(
            ModelReview(name=name, outcome=large.verdict, report=large.model_copy(update={"model": name}))
            for name in ("large", "larger")
        ),
    ]
    markdown = review_markdown(review_of(models=models))
    folds = re.split(r"<details><summary>\S+ (?=small|large)", markdown)[1:]
    assert [fold.split(":")[0] for fold in folds] == ["small", "large", "larger"]
    assert "Shortened" not in folds[0]
    assert all("Shortened to fit" in fold for fold in folds[1:])
    assert abs(len(folds[1]) - len(folds[2])) < 2000
    assert BUDGET * 0.8 < len(markdown) <= BUDGET


def test_models_that_share_a_name_share_the_room_all_the_same() -> None:
    large = hostile_report(0)
    short = hostile_report(1).model_copy(update={"model": large.model})
    models = [ModelReview(name=one.model, outcome=one.verdict, report=one) for one in (short, short, large, large)]
    markdown = review_markdown(review_of(models=models))
    assert len(markdown) <= BUDGET
    assert markdown.count(": the whole report</summary>") == 4
    assert markdown.count("Shortened to fit") == 2


def test_a_lone_model_whose_verdict_is_not_the_whole_does_not_head_the_comment() -> None:
    broken = FileProblem(path="mlops.yaml", line=3, message="unknown key 'gate'", hint="perhaps you meant 'gates'")
    markdown = review_markdown(review_of(models=[_compared("better", "delay")], problems=[broken]))
    assert markdown.split("\n")[1] == "## ❌ Cannot be judged, the set-up is wrong: 1 problem"
    assert "- `mlops.yaml:3`: unknown key 'gate' → perhaps you meant 'gates'" in markdown


if __name__ == "__main__":
    for each, make in EXAMPLES.items():
        for ending, render in RENDERERS.items():
            (GOLDEN / f"{each}.{ending}").write_text(render(make()))
