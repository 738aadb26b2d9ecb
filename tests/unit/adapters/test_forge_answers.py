"""What a forge answers is read strictly: a wrong shape is one of three errors, which the client turns into a line."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.adapters.forge import answers, comments, deployments, issues, labels, pull_requests, runs
from tests.fakes.forge.described import example

GITEA_REVIEW = {"user": {"id": 1, "login": "ada"}, "state": "APPROVED", "official": True, "dismissed": False}
PARSERS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "pull request": (pull_requests._pull_request, example("pull-request") | {"merged": True}),
    "owned pull request": (pull_requests._owned, example("pull-request-simple-items")[0]),
    "review": (pull_requests._review, example("pull-request-review-items")[0]),
    "Gitea's review": (pull_requests._gitea_review, GITEA_REVIEW | {"commit_id": "a" * 40}),
    "comment": (comments._comment, example("issue-comment-items")[0]),
    "issue": (issues._issue, {**example("issue-items")[0], "pull_request": None}),
    "label": (labels._label, example("label-items")[0]),
    "deployment": (deployments._deployment, example("deployment-items")[0]),
    "state": (deployments._state, example("deployment-status-items")[0]),
    "run": (runs._run, example("workflow-run")),
    "artifact": (runs._artifact, example("artifact-paginated")["artifacts"][0]),
}
EVERY_PARSER = pytest.mark.parametrize("name", PARSERS)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def read(parse: Callable[[Any], Any], data: Any) -> list[object]:
    """All values that came out, and none for a wrong shape."""
    try:
        return list(leaves(parse(data)))
    except (TypeError, KeyError, ValueError):
        return []


def leaves(value: Any) -> Iterator[object]:
    if isinstance(value, tuple):
        for one in value:
            yield from leaves(one)
    else:
        yield value


@EVERY_PARSER
def test_github_s_own_examples_are_read(name: str) -> None:
    parse, data = PARSERS[name]
    assert read(parse, data)


@EVERY_PARSER
@given(data=JSON)
def test_any_other_shape_is_refused(name: str, data: Any) -> None:
    assert read(PARSERS[name][0], data) == []


@EVERY_PARSER
@given(st.data())
def test_a_part_of_another_shape_is_refused_or_not_needed(name: str, data: st.DataObject) -> None:
    parse, good = PARSERS[name]
    changed = copy.deepcopy(good)
    node = changed
    while True:
        key = data.draw(st.sampled_from(sorted(node)))
        if not isinstance(node[key], dict) or not node[key] or data.draw(st.booleans()):
            break
        node = node[key]
    node[key] = data.draw(JSON)
    kinds = {type(one) for one in leaves(parse(good))} | {type(None), str, int}
    if name == "deployment":
        kinds |= {dict, list, bool, float}
    assert {type(one) for one in read(parse, changed)} <= kinds


@given(JSON)
def test_what_a_refusal_says_is_one_short_line(data: Any) -> None:
    for told in (answers.said(data), answers.said({"message": data, "errors": [data, {"message": data}, data]})):
        assert len(told) <= 200
        assert told.isprintable()
