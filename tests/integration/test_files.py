from __future__ import annotations

import os
from pathlib import Path

import pytest

from gitops_mlops.adapters.files.working_tree import WorkingTree
from gitops_mlops.domain.errors import ExternalError, UsageError
from gitops_mlops.runtime.atomic_write import write_atomically


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "a/../../x", "~/x", "a\\b", "-x", "", "a\nb", ".git/config", "C:/x", "a\0b"]
)
def test_a_path_that_leaves_is_refused(tmp_path: Path, path: str) -> None:
    tree = WorkingTree(tmp_path)
    with pytest.raises(UsageError):
        tree.read(path)
    with pytest.raises(UsageError):
        tree.write(path, b"x")


def test_a_symlink_that_leaves_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path)
    (root / "loop").symlink_to(root / "loop")
    for path in ("link", "folder/secret", "loop"):
        with pytest.raises((UsageError, ExternalError)):
            WorkingTree(root).read(path)


def test_a_symlink_inside_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to("real")
    assert WorkingTree(tmp_path).read("link") == b"x"


def test_absent_is_none_and_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert WorkingTree(tmp_path).read("absent") is None
    with pytest.raises(UsageError, match="folder: is not a regular file"):
        WorkingTree(tmp_path).read("folder")


def test_a_write_is_whole_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "deep" / "file"
    write_atomically(target, b"old")
    assert target.stat().st_mode & 0o777 == 0o666 & ~_umask()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExternalError, match="No space left"):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
