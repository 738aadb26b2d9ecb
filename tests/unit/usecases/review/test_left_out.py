"""A review that is cut says what it leaves out."""

from __future__ import annotations

from gitops_mlops.adapters.machine.clock import SystemTimer
from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.domain.review.job import JobContext
from gitops_mlops.usecases.review.review import _ReviewDraft


def test_a_review_says_how_many_failures_it_leaves_out() -> None:
    draft = _ReviewDraft(SystemTimer(), lambda _: None)
    draft.remarks += [f"remark {at}" for at in range(60)]
    for at in range(23):
        with draft.step(f"model {at}"):
            raise ExternalError("is away")
    found = draft.finished(JobContext())
    assert len(found.failures) == 20
    assert found.remarks[0] == "3 of 23 steps that failed are left out"
    assert (len(found.remarks), found.remarks[-1]) == (50, "and 12 more")
