"""The message of the commit that CI makes: it is read back, and nobody else's words come into it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.pipeline.run import PipelineRunReport, RemoteTraffic, StageRun
from gitops_mlops.reports.pipeline.lock_commit import commit_message, commits_named, run_summary

SHA = "c4b5d6e7f809a1b2c3d4e5f60718293a4b5c6d7e"


def run(*names: str, skipped: int = 0, pulled: int = 0) -> PipelineRunReport:
    stages = [StageRun(name=name, outcome="ran", seconds=12.04) for name in names]
    return PipelineRunReport(
        commit=SHA,
        outcome="ran",
        seconds=14.26,
        stages=stages,
        skipped=["one"] * skipped,
        pulled=RemoteTraffic(files=1, bytes=pulled),
    )


def test_a_message() -> None:
    made = run("train", "score", skipped=1, pulled=3_100_000)
    made.stages[1] = StageRun(name="score", outcome="cached", seconds=1)
    message = commit_message(["metrics.json", "dvc.lock"], SHA, made, {"train", "score"})
    assert message == (
        "Update dvc.lock\n\n"
        "Ran train (12.0 s), score (from the run cache), skipped 1 stage, pulled 3.1 MB; 14.3 s in all.\n\n"
        f"Dvc-Lock-Of: {SHA}\n"
    )
    assert run_summary(message).startswith("Ran train (12.0 s), ")
    assert commits_named(message) == [SHA]


def test_without_a_record_it_says_what_it_is_of() -> None:
    message = commit_message(["a/dvc.lock", "dvc.lock"], SHA, None, ())
    assert (message, run_summary(message)) == (f"Update dvc.lock files\n\nDvc-Lock-Of: {SHA}\n", "")


@given(st.lists(st.text(max_size=200), max_size=30), st.booleans())
def test_a_run_cannot_put_lines_into_it(names: list[str], known: bool) -> None:
    message = commit_message(["metrics.json"], SHA, run(*names), names if known else ())
    assert commits_named(message) == [SHA]
    assert len(message.splitlines()) in (3, 5)


@given(st.text())
def test_no_message_is_too_odd(message: str) -> None:
    assert run_summary(message) == ""
