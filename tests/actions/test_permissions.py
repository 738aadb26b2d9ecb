"""What the token of a job may do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.actions.permissions import RESTRICTED, SCOPES, declared, exceeding, of_job, read_only
from tests.actions.workflow import WorkflowError

READ, WRITE = {"contents": "read"}, {"contents": "write", "pull-requests": "write"}


@pytest.mark.parametrize(
    ("workflow", "job", "outer", "expected"),
    [
        ({}, {}, RESTRICTED, RESTRICTED),
        ({"permissions": {}}, {}, RESTRICTED, {}),
        ({"permissions": READ}, {}, WRITE, READ),
        ({"permissions": READ}, {"permissions": {"issues": "write"}}, WRITE, {"issues": "write"}),
        ({"permissions": WRITE}, {"permissions": {}}, WRITE, {}),
        ({}, {"permissions": {"contents": "none", "issues": "read"}}, WRITE, {"issues": "read"}),
        ({}, {}, READ, READ),
    ],
)
def test_a_job_has_its_own_or_its_files_or_its_callers(
    workflow: dict[str, Any], job: dict[str, Any], outer: dict[str, str], expected: dict[str, str]
) -> None:
    assert of_job(workflow, job, outer) == expected


def test_all_is_every_scope_but_reading_is_no_identity() -> None:
    assert declared("write-all") == dict.fromkeys(SCOPES, "write")
    assert declared("read-all") == {scope: "read" for scope in SCOPES if scope != "id-token"}


@pytest.mark.parametrize("wrong", [{"content": "read"}, {"contents": "admin"}, {"id-token": "read"}, "all"])
def test_what_are_no_permissions_is_an_error(wrong: Any) -> None:
    with pytest.raises(WorkflowError):
        declared(wrong)


def test_a_called_workflow_may_ask_for_less_and_not_for_more() -> None:
    assert exceeding({"contents": "read"}, WRITE) == []
    assert exceeding({"contents": "write", "issues": "read"}, READ) == ["contents: write", "issues: read"]
    assert exceeding({}, {}) == []


def test_a_fork_reads_and_has_no_identity() -> None:
    assert read_only({"contents": "write", "issues": "read", "id-token": "write"}) == {
        "contents": "read",
        "issues": "read",
    }
