"""The flagship project that ships with the toolkit: from the wheel, or from the checkout around the package."""

from __future__ import annotations

from pathlib import Path

from gitops_mlops.domain.errors import MissingEvidence

_PACKAGE = Path(__file__).resolve().parents[2]
_PARTS = ("dvc.yaml", "params.yaml", "mlops.yaml", "contracts", "pipeline")


def project_files() -> dict[str, bytes]:
    """The flagship's sources by path. Raises EvidenceMissing when they did not come along."""
    for root in (_PACKAGE / "_flagship", _PACKAGE.parent):
        if all((root / part).exists() for part in _PARTS):
            return {
                path.relative_to(root).as_posix(): path.read_bytes()
                for part in _PARTS
                for path in sorted([root / part] if (root / part).is_file() else (root / part).rglob("*"))
                if path.is_file() and path.suffix != ".pyc"
            }
    raise MissingEvidence("the flagship project is not part of this installation", hint="install it from a clone")
