"""What DVC tracks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrackedOutput:
    """A file or folder that DVC tracks: its path from the repository's root, MD5 (`.dir` at a folder's), bytes."""

    path: str
    md5: str
    size: int | None = None
    files: int | None = None


@dataclass(frozen=True)
class DvcArtifact:
    """An entry of `artifacts:` in a `dvc.yaml`. `name` is `id`, or `dir:id` below the repository's root."""

    name: str
    path: str
    type: str = ""
    description: str = ""
    labels: tuple[str, ...] = ()
