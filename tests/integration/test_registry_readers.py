"""GTO and DVC read a registry that only we wrote: every kind of name and version, after every command."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import dvc.api
import gto.api
import pytest

from tests.conftest import Repo
from tests.integration.registry_histories import ours, overview, told, told_by_gto
from tests.integration.registry_project import Commands, Project

pytestmark = pytest.mark.usefixtures("preloaded")

PIPELINE = """\
stages: {{train: {{cmd: train, outs: [{path}]}}}}
artifacts: {{{model}: {{path: {path}, type: model}}}}
"""
LOCK = """\
schema: '2.0'
stages:
  train:
    cmd: train
    outs:
    - {{path: eta.skops, hash: md5, md5: {md5}, size: {size}}}
"""
ETA = "services/eta:eta"


@pytest.fixture
def monorepo(repo: Repo, tmp_path: Path) -> Project:
    """Two models, one of them in a folder of a monorepo, whose files are on a DVC remote only."""
    made = Project(repo)
    repo.run("dvc", "init", "--quiet", "--force")
    repo.run("dvc", "remote", "add", "--default", "--quiet", "store", str(tmp_path / "store"))
    repo.write("dvc.yaml", PIPELINE.format(model="delay", path="models/delay.skops"))
    repo.write("services/eta/dvc.yaml", PIPELINE.format(model="eta", path="eta.skops"))
    return made


@pytest.fixture
def release_to_store(run: Commands, monorepo: Project, tmp_path: Path) -> Callable[..., None]:
    def release(model: str, weights: bytes, *words: str) -> None:
        """Train, register with a report, and leave the file on the remote only."""
        if model == ETA:
            md5 = hashlib.md5(weights).hexdigest()
            monorepo.repo.write("services/eta/dvc.lock", LOCK.format(md5=md5, size=len(weights)))
            monorepo.repo.write(f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}", weights)
            monorepo.repo.commit("train eta")
        else:
            monorepo.train(weights)
        monorepo.report(weights, model=model)
        run("register", model, "--report", "report.json", *words)
        shutil.copytree(monorepo.repo.root / ".dvc/cache", tmp_path / "store", dirs_exist_ok=True)
        shutil.rmtree(monorepo.repo.root / ".dvc/cache")

    return release


def commit(project: Project, tag: str) -> str:
    return project.repo.git("rev-parse", f"{tag}^{{commit}}").strip()


def both_agree(project: Project) -> None:
    """GTO tells what we tell, and knows every tag."""
    root = project.repo.root
    mine = overview(ours(root), deprecated=False)
    theirs = gto.api.show(str(root))
    stages = {stage for model in mine.values() for stage in model["stage"]}
    assert {
        name: {**model, "stage": {s: model["stage"].get(s) for s in stages}} for name, model in theirs.items()
    } == mine
    assert sorted(told(ours(root)), key=repr) == sorted(told_by_gto(root), key=repr)
    for tag in project.tags():
        (event,) = gto.api.check_ref(str(root), tag)
        assert event.ref == tag


def test_from_the_first_version_to_the_last(
    run: Commands, monorepo: Project, release_to_store: Callable[..., None], tmp_path: Path
) -> None:
    repo, root = monorepo.repo, monorepo.repo.root
    release_to_store("delay", b"one", "--version", "v1.0.0-rc.1")
    release_to_store("delay", b"two", "--version", "v1.0.0+build.7")
    release_to_store("delay", b"three")
    release_to_store(ETA, b"far")
    release_to_store(ETA, b"near", "--bump-minor")
    for reference in ("delay@v1.0.0-rc.1", "delay@v1.0.0+build.7", "delay", f"{ETA}@v0.0.1", ETA):
        run("promote", reference, "staging")
        run("promote", reference, "production")
    both_agree(monorepo)
    state = gto.api.show(str(root))
    assert {name: model["version"] for name, model in state.items()} == {"delay": "v1.0.1", ETA: "v0.1.0"}

    run("rollback", "delay", "production", "--reason", "slow\nVerdict: pass")
    run("rollback", ETA, "production")
    both_agree(monorepo)
    assert gto.api.show(str(root))["delay"]["stage"]["production"] == "v1.0.0+build.7"
    for model, stage, wanted in (
        ("delay", "production", b"two"),
        ("delay", "staging", b"three"),
        (ETA, "production", b"far"),
    ):
        out = tmp_path / f"{stage}.skops"
        repo.run("dvc", "artifacts", "get", "--force", str(root), model, "--stage", stage, "-o", str(out))
        assert out.read_bytes() == wanted
    repo.run("dvc", "artifacts", "get", str(root), "delay", "--rev", "v1.0.0-rc.1", "-o", str(tmp_path / "rc"))
    assert (tmp_path / "rc").read_bytes() == b"one"

    run("retire", "delay#production", "--reason", "no longer sold")
    run("retire", "delay@v1.0.0-rc.1", "--reason", "wrong data")
    run("retire", ETA, "--reason", "replaced")
    both_agree(monorepo)
    state = gto.api.show(str(root))
    assert list(state) == ["delay"]
    assert state["delay"]["stage"].get("production") is None
    assert state["delay"]["version"] == "v1.0.1"


def test_dvc_still_answers_what_left_a_stage(
    run: Commands, monorepo: Project, release_to_store: Callable[..., None]
) -> None:
    """INTEROP trap 2: DVC takes the stage's newest tag, whatever it says; we and GTO say that the stage is empty."""
    release_to_store("delay", b"one")
    run("promote", "delay", "staging")
    run("retire", "delay#staging", "--reason", "no longer sold")
    assert "was emptied by Ada Tester" in run("show", "delay#staging", code=3).err
    assert gto.api.show(str(monorepo.repo.root))["delay"]["stage"] == {}
    shown = dvc.api.artifacts_show("delay", stage="staging", repo=str(monorepo.repo.root))
    assert shown["rev"] == commit(monorepo, "delay@v0.0.1")


def test_dvc_still_answers_a_deregistered_version(
    run: Commands, monorepo: Project, release_to_store: Callable[..., None]
) -> None:
    """INTEROP trap 3: a version that was taken out of use is none to us and to GTO."""
    release_to_store("delay", b"one")
    release_to_store("delay", b"two")
    run("retire", "delay@v0.0.2", "--reason", "wrong data")
    assert "was taken out of use" in run("show", "delay@v0.0.2", code=3).err
    assert run("show", "delay@latest", "--json").json["version"]["version"] == "v0.0.1"
    assert gto.api.show(str(monorepo.repo.root))["delay"]["version"] == "v0.0.1"
    shown = dvc.api.artifacts_show("delay", version="v0.0.2", repo=str(monorepo.repo.root))
    assert shown["rev"] == commit(monorepo, "delay@v0.0.2")
