"""Reviews as an attacker would write them: whatever the schema lets in."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gitops_mlops.domain.pipeline.run import OutputDifference, PipelineRunReport, RemoteTraffic, StageRun
from gitops_mlops.domain.review.review import (
    OUTCOMES,
    BrokenRule,
    ContractEdit,
    DatasetReview,
    FileProblem,
    LockReview,
    ModelReview,
    PullRequestReport,
    ReviewedCommits,
    StepFailure,
    TimedStep,
    overall,
)
from tests.unit.reports.corpus import hostile_report
from tests.unit.reports.hostile import reports, texts, words

outcomes = st.sampled_from(OUTCOMES)
skipped = st.sampled_from(["", "base", "champion", "removed"])
counts = st.integers(0, 10**15)
seconds = st.floats(0, 10**9)
troubles = st.builds(FileProblem, path=texts, line=counts, column=counts, where=texts, message=texts, hint=texts)
rules = st.builds(BrokenRule, column=words, check=words, message=texts, rows=st.none() | counts, line=counts)
edits = st.builds(ContractEdit, kind=words, column=words, message=texts)
datasets = st.builds(
    DatasetReview,
    name=words,
    path=words,
    contract=words,
    outcome=outcomes,
    skipped=skipped,
    message=st.just("") | texts,
    rows=st.none() | counts,
    rules_broken=counts,
    rules=st.lists(rules, max_size=3).map(tuple),
    edits=st.lists(edits, max_size=2).map(tuple),
)
untold = st.builds(ModelReview, name=words, outcome=outcomes, skipped=skipped, message=texts)
reported = reports().map(lambda one: ModelReview(name=one.model, outcome=one.verdict, report=one))
stages = st.builds(StageRun, name=words, outcome=st.sampled_from(["ran", "cached", "failed"]), seconds=seconds)
traffic = st.builds(RemoteTraffic, files=counts, bytes=st.none() | counts)
pipelines = st.builds(
    PipelineRunReport,
    commit=words,
    outcome=st.sampled_from(["unchanged", "ran", "failed", "differs", "reproduced"]),
    seconds=seconds,
    stages=st.lists(stages, max_size=3),
    skipped=st.lists(words, max_size=3),
    pulled=traffic,
    pushed=traffic,
    reason=texts,
    log_tail=st.lists(texts, max_size=3),
    differences=st.lists(
        st.builds(OutputDifference, stage=words, path=words, recorded_digest=words, observed_digest=words), max_size=2
    ),
)
locks = st.builds(
    LockReview,
    stale=st.lists(words, max_size=3).map(tuple),
    problems=st.lists(troubles, max_size=7).map(tuple),
    fix=st.lists(texts, max_size=2).map(tuple),
    uncommitted=st.lists(words, max_size=3).map(tuple),
)
commits = st.builds(
    ReviewedCommits, base=words, head=words | st.just("b7e23ec29af22b0b4e41da31e868d57226121c84"), merge=words
)


@st.composite
def reviews(draw: st.DrawFn) -> PullRequestReport:
    return review_of(
        commits=draw(commits),
        failures=draw(st.lists(st.builds(StepFailure, step=words, outcome=outcomes, message=texts), max_size=2)),
        problems=draw(st.lists(troubles, max_size=3)),
        remarks=draw(st.lists(texts, max_size=2)),
        lock=draw(st.none() | locks),
        pipeline=draw(st.none() | pipelines),
        training=draw(texts),
        datasets=draw(st.lists(datasets, max_size=3)),
        models=draw(st.lists(untold | reported, max_size=3)),
        steps=draw(st.lists(st.builds(TimedStep, name=words, seconds=seconds), max_size=4)),
        run=draw(st.none() | counts),
        shortened_parts=draw(st.lists(words, max_size=2)),
    )


def review_of(**parts: Any) -> PullRequestReport:
    """A review of these parts, with the verdict that they have."""
    empty: dict[str, Any] = {
        "failures": (),
        "problems": (),
        "lock": None,
        "pipeline": None,
        "datasets": (),
        "models": (),
    }
    whole = {**empty, **{name: tuple(part) if isinstance(part, list) else part for name, part in parts.items()}}
    return PullRequestReport(verdict=overall(**{name: whole[name] for name in empty}), **whole)


def full_review(models: int, datasets: int = 0, text: str = "@org/team | ` <b> ") -> PullRequestReport:
    """As large as the schema lets a review be, with so many models and datasets; of many models, small reports."""
    long, word = (text * 2000)[:2000], (text * 200)[:190]
    trouble = FileProblem(path=long, line=7, where=long, message=long, hint=long)
    compared = []
    for number in range(models):
        drawn = number * 50 % 500 if models <= 3 else number * 7 + 1
        report = hostile_report(drawn).model_copy(update={"model": f"{number} {word}"})
        compared.append(ModelReview(name=report.model, outcome=report.verdict, report=report))
    rule = BrokenRule(column=word, check=word, message=long, rows=10**15, line=1)
    edit = ContractEdit(kind=word, column=word, message=long)
    held = [
        DatasetReview(
            name=f"{number} {word}",
            path=word,
            contract=word,
            outcome="block",
            rows=10**15,
            rules_broken=10**15,
            rules=(rule,) * 50,
            edits=(edit,) * 50,
        )
        for number in range(datasets)
    ]
    return review_of(
        failures=(StepFailure(step=word, outcome="outside", message=long),) * 20,
        problems=(trouble,) * 200,
        remarks=(long,) * 50,
        lock=LockReview(stale=(word,) * 200, problems=(trouble,) * 100, fix=(long,) * 10, uncommitted=(word,) * 200),
        datasets=tuple(held),
        models=tuple(compared),
        steps=(TimedStep(name=word, seconds=10**9),) * 500,
        run=10**15,
    )
