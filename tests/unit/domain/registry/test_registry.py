from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.domain.registry.tags import TagRecord, parse_reference

START = datetime(2026, 1, 1, tzinfo=UTC)


def record(name: str, commit: str, second: int) -> TagRecord:
    return TagRecord(name, commit, True, int(START.timestamp()) + second, "Ada", f"{name}\n")


def registry(*tags: tuple[str, str] | tuple[str, str, int]) -> Registry:
    """Tags as (name, commit), each a second after the one before, or (name, commit, second)."""
    return Registry.from_tags(
        record(tag[0], tag[1], tag[2] if len(tag) == 3 else index) for index, tag in enumerate(tags)
    )


def stages(made: Registry, artifact: str = "m") -> dict[str, str | None]:
    return {stage: held.version for stage, held in made.assignments(artifact).items()}


def active(made: Registry, artifact: str = "m") -> Sequence[str]:
    return [version.version for version in made.versions(artifact) if version.active]


def test_the_greatest_version_is_the_latest_prereleases_included() -> None:
    made = registry(("m@v1.10.0", "a"), ("m@v1.9.0", "b"), ("m@v2.0.0-rc.1", "c"))
    assert active(made) == ["v2.0.0-rc.1", "v1.10.0", "v1.9.0"]
    assert (latest := made.latest("m")) is not None
    assert latest.version == "v2.0.0-rc.1"
    assert made.latest("unknown") is None


def test_a_deregistered_version_is_inactive_and_is_not_found() -> None:
    """INTEROP trap 3: DVC still returns it."""
    made = registry(("m@v1.0.0", "a"), ("m@v2.0.0", "b"), ("m#prod#1", "b"), ("m@v2.0.0!", "b"))
    assert [(each.version, each.active) for each in made.versions("m")] == [("v2.0.0", False), ("v1.0.0", True)]
    assert made.version("m", "v2.0.0") is None
    assert stages(made) == {}
    with pytest.raises(MissingEvidence, match="taken out of use by"):
        made.find_version("m", "v2.0.0")


def test_a_deregistered_version_can_come_back() -> None:
    assert active(registry(("m@v1.0.0", "a"), ("m@v1.0.0!", "a"), ("m@v1.0.0#1", "a"))) == ["v1.0.0"]


def test_a_rollback_is_an_assignment() -> None:
    """INTEROP trap 1: by time v1 is in prod; gto.api.find_versions_in_stage answers v2, the greater one."""
    made = registry(("m@v1.0.0", "a"), ("m@v2.0.0", "b"), ("m#prod#1", "b"), ("m#prod#2", "a"))
    assert stages(made) == {"prod": "v1.0.0"}


def test_unassigning_falls_back_to_what_is_still_assigned() -> None:
    """INTEROP trap 2: GTO answers v2 as we do; dvc.api.artifacts_show(stage=) still answers v1."""
    made = registry(("m@v1.0.0", "a"), ("m@v2.0.0", "b"), ("m#prod#1", "b"), ("m#prod#2", "a"), ("m#prod!#3", "a"))
    assert stages(made) == {"prod": "v2.0.0"}


def test_created_is_read_and_never_hides_anything() -> None:
    """INTEROP trap 4: a valid `m@created` crashes gto show."""
    made = registry(("m@created", "a"), ("m@v1.0.0", "a"), ("only@created", "a"))
    assert active(made) == ["v1.0.0"]
    assert made.artifacts() == ["m", "only"]


def test_two_versions_on_one_commit_are_read_and_reported() -> None:
    """INTEROP trap 5: gto show crashes; the greatest active one is shown."""
    made = registry(("m@v1.0.0", "a"), ("m@v2.0.0", "a"), ("m#prod#1", "a"))
    assert stages(made) == {"prod": "v2.0.0"}
    assert [(problem.tag, "same commit" in problem.message) for problem in made.problems] == [("m@v2.0.0", True)]
    after = registry(("m@v1.0.0", "a"), ("m@v2.0.0", "a"), ("m#prod#1", "a"), ("m@v2.0.0!", "a"))
    assert stages(after) == {"prod": "v1.0.0"}


@pytest.mark.parametrize("name", ["m@v1.0.0\n", "refs/tags/m@v1.0.0", "\nm@v1.0.0", "m@v1.0.0 "])
def test_names_are_matched_whole(name: str) -> None:
    """INTEROP trap 7: a trailing newline or a refs/tags/ prefix slips through GTO's regex."""
    made = registry((name, "a"))
    assert "m" not in made.artifacts()


def test_a_stray_tag_hides_nothing() -> None:
    """INTEROP trap 8: it is listed, and the rest is read."""
    tags = [record("m@v1.0.0", "a", 0), record("m@1.0.0", "a", 1), record("m@V2.0.0", "a", 2), record("v1", "a", 3)]
    tags += [record("m#prod#x", "a", 4), record("m@v3.0.0", "", 5), TagRecord("m@v4.0.0", "a", True, None)]
    made = Registry.from_tags(tags)
    assert active(made) == ["v1.0.0"]
    assert [problem.tag for problem in made.problems] == ["m#prod#x", "m@1.0.0", "m@V2.0.0", "m@v3.0.0", "m@v4.0.0"]


def test_a_lightweight_tag_is_reported_and_ignored() -> None:
    """INTEROP trap 9: old actions/checkout makes them."""
    made = Registry.from_tags([TagRecord("m@v1.0.0", "a", False)])
    assert (made.artifacts(), made.problems[0].message.startswith("is lightweight")) == ([], True)


def test_a_version_registered_at_two_commits_is_reported() -> None:
    made = registry(("m@v1.0.0", "a"), ("m@v1.0.0#1", "b"))
    assert [problem.message for problem in made.problems] == ["m@v1.0.0 names another commit"]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ((("m#prod#1", "a", 5), ("m#prod!#2", "a", 5)), None),
        ((("m#prod!#1", "a", 5), ("m#prod#2", "a", 5)), None),
        ((("m#prod#1", "a", 5), ("m#prod#2", "b", 5)), "v2.0.0"),
        ((("m#prod#2", "a", 5), ("m#prod#10", "b", 5)), "v2.0.0"),
    ],
)
def test_ties_in_one_second_go_to_the_cancelling_event_then_to_the_greater_number(
    tags: tuple[tuple[str, str, int], ...], expected: str | None
) -> None:
    for order in (tags, tags[::-1]):
        made = registry(("m@v1.0.0", "a"), ("m@v2.0.0", "b"), *order)
        assert stages(made).get("prod") == expected
    assert len(made.problems) == (1 if expected else 0)


def test_a_stage_may_hold_a_commit_without_a_version() -> None:
    made = registry(("m#prod#1", "a"))
    found = made.find_assignment("m", "prod")
    assert (found.version, found.commit) == (None, "a")


def test_retired_means_the_last_event_is_the_deprecation() -> None:
    tags = (("m@v1.0.0", "a"), ("m#prod#1", "a"), ("m@deprecated", "a"))
    retired = registry(*tags)
    assert (retired.artifacts(), active(retired), stages(retired), retired.deprecated("m")) == ([], [], {}, True)
    with pytest.raises(MissingEvidence, match="was retired by Ada on"):
        retired.find_version("m")
    assert stages(registry(*tags, ("m#dev#2", "a"))) == {"prod": "v1.0.0", "dev": "v1.0.0"}


def test_monorepo_artifacts_have_a_colon_in_their_name() -> None:
    made = registry(("team/a=m@v1.0.0", "a"), ("team/a=m#prod#1", "a"))
    assert made.artifacts() == ["team/a:m"]
    assert made.find_assignment("team/a:m", "prod") == made.assignment("team/a:m", "prod")


def test_shortcuts() -> None:
    made = registry(("m@v1.0.0", "a"), ("m@v2.0.0", "b"), ("m#prod#1", "a"))
    for reference in ("m", "m@latest", "m@greatest", "m@v2.0.0"):
        artifact, version, _ = parse_reference(reference)
        assert made.find_version(artifact, version).version == "v2.0.0"
    for model, name, says in [("n", None, "known: m"), ("m", "v9.0.0", "known|perhaps")]:
        with pytest.raises(MissingEvidence, match=says):
            made.find_version(model, name)
    for stage, error, says in [("prodd", MissingEvidence, "'prod'"), ("prod\n", UsageError, "is not a stage name")]:
        with pytest.raises(error, match=says):
            made.find_assignment("m", stage)
    for reference in ("", "m@", "m@1.0.0", "m#", "../m", "$(id)", "m;id", "-m", "m\n", "m@v1.0.0\n"):
        with pytest.raises(UsageError, match="names no model"):
            parse_reference(reference)


def test_history_is_newest_first_and_names_the_version_of_a_stage() -> None:
    made = registry(("m@v1.0.0", "a"), ("m#prod#1", "a"), ("n@v1.0.0", "a"), ("m@v1.0.0!", "a"))
    told = [(event.tag, event.version, str(event.action)) for event in made.events("m")]
    assert told == [
        ("m@v1.0.0!", "v1.0.0", "deregistration"),
        ("m#prod#1", "v1.0.0", "assignment"),
        ("m@v1.0.0", "v1.0.0", "registration"),
    ]
    assert [event.artifact for event in made.events()] == ["m", "n", "m", "m"]
    assert made.events("unknown") == []


def test_the_counter_is_above_every_tag_of_the_artifact() -> None:
    made = registry(("m#prod#4", "a"), ("m@v1.0.0#7", "a"), ("n#prod#20", "a"), ("m#dev!#2", "a"))
    assert (made.counter("m"), made.counter("n"), made.counter("o")) == (8, 21, 1)
