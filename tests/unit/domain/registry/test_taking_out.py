"""Whatever happened to a model before: the planned tags take it out of use, and none of them shows a detour."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.registry.evidence import write_message
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.domain.registry.retirement_plan import plan
from gitops_mlops.domain.registry.retirement_record import RetirementRecord
from gitops_mlops.domain.registry.tags import TagRecord, parse_reference

START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
COMMITS = "abcd"
Tags = list[TagRecord]


def record(name: str, commit: str, second: int, message: str = "") -> TagRecord:
    return TagRecord(name, commit, True, START + second, "Ada", message or f"{name}\n")


def tag(action: str, commit: int, stage: str) -> tuple[str, str]:
    version = f"v{commit}.0.0"
    return {
        "register": f"m@{version}",
        "deregister": f"m@{version}!",
        "assign": f"m#{stage}",
        "unassign": f"m#{stage}!",
        "deprecate": "m@deprecated",
    }[action], COMMITS[commit]


# The last commit never has a version.
events = st.tuples(
    st.sampled_from(["register", "register", "deregister", "assign", "assign", "unassign", "deprecate"]),
    st.integers(0, len(COMMITS) - 2),
    st.sampled_from(["staging", "production"]),
) | st.tuples(st.sampled_from(["assign", "unassign"]), st.just(len(COMMITS) - 1), st.just("staging"))


@st.composite
def histories(draw: st.DrawFn) -> Tags:
    made: dict[str, TagRecord] = {}
    for second, drawn in enumerate(draw(st.lists(events, min_size=1, max_size=20)), start=1):
        name, commit = tag(*drawn)
        # Of what happens again, every tag needs a name of its own.
        name = f"{name}#{second}" if "#" in name or name in made else name
        made[name] = record(name, commit, second)
    return list(made.values())


def carried_out(tags: Tags, target: str) -> list[Registry]:
    """The registry after each of the planned tags."""
    registry = Registry.from_tags(tags)
    way = plan(registry, parse_reference(target))
    names = {each.name for each in tags}
    found = []
    for second, stone in enumerate(way.stones, start=100):
        assert stone.tag not in names
        names.add(stone.tag)
        tags = [*tags, record(stone.tag, stone.commit, second)]
        found.append(Registry.from_tags(tags))
    return found


@given(histories())
def test_a_retired_model_holds_nothing_and_would_hold_nothing(tags: Tags) -> None:
    before, after = Registry.from_tags(tags), carried_out(tags, "m")
    end = after[-1] if after else before
    assert end.deprecated("m")
    assert not any(end.live("m").values())
    assert not plan(end, parse_reference("m")).stones
    everything = [record(each.tag, each.commit, each.seconds - START) for each in end.events()]
    revived = Registry.from_tags([*everything, record("m@v9.0.0", "z", 500)])
    assert (revived.deprecated("m"), revived.assignments("m")) == (False, {})
    if not before.deprecated("m"):
        for each in after[:-1]:
            assert not each.deprecated("m")


@given(histories(), st.sampled_from(["staging", "production"]))
def test_an_emptied_stage_never_falls_back_on_the_way(tags: Tags, stage: str) -> None:
    before = Registry.from_tags(tags)
    try:
        after = carried_out(tags, f"m#{stage}")
    except MissingEvidence:
        assert stage not in before.live("m")
        return
    held = before.assignment("m", stage)
    for each in after:
        now = each.assignment("m", stage)
        assert now is None or (held is not None and now.commit == held.commit)
        others = {name: on.commit for name, on in each.assignments("m").items() if name != stage}
        assert others == {name: on.commit for name, on in before.assignments("m").items() if name != stage}
    if after:
        assert after[-1].emptied("m", stage) is not None
    end = after[-1] if after else before
    assert not plan(end, parse_reference(f"m#{stage}")).stones


@given(histories(), st.integers(0, len(COMMITS) - 2))
def test_a_version_goes_only_when_no_stage_holds_it(tags: Tags, number: int) -> None:
    before, name = Registry.from_tags(tags), f"v{number}.0.0"
    holding = [held for held in before.assignments("m").values() if held.version == name]
    if before.version("m", name) is None:
        return
    assert bool(plan(before, parse_reference(f"m@{name}")).refusals) == bool(holding)
    after = carried_out(tags, f"m@{name}")
    assert bool(after) == (not holding)
    for each in after:
        assert each.version("m", name) is None
        assert {stage: on.commit for stage, on in each.assignments("m").items()} == {
            stage: on.commit for stage, on in before.assignments("m").items()
        }


@pytest.mark.parametrize(
    ("target", "message"), [("n", "no such model"), ("m#nowhere", "never held"), ("m@v9.0.0", "no such active")]
)
def test_what_the_registry_does_not_know(target: str, message: str) -> None:
    registry = Registry.from_tags([record("m@v1.0.0", "a", 1)])
    with pytest.raises(MissingEvidence, match=message):
        plan(registry, parse_reference(target))


def test_a_tombstone_says_who_when_and_why() -> None:
    message = write_message("Retire m", [("Reason", "no longer sold"), ("Registered-By", "bob")])
    registry = Registry.from_tags([record("m@v1.0.0", "a", 1), record("m@deprecated", "a", 2, message)])
    assert str(registry.retired("m")) == "by bob on 2026-01-01: no longer sold"
    assert registry.emptied("m", "anything") == registry.retired("m")
    by_hand = Registry.from_tags([record("m@deprecated", "a", 2, "Deprecating artifact 'm'\n\nmore")])
    assert str(by_hand.retired("m")) == "by Ada on 2026-01-01: Deprecating artifact 'm'"
    (silent,) = Registry.from_tags([TagRecord("m#prod!#2", "a", True, START, "Ada", "")]).events("m")
    assert str(RetirementRecord.of(silent)).endswith(": no reason given")


def test_a_stage_that_lost_its_version_is_not_empty_on_purpose() -> None:
    """GTO deregisters what a stage holds; nobody said that the stage should be empty."""
    tags = [record("m@v1.0.0", "a", 1), record("m#prod#1", "a", 2), record("m@v1.0.0!", "a", 3)]
    lost = Registry.from_tags(tags)
    assert (lost.assignment("m", "prod"), lost.emptied("m", "prod")) == (None, None)
    (stay,) = lost.timeline("m").stays
    assert (stay.left, stay.commit) == (lost.events("m")[0].created, "a")
    emptied = Registry.from_tags([*tags, record("m#prod!#2", "a", 4)]).emptied("m", "prod")
    assert emptied is not None
    assert emptied.tag == "m#prod!#2"
