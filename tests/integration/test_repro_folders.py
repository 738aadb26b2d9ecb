"""Stages that read folders which hold outputs, and parts of outputs, in clones that hold no data."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gitops_mlops.domain.pipeline.run import PipelineRunReport, parse_repro
from tests.conftest import Cli, Repo
from tests.integration.random_pipeline import bring, files

pytestmark = pytest.mark.usefixtures("preloaded")

NAMES = ["folder of outputs", "deeper", "folder of a stage's outputs", "part of an output"]
STAGES = {"holds", "above", "makes", "takes", "part", "branch"}
LACKING = "lake/x/y/z.bin"


@pytest.fixture(scope="module")
def folders_project(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    folder = tmp_path_factory.mktemp("folders")
    project = Repo(folder / "project")
    for path, content in {**files(NAMES), "mlops.yaml": "version: 1\n", ".gitignore": "/.gitops-mlops/\n"}.items():
        project.write(path, content)
    project.git("init", "--quiet", "--initial-branch", "main")
    project.run("dvc", "init", "--quiet")
    project.run("dvc", "remote", "add", "--quiet", "--default", "storage", str(folder / "storage"))
    bring(project, NAMES)
    project.run("dvc", "repro", "--quiet")
    project.run("dvc", "push", "--quiet")
    project.commit("ran")
    return project


@pytest.fixture
def folders_clone(folders_project: Repo, tmp_path: Path) -> Repo:
    shutil.copytree(folders_project.root.parent / "storage", tmp_path / "storage")
    folders_project.git("clone", "--quiet", str(folders_project.root), str(tmp_path / "clone"))
    cloned = Repo(tmp_path / "clone")
    cloned.run("dvc", "remote", "modify", "--local", "storage", "url", str(tmp_path / "storage"))
    return cloned


def kept(project: Repo) -> PipelineRunReport:
    return parse_repro((project.root / ".gitops-mlops/repro.json").read_bytes())


def test_nothing_changed_is_up_to_date_everywhere(folders_clone: Repo, cli: Cli) -> None:
    # A hook has only the cache.
    assert cli("hook", "dvc-lock", folder=folders_clone.root).code == 0
    assert cli("repro", "--push", folder=folders_clone.root).code == 0
    assert (
        kept(folders_clone).outcome,
        set(kept(folders_clone).skipped),
        folders_clone.git("status", "--short"),
    ) == (
        "unchanged",
        STAGES,
        "",
    )
    answer = cli("lock", "check", "--remote", "--json", folder=folders_clone.root)
    assert (answer.code, answer.json["unchecked"]) == (0, []), answer.err
    assert cli("hook", "dvc-lock", folder=folders_clone.root).code == 0
    answer = cli("review", "--base", "HEAD", "--json", folder=folders_clone.root)
    assert (answer.json["verdict"], answer.json["lock"]["unchecked"]) == ("pass", []), answer.out


def test_a_stage_that_changed_runs_on_all_of_its_data(folders_clone: Repo, folders_project: Repo, cli: Cli) -> None:
    text = (folders_clone.root / "dvc.yaml").read_text()
    for old, new in (("find data", "find  data"), ("cat lake", "cat  lake"), ("cat built", "cat  built")):
        text = text.replace(old, new)
    folders_clone.write("dvc.yaml", text.replace("cat tree", "cat  tree").replace("ls tree", "ls  tree"))
    answer = cli("repro", "--push", folder=folders_clone.root)
    assert answer.code == 0, answer.err
    assert {run.name for run in kept(folders_clone).stages} == STAGES - {"makes"}
    for name in ("holds.txt", "above.txt", "taken.txt", "part.txt", "branch.txt"):
        assert (folders_clone.root / name).read_text() == (folders_project.root / name).read_text()
    # The same data, so nothing but the commands is another.
    lines = [
        line for line in folders_clone.git("diff", "--unified=0", "dvc.lock").splitlines() if line.startswith("+ ")
    ]
    assert all("cmd:" in line for line in lines), lines
    assert cli("lock", "check", folder=folders_clone.root).code == 0


def test_data_that_changed_is_seen_where_it_is_absent(
    folders_clone: Repo, folders_project: Repo, cli: Cli, tmp_path: Path
) -> None:
    author = Repo(tmp_path / "author")
    folders_project.git("clone", "--quiet", str(folders_clone.root), str(author.root))
    shutil.copy(folders_clone.root / ".dvc/config.local", author.root / ".dvc/config.local")
    author.run("dvc", "pull", "--quiet", "tree", "data/train/images")
    for path in ("tree/a/1", "data/train/images/1.txt"):
        (author.root / path).unlink()
        author.write(path, "other\n")
    author.run("dvc", "add", "--quiet", "tree", "data/train/images")
    author.run("dvc", "push", "--quiet", "tree", "data/train/images")
    author.commit("data changed")
    folders_clone.git("pull", "--quiet", str(author.root), "main")
    answer = cli("repro", folder=folders_clone.root)
    assert answer.code == 0, answer.err
    assert {run.name for run in kept(folders_clone).stages} == {"holds", "part"}
    assert (folders_clone.root / "part.txt").read_text() == "other\n"
    assert not (folders_clone.root / LACKING).exists()


def test_what_cannot_be_pulled_is_refused_and_nothing_is_written(
    folders_clone: Repo, cli: Cli, tmp_path: Path
) -> None:
    folders_clone.write("dvc.yaml", (folders_clone.root / "dvc.yaml").read_text().replace("cat lake", "cat  lake"))
    shutil.rmtree(tmp_path / "storage")
    before = (folders_clone.root / "dvc.lock").read_bytes()
    answer = cli("repro", "--push", folder=folders_clone.root)
    assert (answer.code, "Traceback" in answer.err) == (3, False), answer.err
    assert (folders_clone.root / "dvc.lock").read_bytes() == before
    assert not (folders_clone.root / "above.txt").exists()
    answer = cli("lock", "check", folder=folders_clone.root)
    assert answer.code == 1


def test_what_cannot_be_told_is_said_with_its_reason(folders_clone: Repo, cli: Cli, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "storage")
    answer = cli("lock", "check", folder=folders_clone.root)
    assert answer.code == 3, answer.err
    assert answer.out.splitlines()[-1] == "4 stages not checked: branch, holds, part, takes"
    assert "'tree'" in answer.err
    # A commit that does not touch them leaves them as they were.
    folders_clone.write("src/x.csv", "more\n")
    folders_clone.git("add", "--all")
    assert cli("hook", "dvc-lock", folder=folders_clone.root).code == 0
    folders_clone.write("data/train/notes.md", "more\n")
    folders_clone.git("add", "--all")
    assert cli("hook", "dvc-lock", folder=folders_clone.root).code == 3
    folders_clone.git("reset", "--quiet", "--hard")
    folders_clone.write("dvc.yaml", f"# More.\n{(folders_clone.root / 'dvc.yaml').read_text()}")
    folders_clone.git("add", "--all")
    answer = cli("hook", "dvc-lock", folder=folders_clone.root)
    assert (answer.code, "4 stages not checked" in answer.err) == (3, True), answer.err
    for said, codes, verdict in (("", 3, "warn"), ("warn", 0, "warn"), ("block", 3, "evidence")):
        key = f"unchecked-stages: {said}\n" if said else ""
        folders_clone.write("mlops.yaml", f"version: 1\n{key}")
        folders_clone.git("add", "--all")
        assert (
            cli("lock", "check", folder=folders_clone.root).code,
            cli("hook", "dvc-lock", folder=folders_clone.root).code,
        ) == (
            codes,
            codes,
        )
        assert cli("repro", "--ci", folder=folders_clone.root).code == (3 if said == "block" else 0)
        assert cli("review", "--base", "HEAD", "--json", folder=folders_clone.root).json["lock"]["unchecked"] == [
            "branch",
            "holds",
            "part",
            "takes",
        ]
        assert cli("review", "--base", "HEAD", "--json", folder=folders_clone.root).json["verdict"] == verdict


def test_a_result_of_absent_data_is_not_committed(
    folders_clone: Repo, folders_project: Repo, cli: Cli, tmp_path: Path
) -> None:
    """What DVC itself writes where the outputs in a folder were not pulled."""
    folders_clone.write("mlops.yaml", "version: 1\ntraining: ci\n")
    folders_clone.git("commit", "--quiet", "--all", "--message", "ci")
    folders_clone.git("init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    folders_clone.git("remote", "set-url", "origin", str(tmp_path / "origin.git"))
    folders_clone.git("push", "--quiet", "origin", "main")
    folders_clone.run("dvc", "repro", "--quiet", "--single-item", "holds")
    commit = folders_clone.git("rev-parse", "HEAD").strip()
    answer = cli("lock", "push", "dvc.lock", "--branch", "main", "--expected", commit, folder=folders_clone.root)
    assert (answer.code, "'holds' is out of date" in answer.err) == (3, True), answer.err


def test_an_imported_folder_is_listed_and_pulled_from_its_origin(cli: Cli, tmp_path: Path) -> None:
    """`dvc push` leaves it there."""
    project = Repo(tmp_path / "project")
    for path, content in {**files(["imported folders"]), "mlops.yaml": "version: 1\n"}.items():
        project.write(path, content)
    project.git("init", "--quiet", "--initial-branch", "main")
    project.run("dvc", "init", "--quiet")
    project.run("dvc", "remote", "add", "--quiet", "--default", "storage", str(tmp_path / "storage"))
    bring(project, ["imported folders"])
    project.run("dvc", "repro", "--quiet")
    project.run("dvc", "push", "--quiet")
    project.commit("ran")
    project.git("clone", "--quiet", str(project.root), str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone")
    answer = cli("lock", "check", "--remote", "--json", folder=clone.root)
    assert (answer.code, answer.json["unchecked"]) == (0, []), answer.err
    assert not (clone.root / "far/set").exists()
    shutil.rmtree(clone.root / ".dvc/cache")
    clone.write("far/notes.md", "more\n")
    answer = cli("repro", folder=clone.root)
    assert answer.code == 0, answer.err
    assert {run.name for run in kept(clone).stages} == {"far"}
    assert (clone.root / "far.txt").read_text() == (project.root / "far.txt").read_text()
    # Where the origin is no more nothing is run on what is left.
    shutil.rmtree(clone.root)
    project.git("clone", "--quiet", str(project.root), str(clone.root))
    shutil.rmtree(tmp_path / "source")
    clone.write("far/notes.md", "more\n")
    before = (clone.root / "dvc.lock").read_bytes()
    answer = cli("repro", folder=clone.root)
    assert (answer.code, "Traceback" in answer.err, "far/" in answer.err) == (3, False, True), answer.err
    assert (clone.root / "dvc.lock").read_bytes() == before
