"""Whatever a pipeline is made of, and whatever was edited: ours says what DVC says, also where no data is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitops_mlops import bootstrap
from gitops_mlops.domain.lock_report import LockReport
from gitops_mlops.usecases.lock_step import lock_step
from tests.conftest import Repo
from tests.integration.random_pipeline import PIECES, files

Edit = tuple[str, str, str]


@contextmanager
def dvc(root: Path) -> Iterator[Any]:
    """DVC's own API, in the folder that a user would stand in."""
    from dvc.repo import Repo as DvcRepo

    with chdir(root), DvcRepo(str(root)) as repo:
        yield repo


def said_by_dvc(root: Path) -> set[str]:
    """The stages that `dvc status` lists, where all data is on disk."""
    with dvc(root) as repo:
        status = repo.status()
    return {stage.rpartition(":")[2] for stage in status if not stage.endswith(".dvc")}


def looked_at(root: Path, staged: bool = False) -> LockReport:
    repository = bootstrap.repository(root)
    return lock_step(bootstrap.staged_tree(repository) if staged else bootstrap.tree(repository))


@contextmanager
def ran(names: list[str]) -> Iterator[Repo]:
    """A project of some pieces that DVC ran, pushed and committed."""
    with TemporaryDirectory() as folder:
        project = Repo(Path(folder) / "project")
        for path, content in files(names).items():
            project.write(path, content)
        project.git("init", "--quiet", "--initial-branch", "main")
        project.run("dvc", "init", "--quiet")
        project.write(".dvc/config", f"[core]\n    remote = here\n['remote \"here\"']\n    url = {folder}/storage\n")
        with dvc(project.root) as repo:
            for path in [path for name in names for path in PIECES[name].added]:
                repo.add(str(project.root / path))
            repo.reproduce(all_pipelines=True)
            repo.push()
        # What is frozen from the beginning never runs at all.
        definition = (project.root / "dvc.yaml").read_text() if (project.root / "dvc.yaml").exists() else ""
        if "frozen" in definition:
            project.write("dvc.yaml", definition.replace("frozen: false", "frozen: true"))
        project.commit("ran")
        yield project


def change(project: Repo, edit: Edit, added: list[str]) -> None:
    path, old, new = edit
    place = project.root / path
    text = place.read_text() if place.exists() else ""
    if old and old not in text:
        return
    # DVC links what it keeps to its cache, where it must not be changed.
    place.unlink(missing_ok=True)
    project.write(path, text.replace(old, new, 1) if old else new)
    if owners := [owner for owner in added if path == owner or path.startswith(f"{owner}/")]:
        with dvc(project.root) as repo:
            repo.add(str(project.root / owners[0]))
            repo.push()


def demand_agreement(project: Repo, told: object, lost: bool = False) -> None:
    """Ours and DVC's say the same; with `lost` also look where the remote is no more."""
    truth = said_by_dvc(project.root)
    project.commit("edited")
    for report in (looked_at(project.root), looked_at(project.root, staged=True)):
        assert (report.changed, report.remarks) == (truth, []), told
    with TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        project.git("clone", "--quiet", str(project.root), str(clone))
        # A hook fetches nothing: it says what it cannot tell.
        report = looked_at(clone, staged=True)
        assert report.changed <= truth <= report.changed | names_of(report), told
        report = looked_at(clone)
        assert (report.changed, report.remarks) == (truth, []), told
        if not lost:
            return
        shutil.rmtree(project.root.parent / "storage")
        shutil.rmtree(clone / ".dvc/cache", ignore_errors=True)
        report = looked_at(clone)
        assert report.changed <= truth <= report.changed | names_of(report), told


def names_of(report: LockReport) -> set[str]:
    return {name.rpartition(":")[2] for name in report.unchecked}


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], list[Edit]]:
    names = draw(st.lists(st.sampled_from(sorted(PIECES)), min_size=2, max_size=5, unique=True))
    edits = sorted({edit for name in names for edit in PIECES[name].edits})
    return names, draw(st.lists(st.sampled_from(edits), max_size=3, unique=True))


@pytest.mark.slow
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(cases())
def test_any_pipeline_after_any_edits(case: tuple[list[str], list[Edit]]) -> None:
    names, edits = case
    with ran(names) as project:
        for edit in edits:
            change(project, edit, [path for name in names for path in PIECES[name].added])
        demand_agreement(project, case, lost=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", PIECES)
def test_each_edit_of_each_feature(name: str) -> None:
    with ran([name]) as project:
        before = project.git("rev-parse", "HEAD").strip()
        demand_agreement(project, name)
        for edit in PIECES[name].edits:
            change(project, edit, list(PIECES[name].added))
            demand_agreement(project, edit)
            project.git("reset", "--quiet", "--hard", before)
            project.run("dvc", "checkout", "--quiet")
