"""Hold the tags that a decision stands on against what else tells of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gitops_mlops.domain.lineage.integrity import (
    RESTORE,
    TagContradiction,
    assignment_contradictions,
    ledger_contradictions,
    version_contradictions,
)
from gitops_mlops.domain.ports import DataStore, Ledger
from gitops_mlops.domain.registry.registry import RegisteredVersion, Registry, StageAssignment
from gitops_mlops.usecases.lineage.ledger import read_ledger


@dataclass(frozen=True)
class TagEvidence:
    """What knows of a tag without being in it: the files of its commit, and the ledger."""

    data: DataStore
    ledger: Ledger

    def against_version(self, registry: Registry, version: RegisteredVersion) -> list[TagContradiction]:
        """Why a version's tag is not the one that was made, empty when nothing says so."""
        return [*self._of_files(version), *self._of_ledger(registry, version.artifact, {version.tag})]

    def against_assignment(self, registry: Registry, assignment: StageAssignment) -> list[TagContradiction]:
        """Why a stage's tag, or that of the version it names, is not the one that was made."""
        found = list(assignment_contradictions(registry, assignment))
        tags = {assignment.tag}
        if assignment.version and (version := registry.version(assignment.artifact, assignment.version)):
            found += self._of_files(version)
            tags.add(version.tag)
        return [*found, *self._of_ledger(registry, assignment.artifact, tags)]

    def doubt(self, registry: Registry, artifact: str, stage: str) -> str:
        """Why what a stage holds must not be acted on, "" when nothing speaks against it."""
        assignment = registry.assignment(artifact, stage)
        found = self.against_assignment(registry, assignment) if assignment else []
        return f"{'; '.join(map(str, found))} → {RESTORE}" if found else ""

    def _of_files(self, version: RegisteredVersion) -> Iterator[TagContradiction]:
        path = {each.name: each.path for each in self.data.artifacts(version.commit)}.get(version.artifact, "")
        output = self.data.outputs(version.commit).get(path)
        return version_contradictions(version, output.md5 if output else "")

    def _of_ledger(self, registry: Registry, artifact: str, tags: set[str]) -> Iterator[TagContradiction]:
        events = (event for event in registry.events(artifact) if event.tag in tags)
        return ledger_contradictions(events, read_ledger(self.ledger, artifact)[0])
