"""Backwards: which versions a file went into, or which versions a commit is part of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.lineage.ancestry import Ancestry
from gitops_mlops.domain.lineage.deployments import DeploymentRun
from gitops_mlops.domain.registry.registry import RegisteredVersion
from gitops_mlops.domain.registry.timeline import StageStay

# The files in a tracked folder and their MD5s, by its digest; None when its listing is not available.
Manifests = Callable[[str], Mapping[str, str] | None]


class UsageQuery(NamedTuple):
    """What was asked for: a file by its `path` or `digests` (none: any that the path ever had), or a commit."""

    path: str = ""
    digests: frozenset[str] = frozenset()
    commit: str = ""


class UsageKind(StrEnum):
    """What a file was to a version."""

    MODEL = "is the model"
    INPUT = "was made of it"
    MEASURED = "was measured on it"
    COMMIT = "is at this commit"
    HISTORY = "comes after it"


class VersionUse(NamedTuple):
    """One version that used what was asked for: how, under which path and digest ("" for a commit)."""

    version: RegisteredVersion
    kind: UsageKind
    path: str = ""
    digest: str = ""
    stays: tuple[StageStay, ...] = ()
    runs: tuple[DeploymentRun, ...] = ()

    @property
    def live(self) -> tuple[str, ...]:
        """The stages that hold the version now."""
        return tuple(stay.stage for stay in self.stays if stay.left is None)


@dataclass(frozen=True)
class VersionUses:
    """The answer. `gaps` are what could hide a further use; `ledger` says whether deployments are recorded."""

    query: UsageQuery
    uses: tuple[VersionUse, ...]
    gaps: tuple[str, ...] = ()
    ledger: bool = True


def uses_of(
    asked: UsageQuery, version: RegisteredVersion, told: Ancestry | None, manifests: Manifests
) -> tuple[list[VersionUse], list[str]]:
    """How a version used a file, once for each path and digest; and which folders could not be looked into."""
    found: dict[tuple[str, str], VersionUse] = {}
    gaps: list[str] = []
    for how, path, digest in _files(version, told):
        if _is_meant(asked, path, digest):
            found.setdefault((path, digest), VersionUse(version, how, path, digest))
        elif digest.endswith(".dir") and not (told and (path, digest) in told.folders):
            listed = manifests(digest)
            if listed is not None:
                for pair in _inside(asked, path, listed):
                    found.setdefault(pair, VersionUse(version, how, *pair))
            elif not asked.path or asked.path.startswith(f"{path}/"):
                gaps.append(f"the listing of the folder {path} ({short_sha(digest)}) is not in the cache → dvc fetch")
    return list(found.values()), list(dict.fromkeys(gaps))


def _files(version: RegisteredVersion, told: Ancestry | None) -> Iterator[tuple[UsageKind, str, str]]:
    """Path and digest of everything the version has to do with, what counts most first."""
    if told:
        model = told.made[0].item
        yield UsageKind.MODEL, model.path, model.digest
        for path, digest in sorted(told.items | told.folders):
            yield UsageKind.INPUT, path, digest
    for path, digest in version.evidence.data_md5.items():
        yield UsageKind.MEASURED, path, digest


def _is_meant(asked: UsageQuery, path: str, digest: str) -> bool:
    return digest in asked.digests if asked.digests else path == asked.path


def _inside(asked: UsageQuery, folder: str, listed: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What was asked for among the files of a folder."""
    for name, md5 in listed.items():
        path = f"{folder}/{name}"
        if _is_meant(asked, path, md5):
            yield path, md5
