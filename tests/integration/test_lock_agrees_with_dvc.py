"""Whatever a pipeline is made of, and whatever was edited: ours says what DVC says, also where no data is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitops_mlops import bootstrap
from gitops_mlops.domain.pipeline.lock_report import LockReport
from gitops_mlops.usecases.pipeline.lock_status import lock_step
from gitops_mlops.usecases.pipeline.repro import ReproRequest, reproduce
from tests.conftest import Repo
from tests.integration.random_pipeline import OUTSIDE, PIECES, SOURCE, bring, dvc, edit_origin, files

pytestmark = pytest.mark.usefixtures("preloaded")

Edit = tuple[str, str, str]
# A number in PIPELINE_EXAMPLES: so many random pipelines, and every edit of every feature.
MORE = int(os.environ.get("PIPELINE_EXAMPLES", "0"))


def said_by_dvc(root: Path) -> set[str]:
    """The stages that `dvc status` lists, where all data is on disk."""
    with dvc(root) as repo:
        status = repo.status()
    return {stage.rpartition(":")[2] for stage in status if not stage.endswith(".dvc")}


def require_dry_run_agreement(clone: Path, truth: set[str], names: list[str]) -> None:
    """`dvc repro --dry --pull --allow-missing` says the same where no data is, but for what it cannot tell.

    It ends at the first stage that reads something that changed and is not on disk, for it pulls nothing.
    """
    from dvc.exceptions import ReproductionError

    partly = {stage for name in names for stage in PIECES[name].partly}
    with dvc(clone) as repo:
        try:
            due = repo.reproduce(all_pipelines=True, dry=True, pull=True, allow_missing=True)
        except ReproductionError as error:
            failed: str | None = str(error).split("'")[1].rpartition(":")[2]
        else:
            failed = None
    if failed is not None:
        assert failed in truth | partly
    else:
        assert {stage.name for stage in due if stage.cmd} - partly == truth - partly


def demand_every_output(clone: Path, truth: set[str]) -> None:
    """`repro` runs what changed and what is behind it, and afterwards every stage's outputs are here."""
    with bootstrap.checkout(bootstrap.repository(clone)) as checkout:
        made = reproduce(checkout, ReproRequest(), bootstrap.timer(), lambda _: None)
    # What git ignores and no remote keeps is made again, too.
    assert truth <= {run.name.rpartition(":")[2] for run in made.stages}
    with dvc(clone) as repo:
        assert [out.status() for stage in repo.index.stages if stage.cmd for out in stage.outs if out.status()] == []


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
        bring(project, names)
        with dvc(project.root) as repo:
            repo.reproduce(all_pipelines=True)
            repo.push()
        # What is frozen from the beginning never runs at all.
        definition = (project.root / "dvc.yaml").read_text() if (project.root / "dvc.yaml").exists() else ""
        if "frozen" in definition:
            project.write("dvc.yaml", definition.replace("frozen: false", "frozen: true"))
        project.commit("ran")
        yield project


def change(project: Repo, edit: Edit, names: list[str]) -> None:
    path, old, new = edit
    place = project.root / path
    text = place.read_text() if place.exists() else ""
    if old and old not in text:
        return
    # DVC links what it keeps to its cache, where it must not be changed.
    place.unlink(missing_ok=True)
    project.write(path, text.replace(old, new, 1) if old else new)
    added = [path for name in names for path in PIECES[name].added]
    if path.startswith((f"{SOURCE}/", f"{OUTSIDE}/")):
        edit_origin(project, path, names)
    elif owners := [owner for owner in added if path == owner or path.startswith(f"{owner}/")]:
        with dvc(project.root) as repo:
            repo.add(str(project.root / owners[0]))
            repo.push()


def require_agreement(project: Repo, told: object) -> set[str]:
    """Ours says what DVC says where all data is on disk; the stages that changed."""
    truth = said_by_dvc(project.root)
    project.commit("edited")
    for report in (looked_at(project.root), looked_at(project.root, staged=True)):
        assert (report.changed, report.remarks) == (truth, []), told
    return truth


@contextmanager
def cloned(project: Repo, truth: set[str], told: object) -> Iterator[Path]:
    """A clone without data, of which ours says the same."""
    with TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        project.git("clone", "--quiet", str(project.root), str(clone))
        # A hook fetches nothing: it says what it cannot tell.
        require_no_guess(looked_at(clone, staged=True), truth, told)
        report = looked_at(clone)
        assert (report.changed, report.remarks) == (truth, []), told
        yield clone


def require_no_guess(report: LockReport, truth: set[str], told: object) -> None:
    """Nothing is changed that is not, and what is not known to be is said."""
    assert report.changed <= truth <= report.changed | names_of(report), told


def names_of(report: LockReport) -> set[str]:
    return {name.rpartition(":")[2] for name in report.unchecked}


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], list[Edit]]:
    names = draw(st.lists(st.sampled_from(sorted(PIECES)), min_size=2, max_size=5, unique=True))
    edits = sorted({edit for name in names for edit in PIECES[name].edits})
    return names, draw(st.lists(st.sampled_from(edits), max_size=3, unique=True))


@pytest.mark.slow
@settings(
    max_examples=MORE or 2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
@given(cases())
def test_any_pipeline_after_any_edits(case: tuple[list[str], list[Edit]]) -> None:
    names, edits = case
    with ran(names) as project:
        for edit in edits:
            change(project, edit, names)
        truth = require_agreement(project, case)
        with cloned(project, truth, case) as clone:
            shutil.rmtree(clone / ".dvc/cache", ignore_errors=True)
            require_dry_run_agreement(clone, truth, names)
            demand_every_output(clone, truth)
            Repo(clone).git("reset", "--quiet", "--hard")
            # Nor does it guess where remote and origin are no more.
            shutil.rmtree(clone / ".dvc/cache", ignore_errors=True)
            for place in ("storage", "source"):
                shutil.rmtree(project.root.parent / place, ignore_errors=True)
            require_no_guess(looked_at(clone), truth, case)


@pytest.mark.slow
@pytest.mark.parametrize("name", PIECES)
def test_each_edit_of_each_feature(name: str) -> None:
    with ran([name]) as project:
        before = project.git("rev-parse", "HEAD").strip()
        with cloned(project, require_agreement(project, name), name):
            pass
        for edit in PIECES[name].edits if MORE else PIECES[name].edits[:1]:
            change(project, edit, [name])
            truth = require_agreement(project, edit)
            if MORE:
                with cloned(project, truth, edit):
                    pass
            project.git("reset", "--quiet", "--hard", before)
            project.run("dvc", "checkout", "--quiet")
