"""Where GTO contradicts itself or gives up: what it answers, what we answer, and why.

Each row of the table in docs/registry.md has its test here; those about DVC are in test_registry_readers.py.
"""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import gto.api
import pytest
from gto.exceptions import ManyVersions
from gto.tag import parse_name

from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.domain.registry.tags import TagAction, parse_tag_name
from tests.conftest import Cli, Repo
from tests.integration.registry_histories import COMMITS, Tag, ours, with_commits, write


@pytest.fixture(scope="module")
def shared_history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repo, list[str]]:
    return with_commits(tmp_path_factory.mktemp("oracle"))


def held(registry: Registry, stage: str = "prod") -> str | None:
    found = registry.assignment("m", stage)
    return found.version if found else None


def test_a_rollback_is_an_assignment(shared_history: tuple[Repo, list[str]]) -> None:
    """INTEROP trap 1: by time v1.0.0; `gto show` agrees, `gto.api.find_versions_in_stage` answers the greater."""
    repo, commits = shared_history
    tags = [Tag(0, "m", TagAction.REGISTER, 0, "v1.0.0"), Tag(1, "m", TagAction.REGISTER, 1, "v1.10.0")]
    tags += [
        Tag(2, "m", TagAction.ASSIGN, 1, stage="prod", number=1),
        Tag(3, "m", TagAction.ASSIGN, 0, stage="prod", number=2),
    ]
    write(repo, commits, tags)
    assert held(ours(repo.root)) == "v1.0.0"
    assert gto.api.show(str(repo.root))["m"]["stage"]["prod"] == "v1.0.0"
    (theirs,) = gto.api.find_versions_in_stage(str(repo.root), "m", "prod")
    assert theirs.version == "v1.10.0"


def test_an_unassigned_commit_without_a_version_leaves_the_stage(shared_history: tuple[Repo, list[str]]) -> None:
    """GTO makes a new version of the bare commit for each event, so that its unassignment cancels nothing."""
    repo, commits = shared_history
    write(
        repo,
        commits,
        [
            Tag(0, "m", TagAction.ASSIGN, COMMITS - 1, stage="prod", number=3),
            Tag(1, "m", TagAction.UNASSIGN, COMMITS - 1, stage="prod", number=4),
        ],
    )
    assert ours(repo.root).assignments("m") == {}
    assert gto.api.show(str(repo.root))["m"]["stage"]["prod"] == commits[-1]


def test_a_deregistration_counts_whichever_commit_it_points_at(shared_history: tuple[Repo, list[str]]) -> None:
    """Its name says which version it takes out of use; GTO also wants the commit, and keeps the version active."""
    repo, commits = shared_history
    write(repo, commits, [Tag(0, "m", TagAction.REGISTER, 0, "v1.0.0")])
    when = ours(repo.root).events()[0].created.replace(minute=59)
    repo.tag("m@v1.0.0!", commits[1], when=when)
    assert ours(repo.root).version("m", "v1.0.0") is None
    assert gto.api.show(str(repo.root))["m"]["version"] == "v1.0.0"


def test_two_assignments_in_one_second_go_to_the_greater_number(shared_history: tuple[Repo, list[str]]) -> None:
    """GTO answers by the age of the versions; we by the order in which the tags were made, and say so."""
    repo, commits = shared_history
    tags = [Tag(0, "m", TagAction.REGISTER, 0, "v1.0.0"), Tag(1, "m", TagAction.REGISTER, 1, "v1.10.0")]
    tags += [
        Tag(5, "m", TagAction.ASSIGN, 0, stage="prod", number=5),
        Tag(5, "m", TagAction.ASSIGN, 1, stage="prod", number=6),
    ]
    write(repo, commits, tags)
    registry = ours(repo.root)
    assert held(registry) == "v1.10.0"
    assert ["same second" in problem.message for problem in registry.problems] == [True]
    assert gto.api.show(str(repo.root))["m"]["stage"]["prod"] == "v1.0.0"


@pytest.mark.parametrize(
    ("name", "error", "answer"), [("m@created", KeyError, "v1.0.0"), ("m@v2.0.0", ManyVersions, "v2.0.0")]
)
def test_what_crashes_gto_is_read(
    shared_history: tuple[Repo, list[str]], name: str, error: type[Exception], answer: str
) -> None:
    """INTEROP traps 4 and 5: `@created`, and two versions on one commit with a stage on it."""
    repo, commits = shared_history
    write(
        repo,
        commits,
        [Tag(0, "m", TagAction.REGISTER, 0, "v1.0.0"), Tag(9, "m", TagAction.ASSIGN, 0, stage="prod", number=7)],
    )
    repo.tag(name, commits[0], when=ours(repo.root).events()[0].created)
    assert held(ours(repo.root)) == answer
    with pytest.raises(error):
        gto.api.show(str(repo.root))


def test_a_retired_model_has_nothing_in_use(shared_history: tuple[Repo, list[str]]) -> None:
    """`gto show --deprecated` tells what a retired model had last; nobody should serve that, so we tell of none."""
    repo, commits = shared_history
    tags = [Tag(0, "m", TagAction.REGISTER, 0, "v1.0.0"), Tag(1, "m", TagAction.ASSIGN, COMMITS - 1, stage="prod")]
    write(repo, commits, [*tags, Tag(2, "m", TagAction.DEPRECATE, 0)])
    registry = ours(repo.root)
    assert (registry.latest("m"), registry.assignments("m"), registry.artifacts()) == (None, {}, [])
    (theirs,) = gto.api.show(str(repo.root), deprecated=True).values()
    assert (theirs["version"], theirs["stage"]["prod"], theirs["active"]) == ("v1.0.0", commits[-1], False)
    assert gto.api.show(str(repo.root)) == {}


STRAYS = {
    "of a file": "object {blob}\ntype blob\ntag n@v2.0.0\ntagger Eve <e@x> 1767229999 +0000\n\nx\n",
    "of a folder": "object {tree}\ntype tree\ntag n@v2.0.0\ntagger Eve <e@x> 1767229999 +0000\n\nx\n",
    "without a tagger": "object {commit}\ntype commit\ntag n@v2.0.0\n\nx\n",
    "beyond the calendar": "object {commit}\ntype commit\ntag n@v2.0.0\ntagger Eve <e@x> 99999999999999 +0000\n\nx\n",
}


@pytest.mark.parametrize("stray", STRAYS)
def test_one_stray_tag_hides_nothing(shared_history: tuple[Repo, list[str]], stray: str) -> None:
    """INTEROP trap 8: GTO ends with a traceback; we name the tag, and read on."""
    repo, commits = shared_history
    write(repo, commits, [Tag(0, "m", TagAction.REGISTER, 0, "v1.0.0")])
    blob, tree = repo.git("hash-object", "-w", __file__).strip(), repo.git("rev-parse", "HEAD^{tree}").strip()
    made = subprocess.run(
        ["git", "hash-object", "-t", "tag", "-w", "--stdin", "--literally"],
        cwd=repo.root,
        input=STRAYS[stray].format(blob=blob, tree=tree, commit=commits[0]).encode(),
        capture_output=True,
        check=True,
    )
    repo.git("update-ref", "refs/tags/n@v2.0.0", made.stdout.decode().strip())
    registry = ours(repo.root)
    assert [version.version for version in registry.versions("m")] == ["v1.0.0"]
    assert [problem.tag for problem in registry.problems] == ["n@v2.0.0"]
    assert registry.artifacts() == ["m"]
    with pytest.raises((AttributeError, ValueError)):
        gto.api.show(str(repo.root))


def test_a_tag_of_a_tag_counts(shared_history: tuple[Repo, list[str]]) -> None:
    """`git tag -a m@v2.0.0 other` tags the tag, where `other` is one: GTO counts it, and so do we, with every git."""
    repo, commits = shared_history
    write(repo, commits, [Tag(0, "m", TagAction.REGISTER, 0, "v1.0.0")])
    repo.tag("other", commits[1])
    repo.tag("m@v2.0.0", "other", when=ours(repo.root).events()[0].created + timedelta(seconds=1))
    latest = ours(repo.root).latest("m")
    assert latest is not None
    assert (latest.version, latest.commit) == ("v2.0.0", commits[1])
    assert gto.api.show(str(repo.root))["m"]["version"] == "v2.0.0"


def test_the_reference_names_the_tag(shared_history: tuple[Repo, list[str]]) -> None:
    """A tag object that was given another name: GTO goes by the name inside of it, we by the one that git knows."""
    repo, commits = shared_history
    write(repo, commits, [Tag(0, "m", TagAction.REGISTER, 0, "v1.0.0")])
    repo.git("update-ref", "refs/tags/n@v2.0.0", "refs/tags/m@v1.0.0")
    assert ours(repo.root).artifacts() == ["m", "n"]
    assert list(gto.api.show(str(repo.root))) == ["m"]


def test_names_are_matched_whole() -> None:
    """INTEROP trap 7: GTO's expression lets one newline through, and a prefix becomes a part of the name."""
    assert parse_name("m@v1.0.0\n")["name"] == "m"
    assert parse_tag_name("m@v1.0.0\n") is None
    assert parse_name("refs/tags/m@v1.0.0")["name"] == "refs/tags/m"


def test_a_tag_may_be_named_like_its_own_reference(shared_history: tuple[Repo, list[str]]) -> None:
    """Only the first `refs/tags/` is git's: what follows is the name, to GTO and to us."""
    repo, commits = shared_history
    write(repo, commits, [Tag(0, "refs/tags/m", TagAction.REGISTER, 0, "v1.0.0")])
    assert ours(repo.root).artifacts() == [*gto.api.show(str(repo.root))] == ["refs/tags/m"]


def test_a_lightweight_tag_is_said(shared_history: tuple[Repo, list[str]]) -> None:
    """INTEROP trap 9: both ignore it, since nothing tells its time; we say so."""
    repo, commits = shared_history
    write(repo, commits, [Tag(0, "m", TagAction.REGISTER, 0, "v1.0.0")])
    repo.git("tag", "m@v2.0.0", commits[1])
    assert gto.api.show(str(repo.root))["m"]["version"] == "v1.0.0"
    registry = ours(repo.root)
    assert registry.latest("m") == registry.version("m", "v1.0.0")
    assert ["is lightweight" in problem.message for problem in registry.problems] == [True]


def test_a_name_that_is_nearly_one_is_said(shared_history: tuple[Repo, list[str]]) -> None:
    """GTO says nothing, and a typing error is found by nobody."""
    repo, commits = shared_history
    write(repo, commits, [Tag(0, "m", TagAction.REGISTER, 0, "v1.0.0")])
    nearly = {"m@vX", "m@v01.0.0", "m@1.0.0", "m#", "@v1.0.0", "m@v1.0.0!!", "m#prod#x", "m.x@v1.0.0", "m@v1.0.0#-1"}
    for name in nearly:
        repo.tag(name)
    assert list(gto.api.show(str(repo.root))) == ["m"]
    assert {problem.tag for problem in ours(repo.root).problems} == nearly


def test_a_shallow_clone_is_said(shared_history: tuple[Repo, list[str]], tmp_path: Path, cli: Cli) -> None:
    """INTEROP trap 6: GTO shows the part that was fetched as if it were all."""
    repo, commits = shared_history
    write(
        repo, commits, [Tag(0, "m", TagAction.REGISTER, 0, "v1.0.0"), Tag(1, "m", TagAction.REGISTER, 1, "v1.10.0")]
    )
    shallow = tmp_path / "shallow"
    repo.git("clone", "--quiet", "--depth", "1", f"file://{repo.root}", str(shallow))
    assert gto.api.show(str(shallow)) == {}
    assert cli("show", folder=shallow).err.startswith("warning: the clone is shallow")
    answer = cli("retire", "m", "--reason", "x", folder=shallow)
    assert (answer.code, "the clone is shallow" in answer.err) == (3, True)
