"""Merging `dvc.lock` by stage: nothing is lost, nothing is invented, and DVC's text stays DVC's."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_mlops.domain.document.yaml import parse_yaml
from gitops_mlops.domain.errors import ConfigError
from gitops_mlops.domain.pipeline.lock_text import lock_problems, merge_locks, split_lock, undigested

Lock = dict[str, Any]

NAMES = st.sampled_from(["a", "b", "train@x-1", "with space", "d: e", "on", "1", "é"])
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("pqr"), inner, max_size=3),
    max_leaves=5,
)
ITEMS = st.lists(
    st.fixed_dictionaries(
        {
            "path": st.sampled_from(["x", "data/y.csv", "z z"]),
            "hash": st.just("md5"),
            "md5": st.text("0123", max_size=4),
        }
    ),
    max_size=2,
)
STAGES = st.fixed_dictionaries(
    {"cmd": WORDS.filter(bool) | st.lists(WORDS.filter(bool), min_size=1, max_size=2)},
    optional={
        "deps": ITEMS,
        "params": st.dictionaries(st.just("params.yaml"), st.dictionaries(st.sampled_from("lm"), VALUES), max_size=1),
        "outs": ITEMS,
    },
)
LOCKS = st.dictionaries(NAMES, STAGES, max_size=4)


def written(stages: Lock) -> str:
    """The file as DVC writes it."""
    from dvc.utils.serialize import dumps_yaml

    return str(dumps_yaml({"schema": "2.0", "stages": stages}))


def updated(text: str, stages: Lock, gone: set[str]) -> str:
    """The file after DVC changed it: in place, with its own reader and writer."""
    from dvc.utils.serialize._yaml import _dump, parse_yaml_for_update

    data = parse_yaml_for_update(text, "dvc.lock")
    for name in gone & data["stages"].keys():
        del data["stages"][name]
    data["stages"].update(stages)
    stream = io.StringIO()
    _dump(data, stream)
    return stream.getvalue()


def read(text: str) -> Lock:
    data = parse_yaml(text, "dvc.lock").data
    return dict(data.get("stages") or {}) if data else {}


# What one side does to a lock: the stages that it sets, and those that it removes.
EDITS = st.tuples(st.dictionaries(NAMES, STAGES, max_size=2), st.sets(NAMES, max_size=2))


@settings(max_examples=40)
@given(LOCKS)
def test_what_dvc_writes_is_split_and_nothing_of_it_is_lost(stages: Lock) -> None:
    text = written(stages)
    parts = split_lock(text, "dvc.lock")
    assert not list(lock_problems(text, "dvc.lock"))
    assert {key[1]: value for key, value in parts.data.items() if len(key) == 2} == read(text)


@settings(max_examples=40)
@given(LOCKS, EDITS, EDITS)
def test_a_merge_is_that_of_every_stage_by_itself(base: Lock, mine: Any, others: Any) -> None:
    before = written(base)
    ours, theirs = updated(before, *mine), updated(before, *others)
    merged = merge_locks(before, ours, theirs, "dvc.lock")
    sides = [read(text) for text in (before, ours, theirs)]
    expected, conflicts = {}, set()
    for name in {name for side in sides for name in side}:
        b, o, t = (repr(side.get(name)) for side in sides)
        if o != t and b not in (o, t):
            conflicts.add(f"stage {name!r}")
        elif (chosen := (sides[2] if o == b else sides[1]).get(name)) is not None:
            expected[name] = chosen
    assert set(merged.conflicts) == conflicts
    if conflicts:
        # No conflict can be lost: what is left is not YAML.
        assert merged.text.count("<<<<<<< ours\n") == len(conflicts)
        with pytest.raises(ConfigError):
            parse_yaml(merged.text, "dvc.lock")
    else:
        assert read(merged.text) == expected
        assert not list(lock_problems(merged.text, "dvc.lock"))


@settings(max_examples=40)
@given(LOCKS, EDITS, EDITS)
def test_sides_may_be_swapped(base: Lock, mine: Any, others: Any) -> None:
    before = written(base)
    ours, theirs = updated(before, *mine), updated(before, *others)
    one, other = merge_locks(before, ours, theirs, "dvc.lock"), merge_locks(before, theirs, ours, "dvc.lock")
    assert set(one.conflicts) == set(other.conflicts)
    if not one.conflicts:
        assert read(one.text) == read(other.text)
        assert sorted(one.stale) == sorted(other.stale)


@settings(max_examples=40)
@given(LOCKS, EDITS)
def test_what_one_side_or_both_alike_changed_is_what_dvc_wrote(base: Lock, edit: Any) -> None:
    before = written(base)
    after = updated(before, *edit)
    for ours, theirs in ((before, after), (after, before), (after, after)):
        merged = merge_locks(before, ours, theirs, "dvc.lock")
        assert (merged.text, merged.conflicts) == (after, [])


@settings(max_examples=40)
@given(LOCKS, STAGES, STAGES)
def test_what_different_stages_brought_is_what_dvc_would_have_written(base: Lock, one: Any, two: Any) -> None:
    before = written(base)
    merged = merge_locks(
        before, updated(before, {"one": one}, set()), updated(before, {"two": two}, set()), "dvc.lock"
    )
    assert merged.text == updated(before, {"one": one, "two": two}, set())


def entry(command: str, deps: dict[str, str], outs: dict[str, str]) -> Any:
    listed = [[{"path": path, "md5": md5} for path, md5 in items.items()] for items in (deps, outs)]
    return {"cmd": command, "deps": listed[0], "outs": listed[1]}


def test_a_stage_that_was_computed_with_what_the_merge_replaced_is_named() -> None:
    clean, train = entry("clean", {"raw": "1"}, {"x": "1"}), entry("train", {"x": "1", "t.py": "1"}, {"m": "1"})
    base = written({"clean": clean, "train": train})
    ours = updated(base, {"clean": entry("clean", {"raw": "2"}, {"x": "2"})}, set())
    theirs = updated(base, {"train": entry("train", {"x": "1", "t.py": "2"}, {"m": "2"})}, set())
    merged = merge_locks(base, ours, theirs, "dvc.lock")
    assert (merged.conflicts, merged.stale) == ([], ["'train' was computed with another 'x'"])


@pytest.mark.parametrize(
    "bad", ["stages: [", "schema: '2.0'\nstages: {}\nother: 1\n", "<<<<<<< ours\n", "a: 1\n", "\udcff"]
)
def test_a_side_that_is_no_lock_makes_the_whole_file_conflict(bad: str) -> None:
    good = written({"a": entry("x", {}, {})})
    merged = merge_locks("", good, bad, "dvc.lock")
    assert merged.text.startswith("<<<<<<< ours\nschema")
    assert len(merged.conflicts) == 1
    assert "whole file" in merged.conflicts[0]


@pytest.mark.parametrize(
    "text",
    [
        "schema: '2.0'\nstages: {a: {cmd: x}, b: {cmd: y}}\n",
        "schema: '2.0'\nstages:\n  a: &x\n    cmd: x\n  b: *x\n",
    ],
)
def test_what_dvc_would_not_have_written_is_not_split(text: str) -> None:
    with pytest.raises(ConfigError):
        split_lock(text, "dvc.lock")


def test_comments_and_data_sets_stay() -> None:
    head = "# made by DVC\nschema: '2.0'\ndatasets:\n- name: d\n  url: u\nstages:\n"
    one, two, three = (f"  {name}:\n    cmd: {name}\n" for name in ("one", "two", "three"))
    merged = merge_locks(head + one, head + one + two, head + one + three, "dvc.lock")
    assert merged.text == head + one + two + three


@pytest.mark.parametrize(
    "text",
    [
        "schema: '2.0'\nstages: []\n",
        "schema: '2.0'\nstages:\n  a: 1\n",
        "schema: '2.0'\nstages:\n  a:\n    deps: []\n",
        "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    run: y\n",
        "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs: {path: y}\n",
        "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - md5: 1\n",
        "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    params: [1]\n",
        "schema: '1.0'\n",
        "[]\n",
        "",
    ],
)
def test_a_file_that_is_no_lock_is_told(text: str) -> None:
    assert list(lock_problems(text, "dvc.lock"))


@pytest.mark.parametrize("digest", ["", "      md5: 00000000000000000000000000000000\n"])
def test_a_stage_that_records_no_digest_is_told(digest: str) -> None:
    """Without quotes such a digest is the number 0, and nothing that can be compared."""
    head = "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - path: y\n"
    assert undigested(split_lock(head + digest, "dvc.lock")) == "a"
    assert undigested(split_lock(f"{head}      md5: abc\n", "dvc.lock")) == ""
