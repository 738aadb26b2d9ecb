"""Which version may ask to enter an environment, and which failure is its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.deployment.rollout import BY_ITSELF, candidate, on_trial, taken_back
from gitops_mlops.domain.registry.evidence import write_message
from gitops_mlops.domain.registry.ledger import LedgerEvent
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.domain.registry.tags import TagRecord

START = 1_767_225_600


def registry(*names: str, messages: dict[str, str] | None = None) -> Registry:
    """Tags `NAME:COMMIT`, each a second after the one before."""
    records = []
    for second, tag in enumerate(names):
        name, _, commit = tag.rpartition(":")
        message = (messages or {}).get(name, f"{name}\n")
        records.append(TagRecord(name, commit, True, START + second, "Ada", message))
    return Registry.from_tags(records)


def asks(
    made: Registry, after: str | None = None, main: str = "abcdef", told: Sequence[LedgerEvent] = ()
) -> str | None:
    found = candidate(made, "m", "prod", after, lambda commit: commit in main, told)
    return found.version if found else None


@pytest.mark.parametrize(
    ("tags", "after", "wanted"),
    [
        ([], None, None),
        (["m@v1.0.0:a"], None, "v1.0.0"),
        (["m@v1.0.0:a", "m@v2.0.0:b"], None, "v2.0.0"),
        # What it holds, or held, has had its attempt.
        (["m@v1.0.0:a", "m#prod#1:a"], None, None),
        (["m@v1.0.0:a", "m@v2.0.0:b", "m#prod#1:a", "m#prod#2:b", "m#prod#3:a"], None, None),
        (["m@v1.0.0:a", "m@v2.0.0:b", "m#prod#1:a", "m#prod#2:b", "m#prod#3:a", "m@v2.0.1:c"], None, "v2.0.1"),
        # Never backwards, not even to what was never tried.
        (["m@v1.0.0:a", "m@v1.5.0:c", "m@v2.0.0:b", "m#prod#1:a", "m#prod#2:b", "m#prod#3:a"], None, None),
        # Not from another branch, and not what is out of use.
        (["m@v1.0.0:a", "m@v2.0.0:z"], None, "v1.0.0"),
        (["m@v1.0.0:a", "m@v2.0.0:b", "m@v2.0.0!:b"], None, "v1.0.0"),
        (["m@v1.0.0:a", "m@deprecated:a"], None, None),
        # What the stage before holds, and nothing else.
        (["m@v1.0.0:a", "m@v2.0.0:b"], "staging", None),
        (["m@v1.0.0:a", "m@v2.0.0:b", "m#staging#1:a"], "staging", "v1.0.0"),
        (["m@v1.0.0:a", "m@v2.0.0:b", "m#staging#1:b", "m#prod#2:b", "m#staging#3:a"], "staging", None),
        # A stage that somebody emptied stays empty.
        (["m@v1.0.0:a", "m#prod#1:a", "m#prod!#2:a", "m@v2.0.0:b"], None, None),
    ],
)
def test_which_version_asks(tags: list[str], after: str | None, wanted: str | None) -> None:
    assert asks(registry(*tags), after) == wanted


@given(st.lists(st.tuples(st.sampled_from(["register", "assign", "take"]), st.integers(0, 5)), max_size=12))
def test_nobody_enters_twice_or_backwards(steps: list[tuple[str, int]]) -> None:
    tags: list[str] = []
    for number, (step, index) in enumerate(steps):
        commit = "abcdef"[index]
        name = {"register": f"m@v0.0.{index}", "assign": f"m#prod#{number}", "take": f"m@v0.0.{index}!"}[step]
        if f"{name}:{commit}" not in tags:
            tags.append(f"{name}:{commit}")
    made = registry(*tags)
    found = asks(made)
    held = [
        ord(tag[-1])
        for tag in tags
        if "#prod#" in tag and any(f"v0.0.{'abcdef'.index(tag[-1])}:" in each for each in tags)
    ]
    if found:
        assert made.version("m", found)
        assert all(ord("abcdef"[int(found[-1])]) > each for each in held)


BACK = write_message("Roll back", [("Replaces", "v3.0.0"), ("Reason", f"{BY_ITSELF}it died")])
PASSED = ["m@v1.0.0:a", "m@v2.0.0:b", "m@v3.0.0:c", "m#prod#1:a", "m#prod#2:b", "m#prod#3:c", "m#prod#4:a"]


@pytest.mark.parametrize(
    ("said", "more", "message", "wanted"),
    [
        ({"b": ["failed"], "c": ["refused"]}, [], BACK, "v2.0.0"),
        # What was judged has had its attempt, and so has what nobody told of.
        ({"b": ["failed", "refused"], "c": ["refused"]}, [], BACK, None),
        ({"b": ["failed", "deployed"], "c": ["refused"]}, [], BACK, None),
        ({"c": ["refused"]}, [], BACK, None),
        # The one that was rolled back left on purpose, whatever failed it before.
        ({"c": ["failed"]}, [], BACK, None),
        # A person went back, knowing why.
        ({"b": ["failed"], "c": ["refused"]}, [], "Roll back\n", None),
        # It is asked for once, out of use it is not, and a newer one comes first.
        ({"b": ["failed"], "c": ["refused"]}, ["m#prod#5:b"], BACK, None),
        ({"b": ["failed"], "c": ["refused"]}, ["m@v2.0.0!:b"], BACK, None),
        ({"b": ["failed"], "c": ["refused"]}, ["m@v3.0.1:d"], BACK, "v3.0.1"),
    ],
)
@pytest.mark.parametrize("after", [None, "staging"])
def test_what_the_place_failed_and_a_rollback_passed_over_asks_again(
    said: dict[str, list[str]], more: list[str], message: str, wanted: str | None, after: str | None
) -> None:
    newest = "d" if "m@v3.0.1:d" in more else "c"
    tags = [*PASSED, *more, f"m#staging#9:{newest}"]
    made = registry(*tags, messages={"m#prod#4": message})
    told = [deployed(commit, result=result) for commit, results in said.items() for result in results]
    assert asks(made, after, told=told) == wanted


def test_what_is_tried_again_is_on_trial() -> None:
    again = registry(*PASSED, "m#prod#5:b", messages={"m#prod#4": BACK})
    failed = [deployed("b", result="failed")]
    assert on_trial(again, "m", "prod", failed)
    assert not on_trial(again, "m", "prod", [])
    assert not on_trial(again, "m", "prod", [*failed, deployed("b")])
    # What came back by a rollback never is.
    back = registry(*PASSED[:-1], "m#prod#4:b")
    assert not on_trial(back, "m", "prod", failed)


def deployed(commit: str, stage: str = "prod", result: str = "deployed") -> LedgerEvent:
    return LedgerEvent(
        datetime(2026, 1, 1, tzinfo=UTC), "deployment", "m", "v1.0.0", commit, environment=stage, result=result
    )


def test_whose_failure_it_is() -> None:
    first = registry("m@v1.0.0:a", "m@v2.0.0:b", "m#prod#1:a", "m#prod#2:b")
    assert on_trial(first, "m", "prod", [deployed("a"), deployed("b", "staging"), deployed("b", result="refused")])
    assert not on_trial(first, "m", "prod", [deployed("b")])
    again = registry("m@v1.0.0:a", "m@v2.0.0:b", "m#prod#1:a", "m#prod#2:b", "m#prod#3:a")
    assert not on_trial(again, "m", "prod", [])
    assert not on_trial(again, "m", "staging", [])


def test_what_was_taken_back_is_known_by_its_tag() -> None:
    message = write_message(
        "Roll back", [("Replaces", "v2.0.0"), ("Reason", f"{BY_ITSELF}it died"), ("Run", "https://x/1")]
    )
    tags = ["m@v1.0.0:a", "m@v2.0.0:b", "m#prod#1:a", "m#prod#2:b", "m#prod#3:a"]
    found = taken_back(registry(*tags, messages={"m#prod#3": message}), "m", "prod")
    assert found is not None
    assert (found.version, found.commit, found.back_to, found.reason) == ("v2.0.0", "b", "v1.0.0", "it died")
    assert (found.tag, found.run) == ("m#prod#3", "https://x/1")
    # Not what a person rolled back, and not once something entered since.
    assert taken_back(registry(*tags), "m", "prod") is None
    later = registry(*tags, "m@v3.0.0:c", "m#prod#4:c", messages={"m#prod#3": message})
    assert taken_back(later, "m", "prod") is None


@pytest.mark.parametrize(
    ("served", "back"),
    [("a", "v1.0.0"), ("ab", "v2.0.0"), ("abc", "v2.0.0"), ("", "v2.0.0"), ("z", "v2.0.0"), ("ac", "v1.0.0")],
)
def test_a_rollback_goes_to_the_last_version_that_served(served: str, back: str) -> None:
    made = registry("m@v1.0.0:a", "m@v2.0.0:b", "m@v3.0.0:c", "m#prod#1:a", "m#prod#2:b", "m#prod#3:c")
    found = made.previous("m", "prod", set(served))
    assert found is not None
    assert found.version == back
