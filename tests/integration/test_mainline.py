"""What is deployed must be an ancestor of main, whoever made its tag: which branch main is, and who asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_mlops.adapters.git.repository import GitRepository
from gitops_mlops.domain.errors import MissingEvidence
from tests.conftest import Answer, Repo
from tests.integration.registry_project import MLOPS, Commands, Project
from tests.ports import free_ports

STAGED = "delay#staging#1"


@pytest.fixture
def mainline_project(repo: Repo) -> Project:
    """A model on main, and ports of its own."""
    made = Project(repo)
    one, other = free_ports(2)
    repo.write("mlops.yaml", MLOPS.replace("8081", str(one)).replace("8080", str(other)))
    made.train(b"one")
    made.report(b"one")
    return made


def branch_version(project: Project, run: Commands) -> str:
    """A version that was made on a branch, with evidence as good as any; the commit."""
    project.repo.git("checkout", "--quiet", "-b", "feature")
    commit = project.train(b"two")
    project.report(b"two")
    assert "is not on main: no environment accepts it before it is merged" in run.release().err
    project.repo.git("checkout", "--quiet", "main")
    return commit


def refused(answer: Answer) -> list[str]:
    return [f"{each['rule']}: {each['observed']}" for each in answer.json["refusals"]]


def test_a_version_of_a_branch_enters_nothing_until_it_is_merged(mainline_project: Project, run: Commands) -> None:
    commit = branch_version(mainline_project, run)
    told = refused(run("promote", "delay", "staging", "--json", code=1))
    assert told == [f"a commit of main: v0.0.1 is at {commit[:10]}, which is not on main"]
    # A tag is made without us: whoever may push it would deploy it.
    mainline_project.repo.tag(STAGED, commit)
    assert "which is not on main → merge it into main" in run("deploy", "staging", code=1).out
    (place, *_) = run("status", "staging", "--json", code=1).json
    assert place["unmerged"] == f"v0.0.1 is at {commit[:10]}, which is not on main"
    found = {(each["id"], each["where"]) for each in run("doctor", "--json", code=1).json["findings"]}
    assert ("stage-off-main", "delay#staging") in found
    # What a rollout brings up to date is asked the same.
    assert "is not on main" in run("rollout", "staging", code=1).out

    # The tagged commit is the second parent of the merge.
    mainline_project.repo.git("merge", "--quiet", "--no-ff", "--message", "merge", "feature")
    ids = {each["id"] for each in run("doctor", "--json", code=1).json["findings"]}
    assert "stage-off-main" not in ids
    (place, *_) = run("status", "staging", "--json", code=1).json
    assert (place["unmerged"], place["note"]) == (None, "")


def test_a_squash_merge_is_another_commit(mainline_project: Project, run: Commands) -> None:
    branch_version(mainline_project, run)
    mainline_project.repo.git("merge", "--quiet", "--squash", "feature")
    mainline_project.repo.commit("squashed")
    run("promote", "delay", "staging", code=1)
    run.release("--version", "v0.0.2")
    run("promote", "delay@v0.0.2", "staging")


def test_a_rollback_brings_back_nothing_that_is_not_merged(mainline_project: Project, run: Commands) -> None:
    commit = branch_version(mainline_project, run)
    # Somebody let it in without us; what came next is on main.
    mainline_project.repo.tag(STAGED, commit)
    mainline_project.train(b"three")
    mainline_project.report(b"three")
    run.release()
    run("promote", "delay", "staging")
    words = [f"a commit of main: v0.0.1 is at {commit[:10]}, which is not on main"]
    for flags in ((), ("--dry-run",)):
        before = mainline_project.tags()
        assert refused(run("rollback", "delay", "staging", "--json", *flags, code=1)) == words
        assert mainline_project.tags() == before
    assert refused(run("promote", "delay@v0.0.1", "production", "--json", code=1))[0] == words[0]
    text = (mainline_project.repo.root / "mlops.yaml").read_text()
    mainline_project.repo.commit(
        "allow", **{"mlops.yaml": text.replace("staging: {", "staging: {allow-unmerged: true, ")}
    )
    assert run("rollback", "delay", "staging", "--json").json["version"] == "v0.0.1"


def test_an_environment_may_allow_what_is_not_merged(mainline_project: Project, run: Commands) -> None:
    branch_version(mainline_project, run)
    text = (mainline_project.repo.root / "mlops.yaml").read_text()
    mainline_project.repo.commit(
        "allow", **{"mlops.yaml": text.replace("staging: {", "staging: {allow-unmerged: true, ")}
    )
    run("promote", "delay", "staging")
    (place, *_) = run("status", "staging", "--json", code=1).json
    assert (place["unmerged"], place["note"]) == (None, "allow-unmerged: versions need not be on main")
    # It is of this environment only.
    assert "which is not on main" in run("promote", "delay", "production", code=1).out
    assert "stage-off-main" not in {each["id"] for each in run("doctor", "--json", code=1).json["findings"]}


def test_a_hotfix_is_promoted_from_any_checkout_once_main_holds_it(mainline_project: Project, run: Commands) -> None:
    commit = branch_version(mainline_project, run)
    mainline_project.repo.git("merge", "--quiet", "--no-ff", "--message", "merge", "feature")
    mainline_project.repo.git("checkout", "--quiet", "--detach", commit)
    run("promote", "delay", "staging")


def test_a_shallow_clone_cannot_tell(mainline_project: Project, run: Commands, tmp_path: Path) -> None:
    run.release()
    origin = mainline_project.publish(tmp_path / "origin.git")
    mainline_project.repo.git("push", "--quiet", "origin", "--tags")
    mainline_project.repo.commit("more")
    mainline_project.repo.git("push", "--quiet", "origin", "main")
    mainline_project.repo.git("clone", "--quiet", "--depth", "1", f"file://{origin}", str(tmp_path / "shallow"))
    assert (
        "git fetch --unshallow --tags" in run("promote", "delay", "staging", code=3, folder=tmp_path / "shallow").err
    )


# How a repository came to be, as git commands behind one commit on `main`; and what is main then, with its commits.
SHAPES = {
    "only main": ([], "main"),
    "no branch, detached": (["checkout --detach", "branch -D main"], ""),
    "only one branch": (["branch -m trunk"], "trunk"),
    "two branches, none of a usual name": (["branch -m one", "branch two"], ""),
    "init.defaultBranch": (["branch -m one", "branch two", "config init.defaultBranch two"], "two"),
    "master": (["branch -m master", "branch two"], "master"),
    "an empty remote": (["remote add origin {origin}"], "main"),
    "the remote's default": (["branch -m trunk", "push {origin} trunk", "remote add origin {origin}"], "trunk"),
    "as a clone knows it": (
        [
            *("branch -m trunk", "push {origin} trunk", "remote add origin {origin}", "fetch origin"),
            *("remote set-head origin trunk", "remote set-url origin nowhere"),
        ],
        "trunk",
    ),
    "a remote that is away": (["remote add origin nowhere"], ""),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_which_branch_is_main(repo: Repo, tmp_path: Path, shape: str) -> None:
    commands, expected = SHAPES[shape]
    commit, origin = repo.commit(), tmp_path / "origin.git"
    repo.git("init", "--quiet", "--bare", "--initial-branch", "trunk", str(origin))
    for command in commands:
        repo.git(*command.format(origin=origin).split())
    repository = GitRepository(repo.root)
    if expected:
        assert repository.mainline() == (expected, (commit,))
    else:
        with pytest.raises(MissingEvidence, match=r"what was merged"):
            repository.mainline()


def test_a_branch_that_somebody_pushed_as_main_is_not_main(repo: Repo, tmp_path: Path) -> None:
    """The default branch is `trunk`; as after actions/checkout, this clone does not know."""
    origin = tmp_path / "origin.git"
    repo.git("init", "--quiet", "--bare", "--initial-branch", "trunk", str(origin))
    repo.git("branch", "-m", "trunk")
    merged = repo.commit("merged")
    repo.git("push", "--quiet", str(origin), "trunk")
    repo.git("checkout", "--quiet", "-b", "main")
    stranger = repo.commit("not reviewed")
    repo.git("push", "--quiet", str(origin), "main")
    clone = Repo(tmp_path / "clone")
    clone.root.mkdir()
    clone.git("init", "--quiet")
    clone.git("remote", "add", "origin", str(origin))
    clone.git("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
    repository = GitRepository(clone.root)
    main = repository.mainline()
    assert tuple(main) == ("trunk", (merged,))
    # What a server claims to be is any text, and no command to git.
    claimed = {merged, stranger, "f" * 40, "--all", "^main", ""}
    assert repository.unreachable(claimed, main.tips) == claimed - {merged}
