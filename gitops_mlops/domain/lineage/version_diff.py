"""What differs between two states of a project: versions, stages, revisions or the working tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gitops_mlops.domain.contracts.compatibility import ContractChange, compare_contracts
from gitops_mlops.domain.contracts.contract import parse_contract
from gitops_mlops.domain.errors import ConfigError
from gitops_mlops.domain.lineage.differences import ABSENT, ValueDifference, differences
from gitops_mlops.domain.lineage.file_changes import FileChange


@dataclass(frozen=True)
class ComparedState:
    """One side. `name` is what a person calls it, `commit` "" for the working tree.

    `models` and `data` hold digests and sizes, `parameters` what `dvc.lock` recorded, `metrics` what the version's
    evidence says, `stages` and `configuration` the dotted values of `dvc.yaml` and `mlops.yaml`, `contracts` the
    files that `mlops.yaml` names, `packages` what lock files pin. `code` are the paths that the pipeline reads.
    """

    name: str
    commit: str = ""
    models: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    stages: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    contracts: Mapping[str, bytes] = field(default_factory=dict)
    packages: Mapping[str, Any] = field(default_factory=dict)
    code: frozenset[str] = frozenset()


# The sections that are names with an old and a new value, in the order in which a reviewer asks.
SECTIONS = ("models", "metrics", "parameters", "data", "stages", "configuration", "packages")


class ContractDiff(NamedTuple):
    """A contract that differs. `changes` is None when both sides cannot be read as YAML contracts."""

    path: str
    status: str
    changes: tuple[ContractChange, ...] | None


@dataclass(frozen=True)
class VersionDiff:
    """Everything that differs. `code` are the files that the pipeline reads, `others` all further ones."""

    old: ComparedState
    new: ComparedState
    sections: Mapping[str, tuple[ValueDifference, ...]]
    contracts: tuple[ContractDiff, ...]
    code: tuple[FileChange, ...]
    others: tuple[FileChange, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing differs at all."""
        return not (any(self.sections.values()) or self.contracts or self.code or self.others)


def compare_states(old: ComparedState, new: ComparedState, files: Iterable[FileChange]) -> VersionDiff:
    """The differences; `files` is what git says of the two."""
    read = old.code | new.code
    every = tuple(files)
    code = tuple(file for file in every if _is_read(file, read))
    return VersionDiff(
        old,
        new,
        {name: differences(getattr(old, name), getattr(new, name)) for name in SECTIONS},
        tuple(_contracts(old.contracts, new.contracts)),
        code,
        tuple(file for file in every if file not in code),
    )


def _is_read(file: FileChange, read: frozenset[str]) -> bool:
    """Whether a step reads the file, or a folder that it is in."""
    return any(
        name and (name in read or any(name.startswith(f"{folder}/") for folder in read))
        for name in (file.path, file.before)
    )


def _contracts(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Iterator[ContractDiff]:
    for path, before, after in differences(old, new):
        if before is ABSENT or after is ABSENT:
            yield ContractDiff(path, "A" if before is ABSENT else "D", ())
            continue
        try:
            changes = tuple(compare_contracts(parse_contract(before, path), parse_contract(after, path)))
        except ConfigError:
            # A class in Python, or a file of which one side is broken: all that can be said is that it differs.
            yield ContractDiff(path, "M", None)
        else:
            yield ContractDiff(path, "M", changes)
