from __future__ import annotations

import subprocess

import pytest
import semver as reference
from gto.constants import shortcut_re
from gto.tag import parse_name
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.registry.semver import VersionBump, bumped, is_semver, precedence
from gitops_mlops.domain.registry.tags import (
    ModelReference,
    TagAction,
    assignment_tag,
    deprecation_tag,
    deregistration_tag,
    parse_reference,
    parse_tag_name,
    registration_tag,
    unassignment_tag,
)

GTO_ACTIONS = {
    "register": TagAction.REGISTER,
    "deregister": TagAction.DEREGISTER,
    "assign": TagAction.ASSIGN,
    "unassign": TagAction.UNASSIGN,
    "deprecate": TagAction.DEPRECATE,
}
WORDS = (
    "m a/b team.x = @ # ! v1.2.3 v01.0.0 V1.0.0 v1.0.0-rc.1+b prod deprecated created #1 #007 - _ / . refs/tags/ é"
)
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", ""])
NEAR_TAGS = st.lists(PIECES, max_size=7).map("".join)

IDENTIFIER = st.from_regex(r"0|[1-9][0-9]{0,3}|[0-9]{0,2}[a-zA-Z-][0-9a-zA-Z-]{0,3}", fullmatch=True)
VERSIONS = st.builds(
    lambda core, pre, build: (
        "v" + ".".join(map(str, core)) + (f"-{pre}" if pre else "") + (f"+{build}" if build else "")
    ),
    st.tuples(*[st.integers(0, 12)] * 3),
    st.lists(IDENTIFIER, max_size=3).map(".".join),
    st.from_regex(r"([0-9a-zA-Z-]{1,3})?", fullmatch=True),
)


@settings(max_examples=400)
@given(NEAR_TAGS)
@example("m#prod!#12")
@example("team=m@v1.2.3!")
@example("m@v1.0.0\n")
def test_the_grammar_is_gto_s(name: str) -> None:
    found = parse_tag_name(name)
    # INTEROP trap 7: `$` in GTO's expressions lets one trailing newline through.
    theirs = None if name.endswith("\n") else parse_name(name, raise_on_fail=False)
    if not theirs:
        assert found is None
        return
    assert found is not None
    assert (found.artifact, found.version, found.stage) == (
        theirs["name"],
        theirs.get("version"),
        theirs.get("stage"),
    )
    assert found.counter == theirs.get("counter", 0)
    assert found.action == (GTO_ACTIONS[theirs["action"].value] if "action" in theirs else TagAction.CREATE)


@settings(max_examples=300)
@given(NEAR_TAGS.map(lambda name: name.replace("=", ":")))
def test_shortcuts_are_gto_s(text: str) -> None:
    assume(not text.endswith("\n"))
    theirs = shortcut_re.match(text)
    if theirs is None:
        return
    try:
        found = parse_reference(text)
    except UsageError:
        # A name that GTO's grammar allows and git does not.
        assert not git_takes(text.partition("#")[0].partition("@")[0].replace(":", "="))
        return
    version = "latest" if theirs["version"] == "greatest" else theirs["version"]
    assert found == ModelReference(theirs["artifact"], version, theirs["stage"])


def git_takes(tag: str) -> bool:
    done = subprocess.run(["git", "check-ref-format", f"refs/tags/{tag}"], check=False, capture_output=True)
    return done.returncode == 0 and not tag.startswith("-")


@settings(max_examples=40, deadline=None)
@given(
    st.from_regex(r"([a-zA-Z0-9._/-]{1,6}:)?[a-zA-Z0-9][a-zA-Z0-9/_-]{0,5}", fullmatch=True),
    st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9/_-]{0,5}", fullmatch=True),
    VERSIONS,
    st.integers(1, 10**6),
)
@example("a.lock/b:m", "x", "v1.0.0", 1)
def test_what_is_written_is_read_and_git_takes_it(artifact: str, stage: str, version: str, counter: int) -> None:
    try:
        tags = [
            registration_tag(artifact, version),
            deregistration_tag(artifact, version),
            assignment_tag(artifact, stage, counter),
            unassignment_tag(artifact, stage, counter),
            deprecation_tag(artifact),
        ]
    except UsageError:
        return
    assert all(map(git_takes, tags))
    assert [parse_tag_name(tag) for tag in tags] == [
        (TagAction.REGISTER, artifact, version, None, 0),
        (TagAction.DEREGISTER, artifact, version, None, 0),
        (TagAction.ASSIGN, artifact, None, stage, counter),
        (TagAction.UNASSIGN, artifact, None, stage, counter),
        (TagAction.DEPRECATE, artifact, None, None, 0),
    ]


@pytest.mark.parametrize("name", ["m@v" + "9" * 5000 + ".0.0", "m#prod#" + "9" * 5000])
def test_a_name_that_would_exhaust_the_parser_is_no_tag(name: str) -> None:
    assert parse_tag_name(name) is None


@pytest.mark.parametrize("version", ["1.2.3", "v1.2", "v1.02.3", "V1.2.3", "v1.2.3 ", "v1.2.3\n", "v1.2.3-", ""])
def test_what_is_no_version(version: str) -> None:
    assert not is_semver(version)
    with pytest.raises(UsageError, match=r"write it as v1\.2\.3"):
        registration_tag("m", version)


@given(VERSIONS, VERSIONS)
@example("v1.0.0-alpha.1", "v1.0.0-alpha.beta")
@example("v1.0.0+a", "v1.0.0+b")
def test_versions_compare_as_the_reference_library_does(one: str, other: str) -> None:
    expected = reference.Version.parse(one[1:]).compare(other[1:])
    ours, theirs = precedence(one), precedence(other)
    assert (ours > theirs) - (ours < theirs) == expected


def test_the_example_of_the_specification_is_in_order() -> None:
    """https://semver.org/#spec-item-11"""
    order = ["alpha", "alpha.1", "alpha.beta", "beta", "beta.2", "beta.11", "rc.1"]
    versions = [f"v1.0.0-{pre}" for pre in order] + ["v1.0.0", "v2.0.0", "v2.1.0", "v2.1.1"]
    assert sorted(sorted(versions), key=precedence) == versions


@given(VERSIONS, st.sampled_from(VersionBump))
def test_bumps_are_the_reference_library_s(version: str, bump: VersionBump) -> None:
    parsed = reference.Version.parse(version[1:])
    assert bumped(version, bump) == f"v{getattr(parsed, f'bump_{bump.value}')()}"
    assert precedence(bumped(version, bump)) > precedence(version)
