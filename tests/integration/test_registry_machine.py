"""Two clones of one remote, and any order of commands: no tag lost, none moved, and both agree after a fetch."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from gitops_mlops.adapters.git.repository import GitRepository
from gitops_mlops.cli.app import run
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.domain.registry.tags import TagAction, parse_tag_name
from tests.conftest import Repo
from tests.integration.registry_project import Project

ANSWERED = {0: "done", 1: "refused", 3: "missing", 4: "outside"}
CLONES = st.sampled_from([0, 1])
STAGES = st.sampled_from(["staging", "production"])
PUSHES = st.booleans()
COMMITS, RELEASED = 6, 2
CHANGES = st.sampled_from(
    [
        ["promote", "delay", "staging"],
        ["promote", "delay", "production"],
        ["promote", "delay@v0.0.1", "staging"],
        ["promote", "delay@v0.0.1", "production"],
        ["rollback", "delay", "staging"],
        ["rollback", "delay", "production"],
        ["retire", "delay#staging", "--reason", "tried"],
    ]
)


@pytest.fixture(scope="module")
def two_clones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A remote and two clones of it, with two versions that were in use and some commits that have none."""
    root = tmp_path_factory.mktemp("template")
    (root / "0").mkdir()
    repo = Repo(root / "0")
    repo.git("init", "--quiet", "--template=", "--initial-branch", "main")
    project = Project(repo)
    for number in range(COMMITS):
        project.train(b"%d" % number)
        if number < RELEASED:
            project.report(b"%d" % number)
            words = [["register", "delay", "--report", "report.json"]]
            words += [["promote", "delay", stage] for stage in ("staging", "production")]
            assert [run(["-C", str(repo.root), *each]) for each in words] == [0, 0, 0]
    repo.git("init", "--quiet", "--template=", "--bare", "--initial-branch", "main", str(root / "remote.git"))
    repo.git("remote", "add", "origin", "../remote.git")
    repo.git("push", "--quiet", "--tags", "origin", "main")
    for number in range(COMMITS):
        path = project.report(b"%d" % number)
        path.rename(root / f"report-{number}.json")
    shutil.copytree(root / "0", root / "1")
    for name, clone in (("Ada", "0"), ("Bob", "1")):
        Repo(root / clone).git("config", "user.name", name)
        Repo(root / clone).git("config", "user.email", f"{name}@example.org")
    return root


class TwoClones(RuleBasedStateMachine):
    """Commands as people type them, in two clones that see each other through the remote only."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="two-clones-")) / "world"
        shutil.copytree(self.template, self.root)
        self.remote = self.root / "remote.git"
        self.clones = [self.root / "0", self.root / "1"]
        # Everything that the remote ever had, by name: the tag's object.
        self.seen: dict[str, str] = {}
        # Tags that were made without --push: others may have been dated before them, or numbered like them.
        self.loose: set[str] = set()

    def teardown(self) -> None:
        shutil.rmtree(self.root.parent)

    def command(self, clone: int, *words: str, push: bool) -> dict[str, Any] | None:
        """Run a command; its answer, None when it ended with an error."""
        before = objects(self.clones[clone])
        said, complaints = io.StringIO(), io.StringIO()
        options = [*(["--push"] if push else []), "--json"]
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complaints):
            code = run(["-C", str(self.clones[clone]), *words, *options])
        assert code in ANSWERED, (words, complaints.getvalue())
        after = objects(self.clones[clone])
        # Whatever happened: what was here stays as it was.
        assert after.items() >= before.items()
        if code in (3, 4):
            assert complaints.getvalue().count("\n") == 1
            if code == 4:
                assert "differs from the one on origin" in complaints.getvalue()
                self.give_way(clone)
            return None
        answer: dict[str, Any] = json.loads(said.getvalue())
        assert (code == 1) == (answer["state"] == "refused")
        if answer["state"] == "written":
            assert not before.keys() & set(answer["tags"])
            if push:
                there = objects(self.remote)
                assert all(there[tag] == after[tag] for tag in answer["tags"])
            else:
                self.loose.update(answer["tags"])
        return answer

    def give_way(self, clone: int) -> None:
        """Do what the error says: drop the tags that are another one on the remote."""
        there = objects(self.remote)
        repo = Repo(self.clones[clone])
        for name, tag in objects(self.clones[clone]).items():
            if there.get(name, tag) != tag:
                assert name in self.loose
                repo.git("tag", "--delete", name)
        repo.git("fetch", "--quiet", "--tags")

    @rule(clone=CLONES, commit=st.integers(RELEASED, COMMITS - 1), push=PUSHES)
    def register(self, clone: int, commit: int, push: bool) -> None:
        report = str(self.root / f"report-{commit}.json")
        words = ["--rev", f"main~{COMMITS - 1 - commit}", "--report", report]
        answer = self.command(clone, "register", "delay", *words, push=push)
        assert answer is None or answer["state"] in ("written", "unchanged", "refused")

    @rule(clone=CLONES, stage=STAGES, push=PUSHES, older=st.booleans())
    def promote(self, clone: int, stage: str, push: bool, older: bool) -> None:
        versions = registry(self.clones[clone]).versions("delay")
        named = f"delay@{versions[-1].version}" if older and versions else "delay"
        self.command(clone, "promote", named, stage, push=push)

    @rule(clone=CLONES, stage=STAGES, push=PUSHES)
    def rollback(self, clone: int, stage: str, push: bool) -> None:
        held = registry(self.clones[clone]).assignment("delay", stage)
        answer = self.command(clone, "rollback", "delay", stage, push=push)
        if answer and answer["state"] == "written":
            # It left what was seen here, whatever the other clone did meanwhile.
            assert held is not None
            assert answer["commit"] != held.commit

    @rule(clone=CLONES, what=st.sampled_from(["delay#staging", "delay#production", "delay@v0.0.1"]), push=PUSHES)
    def retire(self, clone: int, what: str, push: bool) -> None:
        self.command(clone, "retire", what, "--reason", "tried", push=push)

    @rule(clone=CLONES, mine=CHANGES, theirs=CHANGES)
    def at_once(self, clone: int, mine: list[str], theirs: list[str]) -> None:
        """The other clone's change reaches the remote when this one has decided, and before it has written."""
        create, before = GitRepository.create_tag, objects(self.remote)

        def late(repository: GitRepository, *facts: Any) -> None:
            GitRepository.create_tag = create  # type: ignore[method-assign]
            self.command(1 - clone, *theirs, push=True)
            create(repository, *facts)

        GitRepository.create_tag = late  # type: ignore[method-assign, assignment]  # it takes any words
        try:
            self.command(clone, *mine, push=True)
        finally:
            GitRepository.create_tag = create  # type: ignore[method-assign]
        # Changes of different things both get through, and neither knew of the other one's number and time.
        if len(new := objects(self.remote).keys() - before.keys()) > 1:
            self.loose |= new

    @rule(clone=CLONES, meant=st.sampled_from([False, False, False, True]))
    def retire_all(self, clone: int, meant: bool) -> None:
        """Rarely: hardly anything can follow."""
        self.command(clone, "retire", "delay", "--reason", "tried", *([] if meant else ["--dry-run"]), push=True)

    @rule(clone=CLONES)
    def fetch(self, clone: int) -> None:
        Repo(self.clones[clone]).run("git", "fetch", "--quiet", "--tags", check=False)

    @rule(clone=CLONES)
    @precondition(lambda self: self.seen)
    def agree(self, clone: int) -> None:
        """After a fetch, and without tags of its own, a clone tells what the remote tells."""
        self.give_way(clone)
        here, there = objects(self.clones[clone]), objects(self.remote)
        assert here.items() >= there.items()
        if here == there:
            assert told(self.clones[clone]) == told(self.remote)

    @invariant()
    def nothing_is_lost_or_moved(self) -> None:
        there = objects(self.remote)
        assert there.items() >= self.seen.items()
        self.seen = there

    @invariant()
    def what_was_pushed_is_in_order(self) -> None:
        """One second apart at least, each with a number of its own, in the order in which the remote got them."""
        moments: defaultdict[str, list[int]] = defaultdict(list)
        numbers: defaultdict[str, list[int]] = defaultdict(list)
        for event in registry(self.remote).events():
            if event.tag not in self.loose:
                moments[event.artifact].append(int(event.created.timestamp()))
                if event.action in (TagAction.ASSIGN, TagAction.UNASSIGN):
                    numbers[event.artifact].append(event.counter)
        for artifact in moments:
            assert len(set(moments[artifact])) == len(moments[artifact])
            assert len(set(numbers[artifact])) == len(numbers[artifact])


def objects(folder: Path) -> dict[str, str]:
    """The tags by name: what each one is."""
    return {tag.name: tag.object for tag in GitRepository(folder).tags() if parse_tag_name(tag.name)}


def registry(folder: Path) -> Registry:
    return Registry.from_tags(GitRepository(folder).tags())


def told(folder: Path) -> tuple[Any, ...]:
    found = registry(folder)
    return (
        found.artifacts(),
        found.versions("delay"),
        found.assignments("delay"),
        found.events(),
    )


def test_two_clones_agree_whatever_they_do(two_clones: Path) -> None:
    TwoClones.template = two_clones
    run_state_machine_as_test(
        TwoClones,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
