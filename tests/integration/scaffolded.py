"""Projects that `gitops-mlops init` made, with their pipeline run once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from gitops_mlops import bootstrap

ROOT = Path(__file__).parents[2]
SHA = "0123456789abcdef0123456789abcdef01234567"
TOOLKIT = f"octo/gitops-mlops@{SHA}"
MODELS = {"classification": "tumour", "forecasting": "temperature", "regression": "progression"}


class ShippedTemplates:
    """Templates of a later toolkit: those of this one, with some files replaced, added or gone."""

    def __init__(self, **changed: bytes | None) -> None:
        self._now = bootstrap.templates()
        self._changed = changed

    def names(self) -> list[str]:
        return self._now.names()

    def template(self, name: str) -> dict[str, bytes]:
        return self._with(self._now.template(name), "template")

    def toolkit(self) -> dict[str, bytes]:
        return self._with(self._now.toolkit(), "toolkit")

    def dvc(self) -> dict[str, bytes]:
        return self._now.dvc()

    def _with(self, files: dict[str, bytes], part: str) -> dict[str, bytes]:
        for path, content in self._changed.get(part, {}).items():  # type: ignore[union-attr]
            if content is None:
                files.pop(path)
            else:
                files[path] = content
        return files


@dataclass
class Project:
    """A repository, and programs in it as its user would run them."""

    root: Path

    def run(self, *words: str, code: int | None = 0) -> str:
        """What a program printed; `code` None for any."""
        command = [sys.executable, "-m", "gitops_mlops", *words[1:]] if words[0] == "gitops-mlops" else list(words)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        assert code is None or done.returncode == code, f"{' '.join(words)} ended with {done.returncode}:\n{said}"
        return said

    def copy(self, target: Path) -> Project:
        """The same project elsewhere."""
        shutil.copytree(self.root, target, symlinks=True)
        return Project(target)


def scaffold(folder: Path, template: str) -> Project:
    """A new project below a folder, as `init` leaves it."""
    made = Project(folder / template)
    storage = folder / "storage"
    Project(folder).run(
        "gitops-mlops", "init", template, "--template", template, "--toolkit", TOOLKIT, "--dvc-remote", str(storage)
    )
    return made


def trained(folder: Path, template: str) -> Project:
    """A new project whose first model is committed on a branch, and pushed to the DVC remote."""
    made = scaffold(folder, template)
    made.run("git", "switch", "--quiet", "--create", "first-model")
    made.run("dvc", "repro", "--quiet")
    made.run("dvc", "push", "--quiet")
    made.run("git", "add", "--all")
    made.run("git", "commit", "--quiet", "--message", "First model")
    return made
