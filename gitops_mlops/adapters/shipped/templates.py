"""The scaffolds that ship with the toolkit: from the wheel, or from the checkout around the package."""

from __future__ import annotations

from pathlib import Path

from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.names import suggest

_PACKAGE = Path(__file__).resolve().parents[2]

# At the end of a name: here, DVC and our own checks would take the file for one of this repository.
_ENDING = ".template"

# What tools leave in a checkout.
_CACHES = frozenset({"__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"})


class TemplateFolder:
    """The templates by name, and the two parts that any repository can take."""

    def __init__(self) -> None:
        for root in (_PACKAGE / "_templates", _PACKAGE.parent / "templates"):
            if (root / "toolkit").is_dir():
                self._root = root
                return
        raise MissingEvidence("the templates are not part of this installation", hint="install it from a clone")

    def names(self) -> list[str]:
        """What a new project can be made from."""
        return sorted(path.parent.name for path in self._root.glob("*/mlops.yaml"))

    def template(self, name: str) -> dict[str, bytes]:
        """The files of a template by path. Raises UsageError when there is none of this name."""
        if name not in self.names():
            raise UsageError(f"there is no template {name!r}", hint=suggest(name, self.names()))
        return self._files(name)

    def toolkit(self) -> dict[str, bytes]:
        """Workflows, hooks and what git is told."""
        return self._files("toolkit")

    def dvc(self) -> dict[str, bytes]:
        """What `dvc init` writes."""
        return self._files("dvc")

    def _files(self, name: str) -> dict[str, bytes]:
        root = self._root / name
        found = sorted(path for path in root.rglob("*") if path.is_file() and _CACHES.isdisjoint(path.parts))
        return {path.relative_to(root).as_posix().removesuffix(_ENDING): path.read_bytes() for path in found}
