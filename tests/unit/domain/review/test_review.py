from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitops_mlops.domain.errors import (
    Bug,
    BundleError,
    ConfigError,
    ExternalError,
    MissingEvidence,
    MlopsError,
    PlaceError,
    UsageError,
)
from gitops_mlops.domain.review.job import JobContext, job_of
from gitops_mlops.domain.review.review import (
    EXIT_CODES,
    MAX_REVIEW_BYTES,
    OUTCOMES,
    ModelReview,
    Outcome,
    PullRequestReport,
    StepFailure,
    outcome_of,
    parse_review,
)
from gitops_mlops.domain.review.size import dump_review
from gitops_mlops.domain.schemas import json_schema
from tests.unit.reports.corpus import hostile_report
from tests.unit.reports.hostile_reviews import full_review, review_of, reviews


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(reviews())
def test_a_review_comes_back_as_it_was_and_fits_its_schema(review: PullRequestReport) -> None:
    content = dump_review(review)
    assert parse_review(content) == review
    jsonschema.validate(json.loads(content), json_schema("review"))


@pytest.mark.slow
@pytest.mark.parametrize(("models", "datasets", "text"), [(3, 0, "大"), (20, 30, "plain "), (40, 200, "\U0001f4a5")])
def test_whatever_it_holds_it_fits_and_no_verdict_is_lost(models: int, datasets: int, text: str) -> None:
    review = full_review(models, datasets, text)
    content = dump_review(review)
    assert len(content) <= MAX_REVIEW_BYTES
    kept = parse_review(content)
    assert kept.verdict == review.verdict
    assert [one.outcome for one in kept.models] == [one.outcome for one in review.models]
    assert [one.outcome for one in kept.datasets] == [one.outcome for one in review.datasets]
    assert kept.shortened_parts


def test_what_matters_least_goes_first() -> None:
    review = full_review(1)
    report = review.models[0].report
    assert report is not None
    assert report.curves
    assert report.slices
    whole = len(dump_review(review, 10**9))
    kept = parse_review_of(review, whole - 100)
    assert (kept.curves, kept.slices) == ((), report.slices)
    assert kept.gates == report.gates
    barely = parse_review_of(review, len(dump_review(review, whole - 100)) - 100)
    assert (barely.slices, barely.parameters) == ((), report.parameters)


def parse_review_of(review: PullRequestReport, limit: int):  # type: ignore[no-untyped-def]
    report = PullRequestReport.model_validate_json(dump_review(review, limit)).models[0].report
    assert report is not None
    return report


def _model(outcome: Outcome) -> ModelReview:
    return ModelReview(name="m", outcome=outcome, message="so")


@given(st.lists(st.sampled_from(OUTCOMES), max_size=6))
def test_the_verdict_is_the_worst_and_no_other_is_accepted(found: list[Outcome]) -> None:
    review = review_of(models=[_model(one) for one in found])
    assert OUTCOMES.index(review.verdict) == max([OUTCOMES.index(one) for one in found], default=0)
    for verdict in set(OUTCOMES) - {review.verdict}:
        forged = dump_review(review).replace(
            f'"verdict":"{review.verdict}"'.encode(), f'"verdict":"{verdict}"'.encode()
        )
        with pytest.raises(MissingEvidence, match="worst of the parts"):
            parse_review(forged)


def test_a_model_is_no_better_than_its_report() -> None:
    report = hostile_report(1).model_copy(update={"verdict": "block", "model": "m"})
    content = dump_review(review_of(models=[ModelReview(name="m", outcome="block", report=report)]))
    forged = content
    for key in (b'"outcome":', b'"verdict":'):
        forged = forged.replace(key + b'"block"', key + b'"pass"', 1)
    assert forged != content
    with pytest.raises(MissingEvidence, match="not what its report says"):
        parse_review(forged)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (ConfigError([]), 2),
        (MissingEvidence("x"), 3),
        (ExternalError("x"), 4),
        (MlopsError("x"), 4),
        (PlaceError("x"), 4),
        (BundleError("x"), 1),
        (Bug("x"), 70),
        (OSError(28, "No space left on device"), 4),
        (MemoryError(), 4),
        (SystemExit(0), 4),
        (KeyError("x"), 70),
    ],
)
def test_errors_keep_their_exit_code(error: BaseException, code: int) -> None:
    assert EXIT_CODES[outcome_of(error)] == code
    assert review_of(failures=[StepFailure(step="s", outcome=outcome_of(error), message="x")]).verdict == outcome_of(
        error
    )


def test_worse_means_an_exit_code_that_hides_the_others() -> None:
    assert [EXIT_CODES[one] for one in OUTCOMES] == [0, 0, 1, 1, 4, 3, 2, 70]


@pytest.mark.parametrize(
    "content",
    [
        b"x" * (MAX_REVIEW_BYTES + 1),
        '{"verdict":"pass","run":-1}',
        '{"verdict":"pass","run":1e999}',
        '{"verdict":"pass","unknown":1}',
        '{"verdict":"pass","steps":[{"name":"x","seconds":-1}]}',
        json.dumps({"verdict": "pass", "remarks": ["x" * 2001]}),
        json.dumps({"verdict": "pass", "remarks": ["x"] * 51}),
        json.dumps({"verdict": "pass", "commits": {"head": "x" * 201}}),
    ],
)
def test_what_is_beyond_the_bounds_is_refused_in_one_line(content: bytes | str) -> None:
    with pytest.raises(MissingEvidence) as caught:
        parse_review(content)
    assert "\n" not in str(caught.value)


def test_a_job_is_read_off_the_environment() -> None:
    environment = {
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_SHA": "a" * 40,
        "GITHUB_BASE_REF": "main",
        "GITHUB_RUN_ID": "4711",
        "GITHUB_SERVER_URL": "https://git.example/",
        "GITHUB_REPOSITORY": "octo/flights",
    }
    assert job_of(environment) == JobContext(7, "a" * 40, "main", 4711, "https://git.example/octo/flights")
    assert job_of({**environment, "GITHUB_REF": "refs/heads/main"}).merge == ""
    assert job_of({}) == JobContext()
    assert job_of({"GITHUB_EVENT_NAME": "merge_group"}).queued


@pytest.mark.parametrize(
    ("head", "fork"), [({"id": 1}, False), ({"id": 2}, True), (None, True), ("odd", False), (..., False)]
)
def test_a_fork_is_another_repository_or_one_that_is_gone(head: object, fork: bool) -> None:
    event = b"[]" if head is ... else json.dumps({"pull_request": {"head": {"repo": head}}, "repository": {"id": 1}})
    content = event if isinstance(event, bytes) else event.encode()
    assert job_of({"GITHUB_REF": "refs/pull/7/merge"}, content).fork == fork
    assert not job_of({"GITHUB_REF": "refs/heads/main"}, content).fork


@given(st.dictionaries(st.sampled_from(["GITHUB_REF", "GITHUB_RUN_ID", "GITHUB_REPOSITORY"]), st.text()))
def test_no_environment_is_too_odd(environment: dict[str, str]) -> None:
    job = job_of(environment)
    assert job.run is None or job.run > 0
