"""The DVC adapter against real repositories that real DVC made."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from gitops_mlops.adapters.dvc.store import DvcStore
from gitops_mlops.adapters.files.working_tree import WorkingTree
from gitops_mlops.adapters.git.repository import GitRepository
from gitops_mlops.domain.errors import ConfigError, ExternalError, MissingEvidence
from tests.conftest import Repo

pytestmark = pytest.mark.usefixtures("preloaded")

PIPELINE = """\
stages:
  train:
    cmd: python -c "open('model.bin', 'wb').write(b'weights')"
    params: [depth]
    outs: [model.bin]
artifacts:
  delay: {path: model.bin, type: model, desc: late flights, labels: [a, b]}
"""


@pytest.fixture(scope="module")
def stored_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline, a file and a folder that DVC tracks, all pushed to a local remote beside the repository."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "repo").mkdir()
    made = Repo(folder / "repo")
    made.git("init", "--quiet", "--initial-branch", "main")
    made.git("config", "user.name", "Ada Tester")
    made.git("config", "user.email", "ada@example.org")
    made.run("dvc", "init", "--quiet")
    made.run("dvc", "remote", "add", "--quiet", "--default", "store", "../store")
    made.write("dvc.yaml", PIPELINE)
    made.write("params.yaml", "depth: 3\n")
    made.write("data/rows.csv", "a,b\n1,2\n")
    made.write("images/one.txt", "1")
    made.write("images/two.txt", "2")
    made.run("dvc", "add", "--quiet", "data/rows.csv", "images")
    made.run("dvc", "repro", "--quiet")
    made.commit("first")
    made.run("dvc", "push", "--quiet")
    return folder


@pytest.fixture
def tracked(stored_files: Path, tmp_path: Path) -> Repo:
    """A copy of the template to do with what one likes."""
    shutil.copytree(stored_files, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Repo(tmp_path / "repo")


def store(repo: Repo) -> DvcStore:
    return DvcStore(GitRepository(repo.root), WorkingTree(repo.root))


def test_reads_what_dvc_recorded(tracked: Repo) -> None:
    for revision in (None, "HEAD"):
        outputs = store(tracked).outputs(revision)
        assert set(outputs) == {"model.bin", "data/rows.csv", "images"}
        assert outputs["images"].md5.endswith(".dir")
        assert outputs["images"].files == 2
        assert outputs["model.bin"].size == len(b"weights")
        assert store(tracked).parameters(revision) == {"params.yaml:depth": 3}
        (artifact,) = store(tracked).artifacts(revision)
        assert (artifact.name, artifact.path, artifact.labels) == ("delay", "model.bin", ("a", "b"))


def test_a_monorepo_names_its_artifacts_by_folder(repo: Repo) -> None:
    repo.write("teams/air/dvc.yaml", "artifacts:\n  delay: {path: m.bin, type: model}\n")
    repo.commit("monorepo")
    (artifact,) = store(repo).artifacts("HEAD")
    assert (artifact.name, artifact.path) == ("teams/air:delay", "teams/air/m.bin")


def test_content_comes_from_the_cache_and_from_an_older_commit(tracked: Repo) -> None:
    old = tracked.git("rev-parse", "HEAD").strip()
    tracked.write("dvc.yaml", PIPELINE.replace("weights", "other"))
    tracked.run("dvc", "repro", "--quiet")
    tracked.commit("second")
    found = store(tracked)
    assert found.read(found.outputs("HEAD")["model.bin"]) == b"other"
    assert found.read(found.outputs(old)["model.bin"]) == b"weights"


def test_what_is_not_cached_is_fetched_from_the_remote(tracked: Repo) -> None:
    shutil.rmtree(tracked.root / ".dvc/cache")
    found = store(tracked)
    assert found.read(found.outputs("HEAD")["model.bin"]) == b"weights"
    names = [output.path for output in found.folder(found.outputs()["images"])]
    assert names == ["images/one.txt", "images/two.txt"]


def test_content_that_is_nowhere_is_missing_evidence(tracked: Repo) -> None:
    shutil.rmtree(tracked.root / ".dvc/cache")
    shutil.rmtree(tracked.root.parent / "store")
    found = store(tracked)
    with pytest.raises((MissingEvidence, ExternalError), match=r"model\.bin"):
        found.read(found.outputs()["model.bin"])


def test_without_a_remote_the_line_says_so(tracked: Repo) -> None:
    shutil.rmtree(tracked.root / ".dvc/cache")
    tracked.write(".dvc/config", "")
    found = store(tracked)
    with pytest.raises(MissingEvidence, match="dvc pull"):
        found.read(found.outputs()["model.bin"])


def test_a_damaged_cache_is_never_read(tracked: Repo) -> None:
    found = store(tracked)
    cached = found.materialise(found.outputs()["model.bin"])
    cached.chmod(stat.S_IWUSR | stat.S_IRUSR)
    cached.write_bytes(b"poisoned")
    with pytest.raises(MissingEvidence, match="damaged"):
        found.read(found.outputs()["model.bin"])


def test_a_tampered_remote_is_refused(tracked: Repo) -> None:
    """With DVC's defaults a remote that was tampered with is pulled without a word."""
    found = store(tracked)
    md5 = found.outputs()["model.bin"].md5
    shutil.rmtree(tracked.root / ".dvc/cache")
    stored = tracked.root.parent / "store/files/md5" / md5[:2] / md5[2:]
    stored.chmod(stat.S_IWUSR | stat.S_IRUSR)
    stored.write_bytes(b"poisoned")
    with pytest.raises((MissingEvidence, ExternalError)):
        found.read(found.outputs()["model.bin"])


def test_a_lock_that_is_no_yaml_names_its_line(tracked: Repo) -> None:
    tracked.write("dvc.lock", "stages: {\n")
    with pytest.raises(ConfigError, match=r"dvc\.lock:2"):
        store(tracked).outputs()


@pytest.mark.parametrize("text", ["[]", "stages: 3", "stages: {a: {outs: [1, {path: x}]}}", "stages: {a: }"])
def test_a_strange_lock_records_nothing(tracked: Repo, text: str) -> None:
    tracked.write("dvc.lock", text)
    assert set(store(tracked).outputs()) == {"data/rows.csv", "images"}


def test_a_cache_elsewhere_is_found(tracked: Repo, tmp_path: Path) -> None:
    shutil.move(tracked.root / ".dvc/cache", tmp_path / "shared-cache")
    tracked.write(".dvc/config", f"[cache]\n    dir = {tmp_path / 'shared-cache'}\n")
    found = store(tracked)
    assert found.read(found.outputs()["model.bin"]) == b"weights"
